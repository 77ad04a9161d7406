import type { ChangeState, RunState, StepState } from '../journal/run-state.ts';

/** A step whose change was at least intended. */
export type ChangedStep = StepState & { change: ChangeState };

/** The steps whose undoable change is, or may be, in place: applied, in doubt, or not undone yet. */
export function changesInPlace(state: RunState): ChangedStep[] {
  return [...state.steps.values()].filter(
    (step): step is ChangedStep => step.change !== null && mayBeInPlace(step.change),
  );
}

/** The steps whose message, or other change that cannot be undone, may have happened or not. */
export function messagesInDoubt(state: RunState): ChangedStep[] {
  return [...state.steps.values()].filter(
    (step): step is ChangedStep => step.change !== null && !step.change.undoable && isDoubtful(step.change),
  );
}

function isDoubtful({ status }: ChangeState): boolean {
  return status === 'intended' || status === 'doubted' || status === 'unresolved';
}

function mayBeInPlace(change: ChangeState): boolean {
  return change.undoable && !isGone(change);
}

/** Whether nothing of a change is in the world, for certain. */
export function isGone({ status }: ChangeState): boolean {
  return status === 'not-applied' || status === 'reverted' || status === 'left-nothing';
}
