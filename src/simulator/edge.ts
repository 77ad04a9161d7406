import { randomBytes } from 'node:crypto';
import { ruleRequest } from '../actions/cloudflare/rule-request.ts';
import type { Clock } from '../world/clock.ts';
import type { CertificateAuthority } from './certificates.ts';
import { backendOfRecord, chooseBackend } from './choose-backend.ts';
import { crashPage, originErrorPage, refusalPage, sitePage } from './edge-pages.ts';
import { createOriginConnections, type Forwarded, type OriginConnections, portOf } from './forward-to-backend.ts';
import { type RunningServer, type ServerAnswer, type ServerRequest, startHttpServer } from './http-server.ts';
import { operatorsRegion, type Region } from './regions.ts';
import type { SimulatedWorld } from './state.ts';
import { enabledLoadBalancer, isProxied } from './zone-answers.ts';

/** What an edge is made of: see {@link startEdge} and `startCloudFrontEdge`. */
export type EdgeOptions = {
  world: SimulatedWorld;
  clock: Clock;
  /** Issues the edge's own certificates, and is what the origins' are checked against. */
  authority: CertificateAuthority;
  /** Backend → the port of its load balancer. */
  backends: Readonly<Record<string, number>>;
};

/** Cloudflare's proxy waits 100 s for an answer (Cloudflare docs, connection limits). */
const originTimeoutMs = 100_000;

/**
 * Starts one point of presence of the simulated Cloudflare edge, over TLS on a free port of 127.0.0.1. It serves the hostnames that are proxied
 * at this moment, routed by their load balancer's rules to a backend over a connection of its own; other hostnames get
 * error 1001, requests without User-Agent error 1010. Every answer has `server: cloudflare` and a `cf-ray`. A `status`
 * fault of component `edge` gives Cloudflare's own HTML page, while `/cdn-cgi/trace` stays green, as on 5 December 2025.
 */
export async function startEdge(options: EdgeOptions, region: Region = operatorsRegion): Promise<RunningServer> {
  const { world, clock, authority } = options;
  const newRay = () => `${randomBytes(8).toString('hex')}-${region.toUpperCase()}`;
  const connections = createOriginConnections({
    clock,
    hostname: world.hostname,
    caPem: authority.caPem,
    timeoutMs: originTimeoutMs,
  });
  const server = await startHttpServer({
    world,
    component: 'edge',
    region,
    server: 'edge',
    tls: authority.issue({
      names: [...new Set([world.zone.name, `*.${world.zone.name}`, world.hostname, ...(world.sites ?? [])])],
    }),
    now: () => clock.now(),
    speed: clock.speed,
    spares: isTrace,
    handle: async (request) => {
      const ray = newRay();
      return branded(await serve({ request, ray, region }, options, connections), ray);
    },
    errorPage: (status, request) => branded({ status, ...crashPage(status, hostOf(request)) }, newRay()),
  });
  return {
    port: server.port,
    close: async () => {
      connections.close();
      await server.close();
    },
  };
}

async function serve(
  { request, ray, region }: { request: ServerRequest; ray: string; region: Region },
  options: EdgeOptions,
  connections: OriginConnections,
): Promise<ServerAnswer> {
  const { world, clock, backends } = options;
  const hostname = hostOf(request);
  if (isTrace(request)) return trace(request, clock.now(), region);
  if (world.sites?.includes(hostname) === true) return sitePage(hostname);
  if (!isProxied(world, hostname)) {
    return refusalPage({ status: 409, code: 1001, title: 'DNS resolution error', hostname });
  }
  if ((request.headers['user-agent'] ?? '') === '') {
    return refusalPage({ status: 403, code: 1010, title: 'Access denied', hostname });
  }
  const balancer = enabledLoadBalancer(world, hostname);
  const asked = ruleRequest(request.method, request.path, hostname);
  const backend =
    balancer === undefined ? backendOfRecord(world, hostname, asked) : chooseBackend(world, balancer, asked);
  // A proxied record to somewhere else, or a pool that is gone, leads to an origin that nobody simulates.
  if (backend === undefined) return originErrorPage(530, hostname);
  const forwarded = await connections.forward({
    request,
    port: portOf(backends, backend),
    headers: {
      'cf-ray': ray,
      'cf-connecting-ip': '127.0.0.1',
      'cf-visitor': '{"scheme":"https"}',
      'cf-ipcountry': 'XX',
      'cdn-loop': 'cloudflare; loops=1',
      'x-forwarded-for': appended(request.headers['x-forwarded-for'], '127.0.0.1'),
      'x-forwarded-proto': 'https',
    },
  });
  return passOn(forwarded, hostname);
}

function passOn(forwarded: Forwarded, hostname: string): ServerAnswer {
  switch (forwarded.kind) {
    case 'answered':
      return forwarded.answer.status === 502 || forwarded.answer.status === 504
        ? originErrorPage(forwarded.answer.status, hostname)
        : { ...forwarded.answer, headers: { ...forwarded.answer.headers, 'cf-cache-status': 'DYNAMIC' } };
    case 'unreachable':
      return originErrorPage(521, hostname);
    case 'tls-failed':
      return originErrorPage(525, hostname);
    case 'closed':
      return originErrorPage(520, hostname);
    case 'timed-out':
      return originErrorPage(524, hostname);
  }
}

function branded(answer: ServerAnswer, ray: string): ServerAnswer {
  return { ...answer, headers: { ...answer.headers, server: 'cloudflare', 'cf-ray': ray } };
}

function isTrace(request: ServerRequest): boolean {
  return request.path.split('?')[0] === '/cdn-cgi/trace';
}

function trace(request: ServerRequest, nowMs: number, region: Region): ServerAnswer {
  const lines = [
    `h=${hostOf(request)}`,
    'ip=127.0.0.1',
    `ts=${(nowMs / 1000).toFixed(3)}`,
    'visit_scheme=https',
    `uag=${request.headers['user-agent'] ?? ''}`,
    `colo=${region.toUpperCase()}`,
    'http=http/1.1',
    'loc=XX',
    'tls=TLSv1.3',
    'sni=plaintext',
    'warp=off',
    'gateway=off',
  ];
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: `${lines.join('\n')}\n` };
}

/** The Host header without its port, in lower case. */
export function hostOf(request: ServerRequest): string {
  return (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
}

/** A list header with one value more. */
export function appended(list: string | string[] | undefined, value: string): string {
  return [list ?? [], value].flat().join(', ');
}
