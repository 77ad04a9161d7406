import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setRecord } from '../../../src/actions/cloudflare/set-record.ts';
import { startCloudflareApi } from '../../../src/simulator/cloudflare-api.ts';
import type { DnsListener } from '../../../src/simulator/dns-listener.ts';
import { startDnsServer } from '../../../src/simulator/dns-server.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import type { RunningServer } from '../../../src/simulator/http-server.ts';
import { startResolver } from '../../../src/simulator/resolver.ts';
import { seedWorld } from '../../../src/simulator/seed.ts';
import type { Fault, SimulatedRecord, SimulatedWorld } from '../../../src/simulator/state.ts';
import { createDnsTransport } from '../../../src/world/dns-transport.ts';
import { createClock } from '../../../src/world/system-clock.ts';
import { asChange, failureOf } from '../action-context.ts';
import { cloudflareContext, token, zoneId } from './cloudflare-calls.ts';

const action = asChange(setRecord);
const hostname = 'api.example.com';
const marker = 'resend-ops run 01';

describe('cloudflare.set-record', () => {
  let world: SimulatedWorld;
  let api: RunningServer;
  let dns: DnsListener;
  let resolver: DnsListener;
  const clock = createClock({ speed: 1 });
  const transport = createDnsTransport();

  beforeEach(async () => {
    const { env } = cloudflareContext('http://127.0.0.1:1');
    world = seedWorld(env, { seed: 1 });
    world.loadBalancers = world.loadBalancers.filter(({ name }) => name !== hostname);
    api = await startCloudflareApi({ world, token, now: () => clock.now() });
    dns = await startDnsServer(world, clock);
    resolver = await startResolver({
      world,
      clock,
      ask: transport,
      authorities: [{ address: '127.0.0.1', port: dns.port }],
    });
  });
  afterEach(() => Promise.all([api.close(), dns.close(), resolver.close()]));

  const context = (more: Parameters<typeof cloudflareContext>[1] = {}) => {
    const own = { dns: { resolvers: [`127.0.0.1:${resolver.port}`], nameservers: servers() } };
    return cloudflareContext(`http://127.0.0.1:${api.port}/client/v4`, {
      attemptTimeoutMs: 1_500,
      dns: transport,
      ...more,
      environment: { ...own, ...more.environment },
    });
  };
  const servers = () => Object.fromEntries(world.zone.nameservers.map(({ name }) => [name, `127.0.0.1:${dns.port}`]));
  const setRecords = (...records: (Partial<SimulatedRecord> & Pick<SimulatedRecord, 'type' | 'content'>)[]) => {
    const others = world.records.filter(({ name }) => name !== hostname);
    world.records = [
      ...others,
      ...records.map((record, index) => ({
        id: `${index}`.padStart(32, '0'),
        name: hostname,
        ttl: record.proxied === true ? 1 : 60,
        proxied: false,
        comment: null,
        createdOn: '2025-01-15T09:00:00.000Z',
        modifiedOn: '2025-01-15T09:00:00.000Z',
        ...record,
      })),
    ];
  };
  const own = () =>
    world.records
      .filter(({ name }) => name === hostname)
      .map(({ type, content, ttl, proxied, comment, tags = [], settings = {}, privateRouting = false }) => {
        const set = Object.fromEntries(Object.entries(settings).filter(([, value]) => value));
        return { type, content, ttl, proxied, comment, tags, settings: set, privateRouting };
      });
  const planned = async (input: object, ctx = context()) => {
    const parsed = action.input.parse(input);
    const plan = await action.plan(parsed, ctx);
    const change = { input: parsed, before: action.state.parse(plan.before), after: action.state.parse(plan.after) };
    return { plan, change };
  };
  const writes = () =>
    world.requests
      .filter(({ write }) => write)
      .map(({ method, path, body }) => [method, path.split('/').at(-1), JSON.parse(body)]);
  const breakApi = (fault: Fault) => setFault(world, 'cloudflare-api', fault, clock.now());

  test('a proxied CNAME becomes a DNS-only one by one PATCH, and comes back with everything it had', async () => {
    setRecords({
      type: 'CNAME',
      content: 'lb.example.net',
      proxied: true,
      comment: 'owner: platform',
      tags: ['team:platform', 'tier:1'],
      settings: { flatten_cname: false },
    });
    const before = own();
    const { plan, change } = await planned({ route: 'fallback' });
    expect(plan.diff).toEqual([
      `  DNS records of ${hostname}`,
      '- CNAME lb.example.net, proxied, automatic TTL (300 s)',
      '+ CNAME d1.cloudfront.net, DNS only, TTL 60 s',
    ]);
    expect(plan.notes).toEqual([
      'the same record is changed: no moment without one',
      'clients keep the old answer up to 300 s (proxied TTL)',
      `comment: owner: platform [${marker}]`,
      'a missing record would be kept as missing for up to 1800 s',
    ]);
    expect(plan.guards).toEqual([]);
    expect(await action.observe(change, context())).toBe('before');
    const output = action.output.parse(await action.apply(change, context()));
    expect(output).toEqual({
      name: hostname,
      records: ['CNAME d1.cloudfront.net, DNS only, TTL 60 s'],
      comment: `owner: platform [${marker}]`,
    });
    expect(await action.outputOf?.(change, context())).toEqual(output);
    expect(await action.observe(change, context())).toBe('after');
    expect(own()).toMatchObject([{ content: 'd1.cloudfront.net', proxied: false, tags: ['team:platform', 'tier:1'] }]);

    await action.revert?.(change, context());
    expect(await action.observe(change, context())).toBe('before');
    expect(own()).toEqual(before);
    expect(writes()).toEqual([
      [
        'PATCH',
        '0'.repeat(32),
        {
          type: 'CNAME',
          name: hostname,
          content: 'd1.cloudfront.net',
          ttl: 60,
          proxied: false,
          comment: `owner: platform [${marker}]`,
        },
      ],
      [
        'PATCH',
        '0'.repeat(32),
        { type: 'CNAME', name: hostname, content: 'lb.example.net', ttl: 1, proxied: true, comment: 'owner: platform' },
      ],
    ]);
  });

  test('A, AAAA and HTTPS give way together, in one batch, and all come back to the letter', async () => {
    setRecords(
      { type: 'A', content: '192.0.2.1', comment: 'first', tags: ['a:1'], privateRouting: true },
      { type: 'A', content: '192.0.2.2', ttl: 120 },
      { type: 'AAAA', content: '2001:db8::1' },
      { type: 'HTTPS', content: '1 . alpn=h2 ipv4hint=192.0.2.1', ttl: 300 },
      { type: 'TXT', content: '"stays"' },
    );
    const before = own();
    const { plan, change } = await planned({ route: 'fallback' });
    expect(plan.diff).toHaveLength(6);
    expect(plan.guards.map(({ guard }) => guard)).toEqual(['negative-cache']);
    expect(plan.guards[0]?.message).toContain('for 1800 s');
    expect(plan.notes).toEqual(
      expect.arrayContaining([
        'the HTTPS record goes: browsers keep its hints for up to 300 s',
        'its TXT records stay, unseen behind a CNAME',
      ]),
    );
    await action.apply(change, context());
    expect(await action.observe(change, context())).toBe('after');
    expect(own().map(({ type }) => type)).toEqual(['TXT', 'CNAME']);
    await action.revert?.(change, context());
    expect(await action.observe(change, context())).toBe('before');
    const byContent = (left: { content: string }, right: { content: string }) =>
      left.content < right.content ? -1 : 1;
    expect(own().sort(byContent)).toEqual([...before].sort(byContent));
    expect(
      writes().map(([method, path, body]) => [method, path, Object.keys(body).filter((key) => body[key].length > 0)]),
    ).toEqual([
      ['POST', 'batch', ['deletes', 'posts']],
      ['POST', 'batch', ['deletes', 'posts']],
    ]);
  });

  test('between the deletes and the posts the servers answer NODATA, with the SOA that lets resolvers keep it', async () => {
    setRecords({ type: 'A', content: '192.0.2.1' });
    const { change } = await planned({ route: 'fallback' });
    await action.apply(change, context());
    const server = { address: '127.0.0.1', port: dns.port };
    const ask = () => transport({ server, name: hostname, type: 'A', recursionDesired: false, timeoutMs: 2_000 });
    const first = await ask();
    expect(first).toMatchObject({ rcode: 'NOERROR', answers: [], authorities: [{ type: 'SOA', ttl: 1800 }] });
    await expect.poll(ask, { timeout: 5_000 }).toMatchObject({ answers: [{ type: 'CNAME' }] });
  });

  test('a change of type is no finding where absence is not kept long; unknown is one', async () => {
    setRecords({ type: 'A', content: '192.0.2.1' });
    world.zone.soaMinimum = 60;
    expect((await planned({ route: 'fallback' })).plan.guards).toEqual([]);
    setFault(world, 'dns', { kind: 'status', status: 500 }, clock.now());
    const { plan } = await planned({ route: 'fallback' });
    expect(plan.guards).toMatchObject([
      { guard: 'negative-cache', message: expect.stringContaining('could not be read') },
    ]);
    expect(plan.notes.join()).toContain('not compared with what DNS answers');
  });

  test('refuses where a load balancer answers for the name, in the plan and again before the write', async () => {
    const { env } = context();
    const seeded = seedWorld(env, { seed: 1 }).loadBalancers;
    const { change } = await planned({ records: [{ type: 'CNAME', content: 'd2.cloudfront.net', proxied: false }] });
    world.loadBalancers = seeded;
    const refused = await failureOf(planned({ route: 'fallback' }));
    expect([refused.code, refused.message, refused.hint]).toEqual([
      'refused',
      expect.stringContaining('would change nothing for clients'),
      expect.stringContaining('cloudflare.set-load-balancer'),
    ]);
    expect((await failureOf(action.apply(change, context()))).code).toBe('refused');
    for (const balancer of world.loadBalancers) balancer.enabled = false;
    const { plan } = await planned({ records: [{ type: 'CNAME', content: 'd2.cloudfront.net', proxied: false }] });
    expect(plan.notes.join()).toContain('its load balancer is off');
    world.loadBalancers = seeded.slice(0, 1).map((balancer) => ({ ...balancer, name: '*.example.com', enabled: true }));
    expect((await planned({ route: 'fallback', ttl: 30 })).plan.notes.join()).toContain('*.example.com gives way');
    expect(writes()).toEqual([]);
  });

  test('refuses a delegated name', async () => {
    setRecords({ type: 'NS', content: 'ns1.example.net' });
    expect((await failureOf(planned({ route: 'fallback' }))).message).toContain('is delegated to ns1.example.net');
  });

  test('a guard stops where the zone’s own servers answer with something else than the API shows', async () => {
    setRecords({ type: 'CNAME', content: 'lb.example.net' });
    const env = context().env;
    const elsewhere = seedWorld(env, { seed: 1 });
    elsewhere.loadBalancers = [];
    const other = await startDnsServer(elsewhere, clock);
    try {
      const nameservers = Object.fromEntries(
        world.zone.nameservers.map(({ name }) => [name, `127.0.0.1:${other.port}`]),
      );
      const ctx = context({ environment: { dns: { ...env.dns, nameservers } } });
      const { plan } = await planned({ route: 'fallback' }, ctx);
      expect(plan.guards).toMatchObject([
        {
          guard: 'dns-drift',
          message: expect.stringMatching(/answers CNAME d1\.cloudfront\.net .*API shows CNAME lb/),
        },
      ]);
    } finally {
      await other.close();
    }
  });

  test.each([
    ['proxied A records', [{ type: 'A', content: '192.0.2.1', proxied: true }]],
    ['A records', [{ type: 'A', content: '192.0.2.1' }]],
    [
      'a flattened CNAME',
      [{ type: 'CNAME', content: 'd1.cloudfront.net', ttl: 300, settings: { flatten_cname: true } }],
    ],
    ['no record', []],
  ] as const)('%s: no drift where DNS answers what the API shows', async (_what, records) => {
    setRecords(...records);
    world.zone.soaMinimum = 60;
    const { plan } = await planned({ route: 'fallback' });
    expect(plan.guards).toEqual([]);
    expect(plan.diff.length).toBeGreaterThan(1);
  });

  test('nothing to do: before equals after, whatever the comment says', async () => {
    setRecords({ type: 'CNAME', content: 'd1.cloudfront.net', comment: 'staged' });
    const { plan, change } = await planned({ route: 'fallback' });
    expect([plan.diff, plan.before]).toEqual([[], plan.after]);
    expect(await action.observe(change, context())).toBe('after');
    await action.revert?.(change, context());
    expect(writes()).toEqual([]);
  });

  test('settings of DNS-only records go where the record enters the proxy, and come back', async () => {
    const flattened = { flatten_cname: true };
    setRecords({ type: 'CNAME', content: 'd1.cloudfront.net', settings: flattened });
    const before = own();
    const kept = await planned({ records: [{ type: 'CNAME', content: 'd2.cloudfront.net', proxied: false }] });
    expect(kept.change.after).toMatchObject({ records: [{ settings: flattened }] });
    expect(kept.plan.notes.join()).toContain('Cloudflare flattens this CNAME');
    const { change } = await planned({ records: [{ type: 'CNAME', content: 'lb.example.net', proxied: true }] });
    await action.apply(change, context());
    expect(own()).toMatchObject([{ content: 'lb.example.net', proxied: true, settings: {} }]);
    await action.revert?.(change, context());
    expect(own()).toEqual(before);
  });

  test('one more record is made beside those that stay, and only that one goes again', async () => {
    setRecords({ type: 'A', content: '192.0.2.1', proxied: true, comment: 'old' });
    const records = [
      { type: 'A', content: '192.0.2.1', proxied: true },
      { type: 'AAAA', content: '2001:DB8:0::1', proxied: true },
    ];
    const { change } = await planned({ records });
    await action.apply(change, context());
    expect(own()).toMatchObject([
      { type: 'A', comment: 'old' },
      { type: 'AAAA', content: '2001:db8::1', ttl: 1, comment: marker },
    ]);
    await action.revert?.(change, context());
    expect(own()).toHaveLength(1);
  });

  test('who lost a race leaves the other’s record alone, and says so', async () => {
    setRecords({ type: 'CNAME', content: 'lb.example.net', proxied: true });
    const { change } = await planned({ route: 'fallback' });
    setRecords({ type: 'CNAME', content: 'other.example.net', comment: 'terraform' });
    const lost = await failureOf(action.apply(change, context()));
    expect([lost.code, lost.message]).toEqual([
      'drift',
      expect.stringMatching(/has CNAME other\.example\.net.*“terraform”/),
    ]);
    expect(await action.observe(change, context())).toBe('other');
    setRecords({ type: 'CNAME', content: 'lb.example.net', proxied: true });
    await action.apply(change, context());
    world.records = world.records.map((record) =>
      record.name === hostname ? { ...record, comment: 'mine now' } : record,
    );
    expect((await failureOf(action.revert?.(change, context()) ?? Promise.resolve())).code).toBe('drift');
    expect(writes()).toHaveLength(1);
  });

  test('a lost answer leaves the step in doubt; observing tells', async () => {
    for (const [fault, seen] of [
      ['write-lost-answer', 'after'],
      ['write-lost', 'before'],
      ['write-error-but-done', 'after'],
      ['write-ok-but-not-done', 'before'],
    ] as const) {
      setRecords({ type: 'A', content: '192.0.2.1' });
      const { change } = await planned({ route: 'fallback' });
      breakApi({ kind: fault });
      const outcome = await action.apply(change, context()).then(
        () => 'said done',
        (error) => error.code,
      );
      world.faults.clear();
      expect([fault, outcome]).toEqual([fault, fault === 'write-ok-but-not-done' ? 'said done' : 'lost-answer']);
      expect([fault, await action.observe(change, context())]).toEqual([fault, seen]);
    }
  });

  test('a batch that the API refuses changes nothing, and is a definite no', async () => {
    setRecords({ type: 'A', content: '192.0.2.1' });
    const { change } = await planned({ route: 'fallback' });
    const before = own();
    breakApi({ kind: 'status', status: 400 });
    expect((await failureOf(action.apply(change, context()))).code).toBe('refused');
    world.faults.clear();
    expect(own()).toEqual(before);
  });

  test('writes nothing without leave', async () => {
    setRecords({ type: 'A', content: '192.0.2.1' });
    const ctx = context({ access: { mode: 'read-only', why: 'dry run' } });
    const { change } = await planned({ route: 'fallback' }, ctx);
    expect((await failureOf(action.apply(change, ctx))).code).toBe('write-blocked');
    expect(writes()).toEqual([]);
  });

  test.each([
    [{}, 'either `route` or `records`'],
    [
      { route: 'fallback', records: [{ type: 'A', content: '192.0.2.1', proxied: false }] },
      'either `route` or `records`',
    ],
    [{ route: 'edge' }, 'goes through Cloudflare’s proxy'],
    [{ records: [{ type: 'A', content: '192.0.2.1', proxied: true, ttl: 60 }] }, 'has no TTL of its own'],
    [{ records: [{ type: 'A', content: '2001:db8::1', proxied: true }] }, 'cannot be the content of an A record'],
    [{ records: [{ type: 'CNAME', content: '192.0.2.1', proxied: true }] }, 'cannot be the content of a CNAME record'],
    [
      {
        records: [
          { type: 'A', content: '192.0.2.1', proxied: true },
          { type: 'AAAA', content: '2001:db8::1', proxied: false },
        ],
      },
      'would proxy them all',
    ],
    [
      {
        records: [
          { type: 'A', content: '192.0.2.1', proxied: false },
          { type: 'CNAME', content: 'x.example.net', proxied: false },
        ],
      },
      'a CNAME stands alone',
    ],
    [
      {
        records: [
          { type: 'A', content: '192.0.2.1', proxied: false },
          { type: 'A', content: '192.0.2.1', proxied: false },
        ],
      },
      'given twice',
    ],
  ])('an input that cannot be: %j', async (input, message) => {
    const error = await failureOf(planned(input));
    expect([error.code, error.message]).toEqual(['invalid', expect.stringContaining(message)]);
  });

  test('the guards that its plan raises can be passed by name', () => {
    expect(action.guards).toEqual(['dns-drift', 'negative-cache', 'primary-recovering']);
  });

  test('`proxied` has to be said', () => {
    expect(action.input.safeParse({ records: [{ type: 'A', content: '192.0.2.1' }] }).success).toBe(false);
  });

  test('its preflight reads what it will read, and tells refused credentials', async () => {
    await action.preflight?.(context());
    breakApi({ kind: 'status', status: 403 });
    expect((await failureOf(action.preflight?.(context()) ?? Promise.resolve())).code).toBe('credentials');
    breakApi({ kind: 'status', status: 500 });
    await action.preflight?.(context());
  });

  test('its state is plain and complete, and its summary fits', async () => {
    setRecords({ type: 'CNAME', content: 'lb.example.net', proxied: true });
    const { change } = await planned({ route: 'fallback' });
    expect(JSON.parse(JSON.stringify(change.before))).toEqual({
      zoneId,
      name: hostname,
      records: [
        {
          type: 'CNAME',
          content: 'lb.example.net',
          ttl: 1,
          proxied: true,
          comment: null,
          tags: [],
          settings: {},
          privateRouting: false,
          data: null,
        },
      ],
    });
    const { headline, detail } = action.summarise(await action.apply(change, context()), change.input);
    for (const line of [headline, ...detail]) expect(line.length, line).toBeLessThanOrEqual(76);
  });
});
