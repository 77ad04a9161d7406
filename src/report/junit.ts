import { describeAcceptance, type Finding, isAccepted } from '../actions/finding.ts';
import { makeVisible } from '../world/visible-text.ts';
import type { RunReport, StepReport } from './run-report.ts';

type Kind = 'passed' | 'failure' | 'error' | 'skipped';

/** A test case before it is text; `body` is what stands within the element of its kind, or in `system-out`. */
type Case = { className: string; name: string; ms: number; kind: Kind; type: string; message: string; body: string };

/**
 * A run as JUnit XML 1.0, as CI servers read it (the de facto schema of https://github.com/testmoapp/junitxml): a case
 * for each step, and one for each finding. A critical finding fails, an accepted one is skipped with its reason, a
 * warning passes and is told in `system-out`. What an optional step did not do, or found, is skipped with that word: it
 * fails no run, and so no suite. A run that did not start is one case with an error.
 */
export function renderJUnit(report: RunReport): string {
  const cases = casesOf(report);
  const count = (kind: Kind) => cases.filter((one) => one.kind === kind).length;
  const totals = [
    ['tests', cases.length],
    ['failures', count('failure')],
    ['errors', count('error')],
    ['skipped', count('skipped')],
    ['time', secondsOf(report.endedAtMs - report.startedAtMs)],
  ] as const;
  const properties = [
    ['run', report.run ?? ''],
    ['mode', report.mode],
    ['environment', report.environment],
    ['hostname', report.hostname ?? ''],
    ['outcome', report.outcome],
    ['exit-code', report.exitCode],
    ['message', report.message],
  ] as const;
  const timestamp = new Date(report.startedAtMs).toISOString().replace(/\.\d+Z$/, 'Z');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes([['name', 'resend-ops'], ...totals])}>`,
    `  <testsuite${attributes([['name', report.runbook], ...totals, ['timestamp', timestamp]])}>`,
    '    <properties>',
    ...properties.map(
      ([name, value]) =>
        `      <property${attributes([
          ['name', name],
          ['value', value],
        ])}/>`,
    ),
    '    </properties>',
    ...cases.map(renderCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function casesOf(report: RunReport): Case[] {
  const cases = report.steps.flatMap((step) => [
    caseOfStep(report.runbook, step),
    ...step.findings.map((finding) => caseOfFinding(report.runbook, step, finding)),
  ]);
  const isTold = report.exitCode === 0 || cases.some(({ kind }) => kind === 'failure' || kind === 'error');
  if (isTold) return cases;
  // Nothing started, or it was stopped between steps: a file without a failure would look like success.
  const { outcome, message, exitCode } = report;
  const ended = { className: report.runbook, name: 'the run', ms: 0, kind: 'error' as const, type: outcome, message };
  return [...cases, { ...ended, body: `exit ${exitCode}` }];
}

const kinds = {
  passed: 'passed',
  failed: 'failure',
  skipped: 'skipped',
  unknown: 'skipped',
  unfinished: 'error',
} as const;

/** What would fail, of a step that never does. A bug is one all the same. */
function unlessOptional(kind: Kind, optional: boolean): Kind {
  return optional && (kind === 'failure' || kind === 'error') ? 'skipped' : kind;
}

function caseOfStep(runbook: string, step: StepReport): Case {
  const { id, title, optional, outcome, ms, headline, detail, failure } = step;
  const kind = failure === 'bug' ? 'error' : unlessOptional(kinds[outcome], optional);
  const said = outcome === 'unfinished' ? `the run ended before this step did: ${headline}` : headline;
  return {
    className: `${runbook}.${id}`,
    name: title,
    ms: ms ?? 0,
    kind,
    type: failure ?? outcome,
    message: optional && kind === 'skipped' && outcome !== 'skipped' ? `optional, and not done: ${said}` : said,
    body: linesOf([headline, ...detail]),
  };
}

function caseOfFinding(runbook: string, step: StepReport, finding: Finding): Case {
  const { id, severity, where, breaks, remedy, acceptance } = finding;
  const accepted = acceptance === null ? '' : describeAcceptance(acceptance);
  const isOptional = step.optional && severity === 'critical';
  return {
    className: `${runbook}.${step.id}.findings`,
    name: where === '' ? id : `${id} (${where})`,
    ms: 0,
    kind: isAccepted(finding) || isOptional ? 'skipped' : severity === 'critical' ? 'failure' : 'passed',
    type: severity,
    message: isAccepted(finding) ? accepted : isOptional ? `of an optional step: ${breaks}` : breaks,
    body: linesOf([`${severity}: ${breaks}`, `fix: ${remedy}`, ...(accepted === '' ? [] : [accepted])]),
  };
}

/** Lines as one text; what a provider said stays on the line that it stands on. */
function linesOf(lines: readonly string[]): string {
  return lines.map((line) => makeVisible(line)).join('\n');
}

function renderCase({ className, name, ms, kind, type, message, body }: Case): string {
  const open = `    <testcase${attributes([
    ['classname', className],
    ['name', name],
    ['time', secondsOf(ms)],
  ])}>`;
  const output = body.trim() === '' ? '' : `<system-out>${escapeMarkup(makeVisible(body, '\n'))}</system-out>`;
  if (kind === 'passed') return `${open}${output}</testcase>`;
  if (kind === 'skipped') return `${open}<skipped${attributes([['message', message]])}/>${output}</testcase>`;
  const said = attributes([
    ['message', message],
    ['type', type],
  ]);
  return `${open}<${kind}${said}>${escapeMarkup(makeVisible(body, '\n'))}</${kind}></testcase>`;
}

function secondsOf(ms: number): string {
  return (Math.max(0, ms) / 1_000).toFixed(3);
}

function attributes(list: readonly (readonly [string, string | number])[]): string {
  return list.map(([name, value]) => ` ${name}="${escapeMarkup(makeVisible(String(value)))}"`).join('');
}

/** Markup characters as entities; what is left that XML 1.0 has no place for (its production Char) as a replacement. */
function escapeMarkup(text: string): string {
  return text
    .replace(/[\uFFFE\uFFFF]/g, '\uFFFD')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
