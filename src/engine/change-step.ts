import type { ChangeAction, Plan, Planned } from '../actions/action.ts';
import { OpsError } from '../errors.ts';
import type { Entry, Event } from '../journal/events.ts';
import type { ActionStep, Step } from '../runbook/runbook.ts';
import type { Json } from '../world/json.ts';
import { awaitApprovals } from './await-approvals.ts';
import { cutShort, readSignals } from './check-step.ts';
import { askConfirmation, questionOf } from './confirm.ts';
import { actionContext, parseInput, readOnly, writing } from './context.ts';
import { planDigest, sameJson } from './digest.ts';
import { resolveWith } from './expressions.ts';
import { doubtOf, succeed, unresolved } from './finish-change.ts';
import { foreseeRefusal } from './foresee-refusal.ts';
import { raiseGuard } from './guards.ts';
import { isGone } from './in-place.ts';
import { lookOnceMore } from './look-once-more.ts';
import { endsDriving, recordedError, surelyNotWritten } from './recorded-error.ts';
import { type Session, safePoint } from './session.ts';
import { settle } from './settle.ts';
import type { StepEnd } from './step-end.ts';
import { inTimeBox, timeoutOf } from './time-box.ts';

/** What a step asks people before its change: its own, or that of the group that it is an alternative of. */
export type Asks = { confirm: Step['confirm']; approvals: Step['approvals'] };

/**
 * Makes a change: plan → guards → confirm → approvals → intent on disk → apply → observe → applied. A change that a crash left
 * between its intent and its answer is observed first, and only planned anew when the world shows that it is not there.
 */
export async function changeStep(
  session: Session,
  step: ActionStep,
  action: ChangeAction,
  asks: Asks,
): Promise<StepEnd> {
  try {
    const earlier = await takeUp(session, step, action);
    if (earlier !== undefined) return earlier;
    const resolved = resolveWith(session, step);
    if (resolved.kind === 'unknown') return await planUnknown(session, step, resolved.because);
    const input = parseInput(action.input.safeParse(resolved.value), action.name);
    return await proceed(session, step, action, asks, input, await planNow(session, step, action, input));
  } catch (error) {
    if (endsDriving(error)) throw error;
    return await fail(session, step, error);
  }
}

function planNow(session: Session, step: ActionStep, action: ChangeAction, input: Json): Promise<Plan<Json>> {
  return inTimeBox(session.drive.clock, timeoutOf(step, action), readSignals(session, step), (signal) =>
    action.plan(input, actionContext(session, step.id, readOnly(session, 'a plan'), signal)),
  );
}

async function fail(session: Session, step: ActionStep, error: unknown): Promise<StepEnd> {
  const recorded = recordedError(error);
  await session.record({ type: 'step-failed', step: step.id, error: recorded });
  return cutShort(session, recorded) ?? { kind: 'failed', step: step.id, error: recorded, cause: error };
}

async function planUnknown(session: Session, step: ActionStep, because: string): Promise<StepEnd> {
  const summary = { headline: `unknown: depends on ${because}, which did not happen in this dry run`, detail: [] };
  await session.record({ type: 'step-succeeded', step: step.id, output: null, summary, knowledge: 'unknown' });
  return { kind: 'succeeded' };
}

async function proceed(
  session: Session,
  step: ActionStep,
  action: ChangeAction,
  asks: Asks,
  input: Json,
  plan: Plan<Json>,
): Promise<StepEnd> {
  const { before, after, diff, notes } = plan;
  const digest = planDigest(action.name, input, before, after);
  const planned: Event = { type: 'step-planned', step: step.id, uses: action.name, before, after, diff, notes, digest };
  assertRestorable(action, { before, after }, await session.record(planned));
  for (const finding of plan.guards) await raiseGuard(session, step.id, finding);
  if (sameJson(before, after))
    return await succeed(session, step, action, { input, before, after }, null, 'already so: nothing to do');
  if (session.state.mode === 'dry-run') {
    await foreseeRefusal(session, step, action);
    if (action.revert !== undefined) session.pendingChange = true;
    const summary = { headline: 'would change; not done in a dry run', detail: [...diff, ...notes] };
    await session.record({ type: 'step-succeeded', step: step.id, output: null, summary, knowledge: 'unknown' });
    return { kind: 'succeeded' };
  }
  const question = questionOf(session, asks.confirm, step.title);
  if (question !== undefined) {
    const answer = await askConfirmation(session, step.id, question, digest);
    if (answer === 'declined') return { kind: 'stopped', choice: 'declined' };
  }
  let fresh = plan;
  const approved = await awaitApprovals(session, step, asks.approvals, {
    digest,
    async isStillSo() {
      fresh = await planNow(session, step, action, input);
      return planDigest(action.name, input, fresh.before, fresh.after) === digest;
    },
  });
  if (approved.kind === 'stopped') return approved;
  if (approved.kind === 'plan-changed') return await proceed(session, step, action, asks, input, fresh);
  // The change is the same; what speaks against it may have come up while people were waited for.
  if (fresh !== plan) for (const finding of fresh.guards) await raiseGuard(session, step.id, finding);
  const stop = await safePoint(session);
  if (stop !== null) return { kind: 'stopped', choice: stop };
  const isSwitch = !session.optionalSteps.has(step.id) && action.leavesNothing !== true;
  if (isSwitch && session.state.clocks.goAt === null) await session.record({ type: 'go-given', step: step.id });
  const late = await lookOnceMore(session, step, action, input);
  if (late !== null) return { kind: 'stopped', choice: late };
  return await make(session, step, action, { input, before, after }, digest);
}

/**
 * The log is all that another process has to undo a change by, and it masks secrets: a state that holds one would be put
 * back as `***`, and never be recognised.
 */
function assertRestorable(action: ChangeAction, { before, after }: { before: Json; after: Json }, entry: Entry): void {
  if (action.revert === undefined || entry.type !== 'step-planned') return;
  if (sameJson(entry.before, before) && sameJson(entry.after, after)) return;
  throw new OpsError('refused', 'what is to be changed holds a secret, which the log masks: it could not be put back', {
    hint: 'take the secret out of it (and revoke it), or make this change by hand',
  });
}

async function make(
  session: Session,
  step: ActionStep,
  action: ChangeAction,
  planned: Planned<Json, Json>,
  digest: string,
): Promise<StepEnd> {
  await session.record({
    type: 'change-intended',
    step: step.id,
    uses: action.name,
    ...planned,
    digest,
    undoable: action.revert !== undefined || action.leavesNothing === true,
    ...(action.leavesNothing === true && { leavesNothing: true as const }),
    rollback: step.rollback,
  });
  let output: Json = null;
  let trouble: unknown;
  try {
    // Not aborted by a stop: a running write settles, it is never cut off to be rolled back.
    output = await inTimeBox(session.drive.clock, timeoutOf(step, action), [], (signal) =>
      action.apply(planned, actionContext(session, step.id, writing(session), signal)),
    );
  } catch (error) {
    if (endsDriving(error)) throw error;
    trouble = error;
  } finally {
    session.sentByMs.set(step.id, session.drive.clock.now());
  }
  return await conclude(session, step, action, planned, { output, trouble });
}

async function leaveNothing(session: Session, step: ActionStep, action: ChangeAction): Promise<void> {
  if (action.leavesNothing === true) await session.record({ type: 'change-left-nothing', step: step.id });
}

async function conclude(
  session: Session,
  step: ActionStep,
  action: ChangeAction,
  planned: Planned<Json, Json>,
  answer: { output: Json; trouble: unknown },
): Promise<StepEnd> {
  const { trouble } = answer;
  const answered = trouble === undefined;
  const surelyNot = !answered && surelyNotWritten(trouble);
  if (!answered && !surelyNot) {
    await session.record({ type: 'change-doubted', step: step.id, error: recordedError(trouble) });
  }
  const settled = await settle(
    session,
    step.id,
    action,
    planned,
    answered ? 'answered' : surelyNot ? 'surely-not' : 'lost',
  );
  if (settled.world === 'after') {
    await session.record({
      type: 'change-applied',
      step: step.id,
      how: answered ? 'answered' : 'observed',
      output: answer.output,
    });
    await leaveNothing(session, step, action);
    return await succeed(session, step, action, planned, answered ? answer.output : null, undefined);
  }
  if (surelyNot || (settled.world === 'before' && settled.proven)) {
    const error = answered
      ? recordedError(
          new OpsError('failed', 'the provider answered that it was done, and the world does not show it', {
            hint: 'look at the provider’s own console',
          }),
        )
      : recordedError(trouble);
    await session.record({ type: 'change-not-applied', step: step.id, error });
    return await fail(
      session,
      step,
      trouble ?? new OpsError('failed', error.message, error.hint === undefined ? {} : { hint: error.hint }),
    );
  }
  const promised = answered && settled.world === 'before';
  const why = promised ? 'it was answered "done", does not show so far, and may still happen' : undefined;
  return await unresolved(session, step, why ?? doubtOf(settled, trouble));
}

/** A change that an earlier drive began: finished from what the world shows. Undefined when it is to be planned anew. */
async function takeUp(session: Session, step: ActionStep, action: ChangeAction): Promise<StepEnd | undefined> {
  const change = session.state.steps.get(step.id)?.change ?? null;
  if (change === null || isGone(change)) return undefined;
  const planned = { input: change.input, before: change.before, after: change.after };
  const settled = await settle(
    session,
    step.id,
    action,
    planned,
    change.status === 'applied' ? 'was-applied' : 'left-behind',
  );
  if (settled.world === 'after') {
    if (change.status !== 'applied')
      await session.record({ type: 'change-applied', step: step.id, how: 'observed', output: change.output });
    await leaveNothing(session, step, action);
    return await succeed(session, step, action, planned, change.output, undefined);
  }
  if (settled.world === 'before' && change.status !== 'applied') {
    const error = recordedError(
      new OpsError('lost-answer', 'its answer was lost; the world shows that it did not happen'),
    );
    await session.record({ type: 'change-not-applied', step: step.id, error });
    return undefined;
  }
  const undone =
    settled.world === 'before' ? 'it was applied, and the world shows that it is undone' : doubtOf(settled);
  return await unresolved(session, step, undone);
}
