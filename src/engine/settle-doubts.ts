import { OpsError } from '../errors.ts';
import { doubtOf } from './finish-change.ts';
import { type ChangedStep, changesInPlace, isInDoubt, messagesInDoubt } from './in-place.ts';
import { recordedError } from './recorded-error.ts';
import type { Session } from './session.ts';
import { settle } from './settle.ts';

/**
 * Looks at what a rollback does not undo and nobody can tell of, until it would have landed: changes that their steps keep
 * (`rollback: none`), and messages of required steps. Answers those of which nobody can tell still.
 */
export async function settleDoubts(session: Session): Promise<ChangedStep[]> {
  for (const step of doubtsLeft(session)) await settleDoubt(session, step);
  return doubtsLeft(session);
}

function doubtsLeft({ state, optionalSteps }: Session): ChangedStep[] {
  const messages = messagesInDoubt(state).filter(({ id }) => !optionalSteps.has(id));
  return [...changesInPlace(state).filter(({ change }) => isInDoubt(change)), ...messages];
}

async function settleDoubt(session: Session, { id, change }: ChangedStep): Promise<void> {
  const action = session.drive.actions.get(change.uses);
  if (action === undefined || action.kind !== 'change') return;
  const planned = { input: change.input, before: change.before, after: change.after };
  const settled = await settle(session, id, action, planned, 'left-behind');
  if (settled.world === 'after') {
    await session.record({ type: 'change-applied', step: id, how: 'observed', output: change.output });
  } else if (settled.world === 'before') {
    const error = recordedError(new OpsError('lost-answer', 'the world shows that it did not happen'));
    await session.record({ type: 'change-not-applied', step: id, error });
  } else if (change.status !== 'unresolved') {
    const error = recordedError(new OpsError('lost-answer', `in doubt: ${doubtOf(settled)}`));
    await session.record({ type: 'change-unresolved', step: id, error });
  }
}
