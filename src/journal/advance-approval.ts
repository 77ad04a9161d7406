import type { Entry } from './events.ts';
import type { ApprovalState, StepState } from './run-state.ts';

/** Moves what a step knows of approvals one entry on, in place. `speed`: clock seconds per real second of the run. */
export function advanceApproval(step: StepState, entry: Extract<Entry, { step: string }>, speed: number): void {
  const { approval } = step;
  switch (entry.type) {
    case 'approval-requested': {
      const { digest, count, from, withinMs } = entry;
      const expiresAtMs = Date.parse(entry.time) + realMs(withinMs, speed);
      step.approval = {
        request: entry.seq,
        digest,
        count,
        from,
        expiresAtMs,
        given: [],
        status: 'waiting',
        voidedWhy: null,
      };
      return;
    }
    case 'approval-posted':
      step.approvalPlaces = [
        ...step.approvalPlaces,
        {
          request: approval?.request ?? entry.seq,
          digest: entry.digest,
          room: entry.room,
          place: entry.place,
          isClosed: false,
        },
      ];
      return;
    case 'approval-closed':
      step.approvalPlaces = step.approvalPlaces.map((place) =>
        place.room === entry.room && place.request === entry.request ? { ...place, isClosed: true } : place,
      );
      return;
    case 'approval-withdrawn': {
      if (approval === null) return;
      const { account, digest } = entry;
      const given = approval.given.filter((said) => said.account !== account || said.digest !== digest);
      step.approval = { ...approval, given };
      return;
    }
    case 'approval-given': {
      if (approval === null) return;
      const given: ApprovalState['given'][number] = {
        // Who says it is who says it: only what the driver has read comes with another's name.
        by: entry.how === 'command' ? entry.actor.user : entry.by,
        digest: entry.digest,
        atMs: Date.parse(entry.time),
        account: entry.how === 'command' ? null : entry.account,
      };
      step.approval = { ...approval, given: [...approval.given, given] };
      return;
    }
    case 'approval-refused': {
      const { by, digest, why, account = null } = entry;
      step.refusals = [...step.refusals, { by, digest, why, account }];
      return;
    }
    case 'approvals-voided':
      step.voided = [...step.voided, entry.why];
      if (approval !== null) step.approval = { ...approval, status: 'voided', voidedWhy: entry.why };
      return;
    case 'step-approved':
      if (approval !== null) step.approval = { ...approval, status: 'approved' };
      return;
  }
}

/** A time by the run's clock in real milliseconds: a time box is never compressed below three real seconds. */
function realMs(ms: number, speed: number): number {
  return Math.max(ms / speed, Math.min(ms, 3_000));
}
