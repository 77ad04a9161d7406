import type { AnyAction } from '../actions/action.ts';
import type { LeftOpen } from '../actions/afterwards.ts';
import type { RunState, StepState } from '../journal/run-state.ts';
import type { Json } from '../world/json.ts';
import { isGone } from './in-place.ts';

/**
 * Something that others see and a run has left for a person to close. `isSure`: false where nobody can tell whether it is
 * there.
 */
export type OpenThing = LeftOpen & { run: string; step: string; isSure: boolean };

/**
 * What a run has opened before others and not closed, as far as its own log tells: what others did about it since is in the
 * logs of their runs. No rollback takes it away, because a message cannot be unsent.
 */
export function thingsLeftOpen(state: RunState, actions: ReadonlyMap<string, AnyAction>): OpenThing[] {
  return thingsOpenAfter([state], actions);
}

/** What several runs, in the order in which they began, have opened before others and none of them has closed. */
export function thingsOpenAfter(states: readonly RunState[], actions: ReadonlyMap<string, AnyAction>): OpenThing[] {
  const open = new Map<string, OpenThing>();
  for (const state of states) {
    // The word at the end comes after every other.
    const told = new Map<string, string>();
    for (const step of stepsInOrder(state)) {
      const { change, toldAtEnd } = step;
      if (change === null || isGone(change)) continue;
      const action = actions.get(change.uses);
      if (action?.kind !== 'change' || action.leavesOpen === undefined) continue;
      const left = action.leavesOpen(outputOf(step, action), change.input, state.run);
      if (left === undefined) continue;
      const key = left.id === '' ? `${state.run} ${step.id}` : left.id;
      const run = open.get(key)?.run ?? state.run;
      open.set(key, { ...left, run, step: step.id, isSure: change.status === 'applied' });
      if (left.isClosed) open.delete(key);
      if (toldAtEnd !== null) told.set(key, toldAtEnd);
    }
    for (const [key, word] of told) {
      const thing = open.get(key);
      if (thing !== undefined) open.set(key, { ...thing, state: word });
    }
  }
  return [...open.values()];
}

function stepsInOrder(state: RunState): StepState[] {
  const order = ({ change }: StepState) => change?.appliedSeq ?? Number.MAX_SAFE_INTEGER;
  return [...state.steps.values()].sort((left, right) => order(left) - order(right));
}

/** What the change answered, or noted before its answer was lost. */
function outputOf({ output, change, noted }: StepState, action: Extract<AnyAction, { kind: 'change' }>): Json {
  const answered = output ?? change?.output ?? null;
  if (answered !== null) return answered;
  const parsed = action.output.safeParse(noted);
  return parsed.success ? parsed.data : null;
}

/** What is left open, for machines. */
export function openAsJson(open: readonly OpenThing[]) {
  return open.map(({ run, step, to, what, state, isSure }) => ({ run, step, to, what, state, isSure }));
}

/** What earlier runs have left open: others may have closed it elsewhere since, which their log does not tell. */
export function openBeforeLines(open: readonly OpenThing[]): string[] {
  return open.map(
    ({ run, to, what, state }) => `open to ${to} since run ${run}, as far as the log tells: ${what} (${state})`,
  );
}

/** What others still see of it, in a line each. */
export function openLines(open: readonly OpenThing[]): string[] {
  return open.map(({ to, what, state, isSure }) =>
    isSure ? `open to ${to}: ${what} (${state})` : `may be open to ${to}, nobody can tell: ${what}`,
  );
}
