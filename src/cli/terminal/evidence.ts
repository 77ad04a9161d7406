import type { Summary } from '../../actions/action.ts';
import type { StepState } from '../../journal/run-state.ts';
import { fitDetail } from './fit-detail.ts';
import { sanitise, sanitiseLines } from './sanitise.ts';
import type { Screen } from './screen.ts';

/** Column at which the words under a step's line begin. */
export const textIndent = 2;

/** Prints what a step found: its headline, and the lines beneath it. */
export function printSummary(screen: Screen, step: StepState, { detail }: { detail: boolean }): void {
  if (step.summary === null) return;
  if (step.summary.headline !== '') screen.line(sanitise(step.summary.headline), { indent: textIndent });
  if (detail) printEvidence(screen, step.summary);
}

/** Prints the lines beneath a headline: a matrix, servers with their TTLs. */
export function printEvidence(screen: Screen, summary: Summary | null): void {
  const lines = fitDetail((summary?.detail ?? []).flatMap(sanitiseLines), screen.width() - textIndent);
  for (const line of lines) screen.line({ text: line, tone: 'quiet' }, { indent: textIndent });
}

/** Prints a diff; the sign says what the colour says. */
export function printDiff(screen: Screen, diff: readonly string[], indent: number = textIndent): void {
  if (diff.length === 0) screen.line('nothing to change: the world is already so', { indent });
  for (const line of diff.flatMap(sanitiseLines)) {
    const tone = line.startsWith('+') ? 'good' : line.startsWith('-') ? 'bad' : 'plain';
    screen.line({ text: line, tone }, { indent });
  }
}
