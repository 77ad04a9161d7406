import type { ChangeAction } from '../actions/action.ts';
import type { EmptyEnding } from '../actions/afterwards.ts';
import { exitCodes } from '../errors.ts';
import type { StepState } from '../journal/run-state.ts';
import { actionContext, writing } from './context.ts';
import type { Ending } from './ending.ts';
import { changesInPlace } from './in-place.ts';
import { endsDriving, recordedError } from './recorded-error.ts';
import type { Session } from './session.ts';
import { inTimeBox } from './time-box.ts';

/** Time box of one message: nobody waits longer for the end of a run because of it. */
const lastWordMs = 5_000;

/**
 * Tells people who were told of the run's beginning that it has changed nothing in the end. Where anything is, or may
 * be, in place, nothing is said: only a person can word that. Trouble is noted, and never changes how the run ends.
 */
export async function sayLastWords(session: Session, how: Ending): Promise<void> {
  const ending = emptyEnding(session, how);
  if (ending === undefined) return;
  for (const step of [...session.state.steps.values()]) {
    const action = step.change === null ? undefined : session.drive.actions.get(step.change.uses);
    // Who was told once is not told again by a second rollback, which finds nothing to undo.
    if (step.toldAtEnd !== null) continue;
    if (action?.kind === 'change' && step.change?.status === 'applied') await sayOf(session, step, { action, ending });
  }
}

function emptyEnding(session: Session, { outcome, exitCode }: Ending): EmptyEnding | undefined {
  const { state } = session;
  const isEmpty = exitCode === exitCodes.failed || exitCode === exitCodes.stopped || outcome === 'rolled-back';
  if (!isEmpty || state.mode === 'dry-run' || changesInPlace(state).length > 0) return undefined;
  return [...state.steps.values()].some(({ change }) => change?.status === 'reverted') ? 'undone' : 'unchanged';
}

async function sayOf(
  session: Session,
  { id, output, change }: StepState,
  { action, ending }: { action: ChangeAction; ending: EmptyEnding },
): Promise<void> {
  const { lastWord } = action;
  const words = change === null ? undefined : lastWord?.words(change.input, ending);
  if (lastWord === undefined || words === undefined || output === null || session.lease.failure() !== undefined) return;
  await session.record({ type: 'follow-up-intended', step: id, headline: words });
  try {
    const state = await inTimeBox(session.drive.clock, lastWordMs, [], (signal) =>
      lastWord.say({ output, words, ending }, actionContext(session, id, writing(session), signal)),
    );
    if (state !== undefined) await session.record({ type: 'ending-told', step: id, ending, text: words, state });
  } catch (error) {
    if (endsDriving(error)) throw error;
    await session.record({ type: 'follow-up-failed', step: id, error: recordedError(error) });
  }
}
