import type { Environment, Route } from '../../world/environment.ts';
import type { ProbeResult } from '../../world/probe.ts';
import { type AnsweredBy, isApiError, parseJson, pathOf, tellWhoAnswered, type Via } from './answered-by.ts';
import { jsonDifference } from './json-difference.ts';
import type { SuiteRequest } from './suite.ts';

type Answered = Extract<ProbeResult, { answered: true }>;

/** What an answer was worth. `why` is in plain words, also for a pass. */
type Judgement = {
  passed: boolean;
  why: string;
  answeredBy: AnsweredBy;
  via: Via;
  /** It came through another provider than the route's: it says nothing about the route. */
  misrouted: boolean;
  /** What could not be judged. */
  notes: string[];
};

/**
 * Holds an answer against a request's expectation, in the order of what a person asks first: did it come by this
 * path, has it the status, was it the API that said so, and then body, headers, backend, latency.
 */
export function judgeAnswer(request: SuiteRequest, answer: Answered, route: Route, env: Environment): Judgement {
  const answeredBy = tellWhoAnswered(answer, env.backends);
  const via = pathOf(answer.headers);
  const misrouted = strayed(route.provider, via);
  const notes: string[] = [];
  if (answer.bodyTruncated) notes.push(`only the first ${Buffer.byteLength(answer.body)} bytes of its body were read`);
  const { backend } = request.expect;
  if (backend !== undefined && !Object.hasOwn(env.backends, backend)) {
    notes.push(`backend ${backend} is unverified: the environment has no signature for it`);
  }
  if (answeredBy.who === 'cloudfront' && isApiError(answer.body)) {
    notes.push('if the API sends no Server header, CloudFront adds its own: give the backend a signature');
  }
  if (route.provider !== 'load-balancer' && via === 'none') {
    notes.push(`no header proves that answers came through ${providerName(route.provider)}`);
  }
  const known = misrouted ? undefined : knownDifference(request, answer, answeredBy);
  if (known !== undefined) {
    const why = `${answer.status} from ${answeredBy.words}, a known difference`;
    return { passed: true, why, answeredBy, via, misrouted, notes: [...notes, `${request.id}: ${known}`] };
  }
  const objection = misrouted
    ? `came through ${via}, not by this path`
    : (objectionToSource(request, answer, answeredBy) ?? objectionToContent(request, answer, answeredBy, env));
  return {
    passed: objection === undefined,
    why: objection ?? `${answer.status} from ${answeredBy.words}`,
    answeredBy,
    via,
    misrouted,
    notes,
  };
}

/** The reason that the suite gives for an answer of the provider itself; undefined for any other answer. */
function knownDifference(request: SuiteRequest, answer: Answered, answeredBy: AnsweredBy): string | undefined {
  const difference = request['known-differences'].find(
    ({ provider, status }) => provider === answeredBy.who && status === answer.status,
  );
  return difference?.because;
}

/** Only positive proof of another path counts: a provider's mark where it cannot be, without the mark that must be. */
function strayed(provider: Route['provider'], via: Via): boolean {
  if (provider === 'load-balancer') return via !== 'none';
  return via !== 'none' && !via.includes(provider);
}

function providerName(provider: Route['provider']): string {
  return { cloudflare: 'Cloudflare', cloudfront: 'CloudFront', 'load-balancer': 'the load balancer' }[provider];
}

function objectionToSource(request: SuiteRequest, answer: Answered, answeredBy: AnsweredBy): string | undefined {
  const statuses = [request.expect.status].flat();
  if (!statuses.includes(answer.status)) {
    return `expected ${statuses.join(' or ')}, got ${answer.status} from ${answeredBy.words}`;
  }
  if (answeredBy.who !== 'backend' && answeredBy.who !== 'unknown') {
    return `${answer.status} as expected, but from ${answeredBy.words}`;
  }
  // Edges answer 401 and 403 too; only the API's own error proves that the request got through (FACTS E).
  const needsApiError = (answer.status === 401 || answer.status === 403) && request.method !== 'HEAD';
  if (needsApiError && !isApiError(answer.body)) {
    return `${answer.status} as expected, but without the API’s JSON error (from ${answeredBy.words})`;
  }
  return undefined;
}

function objectionToContent(
  request: SuiteRequest,
  answer: Answered,
  answeredBy: AnsweredBy,
  env: Environment,
): string | undefined {
  const { json, headers = {}, backend, 'latency-under-ms': limitMs } = request.expect;
  if (json !== undefined) {
    const body = parseJson(answer.body);
    if (body === undefined) {
      return answer.bodyTruncated ? 'the answer is too long to be read as JSON' : 'the answer is not JSON';
    }
    const difference = jsonDifference(json, body);
    if (difference !== undefined) return difference;
  }
  for (const [name, value] of Object.entries(headers)) {
    const actual = answer.headers[name.toLowerCase()];
    if (actual !== value) {
      return `header ${name} is ${actual === undefined ? 'missing' : `"${actual}"`}, not "${value}"`;
    }
  }
  if (backend !== undefined && Object.hasOwn(env.backends, backend) && answeredBy.backend !== backend) {
    return `expected backend ${backend}, answered by ${answeredBy.backend ?? 'one without a known signature'}`;
  }
  const told = request.expect['body-without']?.find((text) => answer.body.includes(text));
  if (told !== undefined) return `the body holds "${told}", which it must not`;
  const tookMs = Math.round(answer.timings.totalMs);
  if (limitMs !== undefined && tookMs > limitMs) return `took ${tookMs} ms, the limit is ${limitMs} ms`;
  return undefined;
}
