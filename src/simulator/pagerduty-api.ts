import { createHash } from 'node:crypto';
import { z } from 'zod';
import { parseJson } from '../world/parse-json.ts';
import type { SimulatedAlert } from './alerting-state.ts';
import { type RunningServer, type ServerAnswer, type ServerRequest, startHttpServer } from './http-server.ts';
import { createRateWindow } from './rate-window.ts';
import type { SimulatedWorld } from './state.ts';

/** Events a minute and key, about (PagerDuty docs, Events API rate limits). */
const mostEvents = 120;
const longestKey = 255;

const eventSchema = z.object({
  routing_key: z.string(),
  event_action: z.enum(['trigger', 'acknowledge', 'resolve']),
  dedup_key: z.string().max(longestKey).optional(),
  payload: z
    .object({
      summary: z.string().min(1).max(1_024),
      source: z.string().min(1),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      custom_details: z.json().optional(),
    })
    .optional(),
});

/**
 * Starts PagerDuty's Events API v2 on a free port of 127.0.0.1: events with the key `routingKey`, one alert for each
 * deduplication key until it is resolved. It cannot be read, as the real one; the control port shows the alerts.
 */
export function startPagerDutyApi(options: {
  world: SimulatedWorld;
  routingKey: string;
  now(): number;
  speed?: number;
}): Promise<RunningServer> {
  const { world, routingKey, now } = options;
  const window = createRateWindow(mostEvents);
  return startHttpServer({
    world,
    component: 'pagerduty-api',
    server: 'pagerduty-api',
    now,
    ...(options.speed === undefined ? {} : { speed: options.speed }),
    handle: (request) => {
      if (request.method !== 'POST' || request.path !== '/v2/enqueue')
        return json(404, { status: 'not found', message: 'Not found' });
      return window.take(now()).ok ? take(world, request, routingKey) : json(429, throttled);
    },
    errorPage: (status) => {
      if (status !== 429 && status !== 400) {
        return { headers: { 'content-type': 'text/html' }, body: `<html><body><h1>${status}</h1></body></html>\n` };
      }
      const { status: _status, ...page } = status === 429 ? json(429, throttled) : invalid(['Request refused']);
      return page;
    },
    writes: {
      isWrite: ({ method }) => method !== 'GET' && method !== 'HEAD',
      capture: () => {
        const saved = structuredClone(world.alerts);
        return () => {
          world.alerts = saved;
        };
      },
    },
  });
}

const throttled = {
  status: 'throttle exceeded',
  message: 'Requests for this service are arriving too quickly.  Please retry later.',
};

function take(world: SimulatedWorld, request: ServerRequest, routingKey: string): ServerAnswer {
  const given = eventSchema.safeParse(parseJson(request.body));
  if (!given.success) return invalid(given.error.issues.map(({ path, message }) => `'${path.join('.')}' ${message}`));
  const { routing_key, event_action, payload } = given.data;
  if (routing_key !== routingKey) return invalid(['Invalid routing key']);
  if (event_action === 'trigger' && payload === undefined) return invalid(["'payload' is missing or blank"]);
  if (event_action !== 'trigger' && given.data.dedup_key === undefined) {
    return invalid(["'dedup_key' is missing or blank"]);
  }
  const dedupKey = given.data.dedup_key ?? newKey(world);
  const open = world.alerts.find((alert) => alert.dedupKey === dedupKey && alert.status !== 'resolved');
  if (open !== undefined) {
    open.events += 1;
    if (event_action !== 'trigger') open.status = event_action === 'resolve' ? 'resolved' : 'acknowledged';
  } else if (payload !== undefined && event_action === 'trigger') {
    const { summary, severity, source } = payload;
    const alert: SimulatedAlert = { dedupKey, status: 'triggered', summary, severity, source, events: 1 };
    world.alerts.push(alert);
  }
  return json(202, { status: 'success', message: 'Event processed', dedup_key: dedupKey });
}

function newKey(world: SimulatedWorld): string {
  return createHash('sha256').update(`alert/${world.alerts.length}`).digest('hex').slice(0, 32);
}

function invalid(errors: readonly string[]): ServerAnswer {
  return json(400, { status: 'invalid event', message: 'Event object is invalid', errors });
}

function json(status: number, document: object): ServerAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(document) };
}
