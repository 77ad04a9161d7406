import type { ActionContext } from '../../actions/action.ts';
import { OpsError } from '../../errors.ts';
import type { Clock } from '../../world/clock.ts';
import { unlessAborted } from '../../world/dial.ts';
import type { DoctorEdges } from '../../world/edges.ts';
import type { Environment } from '../../world/environment.ts';
import { type Finding, type Trouble, trouble } from './finding.ts';
import type { FindingId } from './finding-ids.ts';

/** What the questions to the providers need. */
export type Means = { env: Environment; edges: DoctorEdges; clock: Clock };

/** What the actions' reading calls take: nothing of it can write. */
export type ReadingContext = Pick<ActionContext, 'env' | 'clients' | 'clock' | 'signal'>;

/** Time box of all that one source is asked: two that hang must leave the whole report under 15 s. */
const askMs = 8_000;

/** A context whose clients refuse every writing call in the transport. */
export function readingContext({ env, edges, clock }: Means, signal: AbortSignal): ReadingContext {
  const access = () => ({ mode: 'read-only' as const, why: 'doctor only reads' });
  return {
    env,
    clock,
    signal,
    clients: {
      cloudflare: () => edges.cloudflare(access),
      slack: () => edges.slack(access),
      route53: () => edges.route53(access),
      cloudfront: () => edges.cloudfront(access),
      statuspage: () => edges.statuspage(access),
      pagerduty: () => edges.pagerduty(access),
      pagerdutyRest: () => edges.pagerdutyRest(access),
      datadog: () => edges.datadog(access),
      globalping: () => edges.globalping(access),
      vendorStatus: (vendor) => edges.vendorStatus(vendor, access),
    },
  };
}

/** What came of a question: its answer, or why there is none. A refusal is the provider's own no. */
export type Asked<T> = { answer: T } | { refused: OpsError } | { unanswered: string };

/** Asks within the time box. Everything that a provider or the way to it does is a value; only a bug throws. */
export async function ask<T>(means: Means, question: (ctx: ReadingContext) => Promise<T>): Promise<Asked<T>> {
  const box = means.clock.timeBox(askMs);
  try {
    return { answer: await unlessAborted(question(readingContext(means, box.signal)), box.signal) };
  } catch (error) {
    if (box.signal.aborted) return { unanswered: `no answer within ${askMs / 1_000} s` };
    if (!(error instanceof OpsError)) throw error;
    return isRefusal(error) ? { refused: error } : { unanswered: error.message };
  } finally {
    box.cancel();
  }
}

/** A provider that takes no more calls for now (429, at Statuspage once 420) has not said no to this one. */
function isRefusal({ code, message }: OpsError): boolean {
  return code === 'credentials' || code === 'invalid' || (code === 'refused' && !/\bHTTP (429|420)\b/.test(message));
}

/** The finding of a question that was refused, or that got no answer. */
export function withoutAnswer(
  id: FindingId,
  asked: Exclude<Asked<unknown>, { answer: unknown }>,
  { breaks, remedy, refusedIs = 'bad' }: Omit<Trouble, 'found'> & { refusedIs?: 'bad' | 'warn' },
): Finding {
  if ('refused' in asked) return trouble(id, refusedIs, { found: asked.refused.message, breaks, remedy });
  return trouble(id, 'unknown', {
    found: asked.unanswered,
    breaks: 'it cannot be told whether this works',
    remedy: 'run doctor again; if it stays so, look at the network from this machine to there',
  });
}
