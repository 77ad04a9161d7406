import type { ActionContext } from '../action.ts';
import { type AnsweredPlaces, findAnsweredPlaces, type Place } from './answered-places.ts';
import type { Round } from './matrix.ts';
import type { RequestResult } from './request-result.ts';
import { requestsToSkip, sendSuite } from './send-suite.ts';
import type { Suite } from './suite.ts';

/** What is sent, over which routes (the primary first), and when each round begins, in milliseconds from the first. */
type Looking = {
  suite: Suite;
  suiteName: string;
  routes: readonly string[];
  times: readonly number[];
  atOnce: number;
  /** Asked after each round, with all that have been sent up to it: why none need be sent any more; undefined to go on. */
  settled?: (sent: Sent) => string | undefined;
};

/** The rounds; and the primary in the same rounds at what DNS answers for it, where that is another place than its own. */
export type Sent = {
  rounds: Round[];
  answered: AnsweredPlaces;
  atAnswered: (readonly RequestResult[])[];
  /** Where rounds that were planned have not been sent: the time that the others span, and why. */
  endedEarly: { afterMs: number; planned: number; why: string } | null;
};

type SentRound = { round: Round; atAnswered: readonly RequestResult[] };

/** The rounds up to the first that has not been sent, or not yet. */
function gather(sent: readonly (SentRound | undefined)[], answered: AnsweredPlaces): Sent {
  const gap = sent.indexOf(undefined);
  const whole = sent.slice(0, gap === -1 ? sent.length : gap).flatMap((each) => each ?? []);
  const [rounds, atAnswered] = [whole.map(({ round }) => round), whole.map((each) => each.atAnswered)];
  return { rounds, answered, atAnswered, endedEarly: null };
}

/**
 * Each round starts at its own time, whether or not the one before has ended: a hanging route does not stretch them. (In a
 * rehearsal at speed they are let pass one another: {@link letPass}.) What DNS answers is asked once, beside the first.
 */
export async function sendRounds(looking: Looking, ctx: ActionContext): Promise<Sent> {
  const { suite, suiteName, routes, times, atOnce } = looking;
  const skipped = requestsToSkip(suite, suiteName, ctx).length;
  const [primary = ''] = routes;
  const finding = findAnsweredPlaces(ctx, primary);
  const sendAtAnswered = async (index: number): Promise<readonly RequestResult[]> => {
    const { places } = await finding;
    // In turns: each place has its rounds, and none of them more requests than the routes.
    const place: Place | undefined = places[index % Math.max(1, places.length)];
    return place === undefined ? [] : sendSuite({ suite, route: primary, atOnce, at: place.target }, ctx);
  };
  const ended: Round[] = [];
  const known: (SentRound | undefined)[] = times.map(() => undefined);
  const over = new AbortController();
  let why: string | undefined;
  const send = async (index: number, atMs: number, before: Promise<unknown>): Promise<void> => {
    if (index > 0) await sleepUnlessOver(atMs, over.signal, ctx);
    if (over.signal.aborted) return;
    await letPass(before, ctx);
    // What was waited for may have been the round that settled it.
    if (over.signal.aborted) return;
    const lacking = skipped === 0 ? '' : `; not sent, for lack of secrets: ${skipped} of ${suite.requests.length}`;
    // Short, because it shares a line with the step's title.
    const seen = `: ${primary} failed in ${failedIn(ended, primary)} of ${ended.length}`;
    const now = ended.length === 0 ? ` over ${routes.join(', ')}` : seen;
    ctx.progress(`round ${index + 1} of ${times.length}${now}${lacking}`);
    const sendOver = async (route: string): Promise<[string, RequestResult[]]> => [
      route,
      await sendSuite({ suite, route, atOnce }, ctx),
    ];
    const [sent, atAnswered] = await Promise.all([Promise.all(routes.map(sendOver)), sendAtAnswered(index)]);
    const round = new Map(sent);
    ended.push(round);
    known[index] = { round, atAnswered };
    why ??= looking.settled?.(gather(known, await finding));
    if (why !== undefined) over.abort();
  };
  const sending: Promise<void>[] = [];
  for (const [index, atMs] of times.entries()) sending.push(send(index, atMs, sending.at(-1) ?? Promise.resolve()));
  await Promise.all(sending);
  const sent = gather(known, await finding);
  const last = sent.rounds.length - 1;
  if (why === undefined || last + 1 === times.length) return sent;
  return { ...sent, endedEarly: { afterMs: times[last] ?? 0, planned: times.length, why } };
}

/** Sleeps until a round begins, or the look is over before. Rejects with the signal's reason when the run stops. */
async function sleepUnlessOver(ms: number, over: AbortSignal, { clock, signal }: ActionContext): Promise<void> {
  try {
    // A derived signal each, because Node warns of more than ten listeners on one.
    await clock.sleep(ms, AbortSignal.any([signal, over]));
  } catch (error) {
    signal.throwIfAborted();
    if (!over.aborted) throw error;
  }
}

/** Who waits for a look of minutes wants to know what it has seen: a steady outage needs no wide window. */
function failedIn(rounds: readonly Round[], route: string): number {
  return rounds.filter((round) => round.get(route)?.some(isLost)).length;
}

function isLost({ critical, outcome }: RequestResult): boolean {
  return critical && outcome !== 'passed' && outcome !== 'skipped';
}

/** How long, in real time, a round of a rehearsal waits for the one before. */
const longestWaitMs = 700;

/**
 * A compressed clock brings the rounds so close together that all their requests would be under way at once, and sockets
 * do not hurry in a rehearsal: there a round waits for the one before, for a while.
 */
async function letPass(before: Promise<unknown>, { clock, signal }: ActionContext): Promise<void> {
  if (clock.speed <= 1) return;
  const over = new AbortController();
  // Only the time is of interest here: a round that fails is told by itself, and a stop by the signal.
  const waited = clock
    .sleep(longestWaitMs * clock.speed, AbortSignal.any([signal, over.signal]))
    .catch(() => undefined);
  await Promise.race([before.catch(() => undefined), waited]);
  over.abort();
  signal.throwIfAborted();
}
