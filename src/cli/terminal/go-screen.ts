import type { Summary } from '../../actions/action.ts';
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
 * 3 a.m. It must fit 30 rows of 80 columns, with the question beneath it; so nothing is said twice, and what each step found
 * in full stands above. `stepId` is the step that waits for the answer; a group that waits decides for its first planned
 * change.
 */
export function printGoScreen(screen: Screen, state: RunState, stepId: string, objective: Objective | undefined): void {
  const step = state.steps.get(stepId);
  const planned = step?.plan ? step : newestPlanned(state);
  rule(screen, 'GO OR NO GO');
  const title = sanitise(step?.title ?? stepId);
  screen.line([{ text: title, tone: 'strong' }, ', on ', { text: sanitise(state.hostname), tone: 'strong' }]);
  const found = [...state.steps.values()].filter((other) => isFinding(other, stepId));
  const verdicts = found.filter(({ output }) => holdsVerdict(output));
  for (const { summary } of verdicts) printVerdict(screen, summary);
  for (const other of found.filter((one) => !verdicts.includes(one))) printFinding(screen, other);
  for (const guard of state.guards.filter(({ overriddenBecause }) => overriddenBecause !== null)) {
    const text = `guard ${guard.guard} overridden: ${guard.overriddenBecause}`;
    screen.line({ text: sanitise(text), tone: 'warning' });
  }
  if (planned?.plan) {
    screen.line({ text: 'What changes', tone: 'accent' });
    printDiff(screen, planned.plan.diff);
    for (const note of planned.plan.notes.flatMap(sanitiseLines)) screen.line(note, { indent: textIndent });
  }
  for (const line of forecast(state, objective)) screen.line(line);
  const lasting = [...state.steps.values()].filter(cannotBeUndone).map(({ title: made }) => sanitise(made));
  if (lasting.length > 0)
    screen.line({ text: `cannot be undone, already done: ${lasting.join('; ')}`, tone: 'warning' });
}

/** What stands beside the paths when a recommendation is made: it is weighed there, and stands in full above. */
const weighed: ReadonlySet<string | null> = new Set(['vendor.status', 'datadog.monitors', 'globalping.measure']);

/** What was skipped speaks neither for nor against; what cannot be undone is told as that. */
function isFinding(step: StepState, waiting: string): boolean {
  const { id, uses, phase } = step;
  if (id === waiting || uses === null || weighed.has(uses)) return false;
  return phase !== 'running' && phase !== 'skipped' && !cannotBeUndone(step);
}

/** What stays even if this run is rolled back. */
function cannotBeUndone({ change }: StepState): boolean {
  return change?.status === 'applied' && !change.undoable;
}

function printVerdict(screen: Screen, summary: Summary | null): void {
  if (summary === null) return;
  screen.line({ text: sanitise(summary.headline), tone: 'strong' });
  printEvidence(screen, { ...summary, detail: summary.evidence ?? summary.detail });
}

/** A finding in one line: what it says, or what it is about where it has nothing to say. */
function printFinding(screen: Screen, found: StepState): void {
  const { symbol, word, tone } = markOf(found);
  const text = found.error?.message ?? (found.summary?.headline || found.title);
  // That it is done goes without saying; all else is worth its word.
  const lead = word === 'done' ? `${symbol} ` : `${symbol} ${word}: `;
  screen.line([{ text: lead, tone }, sanitise(text)]);
}

/** The matrix behind a verdict is what the decision rests on; of other checks, their headline is enough. */
function holdsVerdict(output: Json | null): boolean {
  return typeof output === 'object' && output !== null && 'verdict' in output && 'matrix' in output;
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
      : `drain: old answers may be kept up to ${formatDuration(drain)} after the switch`,
    ...(limits.length === 0 ? [] : [`objective from "go": ${limits.join(', ')}`]),
  ];
}

function rule(screen: Screen, title: string): void {
  const lead = title === '' ? '' : `── ${title} `;
  screen.line({ text: lead + '─'.repeat(Math.max(0, Math.min(screen.width(), 76) - lead.length)), tone: 'strong' });
}
