import type { RunState } from '../journal/run-state.ts';
import type { Step } from '../runbook/runbook.ts';

/**
 * Ids of the steps that failed and were passed over (`on-failure: continue`), of a run that has come to its last step: any
 * other failure would have ended it before. Optional steps never fail a run, and of a group of ways only the group counts.
 */
export function stepsPassedOver(steps: readonly Step[], state: RunState): string[] {
  return steps.flatMap((step) => {
    if (step.optional) return [];
    const within = step.kind === 'parallel' ? stepsPassedOver(step.steps, state) : [];
    return within.length === 0 && state.steps.get(step.id)?.phase === 'failed' ? [step.id] : within;
  });
}
