import { leavesNothing } from '../../engine/end-what-leaves-nothing.ts';
import { changesInPlace, isInDoubt } from '../../engine/in-place.ts';
import { stepAwaitingApproval } from '../../engine/judge-approval.ts';
import type { OpenThing } from '../../engine/left-open.ts';
import { nextCommands } from '../../engine/next-commands.ts';
import { releasedWords } from '../../engine/ways-on.ts';
import { exitCodes } from '../../errors.ts';
import type { RunState, StepState } from '../../journal/run-state.ts';
import type { RunListing } from '../../journal/store.ts';
import { approvalLines } from './approval-screen.ts';
import { formatDuration } from './duration.ts';
import { printEndScreen, printLeftOpen } from './end-screen.ts';
import { sanitise } from './sanitise.ts';
import type { Screen } from './screen.ts';
import { markOf } from './symbols.ts';

/** Prints where a run stands: its steps, then its end, or who drives it, or that its process died and what to do. */
export function printStatus(
  screen: Screen,
  state: RunState,
  { driver, open, flags }: { driver: RunListing['driver'] | null; open: readonly OpenThing[]; flags: string },
): void {
  screen.line({ text: sanitise(state.title), tone: 'strong' });
  const { user, host } = state.startedBy;
  const started = new Date(state.startedAtMs).toISOString();
  screen.line({
    text: sanitise(`${state.hostname} · run ${state.run} · ${started} by ${user}@${host}`),
    tone: 'quiet',
  });
  screen.line();
  for (const step of state.steps.values()) printStep(screen, step, state.speed);
  if (state.released !== null) {
    printReleased(screen, state, { open, flags });
    return;
  }
  if (state.ending !== null) {
    const { exitCode, message } = state.ending;
    printEndScreen(screen, state, { objective: undefined, head: state.head, exitCode, message, open, flags });
    return;
  }
  const waiting = stepAwaitingApproval(state);
  if (waiting !== undefined) {
    screen.line();
    screen.line([{ text: 'WAITS FOR APPROVAL', tone: 'warning' }, `  ${sanitise(waiting.title)}`]);
    for (const line of approvalLines(state, waiting.id, flags)) screen.line(sanitise(line), { indent: 2 });
  }
  screen.line();
  if (driver?.alive === true) {
    const { actor, pid, since } = driver;
    screen.line([
      { text: 'RUNNING', tone: 'accent' },
      `  driven by ${sanitise(actor.user)}@${sanitise(actor.host)}, pid ${pid}, since ${since}`,
    ]);
    screen.line([{ text: 'next: ', tone: 'strong' }, `resend-ops watch ${state.run}${flags}`], { indent: 2 });
    return;
  }
  screen.line([{ text: 'UNFINISHED', tone: 'bad' }, `  ${explainDeath(state, driver)}`]);
  if (state.mode === 'rehearsal') {
    screen.line('It was a rehearsal: nothing real was touched, and its simulator is gone. Rehearse again.', {
      indent: 2,
    });
    return;
  }
  for (const line of nextCommands(state, exitCodes.needsAttention, flags)) {
    screen.line([{ text: 'next: ', tone: 'strong' }, line], { indent: 2 });
  }
  printLeftOpen(screen, state, { open, flags });
}

/** A run that nobody goes on with: what it has left in the world, and what a person can still do. */
function printReleased(
  screen: Screen,
  state: RunState,
  { open, flags }: { open: readonly OpenThing[]; flags: string },
): void {
  const left = changesInPlace(state);
  screen.line();
  screen.line([{ text: 'RELEASED', tone: 'warning' }, `  it ${sanitise(releasedWords(state))}`]);
  screen.line('nobody goes on with it, and its resources are free: another run may have changed them since', {
    indent: 2,
  });
  if (left.length === 0) screen.line('it left nothing that could be undone', { indent: 2 });
  for (const { title, change } of left) {
    const stands = isInDoubt(change) ? 'in doubt: ' : 'left as it was: ';
    screen.line([{ text: stands, tone: 'warning' }, sanitise(title)], { indent: 2 });
  }
  for (const line of nextCommands(state, exitCodes.needsAttention, flags))
    screen.line([{ text: 'next: ', tone: 'strong' }, line], { indent: 2 });
  printLeftOpen(screen, state, { open, flags });
}

function printStep(screen: Screen, step: StepState, speed: number): void {
  const mark = markOf(step);
  const ms = step.endedAtMs === null ? null : (step.endedAtMs - step.startedAtMs) * speed;
  const end = ms === null ? '' : formatDuration(ms);
  screen.lineWithEnd([{ text: `${mark.symbol} ${mark.word.padEnd(9)}`, tone: mark.tone }, sanitise(step.title)], {
    text: end,
    tone: 'quiet',
  });
  const why = step.error?.message ?? step.skippedWhy ?? step.summary?.headline;
  if (why !== undefined && why !== null && why !== '')
    screen.line({ text: sanitise(why), tone: 'quiet' }, { indent: 2 });
}

/** What is known of a run whose process is gone: where it was, and what may have reached the world. */
function explainDeath(state: RunState, driver: RunListing['driver'] | null): string {
  const who =
    driver === null || driver === undefined
      ? 'no process ever drove it'
      : `its process (pid ${driver.pid} on ${sanitise(driver.actor.host)}) is gone`;
  const changed = [...state.steps.values()].filter(({ change }) => change !== null && !change.leavesNothing);
  const open = changed.filter(
    ({ change }) => change?.status === 'intended' || change?.status === 'doubted' || change?.status === 'reverting',
  );
  if (open.length > 0) {
    const names = open.map(({ id }) => id).join(', ');
    return `${who}; in doubt: ${names}. The write may have happened or not: resume looks at the world first, and never repeats it blindly.`;
  }
  const applied = changed.filter(({ change }) => change?.status === 'applied' && change.undoable);
  if (applied.length > 0) return `${who}; applied and left in place: ${applied.map(({ id }) => id).join(', ')}.`;
  if (leavesNothing(state)) {
    return `${who}; what it wrote, if anything, is what was there before: nothing is to be undone. The next run that needs what it holds ends it.`;
  }
  return `${who}; it had changed nothing.`;
}
