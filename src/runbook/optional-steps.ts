import type { Step } from './runbook.ts';

/** Ids of the steps that never fail a run: those that are optional, and all within them. */
export function idsOfOptional(steps: readonly Step[], within = false): string[] {
  return steps.flatMap((step) => {
    const optional = within || step.optional;
    return [...(optional ? [step.id] : []), ...(step.kind === 'action' ? [] : idsOfOptional(step.steps, optional))];
  });
}
