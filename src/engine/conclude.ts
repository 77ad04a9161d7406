import { exitCodes, OpsError } from '../errors.ts';
import type { ChangeState } from '../journal/run-state.ts';
import { closeAllRequests } from './approval-rooms.ts';
import { takeLateAnswers } from './ask-in-rooms.ts';
import { askWhatNow, hasChangesInPlace } from './confirm.ts';
import { deciderOf } from './decisions.ts';
import type { Ending } from './ending.ts';
import { tellFollowersTheEnd } from './follow.ts';
import { changesInPlace, messagesInDoubt, standingWords } from './in-place.ts';
import { sayLastWords } from './last-words.ts';
import { stepsPassedOver } from './passed-over.ts';
import { type RollbackReason, rollBack } from './rollback.ts';
import { type Session, safePoint } from './session.ts';
import { look } from './settle.ts';
import type { StepEnd } from './step-end.ts';
import { wayOn } from './ways-on.ts';

/** How long optional steps may still take when the run is over. */
const optionalGraceMs = 5_000;

/**
 * Brings a run to its end: rolls back where that was decided, looks once more at what is in doubt, and says what is true.
 * Whoever asks for a rollback before the end is decided gets it, however the steps ended.
 */
export async function conclude(session: Session, given: StepEnd): Promise<void> {
  let end = await unlessRollback(session, given);
  session.stage = 'end';
  let reason = await decideRollback(session, end);
  if (reason === undefined) {
    await finishOptionalSteps(session);
    end = await unlessRollback(session, end);
    if (end.kind === 'stopped' && end.choice === 'rollback') reason = askedFor;
  }
  decide(session);
  if (reason !== undefined) {
    await rollBack(session, reason);
    await finishOptionalSteps(session);
  }
  await lookAgainAtDoubts(session);
  await finish(session, endingOf(session, end));
}

const askedFor: RollbackReason = { why: 'the operator asked for it', cause: 'stopped' };

/** How the steps ended, unless the operator wants all undone; a question that stands open is waited for. */
async function unlessRollback(session: Session, end: StepEnd): Promise<StepEnd> {
  return (await safePoint(session)) === 'rollback' ? { kind: 'stopped', choice: 'rollback' } : end;
}

/** From here on signals are only noted; a question that stands open has nothing left to decide. */
function decide(session: Session): void {
  session.stage = 'decided';
  if (session.asking !== null) session.reads.abort(new OpsError('aborted', 'the run ends'));
}

/** Writes the last entry. Changes in place that the run did not ask for keep its claim: it is suspended, not ended. */
export async function finish(session: Session, ending: Ending): Promise<void> {
  // What is in place after a success is what was asked for; it is told, and is nothing that was left.
  const left = ending.exitCode === exitCodes.succeeded ? [] : leftInPlace(session);
  await takeLateAnswers(session);
  await closeAllRequests(session);
  await sayLastWords(session, ending);
  await tellFollowersTheEnd(session, ending);
  if (ending.exitCode === exitCodes.needsAttention) {
    await session.drive.outputsHeard?.();
    await session.record({ type: 'run-suspended', exitCode: ending.exitCode, message: ending.message, left });
    await session.lease.release();
    return;
  }
  // A reader that left during the last steps is noticed only now, and noted while there is a run to note it in.
  await session.drive.outputsHeard?.();
  await session.recordEnd({ type: 'run-ended', ...ending, left });
}

/** Why to roll back, or undefined where the changes stay as they are (or there are none). */
async function decideRollback(session: Session, end: StepEnd): Promise<RollbackReason | undefined> {
  if (end.kind === 'stopped') {
    if (end.choice === 'rollback') return askedFor;
    if (end.choice !== 'declined' || !hasChangesInPlace(session)) return undefined;
    if (!session.drive.operator.interactive) return { why: 'the operator declined', cause: 'stopped' };
    await askWhatNow(session);
    return session.stop === 'rollback' ? askedFor : undefined;
  }
  const standing = standingWords(session.state);
  if (end.kind !== 'failed' || standing === undefined) return undefined;
  const policy = end.policy ?? (session.drive.operator.interactive ? 'ask' : 'rollback');
  const failed: RollbackReason = { why: `step ${end.step} failed: ${end.error.message}`, cause: 'failed' };
  if (policy === 'rollback') return failed;
  // Who has said already that things are to be left is not asked again.
  if (policy !== 'ask' || session.stop !== null) return undefined;
  const answer = await session.drive.operator.choose<'rollback' | 'leave'>({
    message: `${end.step} failed: ${end.error.message}. ${standing}`,
    options: [
      { value: 'rollback', label: 'roll back what was changed' },
      { value: 'leave', label: 'leave the changes as they are' },
    ],
    signal: session.reads.signal,
  });
  const choice = answer.kind === 'answered' ? answer.value : 'leave';
  const by = deciderOf(answer);
  await session.record({ type: 'decided', choice, by, ...(choice === 'rollback' ? { cause: failed.cause } : {}) });
  return choice === 'rollback' ? failed : undefined;
}

async function finishOptionalSteps(session: Session): Promise<void> {
  const box = session.drive.clock.timeBox(optionalGraceMs);
  box.signal.addEventListener('abort', () => session.optional.abort(new OpsError('aborted', 'the run has ended')), {
    once: true,
  });
  try {
    await Promise.all(session.background.values());
    session.hurry.abort();
    await session.following;
  } finally {
    box.cancel();
  }
}

/** A request that may have left late is looked at once more: it must not land behind everyone's back. */
async function lookAgainAtDoubts(session: Session): Promise<void> {
  for (const step of session.state.steps.values()) {
    const { change } = step;
    if (change === null || (change.status !== 'unresolved' && change.status !== 'doubted')) continue;
    const action = session.drive.actions.get(change.uses);
    if (action === undefined || action.kind !== 'change') continue;
    const now = await look(session, step.id, action, {
      input: change.input,
      before: change.before,
      after: change.after,
    });
    if (now === 'after')
      await session.record({ type: 'change-applied', step: step.id, how: 'observed', output: change.output });
  }
}

/**
 * Undoable changes that are in place although their step did not succeed, and whatever nobody can tell about; in words.
 * Messages of optional steps are not among them: those never fail a run.
 */
export function leftInPlace(session: Session): string[] {
  const doubted = messagesInDoubt(session.state).filter(({ id }) => !session.optionalSteps.has(id));
  const left = [...changesInPlace(session.state), ...doubted];
  return left.map((step) => `${step.id} (${step.title}): ${wordsFor(step.change)}`);
}

function wordsFor(change: ChangeState): string {
  switch (change.status) {
    case 'applied':
      return 'in place';
    case 'revert-failed':
      return `could not be rolled back: ${change.error?.message ?? 'unknown'}`;
    default:
      return doubtWords(change.error?.message ?? 'its answer was lost');
  }
}

/** An error that a doubt was journaled with says so itself. */
function doubtWords(message: string): string {
  return message.startsWith('in doubt') ? message : `in doubt: ${message}`;
}

function endingOf(session: Session, end: StepEnd): Ending {
  const { state } = session;
  const left = leftInPlace(session);
  const inPlace = changesInPlace(state);
  const doubtful = inPlace.some(({ change }) => change.status !== 'applied');
  const strayed = inPlace.some(({ change, phase }) => change.status === 'applied' && phase === 'failed');
  const rolledBack = state.rollingBack;
  const next = wayOn(state);
  if (end.kind === 'succeeded' && !doubtful && !strayed) {
    if (state.mode === 'dry-run') return dryRunEnding(session);
    const passedOver = stepsPassedOver(session.material.runbook.steps, state);
    if (passedOver.length === 0) {
      const told = inPlace.length === 0 ? '' : `; in place: ${inPlace.map(({ title }) => title).join('; ')}`;
      const message = `the world is as asked${told}${failedOptional(session)}`;
      return { outcome: 'succeeded', exitCode: exitCodes.succeeded, message };
    }
    const failed = `failed and passed over: ${passedOver.join(', ')}`;
    if (left.length === 0) return { outcome: 'failed', exitCode: exitCodes.failed, message: failed };
    return { outcome: 'needs-attention', exitCode: exitCodes.needsAttention, message: `${failed}; ${next}` };
  }
  if (left.length > 0) {
    const told = `left: ${left.join('; ')}; ${next}`;
    return {
      outcome: 'needs-attention',
      exitCode: exitCodes.needsAttention,
      message: [...whyLeft(end, left), told].join('; '),
    };
  }
  if (end.kind === 'stopped') {
    const message = rolledBack
      ? 'stopped by the operator; everything was rolled back and verified'
      : 'stopped by the operator; nothing is changed';
    return { outcome: rolledBack ? 'rolled-back' : 'stopped', exitCode: exitCodes.stopped, message };
  }
  const why = end.kind === 'failed' || end.kind === 'unresolved' ? `${end.step}: ${end.error.message}` : 'failed';
  if (rolledBack)
    return {
      outcome: 'rolled-back',
      exitCode: exitCodes.failed,
      message: `${why}; everything was rolled back and verified`,
    };
  return { outcome: 'failed', exitCode: exitCodes.failed, message: `${why}; nothing is changed` };
}

/** What failed beside a run that went well: it never fails the run, and nobody should have to look for it. */
function failedOptional({ optionalSteps, state }: Session): string {
  const failed = [...optionalSteps]
    .flatMap((id) => state.steps.get(id) ?? [])
    .filter(({ phase }) => phase === 'failed');
  return failed.length === 0 ? '' : `; optional, and failed: ${failed.map(({ title }) => title).join('; ')}`;
}

/** Why the run stopped with something left; nothing more where what is left says it already. */
function whyLeft(end: StepEnd, left: readonly string[]): string[] {
  if (end.kind === 'stopped') return ['stopped'];
  if (end.kind !== 'failed' && end.kind !== 'unresolved') return ['something is in doubt'];
  const { message } = end.error;
  return left.some((words) => words.endsWith(`: ${message}`)) ? [] : [`${end.step}: ${message}`];
}

function dryRunEnding(session: Session): Ending {
  const { steps } = session.state;
  const lost = [...session.optionalSteps].filter((id) => steps.get(id)?.phase === 'failed');
  const without = lost.length === 0 ? '' : `; a live run would go on without: ${lost.join(', ')}`;
  const guards = session.state.guards.filter((guard) => guard.overriddenBecause === null).map((guard) => guard.guard);
  const stops = [...new Set([...guards, ...stepsPassedOver(session.material.runbook.steps, session.state)])];
  if (stops.length === 0)
    return {
      outcome: 'succeeded',
      exitCode: exitCodes.succeeded,
      message:
        lost.length === 0
          ? 'dry run: every check ran, every change was planned, nothing was written'
          : `dry run: nothing was written${without}`,
    };
  const message = `dry run: nothing was written; a live run would stop at: ${stops.join(', ')}${without}`;
  return { outcome: 'failed', exitCode: exitCodes.failed, message };
}
