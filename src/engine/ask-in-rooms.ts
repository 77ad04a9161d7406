import type { ApprovalDesk } from '../actions/action.ts';
import { OpsError } from '../errors.ts';
import type { StepState } from '../journal/run-state.ts';
import type { Json } from '../world/json.ts';
import { actionContext, readOnly, writing } from './context.ts';
import { refusalOf, shortDigest } from './judge-approval.ts';
import { endsDriving, recordedError, surelyNotWritten } from './recorded-error.ts';
import type { Session } from './session.ts';
import { inTimeBox } from './time-box.ts';

/** How often the answers in a room are read. */
const readEveryMs = 2_000;
/** Time box of one call to a room. */
const callMs = 5_000;
/** Requests of earlier plans are watched too, so that whoever approves of one is told; this many in all. */
const mostPlaces = 3;

type Desk = { room: string; desk: ApprovalDesk; output: Json };

/**
 * Shows the step's request in every room that the run has opened, and reads the answers there until `signal` aborts,
 * beside the run. Each answer that is read goes into the log before it counts, or is refused there. Trouble with a room is
 * noted and never holds up an approval that comes another way.
 */
export function askInRooms(session: Session, step: string, signal: AbortSignal): void {
  const before = session.background.get(keyOf(step)) ?? Promise.resolve();
  const work = before.then(() => askUntil(session, step, signal));
  // What the log refuses here it refuses at the run's next entry too, and that ends the drive.
  session.background.set(
    keyOf(step),
    work.catch(async (error: unknown) => {
      if (!endsDriving(error)) await session.record({ type: 'follow-up-failed', step, error: recordedError(error) });
    }),
  );
}

/** No step has such an id. */
function keyOf(step: string): string {
  return `approvals of ${step}`;
}

async function askUntil(session: Session, id: string, signal: AbortSignal): Promise<void> {
  const told = new Set<string>();
  const doubted = new Set<string>();
  const ended = () => signal.aborted || session.stop !== null || session.lease.failure() !== undefined;
  while (!ended()) {
    for (const desk of desksOf(session)) {
      try {
        if (!ended()) await post(session, id, desk, doubted);
        await read(session, id, desk, ended);
      } catch (error) {
        if (endsDriving(error) || ended()) return;
        const recorded = recordedError(error);
        if (told.has(recorded.message)) continue;
        told.add(recorded.message);
        await session.record({ type: 'follow-up-failed', step: desk.room, error: recorded });
      }
    }
    try {
      await session.drive.clock.sleep(readEveryMs, AbortSignal.any([signal, session.reads.signal]));
    } catch (error) {
      if (!ended()) throw error;
    }
  }
  await close(session, id);
}

function desksOf(session: Session): Desk[] {
  return [...session.state.steps.values()].flatMap(({ id, change, output }) => {
    const action = change === null ? undefined : session.drive.actions.get(change.uses);
    if (change?.status !== 'applied' || output === null || action?.kind !== 'change') return [];
    return action.approvals === undefined ? [] : [{ room: id, desk: action.approvals, output }];
  });
}

/**
 * Shows the request, once in each room. One that may have arrived although its answer was lost is not sent again: a room
 * full of the same request helps nobody, and the terminal is there.
 */
async function post(session: Session, id: string, { room, desk, output }: Desk, doubted: Set<string>): Promise<void> {
  const step = session.state.steps.get(id);
  const approval = step?.approval ?? null;
  if (step === undefined || approval?.status !== 'waiting' || doubted.has(room)) return;
  const { digest, request } = approval;
  if (step.approvalPlaces.some((place) => place.room === room && place.request === request)) return;
  const headline = `asks for approval of ${shortDigest(digest)}`;
  await session.record({ type: 'follow-up-intended', step: room, headline });
  const lines = requestLines(session, step);
  let place: Json;
  try {
    place = await inTimeBox(session.drive.clock, callMs, [], (boxed) =>
      desk.ask(output, { digest, lines }, actionContext(session, room, writing(session), boxed)),
    );
  } catch (error) {
    if (!surelyNotWritten(error)) doubted.add(room);
    throw error;
  }
  await session.record({ type: 'approval-posted', step: id, digest, room, place });
}

function requestLines(session: Session, step: StepState): string[] {
  const { state } = session;
  const { approval, plan } = step;
  if (approval === null) return [];
  const banner = state.mode === 'rehearsal' || session.material.environment.simulated === true ? 'REHEARSAL: ' : '';
  const others = approval.count === 1 ? '1 approval' : `${approval.count} approvals`;
  return [
    `${banner}${step.title} on ${state.hostname}: ${others} wanted, from ${approval.from.join(', ')}, not from ${state.startedBy.user}`,
    ...(plan?.diff ?? []),
    ...(plan?.notes ?? []),
    `run ${state.run}, plan ${approval.digest}`,
    `until ${new Date(approval.expiresAtMs).toISOString()}; or in a terminal: resend-ops approve ${state.run}`,
  ];
}

async function read(session: Session, id: string, { room, desk }: Desk, ended: () => boolean): Promise<void> {
  const { approval = null, approvalPlaces = [] } = session.state.steps.get(id) ?? {};
  // Of this very plan only the newest request is read: what answered an earlier one that expired stays void.
  const places = approvalPlaces.filter(
    (place) => place.room === room && (place.request === approval?.request || place.digest !== approval?.digest),
  );
  for (const { digest, place } of places.slice(-mostPlaces)) {
    const accounts = await inTimeBox(session.drive.clock, callMs, [session.reads.signal], (boxed) =>
      desk.read(place, actionContext(session, room, readOnly(session, 'reading approvals'), boxed)),
    );
    for (const account of accounts) if (!ended()) await take(session, id, { digest, account });
  }
}

/** Writes an answer into the log: as the approval of the person whose account it is, or as refused. */
async function take(
  session: Session,
  id: string,
  { digest, account }: { digest: string; account: string },
): Promise<void> {
  const step = session.state.steps.get(id);
  if (step === undefined) return;
  const isTaken = [...(step.approval?.given ?? []), ...step.refusals].some(
    (known) => known.account === account && known.digest === digest,
  );
  if (isTaken) return;
  const people = Object.entries(session.material.environment.approvals?.people ?? {});
  const by = people.find(([, { slack }]) => slack === account)?.[0] ?? account;
  // Whether it comes in time is judged by the time of its entry.
  const refusal = refusalOf(session.state, step, { by, digest, atMs: 0 });
  if (refusal === undefined) {
    await session.record({ type: 'approval-given', step: id, digest, how: 'reaction', by, account });
  } else {
    await session.record({ type: 'approval-refused', step: id, digest, by, ...refusal, account });
  }
}

/** Says under each open request what became of it: nobody should approve of what is no longer asked. */
async function close(session: Session, id: string): Promise<void> {
  const step = session.state.steps.get(id);
  const approval = step?.approval ?? null;
  if (step === undefined || approval === null || session.lease.failure() !== undefined) return;
  const outcome = outcomeOf(approval.status, approval.voidedWhy);
  for (const { room, desk } of desksOf(session)) {
    for (const { place } of step.approvalPlaces.filter((at) => at.room === room && at.request === approval.request)) {
      await session.record({ type: 'follow-up-intended', step: room, headline: outcome });
      try {
        await inTimeBox(session.drive.clock, callMs, [], (boxed) =>
          desk.close(
            place,
            [...requestLines(session, step), outcome],
            actionContext(session, room, writing(session), boxed),
          ),
        );
      } catch (error) {
        if (error instanceof OpsError && endsDriving(error)) throw error;
        await session.record({ type: 'follow-up-failed', step: room, error: recordedError(error) });
      }
    }
  }
}

function outcomeOf(status: 'waiting' | 'approved' | 'voided', why: string | null): string {
  if (status === 'approved') return 'APPROVED: no more approvals are taken';
  if (why === 'plan-changed') return 'VOID: the world has changed, and the plan is made anew';
  return why === 'expired' ? 'VOID: expired' : 'VOID: the run has stopped';
}
