import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import Cloudflare, { APIError } from 'cloudflare';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startCloudflareApi } from '../../src/simulator/cloudflare-api.ts';
import { setFault } from '../../src/simulator/faults.ts';
import type { RunningServer } from '../../src/simulator/http-server.ts';
import { seedWorld } from '../../src/simulator/seed.ts';
import type { Fault, SimulatedWorld } from '../../src/simulator/state.ts';
import { sampleEnvironment } from './sample-environment.ts';

const token = 'simulated-token-0123456789';
const zone_id = '0123456789abcdef0123456789abcdef';
const hasCurl = spawnSync('curl', ['--version']).error === undefined;

describe('the simulated Cloudflare API', () => {
  let world: SimulatedWorld;
  let server: RunningServer;
  let base: string;
  let now: number;
  let client: Cloudflare;

  const connect = (apiToken: string, more: { timeout?: number } = {}) =>
    new Cloudflare({
      apiToken,
      apiKey: null,
      apiEmail: null,
      userServiceKey: null,
      baseURL: base,
      maxRetries: 0,
      ...more,
    });

  beforeEach(async () => {
    world = seedWorld(sampleEnvironment(), { seed: 1 });
    now = Date.UTC(2026, 0, 1);
    server = await startCloudflareApi({ world, token, now: () => now });
    base = `http://127.0.0.1:${server.port}/client/v4`;
    client = connect(token);
  });
  afterEach(() => server.close());

  const break_ = (fault: Fault) => setFault(world, 'cloudflare-api', fault, now);
  const loadBalancer = () => {
    const found = world.loadBalancers.find(({ name }) => name === 'api.example.com');
    if (found === undefined) throw new Error('the seed has no load balancer');
    return found;
  };
  const refusal = async (
    call: PromiseLike<unknown>,
  ): Promise<{ status: unknown; codes: (number | undefined)[]; error: APIError }> => {
    const error = await Promise.resolve(call).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof APIError)) throw new Error(`not refused: ${String(error)}`);
    return { status: error.status, codes: error.errors.map(({ code }) => code), error };
  };

  test('verifies the token, and refuses others as the real API does', async () => {
    expect(await client.user.tokens.verify()).toMatchObject({ status: 'active' });
    expect(await refusal(connect('wrong-token-123').user.tokens.verify())).toMatchObject({
      status: 401,
      codes: [1000],
    });
    expect(await refusal(connect('wrong-token-123').zones.get({ zone_id }))).toMatchObject({
      status: 403,
      codes: [10000],
    });
    expect(await refusal(connect('not a token').zones.get({ zone_id }))).toMatchObject({ status: 400, codes: [6003] });
    const bare = await fetch(`${base}/zones`);
    expect(bare.status).toBe(400);
    expect(await bare.json()).toMatchObject({ success: false, errors: [{ code: 9106 }], result: null });
    expect(bare.headers.get('cf-ray')).toMatch(/^[0-9a-f]{16}-[A-Z]{3}$/);
    expect(bare.headers.get('x-ratelimit-limit')).toBe('1200');
  });

  test('shows the zone, by id and by name', async () => {
    const zone = await client.zones.get({ zone_id });
    expect(zone).toMatchObject({ name: 'example.com', status: 'active' });
    expect(zone.name_servers).toEqual(['ada.ns.cloudflare.com', 'bob.ns.cloudflare.com']);
    const names = [];
    for await (const found of client.zones.list({ name: 'example.com' })) names.push(found.name);
    expect(names).toEqual(['example.com']);
    for await (const found of client.zones.list({ name: 'other.example' })) expect(found).toBeUndefined();
    expect(await refusal(client.zones.get({ zone_id: 'f'.repeat(32) }))).toMatchObject({ status: 404, codes: [1001] });
  });

  test('answers unknown paths and malformed ids with 7003, and unknown methods with 405', async () => {
    expect(await refusal(client.zones.get({ zone_id: 'nonsense' }))).toMatchObject({
      status: 404,
      codes: [7003, 7000],
    });
    expect(await refusal(client.get('/moon'))).toMatchObject({ status: 404, codes: [7003, 7000] });
    expect(await refusal(client.post(`/zones/${zone_id}/load_balancers`, { body: {} }))).toMatchObject({ status: 405 });
  });

  test('lists records in pages that end, filtered as asked', async () => {
    for (let index = 0; index < 25; index += 1) {
      await client.dns.records.create({
        zone_id,
        type: 'A',
        name: `host-${index}.example.com`,
        content: `192.0.2.${index}`,
        ttl: 60,
      });
    }
    const all = [];
    for await (const record of client.dns.records.list({ zone_id, per_page: 10 })) all.push(record.name);
    expect(all).toHaveLength(27);
    expect(new Set(all).size).toBe(27);
    const pages = world.requests.filter(({ method, path }) => method === 'GET' && path.includes('dns_records'));
    expect(pages).toHaveLength(4);

    const named = await client.dns.records.list({ zone_id, name: { exact: 'api.example.com' } });
    expect(named.result).toMatchObject([
      { type: 'CNAME', content: 'd111111abcdef8.cloudfront.net', proxied: false, ttl: 60 },
    ]);
    expect(named.result_info).toMatchObject({ page: 1, count: 1, total_count: 1, total_pages: 1 });
    const ones = await client.dns.records.list({
      zone_id,
      type: 'A',
      name: { startswith: 'host-1' },
      order: 'name',
      direction: 'desc',
      per_page: 3,
      page: 2,
    });
    expect(ones.result.map(({ name }) => name)).toEqual([
      'host-16.example.com',
      'host-15.example.com',
      'host-14.example.com',
    ]);
    const either = await client.dns.records.list({
      zone_id,
      match: 'any',
      name: { exact: 'api.example.com' },
      content: { exact: '192.0.2.3' },
    });
    expect(either.result.map(({ name }) => name)).toEqual(['api.example.com', 'host-3.example.com']);
  });

  test('creates, changes, overwrites and deletes a record, each change at once and with a new serial', async () => {
    const before = world.zone.serial;
    const created = await client.dns.records.create({
      zone_id,
      type: 'AAAA',
      name: 'www',
      content: '2001:db8::1',
      ttl: 120,
      proxied: true,
      comment: 'run 1',
    });
    expect(created).toMatchObject({ name: 'www.example.com', proxied: true, ttl: 1, comment: 'run 1' });
    now += 60_000;
    const patched = await client.dns.records.edit(created.id, {
      zone_id,
      type: 'AAAA',
      name: 'www',
      ttl: 60,
      content: '2001:db8::2',
    });
    expect(patched).toMatchObject({ content: '2001:db8::2', proxied: true, ttl: 1, comment: 'run 1' });
    expect(Date.parse(patched.modified_on)).toBe(now);
    const put = await client.dns.records.update(created.id, {
      zone_id,
      type: 'AAAA',
      name: 'www.example.com',
      ttl: 60,
      content: '2001:db8::3',
    });
    expect(put).toMatchObject({ content: '2001:db8::3', proxied: false, ttl: 60, comment: null });
    expect(await client.dns.records.get(created.id, { zone_id })).toMatchObject({ content: '2001:db8::3' });
    await client.dns.records.delete(created.id, { zone_id });
    expect(world.records.some(({ id }) => id === created.id)).toBe(false);
    expect(world.zone.serial).toBe(before + 4);
    expect(await refusal(client.dns.records.get(created.id, { zone_id }))).toMatchObject({
      status: 404,
      codes: [81044],
    });
    const writes = world.requests.filter(({ write }) => write);
    expect(writes.map(({ method, status }) => `${method} ${status}`)).toEqual([
      'POST 200',
      'PATCH 200',
      'PUT 200',
      'DELETE 200',
    ]);
  });

  test.each([
    ['a CNAME where a CNAME is', { type: 'CNAME', name: 'api.example.com', content: 'other.example.net' }, 81053],
    ['an address where a CNAME is', { type: 'A', name: 'api.example.com', content: '192.0.2.1' }, 81054],
    [
      'what is there already',
      { type: 'CNAME', name: 'api.example.com', content: 'D111111abcdef8.cloudfront.net.' },
      81058,
    ],
    ['an IPv6 address in an A record', { type: 'A', name: 'www', content: '2001:db8::1' }, 1004],
    ['an IPv4 address in a CNAME', { type: 'CNAME', name: 'www', content: '192.0.2.1' }, 1004],
    ['a TTL below the least', { type: 'A', name: 'www', content: '192.0.2.1', ttl: 5 }, 1004],
    ['a proxied TXT record', { type: 'TXT', name: 'www', content: 'hello', proxied: true }, 1004],
    ['an unknown type', { type: 'LOC', name: 'www', content: 'here' }, 1004],
    ['a name with a space', { type: 'A', name: 'w w', content: '192.0.2.1' }, 1004],
    ['no content', { type: 'A', name: 'www' }, 1004],
  ])('refuses %s', async (_what, body, code) => {
    const before = structuredClone(world.records);
    const refused = await refusal(client.post(`/zones/${zone_id}/dns_records`, { body }));
    expect(refused).toMatchObject({ status: 400, codes: [code] });
    expect(world.records).toEqual(before);
  });

  test('refuses a body that is no JSON, and a change of type', async () => {
    const answer = await fetch(`${base}/zones/${zone_id}/dns_records`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: '{oops',
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ errors: [{ code: 6007 }] });
    const standby = world.records[0];
    expect(
      await refusal(client.patch(`/zones/${zone_id}/dns_records/${standby?.id}`, { body: { type: 'A' } })),
    ).toMatchObject({ status: 400, codes: [1004] });
  });

  test('a batch is carried out in one order whatever its own, whole or not at all', async () => {
    const standby = world.records[0];
    const like = { zone_id, ttl: 60 } as const;
    const extra = await client.dns.records.create({
      ...like,
      type: 'A',
      name: 'www.example.com',
      content: '192.0.2.1',
    });
    // The CNAME that is posted can only be made because the delete comes first, and the patch before the put.
    const done = await client.dns.records.batch({
      zone_id,
      posts: [{ type: 'CNAME', name: 'www.example.com', content: 'api.example.com', ttl: 60 }],
      puts: [{ id: standby?.id ?? '', type: 'CNAME', name: 'api.example.com', content: 'put.example.net', ttl: 120 }],
      patches: [{ id: standby?.id ?? '', type: 'CNAME', name: 'api.example.com', ttl: 60, comment: 'patched' }],
      deletes: [{ id: extra.id }],
    });
    expect(done).toMatchObject({
      deletes: [{ id: extra.id, type: 'A' }],
      patches: [{ comment: 'patched', content: 'd111111abcdef8.cloudfront.net' }],
      puts: [{ comment: null, content: 'put.example.net', proxied: false }],
      posts: [{ type: 'CNAME', name: 'www.example.com' }],
    });
    const before = structuredClone(world.records);
    const serial = world.zone.serial;
    const failed = await refusal(
      client.dns.records.batch({
        zone_id,
        deletes: [{ id: done.posts?.[0]?.id ?? '' }],
        posts: [
          { type: 'A', name: 'www.example.com', content: '192.0.2.1', ttl: 60 },
          { type: 'A', name: 'www.example.com', content: '192.0.2.1', ttl: 60 },
        ],
      }),
    );
    expect(failed).toMatchObject({ status: 400, codes: [81058] });
    expect([world.records, world.zone.serial]).toEqual([before, serial]);
    const many = Array.from({ length: 201 }, () => ({ id: 'f'.repeat(32) }));
    expect(await refusal(client.dns.records.batch({ zone_id, deletes: many }))).toMatchObject({ status: 400 });
  });

  test('tags, settings and comments are kept, filtered by, and change no answer', async () => {
    const made = await client.dns.records.create({
      zone_id,
      type: 'CNAME',
      name: 'tagged.example.com',
      content: 'x.example.net',
      ttl: 60,
      comment: 'why',
      tags: ['team:dns', 'tier:1'],
      settings: { flatten_cname: true },
    });
    expect(made).toMatchObject({ tags: ['team:dns', 'tier:1'], settings: { flatten_cname: true }, comment: 'why' });
    const named = async (tag: object) =>
      (await client.dns.records.list({ zone_id, tag })).result.map(({ name }) => name);
    expect(await named({ exact: 'team:dns' })).toEqual(['tagged.example.com']);
    expect(await named({ present: 'tier' })).toEqual(['tagged.example.com']);
    expect(await named({ absent: 'tier' })).not.toContain('tagged.example.com');
    const edited = await client.dns.records.edit(made.id, {
      zone_id,
      type: 'CNAME',
      name: 'tagged.example.com',
      ttl: 60,
      comment: '',
    });
    expect(edited).toMatchObject({ comment: null, tags: ['team:dns', 'tier:1'], settings: { flatten_cname: true } });
  });

  test('shows and switches a load balancer; PATCH keeps the rest, PUT demands the whole', async () => {
    const { id, rules, defaultPools, fallbackPool } = loadBalancer();
    const listed = [];
    for await (const balancer of client.loadBalancers.list({ zone_id })) listed.push(balancer.name);
    expect(listed).toEqual(['api.example.com', 'canary.example.com']);
    now += 1_000;
    const off = await client.loadBalancers.edit(id, { zone_id, enabled: false });
    expect(off).toMatchObject({ enabled: false, proxied: true, rules, default_pools: defaultPools });
    expect(Date.parse(off.modified_on ?? '')).toBe(now);
    expect(loadBalancer().enabled).toBe(false);
    expect(
      await refusal(client.put(`/zones/${zone_id}/load_balancers/${id}`, { body: { enabled: true } })),
    ).toMatchObject({
      status: 400,
    });
    await client.loadBalancers.update(id, {
      zone_id,
      name: 'api.example.com',
      default_pools: defaultPools,
      fallback_pool: fallbackPool,
    });
    expect(await client.loadBalancers.get(id, { zone_id })).toMatchObject({ enabled: true, proxied: false, rules: [] });
    expect(await refusal(client.loadBalancers.edit(id, { zone_id, fallback_pool: 'f'.repeat(32) }))).toMatchObject({
      status: 400,
      codes: [1002],
    });
    expect(await refusal(client.loadBalancers.get('f'.repeat(32), { zone_id }))).toMatchObject({ status: 404 });
    const pools = [];
    for await (const pool of client.loadBalancers.pools.list({ account_id: 'a'.repeat(32) })) pools.push(pool.name);
    expect(pools).toEqual(['email-api', 'resend-api']);
  });

  test('a sick edge answers in HTML, a throttled API with Retry-After', async () => {
    break_({ kind: 'status', status: 500 });
    const sick = await refusal(client.zones.get({ zone_id }));
    expect(sick.status).toBe(500);
    expect(sick.codes).toEqual([]);
    expect(sick.error.headers?.get('content-type')).toContain('text/html');
    break_({ kind: 'status', status: 429 });
    const throttled = await refusal(client.zones.get({ zone_id }));
    expect(throttled).toMatchObject({ status: 429, codes: [971] });
    expect(throttled.error.headers?.get('retry-after')).toBe('1');
  });

  test('flaps by its clock: down first, then up', async () => {
    break_({ kind: 'flap', status: 503, downMs: 300_000, upMs: 60_000 });
    expect(await refusal(client.zones.get({ zone_id }))).toMatchObject({ status: 503 });
    now += 300_000;
    expect(await client.zones.get({ zone_id })).toMatchObject({ name: 'example.com' });
    now += 60_000;
    expect(await refusal(client.zones.get({ zone_id }))).toMatchObject({ status: 503 });
  });

  test('refuses connections, or accepts them and stays silent', async () => {
    break_({ kind: 'refuse' });
    await expect(client.zones.get({ zone_id })).rejects.toBeInstanceOf(Cloudflare.APIConnectionError);
    break_({ kind: 'hang' });
    await expect(connect(token, { timeout: 200 }).zones.get({ zone_id })).rejects.toBeInstanceOf(
      Cloudflare.APIConnectionTimeoutError,
    );
    expect(world.requests.at(-1)).toMatchObject({ method: 'GET', status: null });
  });

  test.each([
    ['write-lost-answer', 'no answer', false],
    ['write-lost', 'no answer', true],
    ['write-error-but-done', 500, false],
    ['write-ok-but-not-done', 'accepted', true],
  ] as const)('%s: a write gets %s, and the load balancer is enabled: %s', async (kind, seen, enabled) => {
    break_({ kind });
    expect(await client.zones.get({ zone_id })).toMatchObject({ name: 'example.com' });
    const { id } = loadBalancer();
    const outcome = await connect(token, { timeout: 300 })
      .loadBalancers.edit(id, { zone_id, enabled: false })
      .then(
        (answer) => (answer.enabled === false ? 'accepted' : 'odd'),
        (error: unknown) => {
          if (error instanceof Cloudflare.APIConnectionTimeoutError) return 'no answer';
          return error instanceof APIError ? error.status : error;
        },
      );
    expect(outcome).toBe(seen);
    expect(loadBalancer().enabled).toBe(enabled);
    expect(world.requests.filter(({ write }) => write)).toHaveLength(1);
  });

  test('write-late: done at the end of the delay, long after the client gave up', async () => {
    break_({ kind: 'write-late', ms: 250 });
    const { id } = loadBalancer();
    await expect(
      connect(token, { timeout: 50 }).loadBalancers.edit(id, { zone_id, enabled: false }),
    ).rejects.toBeInstanceOf(Cloudflare.APIConnectionTimeoutError);
    expect(loadBalancer().enabled).toBe(true);
    await expect.poll(() => loadBalancer().enabled, { timeout: 5_000 }).toBe(false);
  });

  test('blocks for five minutes who calls too often', async () => {
    const headers = { authorization: `Bearer ${token}` };
    const call = async () => {
      const answer = await fetch(`${base}/zones/${zone_id}`, { headers });
      await answer.arrayBuffer();
      return answer;
    };
    for (let round = 0; round < 12; round += 1) await Promise.all(Array.from({ length: 100 }, call));
    const blocked = await call();
    expect(blocked.status).toBe(429);
    expect(blocked.headers.get('retry-after')).toBe('300');
    now += 299_000;
    expect((await call()).status).toBe(429);
    now += 1_000;
    expect((await call()).status).toBe(200);
  });

  test('answers whatever is thrown at it in its own envelope', async () => {
    const field = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.jsonValue());
    const names = ['type', 'name', 'content', 'ttl', 'proxied', 'comment', 'data', 'rules', 'fallback_pool', 'enabled'];
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc.dictionary(fc.constantFrom(...names), field).map((document) => JSON.stringify(document)),
    );
    const place = fc.constantFrom('dns_records', 'load_balancers', 'moon');
    const id = fc.constantFrom('', `/${world.records[0]?.id}`, `/${loadBalancer().id}`, '/%00', `/${'f'.repeat(32)}`);
    const query = fc.dictionary(
      fc.constantFrom('page', 'per_page', 'name', 'name.exact', 'order', 'match'),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.record({ method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'), place, id, query, body }),
        async (call) => {
          const answer = await fetch(
            `${base}/zones/${zone_id}/${call.place}${call.id}?${new URLSearchParams(call.query)}`,
            {
              method: call.method,
              headers: { authorization: `Bearer ${token}` },
              ...(call.method === 'GET' ? {} : { body: call.body }),
            },
          );
          const document = await answer.json();
          expect(document).toMatchObject({ success: answer.status === 200, errors: expect.any(Array) });
          expect(answer.status).toBeLessThan(500);
        },
      ),
      { numRuns: 150 },
    );
  });

  test.skipIf(!hasCurl)('curl sees what the SDK sees', async () => {
    const url = `${base}/zones/${zone_id}/dns_records?name.exact=api.example.com`;
    const { stdout } = await promisify(execFile)('curl', ['-sS', '-H', `Authorization: Bearer ${token}`, url]);
    expect(JSON.parse(stdout)).toMatchObject({ success: true, result: [{ name: 'api.example.com' }] });
  });
});
