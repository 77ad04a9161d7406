import { findOpsError } from '../errors.ts';
import type { Json } from '../world/json.ts';
import { closeRequests, type Desk, desksOf, type RoomOutcome, roomCallMs } from './approval-rooms.ts';
import { actionContext, readOnly, writing } from './context.ts';
import { refusalOf, runnersOf, shortDigest } from './judge-approval.ts';
import { endsDriving, recordedError, surelyNotWritten } from './recorded-error.ts';
import { bannerFor } from './run-news.ts';
import type { Session } from './session.ts';
import { inTimeBox } from './time-box.ts';

/** How often the answers in a room are read. */
const readEveryMs = 2_000;
/** Requests of earlier plans are watched too, so that whoever approves of one is told; this many in all. */
const mostPlaces = 3;
/** A request whose answer was lost is looked for this often before it is shown again. */
const looksBeforeAgain = 3;
/** After a lost answer, looks in all: what arrives late is found, and read like the other. */
const looksInAll = 15;

/** A request as it was made: what happens to the step later does not change what was asked. */
type Asked = { step: string; request: number; digest: string; lines: readonly string[] };

/** What is not known of one room: how often a lost request was looked for; `gave-up` where nobody may look. */
type Doubt = { looks: number } | 'gave-up';

/**
 * Shows the step's newest request in every room that the run has opened, and reads the answers there, beside the run,
 * until the returned function is called with what became of it; then each room says so. An answer goes into the log before
 * it counts, or is refused there; one that is taken back counts no more. Trouble with a room is noted and never holds up
 * an approval that comes another way. `isTakenUp`: an earlier drive of the run may have shown it already.
 */
export function askInRooms(
  session: Session,
  step: string,
  { isTakenUp }: { isTakenUp: boolean },
): (outcome: RoomOutcome) => void {
  const asked = askedOf(session, step);
  const stop = new AbortController();
  let outcome: RoomOutcome = 'stopped';
  const key = `approvals of ${step}`; // No step has such an id.
  const before = session.background.get(key) ?? Promise.resolve();
  const work = before.then(async () => {
    await askUntil(session, asked, { isTakenUp, signal: stop.signal });
    await closeRequests(session, step, { outcome, lines: asked.lines, request: asked.request });
  });
  // What the log refuses here it refuses at the run's next entry too, and that ends the drive.
  session.background.set(
    key,
    work.catch(async (error: unknown) => {
      if (!endsDriving(error)) await session.record({ type: 'follow-up-failed', step, error: recordedError(error) });
    }),
  );
  return (how) => {
    outcome = how;
    stop.abort();
  };
}

function askedOf(session: Session, id: string): Asked {
  const step = session.state.steps.get(id);
  if (step === undefined || step.approval === null) throw new Error(`step ${id} asks for no approval`);
  const { state } = session;
  const { request, digest, count, from, expiresAtMs } = step.approval;
  const lines = [
    `${bannerFor(session)}${step.title} on ${state.hostname}: ${count === 1 ? '1 approval' : `${count} approvals`} wanted, from ${from.join(', ')}, not from ${runnersOf(state).join(', ')}`,
    ...(step.plan?.diff ?? []),
    ...(step.plan?.notes ?? []),
    `run ${state.run}, plan ${digest}`,
    `until ${new Date(expiresAtMs).toISOString()}; or in a terminal: resend-ops approve ${state.run}`,
  ];
  return { step: id, request, digest, lines };
}

async function askUntil(
  session: Session,
  asked: Asked,
  { isTakenUp, signal }: { isTakenUp: boolean; signal: AbortSignal },
): Promise<void> {
  const told = new Set<string>();
  const doubts = new Map<string, Doubt>();
  if (isTakenUp) for (const { room } of desksOf(session)) doubts.set(room, { looks: 0 });
  const ended = () => signal.aborted || session.stop !== null || session.lease.failure() !== undefined;
  while (!ended()) {
    const accounts: string[] = [];
    let isWhole = true;
    for (const desk of desksOf(session)) {
      try {
        await show(session, asked, { desk, doubts });
        if (!ended()) accounts.push(...(await read(session, asked, { desk, ended })));
      } catch (error) {
        if (endsDriving(error) || ended()) return;
        isWhole = false;
        const recorded = recordedError(error);
        if (told.has(recorded.message)) continue;
        told.add(recorded.message);
        await session.record({ type: 'follow-up-failed', step: desk.room, error: recorded });
      }
    }
    if (isWhole && !ended()) await withdraw(session, asked, accounts);
    try {
      await session.drive.clock.sleep(readEveryMs, AbortSignal.any([signal, session.reads.signal]));
    } catch (error) {
      if (!ended()) throw error;
    }
  }
}

type Showing = { desk: Desk; doubts: Map<string, Doubt> };

/**
 * Shows the request, once in each room. One that may have arrived although its answer was lost is looked for: found, it is
 * read like any other; not found after some looks, it is shown again. Where nobody may look it is not: a room full of the
 * same request helps nobody, and the terminal is there.
 */
async function show(session: Session, asked: Asked, { desk, doubts }: Showing): Promise<void> {
  const { room } = desk;
  const doubt = doubts.get(room);
  if (doubt === 'gave-up') return;
  if (doubt !== undefined && doubt.looks < looksInAll) await lookFor(session, asked, { desk, doubts });
  if (placesIn(session, asked, room).length > 0 || doubts.get(room) === 'gave-up') return;
  if (doubt !== undefined && doubt.looks < looksBeforeAgain) return;
  await session.record({ type: 'follow-up-intended', step: room, headline: headlineOf(asked) });
  try {
    const { request, digest, lines } = asked;
    const place = await inTimeBox(session.drive.clock, roomCallMs, [], (boxed) =>
      desk.desk.ask(desk.output, { digest, request, lines }, actionContext(session, room, writing(session), boxed)),
    );
    await session.record({ type: 'approval-posted', step: asked.step, digest, room, place });
  } catch (error) {
    if (!surelyNotWritten(error) && !endsDriving(error)) doubts.set(room, { looks: 0 });
    throw error;
  }
}

function headlineOf({ digest }: Asked): string {
  return `asks for approval of ${shortDigest(digest)}`;
}

function placesIn(session: Session, { step, request }: Asked, room: string) {
  const places = session.state.steps.get(step)?.approvalPlaces ?? [];
  return places.filter((place) => place.room === room && place.request === request);
}

async function lookFor(session: Session, asked: Asked, { desk, doubts }: Showing): Promise<void> {
  const { room } = desk;
  const { digest, request, step } = asked;
  let found: readonly Json[];
  try {
    found = await inTimeBox(session.drive.clock, roomCallMs, [session.reads.signal], (boxed) =>
      desk.desk.find(
        desk.output,
        { digest, request },
        actionContext(session, room, readOnly(session, 'looking'), boxed),
      ),
    );
  } catch (error) {
    // Whoever may not look will not be able to later.
    if (findOpsError(error)?.code === 'credentials') doubts.set(room, 'gave-up');
    throw error;
  }
  const doubt = doubts.get(room);
  if (doubt !== undefined && doubt !== 'gave-up') doubt.looks += 1;
  const known = new Set(placesIn(session, asked, room).map(({ place }) => JSON.stringify(place)));
  for (const place of found) {
    if (!known.has(JSON.stringify(place))) await session.record({ type: 'approval-posted', step, digest, room, place });
  }
}

/** Reads the answers in one room, and takes them; answers the accounts that approve of this very request. */
async function read(
  session: Session,
  { step, request, digest }: Asked,
  { desk: { room, desk }, ended }: { desk: Desk; ended: () => boolean },
): Promise<string[]> {
  const all = session.state.steps.get(step)?.approvalPlaces ?? [];
  // Of this very plan only the newest request is read: what answered an earlier one that expired stays void.
  const places = all.filter((place) => place.room === room && (place.request === request || place.digest !== digest));
  const approving: string[] = [];
  for (const { place, ...of } of places.slice(-mostPlaces)) {
    const accounts = await inTimeBox(session.drive.clock, roomCallMs, [session.reads.signal], (boxed) =>
      desk.read(place, actionContext(session, room, readOnly(session, 'reading approvals'), boxed)),
    );
    if (of.request === request) approving.push(...accounts);
    for (const account of accounts) if (!ended()) await take(session, step, { digest: of.digest, account });
  }
  return approving;
}

/**
 * Reads the rooms once more for requests that have expired, before the run ends: whoever approved too late is told in the
 * log. Trouble with a room is noted; it changes nothing.
 */
export async function takeLateAnswers(session: Session): Promise<void> {
  for (const { id, approval } of [...session.state.steps.values()]) {
    if (approval?.voidedWhy !== 'expired') continue;
    const asked = { step: id, request: approval.request, digest: approval.digest, lines: [] };
    for (const desk of desksOf(session)) {
      // Who stops the run waits for no more reading.
      const ended = () => session.lease.failure() !== undefined || session.reads.signal.aborted;
      if (ended()) return;
      try {
        await read(session, asked, { desk, ended });
      } catch (error) {
        if (endsDriving(error)) throw error;
        await session.record({ type: 'follow-up-failed', step: desk.room, error: recordedError(error) });
      }
    }
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

/** What was read once and is in no room any more was taken back. `accounts`: all that approve of the request at this moment. */
async function withdraw(session: Session, { step, digest }: Asked, accounts: readonly string[]): Promise<void> {
  const approval = session.state.steps.get(step)?.approval ?? null;
  if (approval?.status !== 'waiting' || approval.digest !== digest) return;
  for (const { by, account, digest: of } of approval.given) {
    if (account === null || of !== digest || accounts.includes(account)) continue;
    await session.record({ type: 'approval-withdrawn', step, digest, by, account });
  }
}
