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
};

/** The rounds; and the primary in the same rounds at what DNS answers for it, where that is another place than its own. */
export type Sent = { rounds: Round[]; answered: AnsweredPlaces; atAnswered: (readonly RequestResult[])[] };

type SentRound = { round: Round; atAnswered: readonly RequestResult[] };

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
  const send = async (index: number, atMs: number, before: Promise<unknown>): Promise<SentRound> => {
    // A derived signal each, because Node warns of more than ten listeners on one.
    if (index > 0) await ctx.clock.sleep(atMs, AbortSignal.any([ctx.signal]));
    await letPass(before, ctx);
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
    return { round, atAnswered };
  };
  const sending: Promise<SentRound>[] = [];
  for (const [index, atMs] of times.entries()) sending.push(send(index, atMs, sending.at(-1) ?? Promise.resolve()));
  const sent = await Promise.all(sending);
  return {
    rounds: sent.map(({ round }) => round),
    answered: await finding,
    atAnswered: sent.map(({ atAnswered }) => atAnswered),
  };
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
