import type { SimulatedMonitor } from './alerting-state.ts';
import { faultFor } from './faults.ts';
import { type RunningServer, type ServerAnswer, type ServerRequest, startHttpServer } from './http-server.ts';
import { type Region, regions } from './regions.ts';
import type { SimulatedWorld } from './state.ts';

/** What Datadog's integrations call the regions. */
const regionNames: Readonly<Record<Region, string>> = {
  iad: 'us-east-1',
  nrt: 'ap-northeast-1',
  dub: 'eu-west-1',
  gru: 'sa-east-1',
};

type Options = {
  world: SimulatedWorld;
  keys: { apiKey: string; applicationKey: string };
  now(): number;
  speed?: number;
};

/**
 * Starts the part of Datadog's API v1 that validates a key and reads monitors, on a free port of 127.0.0.1. The monitor of the edge alerts in
 * every region where the edge fails at that moment. That of the traffic has no data while the edge fails everywhere, for
 * then no request comes through, and makes of it what its options say.
 */
export function startDatadogApi(options: Options): Promise<RunningServer> {
  const { world, now, speed } = options;
  return startHttpServer({
    world,
    component: 'datadog-api',
    server: 'datadog-api',
    now,
    ...(speed === undefined ? {} : { speed }),
    handle: (request) => answer(options, request),
    errorPage: (status) => {
      const { status: _status, ...page } = refusal(
        status,
        status === 429 ? 'Rate limit of this endpoint exceeded' : 'Error',
      );
      return page;
    },
  });
}

function answer({ world, keys, now }: Options, request: ServerRequest): ServerAnswer {
  const { headers } = request;
  const url = new URL(request.path, 'http://127.0.0.1');
  if (headers['dd-api-key'] !== keys.apiKey) return refusal(403, 'Forbidden');
  // The validation looks at the API key, not at the application key (Datadog docs, Validate API key).
  if (request.method === 'GET' && url.pathname === '/api/v1/validate') return json(200, { valid: true });
  if (headers['dd-application-key'] !== keys.applicationKey) return refusal(403, 'Forbidden');
  const [, id] = /^\/api\/v1\/monitor(?:\/(\d+))?$/.exec(url.pathname) ?? [];
  if (request.method !== 'GET' || !url.pathname.startsWith('/api/v1/monitor')) return refusal(404, 'Not found');
  const withGroups = url.searchParams.get('group_states') !== null;
  const show = (monitor: SimulatedMonitor) => describe(world, monitor, { withGroups, nowMs: now() });
  if (id !== undefined) {
    const found = world.monitors.find((monitor) => String(monitor.id) === id);
    return found === undefined ? refusal(404, 'Monitor not found') : json(200, show(found));
  }
  if (url.pathname !== '/api/v1/monitor') return refusal(404, 'Not found');
  const wanted = (url.searchParams.get('monitor_tags') ?? '').split(',').filter((tag) => tag !== '');
  const all = world.monitors.filter(({ tags }) => wanted.every((tag) => tags.includes(tag)));
  const page = url.searchParams.get('page');
  if (page === null) return json(200, all.map(show));
  const size = Number(url.searchParams.get('page_size') ?? 100);
  return json(200, all.slice(Number(page) * size, (Number(page) + 1) * size).map(show));
}

function describe(
  world: SimulatedWorld,
  monitor: SimulatedMonitor,
  how: { withGroups: boolean; nowMs: number },
): object {
  const down = regions.filter((region) => {
    const fault = faultFor(world, 'edge', how.nowMs, region);
    // A monitor has a threshold: a few lost requests do not fire it.
    return fault !== undefined && (fault.kind !== 'noise' || fault.share >= 0.5);
  });
  const groups: Record<string, { name: string; status: string }> = {};
  const status = monitor.watches === 'edge' ? (down.length > 0 ? 'Alert' : 'OK') : trafficState(monitor, down.length);
  for (const region of monitor.watches === 'edge' ? regions : []) {
    const name = `region:${regionNames[region]}`;
    groups[name] = { name, status: down.includes(region) ? 'Alert' : 'OK' };
  }
  const { id, name, tags, type = 'query alert', query, message = '', options } = monitor;
  return {
    id,
    name,
    tags,
    type,
    query,
    message,
    options,
    overall_state: status,
    state: how.withGroups ? { groups } : {},
  };
}

/** https://docs.datadoghq.com/monitors/guide/on_missing_data/ */
function trafficState({ options }: SimulatedMonitor, regionsDown: number): string {
  if (regionsDown < regions.length) return 'OK';
  return options.on_missing_data === 'resolve' ? 'OK' : 'No Data';
}

function refusal(status: number, message: string): ServerAnswer {
  return json(status, { errors: [message] });
}

function json(status: number, document: object): ServerAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(document) };
}
