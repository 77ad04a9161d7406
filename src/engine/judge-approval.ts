import type { ApprovalRefusal } from '../journal/events.ts';
import type { RunState, StepState } from '../journal/run-state.ts';

/** Somebody's word that a plan may go ahead. `atMs`: when it was said, in real milliseconds since the epoch. */
type SaidApproval = { by: string; digest: string; atMs: number };

/** An approval that does not count: why, in kind and in words. */
export type Refusal = { why: ApprovalRefusal; message: string };

/** How much of a digest people read and type. */
export const shortDigest = (digest: string): string => digest.slice(0, 12);

/**
 * Why an approval does not count, or undefined where it does: it must be of exactly the plan that is asked about, in
 * time, by one of the people asked, and by nobody who has begun the run or drives it.
 */
export function refusalOf(state: RunState, step: StepState, said: SaidApproval): Refusal | undefined {
  const { by, digest, atMs } = said;
  const { approval } = step;
  if (runnersOf(state).includes(by)) {
    const message = `approver is the runner: ${by} runs this, or has run it, and another person must approve`;
    return { why: 'runner', message };
  }
  if (approval === null) return { why: 'not-asked', message: `${step.id} asks for no approval now` };
  if (!approval.from.includes(by)) {
    return { why: 'stranger', message: `${by} is not one of those who may approve: ${approval.from.join(', ')}` };
  }
  if (digest !== approval.digest) {
    const message = `${by} approves of plan ${shortDigest(digest)}, and it is now ${shortDigest(approval.digest)}: look at the plan again`;
    return { why: 'other-plan', message };
  }
  if (atMs > approval.expiresAtMs || approval.voidedWhy === 'expired') {
    const expired = new Date(approval.expiresAtMs).toISOString();
    return { why: 'expired', message: `approvals of this plan were waited for until ${expired}` };
  }
  if (approval.voidedWhy === 'plan-changed') {
    return {
      why: 'other-plan',
      message: `plan ${shortDigest(digest)} is void: the world has changed, and it is made anew`,
    };
  }
  if (approval.status === 'voided' || step.phase !== 'running' || state.phase === 'ended') {
    return { why: 'not-asked', message: `${step.id} waits for no approval any more` };
  }
  return undefined;
}

/** The people whose approval of the plan counts at this moment, each once. */
export function approversOf(state: RunState, step: StepState): string[] {
  const given = step.approval?.given ?? [];
  return [...new Set(given.filter((said) => refusalOf(state, step, said) === undefined).map(({ by }) => by))];
}

/** The step that waits for approvals, or undefined where none does. */
export function stepAwaitingApproval(state: RunState): StepState | undefined {
  if (state.phase === 'ended') return undefined;
  return [...state.steps.values()].find(({ phase, approval }) => phase === 'running' && approval?.status === 'waiting');
}

/** Whoever began the run, and whoever has driven it since: what they confirmed stands, so none of them approves of it. */
export function runnersOf({ startedBy, drivenBy }: RunState): string[] {
  return [...new Set([startedBy.user, ...drivenBy])];
}

/** What a run waits for, as JSON; null where it waits for no approval. */
export function approvalAwaited(state: RunState) {
  const step = stepAwaitingApproval(state);
  if (step === undefined || step.approval === null) return null;
  const { digest, count, from, expiresAtMs } = step.approval;
  const expiresAt = new Date(expiresAtMs).toISOString();
  return { step: step.id, digest, count, from, expiresAt, approvedBy: approversOf(state, step) };
}
