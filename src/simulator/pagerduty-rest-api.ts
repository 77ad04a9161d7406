import type { SimulatedPolicy } from './alerting-state.ts';
import { type RunningServer, type ServerAnswer, type ServerRequest, startHttpServer } from './http-server.ts';
import type { SimulatedWorld } from './state.ts';

type Options = { world: SimulatedWorld; key: string; now(): number; speed?: number };

/**
 * Starts the part of PagerDuty's REST API v2 that reads the account's abilities, services, escalation policies and who is on call, on a free port
 * of 127.0.0.1. It fails together with the Events API, as component `pagerduty-api`.
 */
export function startPagerDutyRestApi(options: Options): Promise<RunningServer> {
  const { world, now, speed } = options;
  return startHttpServer({
    world,
    component: 'pagerduty-api',
    server: 'pagerduty-api',
    now,
    ...(speed === undefined ? {} : { speed }),
    handle: (request) => answer(options, request),
    errorPage: (status) => {
      const { status: _status, ...page } = refusal(
        status,
        status === 429 ? 'Rate Limit Exceeded' : 'Internal Server Error',
      );
      return page;
    },
  });
}

function answer({ world, key, now }: Options, request: ServerRequest): ServerAnswer {
  if (request.headers.authorization !== `Token token=${key}`) return refusal(401, 'Unauthorized');
  const url = new URL(request.path, 'http://127.0.0.1');
  const [, kind, id] =
    /^\/(abilities|services|escalation_policies|oncalls)(?:\/([A-Z0-9]+))?$/.exec(url.pathname) ?? [];
  if (request.method !== 'GET') return refusal(404, 'Not Found');
  switch (kind) {
    case 'abilities':
      return id === undefined ? json(200, { abilities: ['teams', 'urgencies'] }) : refusal(404, 'Not Found');
    case 'services': {
      const services = world.services.map((service) => ({ ...service, type: 'service', summary: service.name }));
      return id === undefined ? paged('services', services, url) : one('service', services, id);
    }
    case 'escalation_policies': {
      const policies = world.policies.map(describe);
      return id === undefined ? paged('escalation_policies', policies, url) : one('escalation_policy', policies, id);
    }
    case 'oncalls': {
      const wanted = url.searchParams.getAll('escalation_policy_ids[]');
      const policies = world.policies.filter((policy) => wanted.length === 0 || wanted.includes(policy.id));
      return paged(
        'oncalls',
        policies.flatMap((policy) => onCallsOf(policy, askedTime(url, now()))),
        url,
      );
    }
    default:
      return refusal(404, 'Not Found');
  }
}

function describe({ id, name, num_loops, levels }: SimulatedPolicy) {
  return {
    ...{ id, type: 'escalation_policy', summary: name, name, num_loops },
    escalation_rules: levels.map(({ delayMinutes, onCall }) => ({
      escalation_delay_in_minutes: delayMinutes,
      targets: onCall.map((user) => ({ id: user, type: 'user_reference' })),
    })),
  };
}

type AskedTime = { since: number; until: number };

/** This moment, unless times are given (PagerDuty docs, REST API, list all of the on-calls). */
function askedTime({ searchParams }: URL, now: number): AskedTime {
  const moment = (name: string) => {
    const given = searchParams.get(name);
    return given === null ? now : Date.parse(given);
  };
  return { since: moment('since'), until: moment('until') };
}

function onCallsOf({ id, name, levels }: SimulatedPolicy, { since, until }: AskedTime) {
  return levels.flatMap(({ onCall, shifts = [] }, index) => {
    const always = onCall.map((user) => ({ user, start: null, end: null }));
    const scheduled = shifts.filter(({ start, end }) => Date.parse(start) <= until && Date.parse(end) > since);
    return [...always, ...scheduled].map(({ user, start, end }) => ({
      escalation_policy: { id, type: 'escalation_policy_reference', summary: name },
      escalation_level: index + 1,
      user: { id: user, type: 'user_reference' },
      schedule: null,
      start,
      end,
    }));
  });
}

function paged(name: string, all: readonly object[], url: URL): ServerAnswer {
  const limit = Math.min(100, Number(url.searchParams.get('limit') ?? 25));
  const offset = Number(url.searchParams.get('offset') ?? 0);
  const more = all.length > offset + limit;
  return json(200, { [name]: all.slice(offset, offset + limit), limit, offset, total: null, more });
}

function one(name: string, all: readonly { id: string }[], id: string): ServerAnswer {
  const found = all.find((candidate) => candidate.id === id);
  return found === undefined ? refusal(404, 'Not Found') : json(200, { [name]: found });
}

function refusal(status: number, message: string): ServerAnswer {
  return json(status, { error: { message, code: 2_000 + status, errors: [] } });
}

function json(status: number, document: object): ServerAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(document) };
}
