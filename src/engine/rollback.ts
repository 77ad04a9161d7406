import type { ChangeAction, Planned } from '../actions/action.ts';
import { OpsError } from '../errors.ts';
import type { RollbackCause } from '../journal/events.ts';
import type { RunState } from '../journal/run-state.ts';
import type { Json } from '../world/json.ts';
import { actionContext, undoing } from './context.ts';
import { type ChangedStep, changesInPlace } from './in-place.ts';
import { endsDriving, recordedError, surelyNotWritten } from './recorded-error.ts';
import type { Session } from './session.ts';
import { look, settle } from './settle.ts';
import { inTimeBox } from './time-box.ts';

/** Time box of one revert. */
const revertMs = 30_000;
/** Looks before a revert, where nobody can tell what is. */
const looksBeforeRevert = 3;
/** Looks after a revert, and the wait between them, until the world shows it. */
const looksAfterRevert = 10;
const lookEveryMs = 500;

/** Why a run is rolled back, in words and in kind. */
export type RollbackReason = { why: string; cause: RollbackCause };

/**
 * Reverts the run's changes in reverse order, each observed afterwards. One that fails does not stop the rest. What
 * cannot be undone (a message) and what its step keeps (`rollback: none`) is left, and named at the end. A log that
 * fails on the way does not stop it: to leave the world half undone would be worse, and what is done is kept elsewhere.
 * Optional steps begin nothing any more; what one of them is writing settles first, and is undone after the rest.
 */
export async function rollBack(session: Session, { why, cause }: RollbackReason): Promise<void> {
  session.undoing = true;
  session.optional.abort(new OpsError('aborted', 'the run is rolled back'));
  const beside = new Set(underWayBeside(session));
  await session.record({ type: 'rollback-started', why, cause });
  await revertEach(
    session,
    changesToRevert(session.state).filter(({ id }) => !beside.has(id)),
  );
  await Promise.allSettled(session.background.values());
  await revertEach(
    session,
    changesToRevert(session.state).filter(({ id }) => beside.has(id)),
  );
}

/** Optional steps that run at this moment. */
function underWayBeside({ background, optionalSteps, state }: Session): string[] {
  if (background.size === 0) return [];
  return [...optionalSteps].filter((id) => state.steps.get(id)?.phase === 'running');
}

async function revertEach(session: Session, steps: readonly ChangedStep[]): Promise<void> {
  for (const step of steps) {
    const action = session.drive.actions.get(step.change.uses);
    if (action === undefined || action.kind !== 'change') {
      await failed(
        session,
        step.id,
        new OpsError('invalid', `this version does not have ${step.change.uses}`),
        'unobservable',
      );
      continue;
    }
    await revertOne(session, step, action);
  }
}

/** The changes to undo: the last applied first, and before them those that nobody saw applied. */
export function changesToRevert(state: RunState): ChangedStep[] {
  const order = ({ change }: ChangedStep) => change.appliedSeq ?? Number.MAX_SAFE_INTEGER;
  return changesInPlace(state)
    .filter(({ change }) => change.rollback === 'auto')
    .reverse()
    .sort((left, right) => order(right) - order(left));
}

async function revertOne(session: Session, step: ChangedStep, action: ChangeAction): Promise<void> {
  const { change } = step;
  const planned = { input: change.input, before: change.before, after: change.after };
  const now = await lookBeforeRevert(session, step.id, action, planned);
  if (typeof now === 'object') return await failed(session, step.id, now.unobservable, 'unobservable');
  if (now === 'other') {
    return await failed(
      session,
      step.id,
      new OpsError('drift', 'the world is neither as before nor as this run left it; it was not touched', {
        hint: 'someone else changed it: compare by hand',
      }),
      'other',
    );
  }
  if (now === 'before') return await notThere(session, step, action, planned);
  if (action.leavesNothing === true) {
    await session.record({ type: 'change-left-nothing', step: step.id });
    return;
  }
  // Seen now, if never before: whoever finds it gone later knows that it was there, and was undone.
  if (change.appliedSeq === null)
    await session.record({ type: 'change-applied', step: step.id, how: 'observed', output: change.output });
  await session.record({ type: 'revert-intended', step: step.id });
  const { revert } = action;
  if (revert === undefined)
    return await failed(session, step.id, new OpsError('refused', `${action.name} cannot be undone`), 'after');
  let trouble: unknown;
  try {
    await inTimeBox(session.drive.clock, action.attended === true ? undefined : revertMs, [], (signal) =>
      revert(planned, actionContext(session, step.id, undoing(session), signal)),
    );
  } catch (error) {
    if (endsDriving(error)) throw error;
    trouble = error;
  }
  await verifyReverted(session, step.id, action, planned, trouble);
}

/** One look that fails is no reason to leave a change in place: it is looked again, a few times. A person is asked once. */
async function lookBeforeRevert(
  session: Session,
  step: string,
  action: ChangeAction,
  planned: Planned<Json, Json>,
): ReturnType<typeof look> {
  for (let turn = 1; ; turn += 1) {
    const now = await look(session, step, action, planned);
    if (typeof now !== 'object' || turn >= looksBeforeRevert || action.attended === true) return now;
    await session.drive.clock.sleep(lookEveryMs);
  }
}

/**
 * Nothing shows that could be undone: an earlier revert did it, or the write never happened. A write that nobody has ever
 * seen in the world is watched until it would have landed; if it lands after all, it is undone like any other.
 */
async function notThere(
  session: Session,
  step: ChangedStep,
  action: ChangeAction,
  planned: Planned<Json, Json>,
): Promise<void> {
  if (step.change.appliedSeq !== null) {
    await session.record({ type: 'change-reverted', step: step.id });
    return;
  }
  const settled = await settle(session, step.id, action, planned, 'left-behind');
  if (settled.world === 'before') {
    const error = recordedError(new OpsError('lost-answer', 'the world shows that it did not happen'));
    await session.record({ type: 'change-not-applied', step: step.id, error });
    return;
  }
  if (settled.world === 'after') {
    await session.record({ type: 'change-applied', step: step.id, how: 'observed', output: step.change.output });
    return await revertOne(session, step, action);
  }
  const error =
    settled.world === 'unobservable'
      ? settled.error
      : new OpsError('drift', 'the world is neither as before nor as this run left it');
  await failed(session, step.id, error, settled.world === 'unobservable' ? 'unobservable' : 'other');
}

async function verifyReverted(
  session: Session,
  step: string,
  action: ChangeAction,
  planned: Planned<Json, Json>,
  trouble: unknown,
): Promise<void> {
  for (let turn = 1; ; turn += 1) {
    const now = await look(session, step, action, planned);
    if (now === 'before') {
      await session.record({ type: 'change-reverted', step });
      return;
    }
    if (turn >= looksAfterRevert) {
      const observed = typeof now === 'object' ? 'unobservable' : now;
      return await failed(session, step, whyNotReverted(trouble, now), observed);
    }
    await session.drive.clock.sleep(lookEveryMs);
  }
}

/** A revert that surely did not happen keeps its reason; any other may still land, and is told so. */
function whyNotReverted(trouble: unknown, now: 'after' | 'other' | { unobservable: unknown }): unknown {
  if (trouble !== undefined && surelyNotWritten(trouble)) return trouble;
  const { code, message, hint } =
    trouble === undefined
      ? { code: 'failed' as const, message: 'the undoing was answered "done"', hint: undefined }
      : recordedError(trouble);
  if (code === 'bug') return trouble;
  const seen =
    typeof now === 'object' ? `nobody can look: ${recordedError(now.unobservable).message}` : 'it does not show so far';
  return new OpsError(code, `in doubt: ${message}; ${seen}, and may still happen`, hint === undefined ? {} : { hint });
}

async function failed(
  session: Session,
  step: string,
  error: unknown,
  observed: 'before' | 'after' | 'other' | 'unobservable',
): Promise<void> {
  await session.record({ type: 'revert-failed', step, error: recordedError(error), observed });
}
