import { describeAcceptance, isAccepted } from '../../actions/finding.ts';
import { type Diagnosis, type HeldFinding, sectionTitles } from '../../report/doctor/diagnosis.ts';
import type { Evidence, Independence } from '../../report/doctor/judge-independence.ts';
import type { Screen } from './screen.ts';
import type { Mark } from './symbols.ts';

/** The marks of a finding by its state; an accepted one is told apart. */
const marks: Readonly<Record<keyof Diagnosis['counts'], Mark>> = {
  bad: { symbol: '✗', word: 'bad', tone: 'bad' },
  warn: { symbol: '!', word: 'warn', tone: 'warning' },
  unknown: { symbol: '?', word: 'unknown', tone: 'warning' },
  accepted: { symbol: '–', word: 'accepted', tone: 'quiet' },
  ok: { symbol: '✓', word: 'ok', tone: 'good' },
};

/** What is read under a finding that is not ok stands under its id. */
const indent = 11;
const idWidth = 28;

/** Prints every finding, a table of independence, and the sum; in 80 columns, the state of each in a word. */
export function printDiagnosis(screen: Screen, { sections, independence, counts }: Diagnosis): void {
  printSection(screen, sectionTitles.machine, sections.machine);
  if (sections.access.length > 0) printSection(screen, sectionTitles.access, sections.access);
  if (sections.dependencies.length > 0) {
    screen.line();
    screen.line({ text: sectionTitles.dependencies, tone: 'strong' });
    if (independence.length > 0) printTable(screen, independence);
    for (const finding of sections.dependencies.filter(({ state }) => state !== 'ok')) printFinding(screen, finding);
  }
  screen.line();
  const parts = (['bad', 'warn', 'unknown', 'accepted', 'ok'] as const).flatMap((state) =>
    counts[state] === 0 ? [] : [`${counts[state]} ${marks[state].word}`],
  );
  const clean = counts.bad + counts.warn + counts.unknown === 0;
  const tone = counts.bad > 0 ? 'bad' : clean ? 'good' : 'warning';
  screen.line({ text: `${sumOf(counts)}: ${parts.join(', ')}`, tone });
}

function sumOf({ bad, accepted }: Diagnosis['counts']): string {
  if (bad > 0) return 'something that an incident needs does not work';
  const known = accepted > 0 ? ' beside what is accepted' : '';
  return `nothing found${known} that would stop a failover`;
}

function printSection(screen: Screen, title: string, findings: readonly HeldFinding[]): void {
  screen.line();
  screen.line({ text: title, tone: 'strong' });
  for (const finding of findings) printFinding(screen, finding);
}

function printFinding(screen: Screen, finding: HeldFinding): void {
  const { id, state, found, breaks, remedy, acceptance } = finding;
  const { symbol, word, tone } = marks[isAccepted(finding) ? 'accepted' : state];
  const head = [{ text: `${symbol} ${word.padEnd(indent - 2)}`, tone }, `${id.padEnd(idWidth)} `];
  if (state === 'ok') {
    screen.line([...head, { text: found, tone: 'quiet' }], { hanging: indent + 2 });
    return;
  }
  screen.line([...head, found], { hanging: indent + 2 });
  screen.line([{ text: 'breaks: ', tone: 'quiet' }, breaks], { indent, hanging: 8 });
  if (acceptance !== null) {
    const text = describeAcceptance(acceptance);
    screen.line({ text, tone: acceptance.lapsed !== null ? 'warning' : 'quiet' }, { indent, hanging: 8 });
  }
  if (!isAccepted(finding)) screen.line([{ text: 'remedy: ', tone: 'quiet' }, remedy], { indent, hanging: 8 });
}

const evidence: Readonly<Record<Evidence, string>> = {
  behind: 'the provider’s',
  elsewhere: 'elsewhere',
  unknown: 'not known',
};

function printTable(screen: Screen, rows: readonly Independence[]): void {
  const width = Math.max(4, ...rows.map(({ name }) => name.length));
  const row = (cells: readonly [string, string, string, string]) =>
    `${cells[0].padEnd(10)} ${cells[1].padEnd(width)}  ${cells[2].padEnd(15)} ${cells[3]}`;
  screen.line({ text: row(['needed for', 'what', 'its addresses', 'its answers']), tone: 'quiet' });
  for (const { name, neededFor, byAddress, bySignature } of rows) {
    const isBehind = byAddress === 'behind' || bySignature === 'behind';
    const text = row([neededFor, name, evidence[byAddress], evidence[bySignature]]);
    screen.line({ text, tone: isBehind ? 'warning' : 'plain' });
  }
}
