import type { RunState, StepState } from '../../journal/state.ts';
import type { Objective } from '../../runbook/runbook.ts';
import { formatDuration, formatLimit } from './duration.ts';
import { printDiff, printSummary } from './evidence.ts';
import { sanitise, sanitiseLines } from './sanitise.ts';
import type { Screen } from './screen.ts';
import { markOf } from './symbols.ts';

/**
 * The screen before a decision: all that speaks for and against it, complete in itself, so that nobody scrolls at
 * 3 a.m. `stepId` is the step that waits for the answer; a group that waits decides for its first planned change.
 */
export function printGoScreen(
  screen: Screen,
  state: RunState,
  stepId: string,
  objective: Objective | undefined,
): void {
  const step = state.steps.get(stepId);
  const planned = step?.plan ? step : newestPlanned(state);
  rule(screen, 'GO OR NO GO');
  screen.line({ text: sanitise(step?.title ?? stepId), tone: 'strong' }, { indent: 2 });
  screen.line(['on ', { text: sanitise(state.hostname), tone: 'strong' }], { indent: 2 });
  section(screen, 'What was found');
  for (const found of state.steps.values()) printFinding(screen, found, stepId);
  for (const guard of state.guards.filter(({ overriddenBecause }) => overriddenBecause !== null)) {
    const text = `guard ${guard.guard} overridden: ${guard.overriddenBecause}`;
    screen.line({ text: sanitise(text), tone: 'warning' }, { indent: 4 });
  }
  if (planned?.plan) {
    section(screen, 'What changes');
    printDiff(screen, planned.plan.diff);
    for (const note of planned.plan.notes.flatMap(sanitiseLines)) screen.line(note, { indent: 4 });
  }
  section(screen, 'Afterwards');
  for (const line of forecast(state, objective)) screen.line(line, { indent: 4 });
  for (const line of lasting(state)) screen.line({ text: line, tone: 'warning' }, { indent: 4 });
  rule(screen, '');
}

function printFinding(screen: Screen, found: StepState, waiting: string): void {
  if (found.id === waiting || found.uses === null || found.phase === 'running') return;
  const mark = markOf(found);
  screen.line([{ text: `${mark.symbol} ${mark.word}`, tone: mark.tone }, `  ${sanitise(found.title)}`], { indent: 2 });
  // Only checks are evidence; a change that was made (a war room) is a line and no more.
  printSummary(screen, found, { detail: found.change === null });
  if (found.error !== null) screen.line({ text: sanitise(found.error.message), tone: 'bad' }, { indent: 4 });
}

function newestPlanned(state: RunState): StepState | undefined {
  return [...state.steps.values()].findLast(({ plan, phase }) => plan !== null && phase === 'running');
}

function forecast(state: RunState, objective: Objective | undefined): string[] {
  const drain = state.clocks.predictedDrainMs;
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
  screen.line({ text: title, tone: 'accent' }, { indent: 2 });
}

function rule(screen: Screen, title: string): void {
  const lead = title === '' ? '' : `── ${title} `;
  screen.line({ text: lead + '─'.repeat(Math.max(0, Math.min(screen.width(), 76) - lead.length)), tone: 'strong' });
}
