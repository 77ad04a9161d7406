import type { ApprovalDesk } from '../actions/action.ts';
import type { Json } from '../world/json.ts';
import { actionContext, writing } from './context.ts';
import { shortDigest } from './judge-approval.ts';
import { endsDriving, recordedError } from './recorded-error.ts';
import type { Session } from './session.ts';
import { inTimeBox } from './time-box.ts';

/** Time box of one call to a room. */
export const roomCallMs = 5_000;

/** A place that the run has opened where people can be asked; `room` is the step that opened it. */
export type Desk = { room: string; desk: ApprovalDesk; output: Json };

/** What became of a request. */
export type RoomOutcome = 'approved' | 'plan-changed' | 'expired' | 'stopped' | 'failed';

const words: Readonly<Record<RoomOutcome, string>> = {
  approved: 'APPROVED: no more approvals are taken',
  'plan-changed': 'VOID: the world has changed, and the plan is made anew',
  expired: 'VOID: expired',
  stopped: 'VOID: the run has stopped',
  failed: 'VOID: the step has failed',
};

/** The rooms that the run has opened so far. */
export function desksOf(session: Session): Desk[] {
  return [...session.state.steps.values()].flatMap(({ id, change, output }) => {
    const action = change === null ? undefined : session.drive.actions.get(change.uses);
    if (change?.status !== 'applied' || output === null || action?.kind !== 'change') return [];
    return action.approvals === undefined ? [] : [{ room: id, desk: action.approvals, output }];
  });
}

/**
 * Says in the rooms what became of requests that they still show as open: of one, or of all of a step. Nobody should
 * approve of what is no longer asked. Trouble is noted; what could not be told is tried again at the end of the run.
 */
export async function closeRequests(
  session: Session,
  id: string,
  { outcome, lines, request }: { outcome: RoomOutcome; lines?: readonly string[]; request?: number },
): Promise<void> {
  const step = session.state.steps.get(id);
  if (step === undefined) return;
  for (const { room, desk } of desksOf(session)) {
    const open = step.approvalPlaces.filter((place) => place.room === room && !place.isClosed);
    for (const { place, digest, ...of } of open) {
      if (request !== undefined && of.request !== request) continue;
      if (session.lease.failure() !== undefined) return;
      const shown = [...(lines ?? [`${step.title}: plan ${shortDigest(digest)}`]), words[outcome]];
      await session.record({ type: 'follow-up-intended', step: room, headline: words[outcome] });
      try {
        await inTimeBox(session.drive.clock, roomCallMs, [], (boxed) =>
          desk.close(place, shown, actionContext(session, room, writing(session), boxed)),
        );
        await session.record({ type: 'approval-closed', step: id, room, request: of.request });
      } catch (error) {
        if (endsDriving(error)) throw error;
        await session.record({ type: 'follow-up-failed', step: room, error: recordedError(error) });
      }
    }
  }
}

/** At the end of a run no request is open any more: also those of a drive that was killed while it waited. */
export async function closeAllRequests(session: Session): Promise<void> {
  for (const { id, approval } of [...session.state.steps.values()]) {
    const outcome = approval?.status === 'approved' ? 'approved' : (approval?.voidedWhy ?? 'stopped');
    await closeRequests(session, id, { outcome });
  }
}
