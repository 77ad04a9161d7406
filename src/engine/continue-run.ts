import { exitCodes, OpsError } from '../errors.ts';
import type { Entry } from '../journal/events.ts';
import type { RunState, StepState } from '../journal/run-state.ts';
import { foldRun } from '../journal/state.ts';
import { assertApprovable } from './approval-rule.ts';
import { asJson } from './as-json.ts';
import { checkInputs } from './check-inputs.ts';
import { finish } from './conclude.ts';
import { heedInterrupts } from './confirm.ts';
import { confirmUndoing, recordUndoing } from './confirm-undoing.ts';
import { driven, driveRun } from './drive-run.ts';
import { endWhatLeavesNothing } from './end-what-leaves-nothing.ts';
import { takeUpFollowers } from './follow.ts';
import { changesInPlace } from './in-place.ts';
import { runnersOf } from './judge-approval.ts';
import type { ContinueOptions } from './options.ts';
import { checkCredentials } from './preflight.ts';
import { preliminaryContext } from './preliminary-context.ts';
import type { RunResult } from './result.ts';
import { type RollbackReason, rollBack } from './rollback.ts';
import { openSession, type Session, shortIdOf, tellTimeline } from './session.ts';
import { settleDoubts } from './settle-doubts.ts';
import { releasedWords } from './ways-on.ts';

/** Goes on with a run whose driver died or stopped: what is in doubt is observed first, what is done is not done again. */
export async function resumeRun(options: ContinueOptions): Promise<RunResult> {
  const state = await stateOf(options);
  assertUnfinished(state);
  refuseLostWorlds(state);
  if (state.rollbackCause === null) await checkBeforeResuming(options, state);
  const session = await take(options);
  await session.record({ type: 'resumed' });
  // Not as it was before the checks: whoever drove it until it was taken over may have begun to undo it meanwhile.
  const { rollbackCause, rollingBack } = session.state;
  if (rollbackCause !== null) {
    const why = rollingBack ? 'a rollback had begun' : 'a rollback had been decided';
    const reason: RollbackReason = { why, cause: rollbackCause };
    return await driven(session, () => undo(session, reason));
  }
  return await driven(session, () => driveRun(session));
}

/** Throws `usage` where nothing is left to go on with; the hint offers to undo only what there is to undo. */
function assertUnfinished(state: RunState): void {
  const { run, phase, ending, released } = state;
  if (phase !== 'ended' && released === null) return;
  const undo = changesInPlace(state).length > 0 ? `undo it with \`resend-ops rollback ${run}\`, or ` : '';
  const how = phase === 'ended' ? `has ended: ${ending?.message ?? ''}` : releasedWords(state);
  const left = undo === '' ? 'nothing of it is in place: ' : '';
  throw new OpsError('usage', `run ${run} ${how}`, { hint: `${left}${undo}start a new run` });
}

/** Undoes what a run changed, whether it ended or not; one that ended well, once that is confirmed. Exit 0: everything is as before. */
export async function rollbackRun(options: ContinueOptions): Promise<RunResult> {
  const state = await stateOf(options);
  refuseLostWorlds(state);
  if (state.mode === 'dry-run')
    throw new OpsError('usage', `run ${state.run} was a dry run: there is nothing to roll back`);
  const confirmed = await confirmUndoing(options, state);
  if (state.phase === 'ended' || state.released !== null) {
    await endWhatLeavesNothing(options, state.run, state.resources);
    const event = { type: 'run-reopened', resources: state.resources, why: 'rollback' } as const;
    await options.store.reopen(state.run, options.actor, event, { force: options.force === true });
  }
  const session = await take(options);
  return await driven(session, async () => {
    if (confirmed !== undefined) await recordUndoing(session, confirmed);
    await undo(session, { why: 'asked for by `resend-ops rollback`', cause: 'asked' });
  });
}

/** A run must find people who may approve, and its credentials, as at its start; nothing is taken over before. */
async function checkBeforeResuming(options: ContinueOptions, state: RunState): Promise<void> {
  const identity = {
    id: state.run,
    shortId: shortIdOf(state.run),
    runbook: state.runbook,
    title: state.title,
    mode: state.mode,
  };
  const { id, shortId, runbook, mode } = identity;
  const scope = {
    inputs: state.inputs,
    env: asJson(options.environment),
    run: { id, shortId, runbook, mode },
    steps: {},
  };
  // A change that has begun is finished from the log, and what ended well or was passed over is not made anew.
  const isDone = (step: string) => {
    const known = state.steps.get(step);
    return known !== undefined && (known.change !== null || known.phase === 'succeeded' || known.phase === 'skipped');
  };
  const remedy = () => `what the run was given is fixed: \`resend-ops rollback ${id}\`, then start a new run`;
  checkInputs(options, options, scope, { isDone, remedy });
  if (mode !== 'dry-run') assertApprovable(options, scope, { runners: runnersOf(state), steps: state.steps });
  await checkCredentials(options, options, state.overrides, scope, (step, signal) =>
    preliminaryContext(options, identity, step, signal),
  );
}

/** A finished rollback is success to whoever asked for it; to whoever wanted the run it is a run that came to nothing. */
const exitAfterRollback = { asked: exitCodes.succeeded, failed: exitCodes.failed, stopped: exitCodes.stopped };

async function undo(session: Session, reason: RollbackReason): Promise<void> {
  session.stage = 'decided';
  const stopHeeding = heedInterrupts(session);
  try {
    await rollBack(session, reason);
    const doubted = await settleDoubts(session);
    const failed = [...session.state.steps.values()].filter(({ change }) => change?.status === 'revert-failed');
    if (failed.length === 0 && doubted.length === 0) {
      const kept = changesInPlace(session.state).map(({ title }) => title);
      const byHand = [...session.state.steps.values()].filter(({ undoneByHand }) => undoneByHand !== null);
      const told = [
        ...(byHand.length === 0
          ? []
          : [`; undone by hand, and not looked at: ${byHand.map(({ title }) => title).join('; ')}`]),
        ...(kept.length === 0 ? [] : [`; kept, as the runbook says: ${kept.join('; ')}`]),
      ].join('');
      await finish(session, {
        outcome: 'rolled-back',
        exitCode: exitAfterRollback[reason.cause],
        message: `everything this run changed was rolled back and verified${told}`,
      });
      return;
    }
    const message = unfinishedWords(session.state.run, failed, doubted);
    await finish(session, { outcome: 'needs-attention', exitCode: exitCodes.needsAttention, message });
  } finally {
    stopHeeding();
  }
}

/** What a rollback could not undo, and what nobody can tell of; each with what a person does about it. */
function unfinishedWords(run: string, failed: readonly StepState[], doubted: readonly StepState[]): string {
  const namesOf = (steps: readonly StepState[]) =>
    steps.map(({ id, change }) => `${id} (${change?.error?.message ?? 'unknown'})`).join('; ');
  const again = `\`resend-ops rollback ${run}\``;
  const marks = doubted.map(({ id }) => `\`resend-ops mark-done ${run} ${id} --evidence TEXT\``).join(', ');
  return [
    ...(failed.length === 0 ? [] : [`not rolled back: ${namesOf(failed)}; undo it by hand, or try again: ${again}`]),
    ...(doubted.length === 0
      ? []
      : [`not known: ${namesOf(doubted)}; look at it by hand: ${again} looks again, ${marks} records that it is done`]),
  ].join('; ');
}

async function stateOf(options: ContinueOptions): Promise<RunState> {
  return foldedOf(options, await options.store.read(options.run));
}

function foldedOf(options: ContinueOptions, entries: readonly Entry[]): RunState {
  const state = foldRun(entries);
  if (state === undefined)
    throw new OpsError('usage', `there is no run ${options.run}`, { hint: 'see `resend-ops runs`' });
  return state;
}

/** A rehearsal's world dies with its process: there is nothing left to observe. */
function refuseLostWorlds(state: RunState): void {
  if (state.mode !== 'rehearsal') return;
  throw new OpsError('usage', `run ${state.run} was a rehearsal, and its simulator ended with its process`, {
    hint: 'nothing real was touched; rehearse again with `resend-ops rehearse`',
  });
}

async function take(options: ContinueOptions): Promise<Session> {
  const lease = await options.store.drive(options.run, options.actor, options.force === true ? { force: true } : {});
  // Before anything is observed: what a call of the driver before still does would make the observation a lie.
  if (lease.quarantineMs > 0) {
    options.operator.tell(
      `taken over from a process that may live: waiting until it is gone, at most ${lease.quarantineMs / 1000} s`,
    );
    await lease.ensure(0);
  }
  const entries = await options.store.read(options.run);
  const session = openSession(options, options, lease, foldedOf(options, entries));
  tellTimeline(session, entries);
  takeUpFollowers(session);
  return session;
}
