import { createHash, randomBytes } from 'node:crypto';
import { failure, noRoute, page, success } from './cloudflare-answers.ts';
import { batchRecords } from './cloudflare-batch.ts';
import {
  getLoadBalancer,
  listLoadBalancers,
  overwriteLoadBalancer,
  patchLoadBalancer,
} from './cloudflare-load-balancers.ts';
import {
  createRecord,
  deleteRecord,
  getRecord,
  listRecords,
  overwriteRecord,
  patchRecord,
} from './cloudflare-records.ts';
import { refuseCredentials, verifyToken } from './cloudflare-token.ts';
import { createEditor } from './edit-records.ts';
import { type RunningServer, type ServerAnswer, type ServerRequest, startHttpServer } from './http-server.ts';
import type { SimulatedWorld } from './state.ts';

const prefix = '/client/v4';
/** 1,200 calls in 5 minutes; who goes beyond waits out 5 minutes (Cloudflare docs, api-rate-limits). */
const rateLimit = { calls: 1_200, windowMs: 300_000 };

/**
 * Starts Cloudflare's API v4 as far as this program uses it: token verification, zones, DNS records, load balancers
 * and pools, with their envelope, error codes, pages and rate limit. Changes are visible to the simulated DNS at once.
 * The base URL is `http://127.0.0.1:PORT/client/v4`; only `token` is accepted, as a bearer token.
 */
export function startCloudflareApi(options: {
  world: SimulatedWorld;
  token: string;
  now(): number;
  speed?: number;
}): Promise<RunningServer> {
  const { world, token, now } = options;
  const edit = createEditor(world, now);
  const limiter = { windowStart: now(), calls: 0, blockedUntil: 0 };
  return startHttpServer({
    world,
    component: 'cloudflare-api',
    server: 'cloudflare-api',
    now,
    ...(options.speed === undefined ? {} : { speed: options.speed }),
    handle: (request) => {
      const remaining = takeCall(limiter, now());
      const answer =
        remaining < 0
          ? failure(429, { code: 971, message: 'Please wait and consider throttling your request speed' })
          : (refuseCredentials(world, request, token) ?? route(world, request, new Date(now()).toISOString()));
      return { ...answer, headers: { ...edgeHeaders(), ...rateHeaders(limiter, remaining, now()), ...answer.headers } };
    },
    errorPage: (status) => errorPage(status),
    editAfter: ({ path }) => {
      if (path.includes('/dns_records')) edit();
    },
    writes: {
      isWrite: ({ method, path }) => method !== 'GET' && method !== 'HEAD' && path.startsWith(`${prefix}/`),
      capture: () => {
        const saved = structuredClone({
          records: world.records,
          loadBalancers: world.loadBalancers,
          serial: world.zone.serial,
        });
        return () => {
          world.records = saved.records;
          world.loadBalancers = saved.loadBalancers;
          world.zone.serial = saved.serial;
        };
      },
    },
  });
}

function route(world: SimulatedWorld, request: ServerRequest, now: string): ServerAnswer {
  if (!request.path.startsWith('/')) return noRoute(request.path);
  const url = new URL(`https://api.cloudflare.com${request.path}`);
  const path = url.pathname.replace(/\/$/, '');
  const call = `${request.method} ${path.slice(prefix.length)}`;
  if (!path.startsWith(`${prefix}/`)) return noRoute(path);
  if (call === 'GET /user/tokens/verify' || call === `GET /accounts/${idOf('account', world)}/tokens/verify`)
    return verifyToken(world, Date.parse(now));
  if (call === 'GET /zones') {
    const name = url.searchParams
      .get('name')
      ?.toLowerCase()
      .replace(/^equal:/, '');
    return page(name === undefined || name === world.zone.name ? [zoneJson(world)] : [], url.searchParams, 20);
  }
  if (/^GET \/(user|accounts\/[0-9a-f]{32})\/load_balancers\/pools$/.test(call)) return success(poolsJson(world));

  if (call === `POST /zones/${world.zone.id}/dns_records/batch`)
    return batchRecords(world, request.body, Date.parse(now));
  const found = /^(\w+) \/zones\/([0-9a-f]{32})(?:\/(dns_records|load_balancers)(?:\/([0-9a-f]{32}))?)?$/.exec(call);
  if (found === null) return noRoute(path);
  const [, method, zoneId, collection, id] = found;
  if (zoneId !== world.zone.id) return failure(404, { code: 1001, message: 'Invalid zone identifier' });
  switch (`${method} ${collection ?? 'zone'}${id === undefined ? '' : '/id'}`) {
    case 'GET zone':
      return success(zoneJson(world));
    case 'GET dns_records':
      return listRecords(world, url.searchParams);
    case 'POST dns_records':
      return createRecord(world, request.body, now);
    case 'GET load_balancers':
      return listLoadBalancers(world);
    default:
      return id === undefined ? noMethod() : routeOne(world, { ...request, call: `${method} ${collection}`, id, now });
  }
}

function routeOne(
  world: SimulatedWorld,
  { call, id, body, now }: { call: string; id: string; body: string; now: string },
): ServerAnswer {
  switch (call) {
    case 'GET dns_records':
      return getRecord(world, id);
    case 'PATCH dns_records':
      return patchRecord(world, id, body, now);
    case 'PUT dns_records':
      return overwriteRecord(world, id, body, now);
    case 'DELETE dns_records':
      return deleteRecord(world, id);
    case 'GET load_balancers':
      return getLoadBalancer(world, id);
    case 'PATCH load_balancers':
      return patchLoadBalancer(world, id, body, now);
    case 'PUT load_balancers':
      return overwriteLoadBalancer(world, id, body, now);
    default:
      return noMethod();
  }
}

function noMethod(): ServerAnswer {
  return failure(405, { code: 10405, message: 'Method not allowed for this authentication scheme' });
}

function zoneJson(world: SimulatedWorld): object {
  const { id, name, nameservers } = world.zone;
  return {
    id,
    name,
    status: 'active',
    paused: false,
    type: world.servedBy === 'route53' ? 'partial' : 'full',
    development_mode: 0,
    name_servers: nameservers.map((server) => server.name),
    original_name_servers: null,
    account: { id: idOf('account', world), name: 'Simulated account' },
    owner: { id: null, type: 'user', email: null },
    meta: { phishing_detected: false },
    permissions: ['#dns_records:edit', '#dns_records:read', '#zone:read', '#lb:edit', '#lb:read'],
    created_on: world.records[0]?.createdOn ?? '2025-01-15T09:00:00.000Z',
    modified_on: world.records[0]?.createdOn ?? '2025-01-15T09:00:00.000Z',
    activated_on: world.records[0]?.createdOn ?? '2025-01-15T09:00:00.000Z',
  };
}

function poolsJson(world: SimulatedWorld): object[] {
  return [...world.pools].map(([id, { name, backend, domain }]) => ({
    id,
    name,
    description: '',
    enabled: true,
    healthy: true,
    minimum_origins: 1,
    origins: [{ name: backend, address: domain, enabled: true, weight: 1 }],
  }));
}

function idOf(what: string, world: SimulatedWorld): string {
  return createHash('sha256').update(`${what}:${world.zone.id}`).digest('hex').slice(0, 32);
}

type Limiter = { windowStart: number; calls: number; blockedUntil: number };

/** Counts a call; answers how many are left, or -1 when it is one too many. */
function takeCall(limiter: Limiter, nowMs: number): number {
  if (nowMs < limiter.blockedUntil) return -1;
  if (nowMs - limiter.windowStart >= rateLimit.windowMs) Object.assign(limiter, { windowStart: nowMs, calls: 0 });
  limiter.calls += 1;
  if (limiter.calls <= rateLimit.calls) return rateLimit.calls - limiter.calls;
  Object.assign(limiter, { windowStart: nowMs, calls: 0, blockedUntil: nowMs + rateLimit.windowMs });
  return -1;
}

function rateHeaders(limiter: Limiter, remaining: number, nowMs: number): Record<string, string> {
  const until = remaining < 0 ? limiter.blockedUntil : limiter.windowStart + rateLimit.windowMs;
  const seconds = String(Math.max(1, Math.ceil((until - nowMs) / 1_000)));
  return {
    'x-ratelimit-limit': String(rateLimit.calls),
    'x-ratelimit-remaining': String(Math.max(0, remaining)),
    'x-ratelimit-reset': seconds,
    ...(remaining < 0 ? { 'retry-after': seconds } : {}),
  };
}

/** What every answer through Cloudflare's edge carries (Cloudflare docs, HTTP headers). */
export function edgeHeaders(): Record<string, string> {
  return { server: 'cloudflare', 'cf-ray': `${randomBytes(8).toString('hex')}-NRT`, 'cf-cache-status': 'DYNAMIC' };
}

/** Below 500 the API itself says no, in JSON; from 500 on it is the edge before the API that is sick, in HTML. */
function errorPage(status: number): Omit<ServerAnswer, 'status'> {
  const headers = edgeHeaders();
  if (status === 429) {
    const { headers: type, body } = failure(429, {
      code: 971,
      message: 'Please wait and consider throttling your request speed',
    });
    return { headers: { ...headers, ...type, 'retry-after': '1' }, ...(body === undefined ? {} : { body }) };
  }
  if (status < 500) {
    const refusesCredentials = status === 401 || status === 403;
    const error = refusesCredentials
      ? { code: 10000, message: 'Authentication error' }
      : { code: 1000, message: 'Request refused' };
    const { headers: type, body } = failure(status, error);
    return { headers: { ...headers, ...type }, ...(body === undefined ? {} : { body }) };
  }
  return {
    headers: { ...headers, 'content-type': 'text/html; charset=UTF-8' },
    body: `<html>\n<head><title>${status} Internal Server Error</title></head>\n<body>\n<center><h1>${status} Internal Server Error</h1></center>\n<hr><center>cloudflare</center>\n</body>\n</html>\n`,
  };
}
