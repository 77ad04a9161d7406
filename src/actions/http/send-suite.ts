import { OpsError } from '../../errors.ts';
import type { ProbeResult } from '../../world/probe.ts';
import type { ActionContext } from '../action.ts';
import { type ConnectTarget, routeOf, targetFor } from './connect-target.ts';
import { judgeAnswer } from './judge-answer.ts';
import type { RequestResult } from './request-result.ts';
import type { Suite, SuiteRequest } from './suite.ts';
import { userAgent } from './user-agent.ts';

/** Time boxes of probes never shrink below this many real milliseconds: sockets do not hurry in a rehearsal. */
const leastBoxMs = 5_000;

/**
 * Sends every request of a suite over one route and judges the answers, in the suite's order. Requests start together,
 * at most `atOnce` to one place at a time, so that a dead place delays no other. A request whose secret is not set is
 * skipped, never sent. Throws `invalid` for an unknown route or a request without a place to dial, before anything is
 * sent; and the signal's reason when it aborts. `at`: where to dial, in place of the route's own target.
 */
export async function sendSuite(
  options: { suite: Suite; route: string; atOnce: number; family?: 4 | 6; at?: ConnectTarget },
  ctx: ActionContext,
): Promise<RequestResult[]> {
  const { suite, route: routeName, atOnce } = options;
  const route = routeOf(ctx.env, routeName);
  const errands = suite.requests.map((request) => {
    const { backend } = request.expect;
    const own = () => targetFor(route, routeName, { id: request.id, ...(backend === undefined ? {} : { backend }) });
    const target = options.at ?? own();
    return { request, target, send: () => sendOne(request, target) };
  });
  const sendOne = async (request: SuiteRequest, connect: ConnectTarget): Promise<RequestResult> => {
    const headers = headersOf(request, ctx);
    if (typeof headers === 'string') return skipped(request, headers);
    const timeoutMs = suite['timeout-ms'];
    const result = await ctx.probe({
      hostname: route.hostname ?? ctx.env.hostname,
      connect: { ...connect, ...(options.family === undefined ? {} : { family: options.family }) },
      method: request.method,
      path: request.path,
      headers,
      ...bodyOf(request),
      timeoutMs: Math.max(timeoutMs / ctx.clock.speed, Math.min(timeoutMs, leastBoxMs)),
      signal: ctx.signal,
    });
    const place = { address: result.remoteAddress, port: connect.port };
    if (!result.answered) return unreachable(request, result, place);
    const judgement = judgeAnswer(request, result, route, ctx.env);
    return {
      id: request.id,
      critical: request.critical,
      outcome: judgement.passed ? 'passed' : 'failed',
      status: result.status,
      why: judgement.why,
      answeredBy: judgement.answeredBy.who,
      backend: judgement.answeredBy.backend,
      via: judgement.via,
      misrouted: judgement.misrouted,
      connected: true,
      problem: null,
      remoteAddress: placeText(place),
      notes: judgement.notes,
      timings: result.timings,
    };
  };
  ctx.signal.throwIfAborted();
  const results = new Map<string, RequestResult>();
  const queues = new Map<string, typeof errands>();
  for (const errand of errands) {
    const place = `${errand.target.host} ${errand.target.port}`;
    queues.set(place, [...(queues.get(place) ?? []), errand]);
  }
  await Promise.all(
    [...queues.values()].flatMap((queue) => {
      const waiting = queue.values();
      const work = async () => {
        for (const { request, send } of waiting) results.set(request.id, await send());
      };
      return Array.from({ length: Math.min(atOnce, queue.length) }, work);
    }),
  );
  ctx.signal.throwIfAborted();
  return suite.requests.flatMap(({ id }) => results.get(id) ?? []);
}

/**
 * The requests that will be skipped, because their secrets are not set. Throws `failed` when these are all of them, or all
 * critical ones, before anything is sent: nothing sent must not read as "0 of 0 pass", nor be told after a look of minutes.
 */
export function requestsToSkip({ requests }: Suite, name: string, ctx: ActionContext): string[] {
  const lacking = requests.flatMap((request) => {
    const headers = headersOf(request, ctx);
    return typeof headers === 'string' ? [{ request, why: headers }] : [];
  });
  const critical = requests.filter((request) => request.critical);
  const needed = critical.length > 0 ? critical : requests;
  const [first] = lacking.filter(({ request }) => needed.includes(request));
  if (first === undefined || needed.some((request) => !lacking.some((one) => one.request === request))) {
    return lacking.map(({ request }) => request.id);
  }
  throw new OpsError('failed', `no ${critical.length > 0 ? 'critical ' : ''}request of suite "${name}" could be sent`, {
    hint: `set the process variables of its secrets; the first was ${first.why}`,
  });
}

/** The headers to send, or why there are none. */
function headersOf(request: SuiteRequest, ctx: ActionContext): Record<string, string> | string {
  const headers: Record<string, string> = { 'user-agent': userAgent, accept: 'application/json' };
  if (request.body !== undefined && typeof request.body !== 'string') headers['content-type'] = 'application/json';
  for (const [name, value] of Object.entries(request.headers)) {
    const key = name.toLowerCase();
    if (typeof value === 'string') {
      headers[key] = value;
      continue;
    }
    const secret = ctx.secret(value.secret);
    if (secret === undefined || secret === '') {
      const variable = ctx.env.secrets[value.secret];
      return variable === undefined
        ? `not sent: the environment names no secret "${value.secret}"`
        : `not sent: secret "${value.secret}" is not set (${variable})`;
    }
    headers[key] = `${value.prefix}${secret}`;
  }
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));
}

function bodyOf(request: SuiteRequest): { body?: string } {
  if (request.body === undefined) return {};
  const body = typeof request.body === 'string' ? request.body : JSON.stringify(request.body);
  const missing = (request['pad-body-to-bytes'] ?? 0) - new TextEncoder().encode(body).length;
  return { body: missing > 0 ? body + ' '.repeat(missing) : body };
}

type Place = { address: string | null; port: number };

function placeText({ address, port }: Place): string | null {
  if (address === null || port === 443) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function unreachable(
  request: SuiteRequest,
  result: Extract<ProbeResult, { answered: false }>,
  place: Place,
): RequestResult {
  const explanation = result.message.includes(result.code) ? result.message : `${result.message} (${result.code})`;
  return {
    ...silent(request),
    outcome: 'unreachable',
    why: result.phase === 'timeout' ? result.message : `${failureWords[result.phase]}: ${explanation}`,
    connected: result.timings.tcpMs !== null,
    problem: result.phase,
    remoteAddress: placeText(place),
    timings: result.timings,
  };
}

const failureWords = {
  dns: 'no address',
  tcp: 'no connection',
  tls: 'TLS refused',
  request: 'no answer',
  response: 'the answer broke off',
  aborted: 'stopped',
} as const;

function skipped(request: SuiteRequest, why: string): RequestResult {
  return { ...silent(request), outcome: 'skipped', why };
}

function silent(request: SuiteRequest): RequestResult {
  return {
    id: request.id,
    critical: request.critical,
    outcome: 'unreachable',
    status: null,
    why: '',
    answeredBy: 'nobody',
    backend: null,
    via: 'none',
    misrouted: false,
    connected: false,
    problem: null,
    remoteAddress: null,
    notes: [],
    timings: null,
  };
}
