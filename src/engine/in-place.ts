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
    (step): step is ChangedStep => step.change !== null && !step.change.undoable && isInDoubt(step.change),
  );
}

/** Whether nobody can tell, so far, whether a change happened. */
export function isInDoubt({ status }: ChangeState): boolean {
  return status === 'intended' || status === 'doubted' || status === 'unresolved';
}

function mayBeInPlace(change: ChangeState): boolean {
  return change.undoable && !isGone(change);
}

/** Whether nothing of a change is in the world, for certain. */
export function isGone({ status }: ChangeState): boolean {
  return status === 'not-applied' || status === 'reverted' || status === 'left-nothing';
}

/**
 * What a stop would leave, in a sentence for whoever is asked; undefined where that is nothing. A change whose write is on
 * its way, or whose answer was lost, is not told as in place.
 */
export function standingWords(state: RunState): string | undefined {
  const all = changesInPlace(state);
  const doubtful = all.filter(({ change }) => isInDoubt(change));
  if (all.length === 0) return undefined;
  if (doubtful.length === 0) return 'Changes of this run are in place.';
  const isGivenUp = doubtful.every(({ change }) => change.status === 'unresolved');
  const stands = isGivenUp ? 'is in doubt' : 'is under way';
  const told = isGivenUp ? 'nobody can tell whether it happened' : 'nobody can tell yet whether it happened';
  return doubtful.length === all.length
    ? `A change ${stands}: ${told}.`
    : `Changes of this run are in place, and one more ${stands}: ${told}.`;
}

/** Whether something is in place for certain, so far as this run knows. */
export function isSurelyChanged(state: RunState): boolean {
  return changesInPlace(state).some(({ change }) => !isInDoubt(change));
}

/** Whether the undoing of a change has begun, and is not known to have happened. */
export function isBeingUndone({ status }: ChangeState): boolean {
  return status === 'reverting' || status === 'revert-failed';
}
