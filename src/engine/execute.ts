import { OpsError } from '../errors.ts';
import type { ActionStep, FirstOfStep, ParallelStep, Step } from '../runbook/runbook.ts';
import { type Asks, changeStep } from './change-step.ts';
import { checkStep } from './check-step.ts';
import { stepsAskedBy, stepsReadBy, whenHolds } from './expressions.ts';
import { firstOf } from './first-of.ts';
import { tellFollowers } from './follow.ts';
import { endsDriving, recordedError } from './recorded-error.ts';
import { type Session, safePoint } from './session.ts';
import type { StepEnd } from './step-end.ts';

/** Waits between attempts of an optional step whose request never left, in milliseconds. */
const backgroundRetriesMs = [2_000, 5_000, 10_000, 20_000];

/** Runs steps in order until one does not succeed. Optional steps run beside them. */
export async function executeInOrder(session: Session, steps: readonly Step[]): Promise<StepEnd> {
  for (const step of steps) {
    const stop = await safePoint(session);
    if (stop !== null) return { kind: 'stopped', choice: stop };
    const end = await executeOrLaunch(session, step);
    if (end.kind === 'failed' && end.policy === 'continue') continue;
    if (end.kind !== 'succeeded' && end.kind !== 'skipped') return end;
  }
  return { kind: 'succeeded' };
}

function executeOrLaunch(session: Session, step: Step): Promise<StepEnd> {
  if (!step.optional) return executeStep(session, step);
  launch(session, step);
  return Promise.resolve({ kind: 'succeeded' });
}

/**
 * Starts an optional step beside the run: it never blocks, never fails the run, and is tried again while nothing was sent.
 * A check is not: what it would have seen is wanted now or not at all, and it may have a `retry` of its own.
 */
function launch(session: Session, step: Step): void {
  const work = async () => {
    for (const id of stepsReadBy(step)) await session.background.get(id);
    for (const waitMs of [...backgroundRetriesMs, undefined]) {
      const end = await executeStep(session, step);
      const retriable =
        end.kind === 'failed' &&
        (end.error.code === 'not-sent' || end.error.code === 'timeout') &&
        !isCheck(session, step) &&
        !inDoubt(session, step.id);
      if (!retriable || waitMs === undefined || session.stop !== null) return;
      const over = AbortSignal.any([session.optional.signal, session.reads.signal]);
      // A wait that the run's end cuts off is no failure: the last try's result stands.
      await session.drive.clock.sleep(waitMs, over).catch((error: unknown) => {
        if (!over.aborted) throw error;
      });
      if (over.aborted) return;
    }
  };
  session.background.set(
    step.id,
    work().catch(async (error: unknown) => {
      // The log's own failure reaches the run at its next entry; an aborted wait is the run's end.
      if (endsDriving(error) || (error instanceof OpsError && error.code === 'aborted')) return;
      await session.record({ type: 'step-failed', step: step.id, error: recordedError(error) });
    }),
  );
}

function isCheck(session: Session, step: Step): boolean {
  return step.kind === 'action' && session.drive.actions.get(step.uses)?.kind === 'check';
}

function inDoubt(session: Session, step: string): boolean {
  const status = session.state.steps.get(step)?.change?.status;
  return status === 'doubted' || status === 'unresolved' || status === 'intended';
}

/** Runs one step of any kind. What the journal already tells as done is not done again. */
async function executeStep(session: Session, step: Step, asks: Asks = asksOf(step)): Promise<StepEnd> {
  const known = session.state.steps.get(step.id);
  if (known?.phase === 'succeeded') return { kind: 'succeeded' };
  if (known?.phase === 'skipped') return { kind: 'skipped' };
  // Optional checks that it asks about: they end in their time boxes, and may by then have no outputs.
  for (const id of stepsAskedBy(step)) await session.background.get(id);
  if (known?.phase !== 'running') {
    const uses = step.kind === 'action' ? { uses: step.uses } : {};
    await session.record({ type: 'step-started', step: step.id, title: step.title, ...uses });
  }
  const end =
    (await skipUnlessDue(session, step)) ?? (await executeKind(session, step, asks, known?.phase === 'running'));
  if (end.kind !== 'skipped') tellFollowers(session);
  if (end.kind === 'failed' && end.policy === undefined && step.onFailure !== undefined)
    return { ...end, policy: step.onFailure };
  return end;
}

/** Skips a step whose condition does not hold; a condition that has no value fails it. */
async function skipUnlessDue(session: Session, step: Step): Promise<StepEnd | undefined> {
  let condition: ReturnType<typeof whenHolds>;
  try {
    condition = whenHolds(session, step);
  } catch (error) {
    const recorded = recordedError(error);
    await session.record({ type: 'step-failed', step: step.id, error: recorded });
    return { kind: 'failed', step: step.id, error: recorded, cause: error };
  }
  if (condition.run) return undefined;
  await session.record({ type: 'step-skipped', step: step.id, why: condition.why });
  return { kind: 'skipped' };
}

function asksOf({ confirm, approvals }: Step): Asks {
  return { confirm, approvals };
}

function executeKind(session: Session, step: Step, asks: Asks, isTakenUp: boolean): Promise<StepEnd> {
  if (step.kind === 'parallel') return executeTogether(session, step);
  if (step.kind === 'first-of') return executeFirstOf(session, step, asks, isTakenUp);
  return executeAction(session, step, asks);
}

function executeAction(session: Session, step: ActionStep, asks: Asks): Promise<StepEnd> {
  const action = session.drive.actions.get(step.uses);
  if (action === undefined)
    throw new OpsError('invalid', `${step.id} uses ${step.uses}, which this version does not have`, {
      where: step.where,
    });
  return action.kind === 'check' ? checkStep(session, step, action) : changeStep(session, step, action, asks);
}

function executeFirstOf(session: Session, step: FirstOfStep, asks: Asks, isTakenUp: boolean): Promise<StepEnd> {
  return firstOf(session, step, isTakenUp, (alternative) => {
    const own = asksOf(alternative);
    return executeStep(session, alternative, {
      confirm: own.confirm ?? asks.confirm,
      approvals: own.approvals ?? asks.approvals,
    });
  });
}

async function executeTogether(session: Session, step: ParallelStep): Promise<StepEnd> {
  const settled = await Promise.allSettled(step.steps.map((child) => executeOrLaunch(session, child)));
  // Only now: where the log failed one of them, the others have stopped, and what they had to say is kept.
  const ends = settled.map((child) => {
    if (child.status === 'rejected') throw child.reason;
    return child.value;
  });
  const worst =
    ends.find((end) => end.kind === 'unresolved') ??
    ends.find((end) => end.kind === 'failed' && end.policy !== 'continue') ??
    ends.find((end) => end.kind === 'stopped');
  if (worst === undefined) {
    const summary = { headline: `${step.steps.length} steps together`, detail: [] };
    await session.record({ type: 'step-succeeded', step: step.id, output: {}, summary, knowledge: 'known' });
    return { kind: 'succeeded' };
  }
  if (worst.kind === 'failed' || worst.kind === 'unresolved') {
    await session.record({ type: 'step-failed', step: step.id, error: worst.error });
  } else {
    const error = recordedError(new OpsError('aborted', 'stopped by the operator'));
    await session.record({ type: 'step-failed', step: step.id, error });
  }
  return worst;
}
