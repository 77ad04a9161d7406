import { OpsError } from '../errors.ts';
import type { ChangeState, RunState, StepState } from '../journal/run-state.ts';
import type { ActionStep, FirstOfStep } from '../runbook/runbook.ts';
import { deciderOf } from './decisions.ts';
import { isGone } from './in-place.ts';
import { recordedError } from './recorded-error.ts';
import { requestStop, type Session } from './session.ts';
import type { StepEnd } from './step-end.ts';

/**
 * Tries alternatives in order. The next is tried only when the one before is proven not applied, and no guard objected:
 * one that failed with its change in place is the last. Where nobody can tell, an operator at a terminal may look again or
 * go on knowingly; without one the run stops there. A group that an earlier drive left, dead (`isTakenUp`) or in doubt, goes
 * on where that stood: what came before was passed over already, and trying it again could make the same switch twice, by
 * two ways.
 */
export async function firstOf(
  session: Session,
  step: FirstOfStep,
  isTakenUp: boolean,
  execute: (alternative: ActionStep) => Promise<StepEnd>,
): Promise<StepEnd> {
  const first = firstToTry(session.state, step, isTakenUp);
  const reasons = step.steps.slice(0, first).map(({ id }) => {
    const { error, skippedWhy } = session.state.steps.get(id) ?? {};
    return `${id}: ${error?.message ?? skippedWhy ?? 'passed over'}`;
  });
  for (const alternative of step.steps.slice(first)) {
    const raised = session.state.guards.length;
    const isLast = alternative === step.steps.at(-1);
    const end = await tryAlternative(session, alternative, { isLast, execute });
    if (end.kind === 'succeeded') {
      const unknown = session.state.steps.get(alternative.id)?.knowledge === 'unknown';
      const summary = { headline: `by ${alternative.id}`, detail: [] };
      await session.record({
        type: 'step-succeeded',
        step: step.id,
        output: { by: alternative.id },
        summary,
        knowledge: unknown ? 'unknown' : 'known',
      });
      return end;
    }
    if (end.kind === 'skipped') {
      reasons.push(`${alternative.id}: ${session.state.steps.get(alternative.id)?.skippedWhy ?? 'skipped'}`);
      continue;
    }
    if (end.kind === 'stopped') return end;
    if (end.kind === 'unresolved' && (session.stop !== null || !session.drive.operator.interactive)) {
      if (session.stop !== null) return { kind: 'stopped', choice: session.stop };
      await session.record({ type: 'step-failed', step: step.id, error: end.error });
      return end;
    }
    // A guard objects to the change, not to the way: no other way may slip past it. People who did not approve of one
    // way in time would be asked for the next, and the next.
    const guarded = session.state.guards
      .slice(raised)
      .some((guard) => guard.step === alternative.id && guard.overriddenBecause === null);
    if (guarded || session.state.steps.get(alternative.id)?.approval?.voidedWhy === 'expired') {
      await session.record({ type: 'step-failed', step: step.id, error: end.error });
      return guarded ? { kind: 'failed', step: step.id, error: end.error } : end;
    }
    // It failed, and its change is there all the same: another way would make it twice.
    if (end.kind === 'failed' && !isNotThere(session.state.steps.get(alternative.id)?.change ?? null)) {
      await session.record({ type: 'step-failed', step: step.id, error: end.error });
      return end;
    }
    reasons.push(`${alternative.id}: ${end.error.message}`);
  }
  const error = recordedError(
    new OpsError('failed', `none of the ${step.steps.length} ways worked: ${reasons.join('; ')}`, {
      hint: 'each way says above why it did not; mend one and run again',
    }),
  );
  await session.record({ type: 'step-failed', step: step.id, error });
  return { kind: 'failed', step: step.id, error };
}

/**
 * Where to begin, as a place in the group: at the alternative that was made (or said by a person to be); or at the last
 * that may be in the world; or, of a group that is taken up, where the drive before stopped, if that is further on.
 */
function firstToTry({ steps }: RunState, group: FirstOfStep, isTakenUp: boolean): number {
  const known = group.steps.map(({ id }) => steps.get(id));
  const made = known.findIndex((state) => state?.phase === 'succeeded');
  if (made >= 0) return made;
  const lastInWorld = known.findLastIndex((state) => state !== undefined && !isNotThere(state.change));
  return Math.max(0, lastInWorld, isTakenUp ? whereItStands(known, steps.get(group.id)) : 0);
}

/** Where this try of the group stands: the place of the alternative that it began last, or behind it. */
function whereItStands(known: readonly (StepState | undefined)[], group: StepState | undefined): number {
  const since = group?.startedAtMs ?? 0;
  const at = known.findLastIndex((state) => state !== undefined && state.startedAtMs >= since);
  const last = known[at];
  return last !== undefined && isPassedOver(last) ? at + 1 : at;
}

/** Whether an alternative ended without a change in the world; one that a stop cut short has not ended. */
function isPassedOver({ phase, error, change }: StepState): boolean {
  if (phase === 'skipped') return true;
  return phase === 'failed' && error?.code !== 'aborted' && isNotThere(change);
}

/** Whether an alternative has, for certain, nothing of a change in the world. */
function isNotThere(change: ChangeState | null): boolean {
  return change === null || isGone(change);
}

async function tryAlternative(
  session: Session,
  alternative: ActionStep,
  { isLast, execute }: { isLast: boolean; execute: (alternative: ActionStep) => Promise<StepEnd> },
): Promise<StepEnd> {
  for (;;) {
    const end = await execute(alternative);
    if (end.kind !== 'unresolved' || !session.drive.operator.interactive) return end;
    const answer = await session.drive.operator.choose<'look' | 'next' | 'leave'>({
      message: `${alternative.title}: nobody can tell whether it happened`,
      options: [
        { value: 'look', label: 'look again, and make it if it did not happen' },
        ...(isLast ? [] : [{ value: 'next' as const, label: 'try the next way as well' }]),
        { value: 'leave', label: 'stop here, leave it as it is' },
      ],
      signal: session.reads.signal,
    });
    const choice = answer.kind === 'answered' ? answer.value : 'leave';
    const by = deciderOf(answer);
    if (choice === 'leave') {
      await session.record({ type: 'decided', choice: 'leave', by });
      requestStop(session, 'leave');
      return end;
    }
    await session.record({ type: 'decided', choice: choice === 'look' ? 'retry' : 'continue', by });
    if (choice === 'next') return end;
  }
}
