import type { Finding, FindingState } from '../../report/doctor/finding.ts';
import type { Evidence, Independence } from '../../report/doctor/judge-independence.ts';
import type { Screen } from './screen.ts';
import type { Mark } from './symbols.ts';

/** What `doctor` found, as it is shown. */
export type Diagnosis = {
  sections: {
    machine: readonly Finding[];
    access: readonly Finding[];
    /** One for each row of `independence`. */
    dependencies: readonly Finding[];
  };
  independence: readonly Independence[];
  counts: Readonly<Record<FindingState, number>>;
};

const marks: Readonly<Record<FindingState, Mark>> = {
  ok: { symbol: '✓', word: 'ok', tone: 'good' },
  warn: { symbol: '!', word: 'warn', tone: 'warning' },
  bad: { symbol: '✗', word: 'bad', tone: 'bad' },
  unknown: { symbol: '?', word: 'unknown', tone: 'warning' },
};

/** What is read under a finding that is not ok stands under its id. */
const indent = 10;
const idWidth = 28;

/** Prints every finding, a table of independence, and the sum; in 80 columns, the state of each in a word. */
export function printDiagnosis(screen: Screen, { sections, independence, counts }: Diagnosis): void {
  printSection(screen, 'This machine', sections.machine);
  if (sections.access.length > 0) printSection(screen, 'Credentials, and what they may read', sections.access);
  if (independence.length > 0) {
    screen.line();
    screen.line({ text: 'What an incident needs, and whether it falls with the provider', tone: 'strong' });
    printTable(screen, independence);
    for (const finding of sections.dependencies.filter(({ state }) => state !== 'ok')) printFinding(screen, finding);
  }
  screen.line();
  const parts = (['bad', 'warn', 'unknown', 'ok'] as const).flatMap((state) =>
    counts[state] === 0 ? [] : [`${counts[state]} ${marks[state].word}`],
  );
  const clean = counts.bad + counts.warn + counts.unknown === 0;
  const tone = counts.bad > 0 ? 'bad' : clean ? 'good' : 'warning';
  const sum =
    counts.bad > 0 ? 'a failover tonight would be stopped or hurt' : 'nothing found that would stop a failover';
  screen.line({ text: `${sum}: ${parts.join(', ')}`, tone });
}

function printSection(screen: Screen, title: string, findings: readonly Finding[]): void {
  screen.line();
  screen.line({ text: title, tone: 'strong' });
  for (const finding of findings) printFinding(screen, finding);
}

function printFinding(screen: Screen, { id, state, found, breaks, remedy }: Finding): void {
  const { symbol, word, tone } = marks[state];
  const head = [{ text: `${symbol} ${word.padEnd(indent - 2)}`, tone }, `${id.padEnd(idWidth)} `];
  if (state === 'ok') {
    screen.line([...head, { text: found, tone: 'quiet' }], { hanging: indent + 2 });
    return;
  }
  screen.line([...head, found], { hanging: indent + 2 });
  screen.line([{ text: 'breaks: ', tone: 'quiet' }, breaks], { indent, hanging: 8 });
  screen.line([{ text: 'remedy: ', tone: 'quiet' }, remedy], { indent, hanging: 8 });
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
