import { wordsOfDecision } from '../../engine/decisions.ts';
import { readerGone } from '../../engine/interrupts.ts';
import type { Entry, RecordedError } from '../../journal/events.ts';
import type { RunState, StepState } from '../../journal/run-state.ts';
import type { Objective } from '../../runbook/runbook.ts';
import { completeCommands } from '../complete-commands.ts';
import { approvalLines } from './approval-screen.ts';
import { formatDuration, formatLimit, timeOfDay } from './duration.ts';
import { printDiff, printSummary, textIndent } from './evidence.ts';
import { printInputs } from './print-inputs.ts';
import { sanitise, sanitiseLines } from './sanitise.ts';
import type { Screen } from './screen.ts';
import { type Mark, markOf, marks } from './symbols.ts';

type PrinterOptions = {
  screen: Screen;
  objective: Objective | undefined;
  /** The whole story, for a log file or `--verbose`: starts, and the detail of what went well. */
  full: boolean;
  /** What commands that others are told must repeat, such as ` --state-dir DIR`. */
  flags: string;
};

/** Creates the printer of single entries: what a person must know of each, in as few lines as can be. */
export function createEntryPrinter({
  screen,
  objective,
  full,
  flags,
}: PrinterOptions): (entry: Entry, state: RunState) => void {
  const mark = ({ symbol, word, tone }: Mark) => ({ text: `${symbol} ${word.padEnd(9)}`, tone });
  const say = (which: Mark, text: string) => screen.line([mark(which), sanitise(text)], { hanging: 11 });
  const more = (text: string) => {
    for (const line of sanitiseLines(completeCommands(text, flags))) screen.line(line, { indent: textIndent });
  };
  const explain = (error: RecordedError) => {
    screen.line({ text: sanitise(completeCommands(error.message, flags)), tone: 'bad' }, { indent: textIndent });
    if (error.hint !== undefined) more(error.hint);
  };
  // A doubt is told once: the step that it fails, and the group around that, have the same words.
  const doubts = new Set<string>();
  // What made it doubtful was told when it happened, by step.
  const causes = new Map<string, string>();
  // The time that a person took to decide is not the step's.
  const confirmedAtMs = new Map<string, number>();
  const titleOf = (state: RunState, step: string) => state.steps.get(step)?.title ?? step;
  const ended = (step: StepState, speed: number) => {
    const from = confirmedAtMs.get(step.id) ?? step.startedAtMs;
    const ms = step.endedAtMs === null ? 0 : (step.endedAtMs - from) * speed;
    screen.lineWithEnd([mark(markOf(step)), sanitise(step.title)], { text: formatDuration(ms), tone: 'quiet' });
  };

  return (entry, state) => {
    const step = 'step' in entry ? state.steps.get(entry.step) : undefined;
    switch (entry.type) {
      case 'run-started':
        return printHeader(screen, entry);
      case 'driver-started':
        if (entry.epoch > 1) say(marks.running, `driven by ${entry.actor.user}@${entry.actor.host} from here on`);
        return;
      case 'step-started':
        if (full && entry.uses !== undefined) say(marks.running, entry.title);
        return;
      case 'step-planned':
        if (state.mode !== 'dry-run') return;
        say(marks.planned, titleOf(state, entry.step));
        printDiff(screen, entry.diff);
        return entry.notes.forEach(more);
      case 'step-succeeded':
        // What is planned has been told, with its diff.
        if (step === undefined || step.uses === null || step.isPlanned) return;
        ended(step, state.speed);
        return printSummary(screen, step, {
          detail: full || state.mode === 'dry-run' || step.summary?.always === true,
        });
      case 'step-failed':
        if (step === undefined) return;
        ended(step, state.speed);
        printSummary(screen, step, { detail: true });
        if (doubts.has(entry.error.message)) return;
        if (hasStoppedAt(state, entry)) return more(entry.error.hint ?? '');
        return explain(entry.error);
      case 'step-skipped':
        say(marks.skipped, titleOf(state, entry.step));
        return more(entry.why);
      case 'guard-raised':
        say(marks.stopped, `guard ${entry.guard}: ${entry.message}`);
        // The end of its step says what to do; in a dry run the step goes on.
        if (state.mode !== 'dry-run') return;
        more(entry.hint);
        return more(`to pass this guard, and only this one: --override ${entry.guard}=REASON`);
      case 'guard-overridden':
        return say({ ...marks.skipped, word: 'override', tone: 'warning' }, `guard ${entry.guard}: ${entry.reason}`);
      case 'confirmation-given':
        confirmedAtMs.set(entry.step, Date.parse(entry.time));
        return say(marks.done, `confirmed by ${confirmers[entry.by]}`);
      case 'confirmation-declined':
        return say(marks.stopped, `not confirmed: ${titleOf(state, entry.step)}`);
      case 'approval-requested':
        say(marks.running, `waits for approval: ${titleOf(state, entry.step)}`);
        return approvalLines(state, entry.step, flags).forEach(more);
      case 'approval-posted':
        return say(marks.running, `asked for approval in ${entry.room} too`);
      case 'approval-given':
        return say(marks.done, `approved by ${entry.how === 'command' ? entry.actor.user : `${entry.by} (reaction)`}`);
      case 'approval-refused':
        return say(marks.stopped, `approval refused: ${entry.message}`);
      case 'approval-withdrawn':
        return say(marks.stopped, `approval taken back by ${entry.by}`);
      case 'approvals-voided':
        return say(marks.stopped, `approvals void: ${voids[entry.why]}`);
      case 'step-approved':
        return say(marks.done, `approved: ${titleOf(state, entry.step)} (${entry.by.join(', ')})`);
      case 'go-given':
        return say({ symbol: '◆', word: 'go', tone: 'strong' }, goLine(entry.time, objective));
      case 'milestone-reached':
        return printMilestone(screen, entry.milestone, state, objective);
      case 'change-doubted':
        say(marks.doubt, titleOf(state, entry.step));
        explain(entry.error);
        causes.set(entry.step, entry.error.message);
        return more('looking at the world to find out what happened');
      case 'change-applied':
        if (entry.how === 'observed') say(marks.done, `the world shows it applied: ${titleOf(state, entry.step)}`);
        return;
      case 'change-not-applied':
        say(marks.failed, `not applied: ${titleOf(state, entry.step)}`);
        return explain(entry.error);
      case 'change-unresolved':
        say(marks.doubt, `a person must look: ${titleOf(state, entry.step)}`);
        doubts.add(entry.error.message);
        return explain({ ...entry.error, message: withoutCause(entry.error.message, causes.get(entry.step)) });
      case 'follow-up-failed':
        if (full) say(marks.skipped, `could not update ${titleOf(state, entry.step)}: ${entry.error.message}`);
        return;
      case 'ending-told':
        return say(marks.done, `customers were told: ${entry.text}`);
      case 'interrupted':
        if (entry.signal === readerGone) return say(marks.skipped, 'nobody reads an output any more; the run goes on');
        return say(marks.signal, `${entry.signal} received; a running write settles first`);
      case 'decided':
        return say(marks.done, `decided to ${wordsOfDecision(entry, state)} (${deciders[entry.by]})`);
      case 'rollback-started':
        return say({ ...marks.undone, word: 'undoing' }, entry.why);
      case 'change-reverted':
        return say(marks.undone, titleOf(state, entry.step));
      case 'revert-failed':
        say(marks.failed, `not undone: ${titleOf(state, entry.step)} (the world shows: ${entry.observed})`);
        return explain(entry.error);
      case 'resumed':
        return say(marks.running, 'resumed');
      case 'run-reopened':
        return say(marks.running, `opened again: ${entry.why}`);
      case 'marked-done':
        if (entry.undone === true)
          return say(marks.undone, `by hand: ${titleOf(state, entry.step)}: ${entry.evidence}`);
        return say(marks.byHand, `${titleOf(state, entry.step)}: ${entry.evidence}`);
      case 'commented':
      case 'cancel-requested':
        return say(marks.running, `${entry.actor.user}: ${entry.text}`);
      case 'claim-released':
        return say(marks.stopped, `the claim was released by hand: ${entry.reason}`);
      case 'tail-repaired':
        return say(marks.doubt, `the log's torn last line was cut (kept in ${entry.kept})`);
    }
  };
}

/** Whether a guard stopped the step, which has been told by then: what it found need not be said twice. */
function hasStoppedAt(state: RunState, { step, error }: Extract<Entry, { type: 'step-failed' }>): boolean {
  const { guard, message } = state.guards.findLast((raised) => raised.step === step) ?? {};
  return error.message === `guard ${guard}: ${message}`;
}

/** A doubt's words without the cause in brackets, where that stands right above them. */
function withoutCause(message: string, cause: string | undefined): string {
  return cause === undefined ? message : message.replace(` (${cause})`, '');
}

const voids = {
  'plan-changed': 'the world has changed, so the plan is made anew',
  expired: 'nobody else is waited for any longer',
  stopped: 'the run stops',
} as const;

const confirmers = {
  terminal: 'the operator',
  flag: 'a flag on the command line',
  rehearsal: 'the rehearsal itself',
} as const;

const deciders = {
  ...confirmers,
  interrupt: 'the operator’s interrupt',
  policy: 'nobody was asked',
} as const;

function printHeader(screen: Screen, entry: Extract<Entry, { type: 'run-started' }>): void {
  screen.line({ text: sanitise(entry.title), tone: 'strong' });
  screen.line({ text: sanitise(`${entry.hostname} · run ${entry.run} · ${timeOfDay(entry.time)} UTC`), tone: 'quiet' });
  printInputs(screen, entry.inputs, entry.durations);
  screen.line();
}

function goLine(time: string, objective: Objective | undefined): string {
  const { switchedWithinMs, recoveredWithinMs } = objective ?? {};
  const limits = [
    ...(switchedWithinMs === undefined ? [] : [`switched within ${formatLimit(switchedWithinMs)}`]),
    ...(recoveredWithinMs === undefined ? [] : [`recovered within ${formatLimit(recoveredWithinMs)}`]),
  ];
  return [`the clock runs from ${timeOfDay(time)} UTC`, ...limits].join(' · ');
}

function printMilestone(
  screen: Screen,
  milestone: 'switched' | 'recovered',
  state: RunState,
  objective: Objective | undefined,
): void {
  const ms = milestone === 'switched' ? state.clocks.switchedMs : state.clocks.recoveredMs;
  if (ms === null) return;
  const limit = milestone === 'switched' ? objective?.switchedWithinMs : objective?.recoveredWithinMs;
  const late = limit !== undefined && ms > limit;
  const judged = limit === undefined ? '' : ` · objective ${formatLimit(limit)}: ${late ? 'MISSED' : 'met'}`;
  screen.line([
    { text: `◆ ${milestone.padEnd(9)}`, tone: late ? 'warning' : 'good' },
    ` ${formatDuration(ms)} after go${judged}`,
  ]);
}
