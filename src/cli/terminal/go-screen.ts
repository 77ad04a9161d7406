import type { RunState, StepState } from '../../journal/run-state.ts';
import type { Objective } from '../../runbook/runbook.ts';
import type { Json } from '../../world/json.ts';
import { formatDuration, formatLimit } from './duration.ts';
import { printDiff, printEvidence, textIndent } from './evidence.ts';
import { sanitise, sanitiseLines } from './sanitise.ts';
import type { Screen } from './screen.ts';
import { markOf } from './symbols.ts';

/**
 * The screen before a decision: all that speaks for and against it, complete in itself, so that nobody scrolls at
 * 3 a.m. `stepId` is the step that waits for the answer; a group that waits decides for its first planned change.
 */
export function printGoScreen(screen: Screen, state: RunState, stepId: string, objective: Objective | undefined): void {
  const step = state.steps.get(stepId);
  const planned = step?.plan ? step : newestPlanned(state);
  rule(screen, 'GO OR NO GO');
  screen.line({ text: sanitise(step?.title ?? stepId), tone: 'strong' });
  screen.line(['on ', { text: sanitise(state.hostname), tone: 'strong' }]);
  const found = [...state.steps.values()].filter((other) => isFinding(other, stepId));
  // The long part comes first: what a small terminal still shows is what the decision hangs on.
  for (const { summary } of found.filter(({ output }) => holdsVerdict(output))) printEvidence(screen, summary);
  section(screen, 'What was found');
  for (const other of found) printFinding(screen, other);
  for (const guard of state.guards.filter(({ overriddenBecause }) => overriddenBecause !== null)) {
    const text = `guard ${guard.guard} overridden: ${guard.overriddenBecause}`;
    screen.line({ text: sanitise(text), tone: 'warning' }, { indent: textIndent });
  }
  if (planned?.plan) {
    section(screen, 'What changes');
    printDiff(screen, planned.plan.diff);
    for (const note of planned.plan.notes.flatMap(sanitiseLines)) screen.line(note, { indent: textIndent });
  }
  const expected = forecast(state, objective);
  const stays = lasting(state);
  if (expected.length + stays.length > 0) section(screen, 'Afterwards');
  for (const line of expected) screen.line(line, { indent: textIndent });
  for (const line of stays) screen.line({ text: line, tone: 'warning' }, { indent: textIndent });
  rule(screen, '');
}

function isFinding(step: StepState, waiting: string): boolean {
  return step.id !== waiting && step.uses !== null && step.phase !== 'running';
}

/** A finding in one line: what it says, or what it is about where it has nothing to say. */
function printFinding(screen: Screen, found: StepState): void {
  const mark = markOf(found);
  const text = found.error?.message ?? (found.summary?.headline || found.title);
  screen.line([{ text: `${mark.symbol} ${mark.word.padEnd(8)}`, tone: mark.tone }, sanitise(text)], { hanging: 10 });
}

/** The matrix behind a verdict is what the decision rests on; of other checks, their headline is enough. */
function holdsVerdict(output: Json | null): boolean {
  return typeof output === 'object' && output !== null && 'verdict' in output;
}

function newestPlanned(state: RunState): StepState | undefined {
  return [...state.steps.values()].findLast(({ plan, phase }) => plan !== null && phase === 'running');
}

/** What DNS does after a switch; nothing where the run promises none and nobody has looked. */
function forecast(state: RunState, objective: Objective | undefined): string[] {
  const drain = state.clocks.predictedDrainMs;
  if (objective === undefined && drain === null) return [];
  const limits = [
    objective?.switchedWithinMs === undefined ? [] : `switched within ${formatLimit(objective.switchedWithinMs)}`,
    objective?.recoveredWithinMs === undefined ? [] : `recovered within ${formatLimit(objective.recoveredWithinMs)}`,
  ].flat();
  return [
    drain === null
      ? 'drain: not predicted; clients keep the old answer until its TTL is over'
      : `drain: clients may keep the old answer for up to ${formatDuration(drain)} after the switch`,
    ...(limits.length === 0 ? [] : [`objective, from your "go": ${limits.join(', ')}`]),
  ];
}

/** What stays even if this run is rolled back. */
function lasting(state: RunState): string[] {
  const made = [...state.steps.values()].filter(({ change }) => change?.status === 'applied' && !change.undoable);
  return made.map(({ title }) => `cannot be undone, already done: ${sanitise(title)}`);
}

function section(screen: Screen, title: string): void {
  screen.line();
  screen.line({ text: title, tone: 'accent' });
}

function rule(screen: Screen, title: string): void {
  const lead = title === '' ? '' : `── ${title} `;
  screen.line({ text: lead + '─'.repeat(Math.max(0, Math.min(screen.width(), 76) - lead.length)), tone: 'strong' });
}
