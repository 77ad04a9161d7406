import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setFault } from '../../src/simulator/faults.ts';
import type { RunningServer } from '../../src/simulator/http-server.ts';
import { startPagerDutyApi } from '../../src/simulator/pagerduty-api.ts';
import { seedWorld } from '../../src/simulator/seed.ts';
import type { SimulatedWorld } from '../../src/simulator/state.ts';
import { startStatuspageApi } from '../../src/simulator/statuspage-api.ts';
import { sampleEnvironment } from './sample-environment.ts';

const key = 'simulated-key';
let world: SimulatedWorld;
let server: RunningServer;
let now: number;

beforeEach(() => {
  world = seedWorld(sampleEnvironment(), { seed: 1 });
  now = Date.UTC(2026, 0, 1);
});
afterEach(() => server.close());

async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    body: isJson ? JSON.parse(text) : text,
  };
}

describe('the simulated Statuspage', () => {
  beforeEach(async () => {
    server = await startStatuspageApi({ world, key, now: () => now });
  });
  const ask = (method: string, path: string, body?: unknown) =>
    send(method, `/v1/pages/${world.statusPage.id}/incidents${path}`, body, { authorization: `OAuth ${key}` });
  const component = () => Object.keys(world.statusPage.components)[0] ?? '';

  test('an incident from its opening to its end', async () => {
    const opened = await ask('POST', '', {
      incident: {
        name: 'Errors',
        status: 'investigating',
        body: 'We look.',
        impact_override: 'major',
        metadata: { mine: { run: 'r-1' } },
        component_ids: [component()],
        components: { [component()]: 'major_outage' },
      },
    });
    expect(opened).toMatchObject({
      status: 201,
      body: {
        name: 'Errors',
        impact: 'major',
        metadata: { mine: { run: 'r-1' } },
        components: [{ status: 'major_outage' }],
      },
    });
    const { id } = opened.body;
    const later = await ask('PATCH', `/${id}`, { incident: { status: 'resolved', body: 'Over.' } });
    expect(later.body.incident_updates).toMatchObject([{ status: 'resolved', body: 'Over.' }, { body: 'We look.' }]);
    expect((await ask('GET', '/unresolved')).body).toEqual([]);
    expect((await ask('GET', '')).body).toMatchObject([{ id, metadata: { mine: { run: 'r-1' } } }]);
    expect((await ask('GET', `/${id}`)).status).toBe(200);
  });

  test('says no as Statuspage does', async () => {
    const incident = { name: 'x', status: 'investigating', body: 'y' };
    const refused = [
      await send('GET', `/v1/pages/${world.statusPage.id}/incidents/unresolved`),
      await send('GET', '/v1/pages/elsewhere0000/incidents/unresolved', undefined, { authorization: `OAuth ${key}` }),
      await ask('GET', '/nothing00000'),
      await ask('PATCH', '/nothing00000', { incident }),
      await ask('POST', '', { incident: { ...incident, status: 'fixed' } }),
      await ask('POST', '', { incident: { ...incident, components: { nothing: 'major_outage' } } }),
      await ask('POST', '', { incident: { ...incident, metadata: { run: 'not an object' } } }),
      await ask('POST', '', 'no incident'),
    ];
    expect(refused.map(({ status }) => status)).toEqual([401, 404, 404, 404, 422, 422, 422, 422]);
    for (const { body } of refused) expect(body).toEqual({ error: expect.any(String) });
    expect(world.statusPage.incidents).toEqual([]);
  });

  test('takes 60 calls a minute', async () => {
    for (let turn = 1; turn <= 60; turn += 1) expect((await ask('GET', '/unresolved')).status).toBe(200);
    expect(await ask('GET', '/unresolved')).toMatchObject({ status: 429, retryAfter: '60' });
    now += 60_001;
    expect((await ask('GET', '/unresolved')).status).toBe(200);
  });

  test('pages', async () => {
    for (const name of ['a', 'b', 'c'])
      await ask('POST', '', { incident: { name, status: 'investigating', body: 'x' } });
    const names = async (page: number) =>
      (await ask('GET', `/unresolved?page=${page}&per_page=2`)).body.map(({ name }: { name: string }) => name);
    expect([await names(1), await names(2), await names(3)]).toEqual([['c', 'b'], ['a'], []]);
  });
});

describe('the simulated incident.io', () => {
  beforeEach(async () => {
    server = await startStatuspageApi({ world, key, now: () => now });
  });
  const ask = (method: string, path: string, body?: unknown) =>
    send(method, `/v2/${path}`, body, { authorization: `Bearer ${key}` });
  const component = () => Object.keys(world.statusPage.components)[0] ?? '';
  const incident = (more: object = {}) => ({
    idempotency_key: 'r-1',
    status_page_id: world.statusPage.id,
    name: 'Errors',
    incident_status: 'investigating',
    message: 'We look.',
    notify_subscribers: true,
    component_statuses: [{ component_id: component(), component_status: 'full_outage' }],
    ...more,
  });
  const list = () => ask('GET', `status_page_incidents?status_page_id=${world.statusPage.id}&page_size=1`);

  test('the same key answers the first incident; resolving makes components operational', async () => {
    const first = await ask('POST', 'status_page_incidents', incident());
    expect(await ask('POST', 'status_page_incidents', incident({ name: 'Other words' }))).toEqual(first);
    const { id } = first.body.status_page_incident;
    expect(id).toMatch(/^[0-9A-Z]{26}$/);
    const update = {
      status_page_incident_id: id,
      message: 'Over.',
      notify_subscribers: false,
      incident_status: 'resolved',
    };
    const both = { ...update, component_statuses: [{ component_id: component(), component_status: 'operational' }] };
    expect((await ask('POST', 'status_page_incident_updates', both)).status).toBe(422);
    expect((await ask('POST', 'status_page_incident_updates', update)).status).toBe(201);
    expect((await ask('GET', `status_page_incidents/${id}`)).body.status_page_incident).toMatchObject({
      incident_status: 'resolved',
      updates: [
        { message: 'We look.' },
        { message: 'Over.', component_statuses: [{ component_status: 'operational' }] },
      ],
    });
    expect(Object.values(world.statusPage.components)).toMatchObject([{ status: 'operational' }]);
    await ask('POST', 'status_page_incidents', incident({ idempotency_key: 'r-2' }));
    const page = (await list()).body;
    expect(page.status_page_incidents).toHaveLength(1);
    const { body: next } = await ask(
      'GET',
      `status_page_incidents?status_page_id=${world.statusPage.id}&page_size=1&after=${page.pagination_meta.after}`,
    );
    expect(next).toMatchObject({ status_page_incidents: [{ id }], pagination_meta: { page_size: 1 } });
    expect(next.pagination_meta).not.toHaveProperty('after');
  });

  test('says no as incident.io does', async () => {
    const update = { status_page_incident_id: 'nothing', message: 'x', notify_subscribers: true };
    const refused = [
      await send('GET', '/v2/status_page_incidents'),
      await ask('POST', 'status_page_incidents', incident({ idempotency_key: undefined })),
      await ask('POST', 'status_page_incidents', incident({ name: 'x'.repeat(201) })),
      await ask('POST', 'status_page_incidents', incident({ status_page_id: 'elsewhere' })),
      await ask('POST', 'status_page_incident_updates', update),
      await ask('GET', 'status_page_incidents/nothing'),
    ];
    expect(refused.map(({ status }) => status)).toEqual([401, 422, 422, 404, 404, 404]);
    for (const { status, body } of refused)
      expect(body).toMatchObject({ status, type: expect.any(String), request_id: expect.any(String), errors: [{}] });
    expect(refused[1]?.body.errors[0]).toMatchObject({ source: { field: 'idempotency_key' } });
    setFault(world, 'statuspage-api', { kind: 'status', status: 429 }, now);
    expect(await list()).toMatchObject({
      status: 429,
      body: { type: 'too_many_requests', rate_limit: { remaining: 0 } },
    });
  });

  test('an incident takes 100 messages', async () => {
    const { body } = await ask('POST', 'status_page_incidents', incident());
    const { id } = body.status_page_incident;
    const post = () =>
      ask('POST', 'status_page_incident_updates', {
        status_page_incident_id: id,
        message: 'x',
        notify_subscribers: false,
      });
    for (let turn = 2; turn <= 100; turn += 1) expect((await post()).status).toBe(201);
    expect((await post()).status).toBe(422);
  });
});

describe('the simulated PagerDuty', () => {
  beforeEach(async () => {
    server = await startPagerDutyApi({ world, routingKey: key, now: () => now });
  });
  const event = (more: object = {}) => ({
    routing_key: key,
    event_action: 'trigger',
    dedup_key: 'k',
    payload: { summary: 's', source: 'h', severity: 'critical' },
    ...more,
  });
  const enqueue = (body: unknown) => send('POST', '/v2/enqueue', body);

  test('one alert a key, until it is resolved', async () => {
    expect(await enqueue(event())).toMatchObject({ status: 202, body: { status: 'success', dedup_key: 'k' } });
    await enqueue(event());
    await enqueue(event({ event_action: 'acknowledge', payload: undefined }));
    await enqueue(event({ event_action: 'resolve', payload: undefined }));
    await enqueue(event());
    expect(world.alerts).toMatchObject([
      { status: 'resolved', events: 4 },
      { status: 'triggered', events: 1 },
    ]);
    expect((await enqueue(event({ dedup_key: undefined }))).body.dedup_key).toMatch(/^[0-9a-f]{32}$/);
  });

  test('says no as PagerDuty does', async () => {
    for (const bad of [
      event({ routing_key: 'other' }),
      event({ payload: undefined }),
      event({ payload: { summary: 's', source: 'h', severity: 'bad' } }),
      event({ event_action: 'resolve', dedup_key: undefined }),
      event({ dedup_key: 'x'.repeat(256) }),
      'no event',
    ]) {
      expect(await enqueue(bad)).toMatchObject({
        status: 400,
        body: { status: 'invalid event', errors: [expect.any(String)] },
      });
    }
    expect((await send('GET', '/v2/enqueue')).status).toBe(404);
    setFault(world, 'pagerduty-api', { kind: 'status', status: 429 }, now);
    expect(await enqueue(event())).toMatchObject({ status: 429, body: { status: 'throttle exceeded' } });
    expect(world.alerts).toEqual([]);
    expect(JSON.stringify(world.requests)).not.toContain(`"routing_key":"${key}"`);
  });
});
