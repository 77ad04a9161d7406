import { createHash } from 'node:crypto';
import type { Vendor } from '../world/vendor-status.ts';
import { faultFor } from './faults.ts';
import { type ServerAnswer, startHttpServer } from './http-server.ts';
import type { Component, SimulatedWorld } from './state.ts';

type Options = { world: SimulatedWorld; now(): number; speed?: number };

/** How a component does, as its vendor would tell: it follows the faults that are set, flapping or not. */
type Condition = 'works' | 'degraded' | 'partly-down' | 'down';

/**
 * Starts what Cloudflare and AWS say of themselves in public, on a port of 127.0.0.1 each: the summary of a Statuspage,
 * and the feed of AWS's health page in UTF-16. Both tell what is broken in the simulated world, at once; the fault
 * `says-all-well` makes a page late, as the real ones are.
 */
export async function startVendorStatus(
  options: Options,
): Promise<{ ports: Record<Vendor, number>; close(): Promise<void> }> {
  const cloudflare = await startPage(options, 'cloudflare-status', '/api/v2/summary.json', cloudflareSummary);
  const aws = await startPage(options, 'aws-status', '/public/currentevents', awsEvents);
  return {
    ports: { cloudflare: cloudflare.port, aws: aws.port },
    close: async () => {
      await Promise.all([cloudflare.close(), aws.close()]);
    },
  };
}

function startPage(
  { world, now, speed }: Options,
  component: 'cloudflare-status' | 'aws-status',
  path: string,
  answer: (options: {
    conditionOf(component: Component): Condition;
    world: SimulatedWorld;
    nowMs: number;
  }) => ServerAnswer,
) {
  return startHttpServer({
    ...{ world, component, server: component, now },
    ...(speed === undefined ? {} : { speed }),
    handle: (request) => {
      if (request.method !== 'GET' || request.path !== path) return { status: 404, ...htmlPage(404) };
      const saysAllWell = faultFor(world, component, now())?.kind === 'says-all-well';
      const conditionOf = (of: Component) => (saysAllWell ? 'works' : conditionIn(world, of));
      return answer({ conditionOf, world, nowMs: now() });
    },
    errorPage: (status) => htmlPage(status),
  });
}

function conditionIn(world: SimulatedWorld, component: Component): Condition {
  const fault = world.faults.get(component);
  switch (fault?.kind) {
    case undefined:
    case 'edited-meanwhile':
      return 'works';
    case 'slow':
      return 'degraded';
    case 'status':
    case 'refuse':
    case 'hang':
      return fault.regions === undefined ? 'down' : 'partly-down';
    default:
      return 'partly-down';
  }
}

const cloudflareComponents: readonly { name: string; component: Component }[] = [
  { name: 'CDN/Cache', component: 'edge' },
  { name: 'API', component: 'cloudflare-api' },
  { name: 'Authoritative DNS', component: 'dns' },
];

const componentStatuses = {
  works: 'operational',
  degraded: 'degraded_performance',
  'partly-down': 'partial_outage',
  down: 'major_outage',
} as const;

const impacts = { works: 'none', degraded: 'minor', 'partly-down': 'major', down: 'critical' } as const;
/** How long nothing has changed while all is well. */
const quietMs = 3_600_000;

const order: readonly Condition[] = ['works', 'degraded', 'partly-down', 'down'];

/** `summary.json` as https://www.cloudflarestatus.com/api describes it, with few of its components. */
function cloudflareSummary({
  conditionOf,
  world,
  nowMs,
}: {
  conditionOf(component: Component): Condition;
  world: SimulatedWorld;
  nowMs: number;
}): ServerAnswer {
  const at = (ms: number) => new Date(ms).toISOString();
  const components = cloudflareComponents.map(({ name, component }) => {
    const condition = conditionOf(component);
    const since = world.faults.get(component)?.sinceMs ?? nowMs;
    return { id: idOf(name), name, condition, status: componentStatuses[condition], updated_at: at(since) };
  });
  // A platform's page lists far more than what matters to one customer, and something of it always ails.
  const others = [{ id: idOf('Billing'), name: 'Billing', status: 'degraded_performance', updated_at: at(nowMs) }];
  const affected = components.filter(({ condition }) => condition !== 'works');
  const worst = order.findLast((condition) => affected.some((each) => each.condition === condition)) ?? 'works';
  const newest = affected.map((each) => each.updated_at).sort();
  const incident = {
    id: idOf('incident'),
    name: 'Cloudflare Global Network experiencing issues',
    status: 'investigating',
    impact: impacts[worst],
    created_at: newest[0] ?? at(nowMs),
    components: affected.map(({ id, name, status }) => ({ id, name, status })),
  };
  return json({
    page: { id: 'yh6f0r4529hb', name: 'Cloudflare', updated_at: newest.at(-1) ?? at(nowMs - quietMs) },
    status: { indicator: impacts[worst], description: worst === 'works' ? 'All Systems Operational' : 'Outage' },
    components: [...components.map(({ condition: _condition, ...shown }) => shown), ...others],
    incidents: affected.length === 0 ? [] : [incident],
    scheduled_maintenances: [],
  });
}

const awsServices: readonly { service: string; name: string; component: Component }[] = [
  { service: 'cloudfront', name: 'Amazon CloudFront', component: 'fallback' },
  { service: 'route53', name: 'Amazon Route 53', component: 'aws-api' },
];

const awsCodes = { works: '0', degraded: '1', 'partly-down': '2', down: '3' } as const;

/** The open events, in the shape that the feed of AWS's health page has been seen to have. */
function awsEvents({
  conditionOf,
  world,
}: {
  conditionOf(component: Component): Condition;
  world: SimulatedWorld;
}): ServerAnswer {
  const events = awsServices.flatMap(({ service, name, component }) => {
    const code = awsCodes[conditionOf(component)];
    if (code === '0') return [];
    const since = Math.floor((world.faults.get(component)?.sinceMs ?? 0) / 1_000);
    const summary = `[${name}] Increased Error Rates`;
    return [
      {
        ...{ date: String(since), region_name: 'Global', status: code, service, service_name: name, summary },
        event_log: [{ summary, message: 'We are investigating.', status: Number(code), timestamp: since }],
        impacted_services: { [service]: { service_name: name, current: code, max: code } },
      },
    ];
  });
  return { ...json(events), headers: { 'content-type': 'application/json;charset=utf-16' }, encoding: 'utf-16be' };
}

function idOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 12);
}

function json(document: object): ServerAnswer {
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(document),
  };
}

function htmlPage(status: number): Omit<ServerAnswer, 'status'> {
  return { headers: { 'content-type': 'text/html' }, body: `<html><body><h1>${status}</h1></body></html>\n` };
}
