import { exitCodes, OpsError } from '../errors.ts';
import type { LogFailure } from '../journal/store.ts';
import { conclude, leftInPlace } from './conclude.ts';
import { heedInterrupts } from './confirm.ts';
import { executeInOrder } from './execute.ts';
import { endsDriving, recordedError } from './recorded-error.ts';
import { type RunResult, resultOf } from './result.ts';
import type { Session } from './session.ts';
import type { StepEnd } from './step-end.ts';

/** Drives a run from where its journal stands to its end. Throws only what {@link endsDriving} knows. */
export async function driveRun(session: Session): Promise<void> {
  const stopHeeding = heedInterrupts(session);
  try {
    await conclude(session, await executeAll(session));
  } finally {
    stopHeeding();
    const over = new OpsError('aborted', 'the run has ended');
    // A question that still stands open would keep the process from ending.
    session.reads.abort(over);
    session.optional.abort(over);
    session.hurry.abort();
  }
}

/** A bug in the engine is a failed run like any other: what was changed is dealt with as `on-failure` says. */
async function executeAll(session: Session): Promise<StepEnd> {
  try {
    return await executeInOrder(session, session.material.runbook.steps);
  } catch (error) {
    if (endsDriving(error)) throw error;
    return { kind: 'failed', step: session.state.runbook, error: recordedError(error), cause: error };
  }
}

/**
 * The result of a drive. Where the log cannot be written (exit 7), or another process took the run over (exit 3), the
 * drive stops at once; the result says what the log, as far as it goes, holds to be in place.
 */
export async function driven(session: Session, work: () => Promise<void>): Promise<RunResult> {
  try {
    await work();
    const failure = session.lease.failure();
    return failure === undefined ? resultOf(session.state) : failedResult(session, failure.error, failure);
  } catch (error) {
    if (!endsDriving(error)) throw error;
    // What still runs beside the run has its last entries to keep, too.
    await Promise.allSettled([...session.background.values(), session.following]);
    const failure = session.lease.failure();
    return failedResult(session, failure?.error ?? error, failure);
  }
}

function failedResult(session: Session, error: OpsError, failure: LogFailure | undefined): RunResult {
  const result = resultOf(session.state);
  const left = leftInPlace(session);
  const inPlace = left.length === 0 ? 'no change of this run is in place' : `in place: ${left.join('; ')}`;
  const undone = session.undoing ? `; ${result.message}` : '';
  const hint = error.hint === undefined ? '' : `; ${error.hint}`;
  return {
    ...result,
    outcome: 'needs-attention',
    exitCode: error.code === 'audit' ? exitCodes.audit : exitCodes.needsAttention,
    message: `${error.message}${hint}; ${inPlace}${undone}`,
    // Only what is in the log can be vouched for outside it.
    ...(failure === undefined ? {} : { head: failure.head }),
    ...(error.evidence === undefined ? {} : { evidence: error.evidence }),
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
  };
}
