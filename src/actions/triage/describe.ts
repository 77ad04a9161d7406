import { vendorNames } from '../../world/vendor-status.ts';
import { ageInWords, severityInWords } from '../vendor/report.ts';
import type { Answers, Monitors, Vantage, Words } from './evidence.ts';

/** A source: asked and answered, asked in vain (`missing`), or not asked at all. */
export type Source<T> = { state: 'seen'; found: T } | { state: 'missing' } | { state: 'not-asked' };

/** What the sources beside the paths say. None of them decides. */
export type Beside = {
  answers: Source<Answers>;
  words: Source<Words>;
  monitors: Source<Monitors>;
  vantage: Source<Vantage>;
};

/** A line for each thing that speaks for or against, and the names of what is missing. */
export function describeBeside(
  { answers, words, monitors, vantage }: Beside,
  { primaryFails }: { primaryFails: boolean },
): {
  evidence: string[];
  missing: string[];
} {
  const evidence: string[] = [];
  const missing: string[] = [];
  if (answers.state === 'missing') missing.push('DNS: what the servers answer could not be seen');
  if (answers.state === 'seen') evidence.push(describeAnswers(answers.found));
  if (words.state === 'missing') missing.push('vendors: what they say of themselves could not be read');
  if (words.state === 'seen') {
    for (const each of words.found.vendors) {
      const name = vendorNames[each.vendor];
      if (!each.reachable) missing.push(`${name}’s public status: ${each.missing}`);
      else
        evidence.push(
          `${name} says ${severityInWords(each.says)}${aged(each.ageMs)}${titles(each.incidents)}; such pages lag`,
        );
    }
  }
  if (monitors.state === 'missing') missing.push('monitors: their state could not be read');
  if (monitors.state === 'seen') {
    if (monitors.found.state === 'unknown') missing.push('monitors: their state is unknown');
    else evidence.push(describeMonitors(monitors.found, primaryFails));
  }
  if (vantage.state === 'missing') missing.push('vantage points: the probes could not be asked');
  if (vantage.state === 'seen') {
    if (vantage.found.missing !== '') missing.push(`vantage points: ${vantage.found.missing}`);
    if (vantage.found.verdict !== 'unknown') evidence.push(describeVantage(vantage.found));
  }
  return { evidence, missing };
}

function describeAnswers({ route, authoritative, predictedDrainMs }: Answers): string {
  const { agreeing, total } = authoritative;
  const drain =
    predictedDrainMs === null ? '' : `; after a switch now, old answers last up to ${predictedDrainMs / 1_000} s`;
  return `DNS: ${agreeing} of ${total} authoritative servers answer with ${route}${drain}`;
}

function describeMonitors({ alerting, groups }: Monitors, primaryFails: boolean): string {
  const doubt = primaryFails ? '; it may be only the way from here, or alerts that resolve by themselves' : '';
  if (alerting === 0) return `monitors: none alerts${doubt}`;
  const firing = groups.filter(({ state }) => !/^ok$/i.test(state)).map(({ group }) => group);
  const where = [...new Set(firing)].filter((group) => group !== '');
  const shown = where.length > 6 ? `${where.slice(0, 6).join(', ')} and ${where.length - 6} more` : where.join(', ');
  return `monitors: ${alerting} alert${alerting === 1 ? 's' : ''}${shown === '' ? '' : `: ${shown}`}`;
}

function describeVantage({ total, served, failed, probes }: Vantage): string {
  if (failed === 0) return `vantage points: ${served} of ${total} are served`;
  const failing = probes.filter(({ saw }) => saw === 'failed');
  const countries = [...new Set(failing.map(({ country }) => country))].sort();
  const routes = [...new Set(failing.flatMap(({ route }) => route ?? []))];
  const over = routes.length === 1 ? `, all over ${routes[0]}` : '';
  return `vantage points: ${failed} of ${total} fail (${countries.slice(0, 8).join(', ')})${over}`;
}

function aged(ageMs: number | null): string {
  return ageMs === null ? '' : `, last changed ${ageInWords(ageMs)} ago`;
}

function titles(incidents: readonly { title: string }[]): string {
  const [first, ...more] = incidents;
  if (first === undefined) return '';
  return ` (“${first.title}”${more.length === 0 ? '' : ` and ${more.length} more`})`;
}
