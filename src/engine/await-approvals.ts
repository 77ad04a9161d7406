import { OpsError } from '../errors.ts';
import type { StepState } from '../journal/run-state.ts';
import type { ActionStep, ApprovalRule } from '../runbook/runbook.ts';
import type { RoomOutcome } from './approval-rooms.ts';
import { approvalRuleFor } from './approval-rule.ts';
import { askInRooms } from './ask-in-rooms.ts';
import { approversOf, refusalOf, shortDigest } from './judge-approval.ts';
import { type Session, type StopChoice, safePoint } from './session.ts';

/** How often the log is looked at for approvals, in real milliseconds; a look costs two calls to the file system. */
const lookEveryMs = 250;

/** How waiting ended: at once, since none is needed; with enough approvals; because the plan is no longer so; or because the run stops. */
type Approved =
  | { kind: 'not-needed' }
  | { kind: 'approved' }
  | { kind: 'plan-changed' }
  | { kind: 'stopped'; choice: StopChoice };

/**
 * Asks for approvals of exactly this plan and waits for them, in the log and in the rooms that the run has opened. What
 * was asked and given before a crash still counts, as long as it has not expired. `isStillSo` looks at the world again once
 * enough have approved: a plan that has changed meanwhile voids what was given. Throws `timeout` when too few came in
 * time: nothing was changed.
 */
export async function awaitApprovals(
  session: Session,
  step: ActionStep,
  rule: ApprovalRule | undefined,
  { digest, isStillSo }: { digest: string; isStillSo: () => Promise<boolean> },
): Promise<Approved> {
  const needed = rule === undefined ? undefined : approvalRuleFor(session, step, rule);
  if (needed === undefined) return { kind: 'not-needed' };
  const stopBefore = await safePoint(session);
  if (stopBefore !== null) return { kind: 'stopped', choice: stopBefore };
  const { clock } = session.drive;
  const { leftMs, isTakenUp } = await request(session, step.id, needed, digest);
  const box = clock.timeBox(Math.max(1, leftMs));
  const endAsking = askInRooms(session, step.id, { isTakenUp });
  let outcome: RoomOutcome = 'failed';
  try {
    for (;;) {
      const isLast = box.signal.aborted || isPast(session, step.id);
      const stop = await safePoint(session);
      const now = stateOf(session, step.id);
      if (stop !== null) {
        outcome = 'stopped';
        await session.record({ type: 'approvals-voided', step: step.id, digest, why: outcome });
        return { kind: 'stopped', choice: stop };
      }
      await tellRefusals(session, now);
      const by = approversOf(session.state, now);
      if (by.length >= needed.count) {
        if (!(await isStillSo())) {
          outcome = 'plan-changed';
          await session.record({ type: 'approvals-voided', step: step.id, digest, why: outcome });
          return { kind: 'plan-changed' };
        }
        // Looking took its time: one of them may have been taken back meanwhile.
        const still = approversOf(session.state, stateOf(session, step.id));
        if (still.length < needed.count) continue;
        outcome = 'approved';
        await session.record({ type: 'step-approved', step: step.id, digest, by: still });
        return { kind: 'approved' };
      }
      if (isLast) outcome = 'expired';
      if (isLast) throw await expired(session, step.id, { ...needed, digest, by });
      session.drive.progress?.(step.id, `waits for approval: ${by.length} of ${needed.count}`);
      await pause(session, box.signal);
    }
  } finally {
    box.cancel();
    endAsking(outcome);
  }
}

/**
 * Makes the request, unless one of this very plan stands; answers how long it is good for, by the run's clock. One that
 * was approved stands as long as those who approved still may: whoever takes the run up is its runner from there on.
 */
async function request(
  session: Session,
  step: string,
  { count, from, withinMs }: { count: number; from: readonly string[]; withinMs: number },
  digest: string,
): Promise<{ leftMs: number; isTakenUp: boolean }> {
  const { clock } = session.drive;
  const now = stateOf(session, step);
  const before = now.approval;
  // A compressed clock cannot be compared with the journal's times; its runs do not outlive their process either.
  if (before !== null && clock.speed === 1 && before.digest === digest && before.status !== 'voided') {
    const isSame = before.count === count && before.from.join('\n') === from.join('\n');
    // A time of day that was set back makes no request good for longer than it was made for.
    const leftMs = Math.min(withinMs, before.expiresAtMs - clock.timeOfDay());
    const stands = before.status === 'waiting' || approversOf(session.state, now).length >= count;
    if (isSame && stands && leftMs > 0) return { leftMs, isTakenUp: true };
  }
  await session.record({ type: 'approval-requested', step, digest, count, from, withinMs });
  return { leftMs: withinMs, isTakenUp: false };
}

/** The time of day goes on while the machine is suspended, and the box does not; a compressed clock has the box alone. */
function isPast(session: Session, step: string): boolean {
  const { clock } = session.drive;
  const { approval } = stateOf(session, step);
  return clock.speed === 1 && approval !== null && clock.timeOfDay() > approval.expiresAtMs;
}

async function pause(session: Session, expiry: AbortSignal): Promise<void> {
  const signal = AbortSignal.any([session.reads.signal, expiry]);
  try {
    await session.drive.clock.sleep(lookEveryMs * session.drive.clock.speed, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** What was said past the command that refuses it (or before the plan changed) is refused here, once. */
async function tellRefusals(session: Session, step: StepState): Promise<void> {
  for (const said of step.approval?.given ?? []) {
    const refusal = refusalOf(session.state, step, said);
    const { by, digest, account } = said;
    const isTold = step.refusals.some((told) => told.by === by && told.digest === digest && told.account === account);
    if (refusal === undefined || isTold) continue;
    await session.record({
      type: 'approval-refused',
      step: step.id,
      digest,
      by,
      ...refusal,
      ...(account === null ? {} : { account }),
    });
  }
}

async function expired(
  session: Session,
  step: string,
  {
    count,
    from,
    withinMs,
    digest,
    by,
  }: { count: number; from: readonly string[]; withinMs: number; digest: string; by: string[] },
): Promise<OpsError> {
  await session.record({ type: 'approvals-voided', step, digest, why: 'expired' });
  return new OpsError(
    'timeout',
    `not approved within ${withinMs / 1000} s: ${by.length} of ${count} approved of plan ${shortDigest(digest)}`,
    { hint: `reach one of ${from.join(', ')}, and run again; nothing was changed by this step` },
  );
}

function stateOf(session: Session, step: string): StepState {
  const state = session.state.steps.get(step);
  if (state !== undefined) return state;
  throw new Error(`step ${step} waits for approvals, and has not begun`);
}
