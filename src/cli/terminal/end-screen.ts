import { messagesInDoubt } from '../../engine/in-place.ts';
import { type OpenThing, openBeforeLines, openLines } from '../../engine/left-open.ts';
import { commandsFor, nextCommands, recommendedCommand } from '../../engine/next-commands.ts';
import { type ExitCode, exitCodes } from '../../errors.ts';
import type { RunState } from '../../journal/run-state.ts';
import type { Objective } from '../../runbook/runbook.ts';
import { completeCommands } from '../complete-commands.ts';
import { formatDuration, formatLimit } from './duration.ts';
import { sanitise } from './sanitise.ts';
import type { Screen } from './screen.ts';

/** What each exit code says about the world, in the words of the contract. */
export const exitMeanings: Readonly<Record<ExitCode, string>> = {
  0: 'the world is as asked',
  1: 'failed, and nothing is left changed',
  2: 'nothing started: the command, the runbook or its files are not valid',
  3: 'a person must finish',
  4: 'stopped by the operator, nothing left changed',
  5: 'nothing started: credentials are missing or refused',
  6: 'nothing started: another run holds the lock',
  7: 'the audit log cannot be written, or does not verify',
};

type EndOptions = {
  objective: Objective | undefined;
  /** Newest place of the log, to be kept outside it. */
  head: { seq: number; hash: string } | null;
  exitCode: ExitCode;
  message: string;
  /** Lines on what customers saw, in a rehearsal. */
  customers?: readonly string[];
  /** What the run has left open in public. */
  open: readonly OpenThing[];
  /** What earlier runs have left open. */
  openBefore?: readonly OpenThing[];
  /** What the next commands must repeat, such as ` --state-dir DIR`. */
  flags: string;
  /** What commands that run a runbook must repeat besides: ` --runbooks DIR`, or nothing. */
  runbooks?: string;
};

/** The last screen of a run: what is true now, both clocks, the log's head, and what to do next. */
export function printEndScreen(screen: Screen, state: RunState, end: EndOptions): void {
  const { exitCode, openBefore = [] } = end;
  const message = completeCommands(end.message, end.flags);
  const tone = exitCode === exitCodes.succeeded ? 'good' : exitCode === exitCodes.stopped ? 'warning' : 'bad';
  const outcome = state.ending?.outcome ?? 'needs-attention';
  screen.line();
  screen.line([{ text: outcome.toUpperCase().replace('-', ' '), tone }, `  ${sanitise(message)}`]);
  const now = exitCode === exitCodes.succeeded ? 'in place: ' : 'left: ';
  for (const left of (state.ending?.left ?? []).filter((text) => !message.includes(text))) {
    screen.line(
      [
        { text: now, tone: exitCode === exitCodes.succeeded ? 'plain' : 'warning' },
        sanitise(left.replace(/: in place$/, '')),
      ],
      {
        indent: 2,
      },
    );
  }
  for (const line of messagesSent(state)) screen.line({ text: line, tone: 'quiet' }, { indent: 2 });
  if (hasClocks(state, end.objective)) {
    const { switchedMs, recoveredMs } = state.clocks;
    if (outcome === 'rolled-back') {
      undoneLine(screen, 'switched', switchedMs);
      undoneLine(screen, 'recovered', recoveredMs);
    } else {
      clockLine(screen, 'switched', switchedMs, end.objective?.switchedWithinMs);
      clockLine(screen, 'recovered', recoveredMs, end.objective?.recoveredWithinMs);
    }
  }
  for (const line of end.customers ?? []) screen.line(line, { indent: 2 });
  if (end.head !== null) {
    screen.line('head of the audit log (keep it elsewhere: `audit verify --head`):', { indent: 2 });
    screen.copyable(`${end.head.seq}:${end.head.hash}`);
  }
  const isDryRun = state.mode === 'dry-run' && exitCode === exitCodes.succeeded;
  screen.line(`exit ${exitCode}: ${isDryRun ? 'a dry run, nothing was written' : exitMeanings[exitCode]}`, {
    indent: 2,
  });
  for (const line of nextCommands(state, exitCode, end.flags))
    screen.line([{ text: 'next: ', tone: 'strong' }, line], { indent: 2 });
  printLeftOpen(screen, state, end);
  for (const line of openBeforeLines(openBefore)) screen.line({ text: sanitise(line), tone: 'warning' }, { indent: 2 });
  printCommands(screen, state, openBefore, end.flags);
  printRecommended(screen, state, end);
}

/** What the run came to comes last, whole and in a line of its own: it is pasted as it stands. */
function printRecommended(screen: Screen, state: RunState, { exitCode, flags, runbooks = '' }: EndOptions): void {
  const command = recommendedCommand(state, exitCode, `${runbooks}${flags}`);
  if (command === undefined) return;
  const label = state.mode === 'rehearsal' ? 'next, when it is no rehearsal:' : 'next:';
  screen.line({ text: label, tone: 'strong' }, { indent: 2 });
  screen.copyable(sanitise(command));
}

/** What customers still read, and the commands that go on with it, each in a line of its own to be copied. */
export function printLeftOpen(
  screen: Screen,
  state: RunState,
  { open, flags }: { open: readonly OpenThing[]; flags: string },
): void {
  for (const line of openLines(open)) screen.line({ text: sanitise(line), tone: 'warning' }, { indent: 2 });
  printCommands(screen, state, open, flags);
}

function printCommands(screen: Screen, state: RunState, open: readonly OpenThing[], flags: string): void {
  for (const { command, why } of commandsFor(state, open, flags)) {
    screen.line([{ text: 'next: ', tone: 'strong' }, `${why}:`], { indent: 2 });
    screen.copyable(sanitise(command));
  }
}

/** What is no switch has a go and no clocks: nobody waits for DNS after a message. */
function hasClocks({ clocks }: RunState, objective: Objective | undefined): boolean {
  const { goAt, switchedMs, recoveredMs, predictedDrainMs } = clocks;
  return goAt !== null && (objective !== undefined || (switchedMs ?? recoveredMs ?? predictedDrainMs) !== null);
}

/** A clock of a run that was undone: it was reached, and is so no more. */
function undoneLine(screen: Screen, name: string, ms: number | null): void {
  if (ms === null) return;
  const text = `${formatDuration(ms)} after go, and undone since`;
  screen.line([name.padEnd(10), { text, tone: 'warning' }], { indent: 2 });
}

function clockLine(screen: Screen, name: string, ms: number | null, limitMs: number | undefined): void {
  const limit = limitMs === undefined ? '' : ` (objective ${formatLimit(limitMs)}`;
  if (ms === null) {
    screen.line([`${name.padEnd(10)}`, { text: 'not reached', tone: 'warning' }, limit === '' ? '' : `${limit})`], {
      indent: 2,
    });
    return;
  }
  const late = limitMs !== undefined && ms > limitMs;
  const judged = limit === '' ? '' : `${limit}: ${late ? 'MISSED' : 'met'})`;
  screen.line([name.padEnd(10), { text: `${formatDuration(ms)} after go${judged}`, tone: late ? 'warning' : 'good' }], {
    indent: 2,
  });
}

/** Messages cannot be unsent; they are named, and do not count as changes left in place. */
function messagesSent(state: RunState): string[] {
  const sent = [...state.steps.values()].filter(({ change }) => change?.status === 'applied' && !change.undoable);
  return [
    ...sent.map(
      (step) => `sent, cannot be unsent: ${sanitise(step.title)} (${sanitise(step.summary?.headline ?? step.id)})`,
    ),
    ...messagesInDoubt(state).map((step) => `may have been sent, nobody can tell: ${sanitise(step.title)}`),
  ];
}
