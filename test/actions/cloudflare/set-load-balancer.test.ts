import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setLoadBalancer } from '../../../src/actions/cloudflare/set-load-balancer.ts';
import { startCloudflareApi } from '../../../src/simulator/cloudflare-api.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import type { RunningServer } from '../../../src/simulator/http-server.ts';
import { seedWorld } from '../../../src/simulator/seed.ts';
import type { Fault, SimulatedRecord, SimulatedWorld } from '../../../src/simulator/state.ts';
import { json, startHttpServer } from '../../world/start-http-server.ts';
import { asChange, failureOf } from '../action-context.ts';
import { cloudflareContext, envelope, loadBalancerId, refusal, token, zoneId } from './cloudflare-calls.ts';

const action = asChange(setLoadBalancer);
const hostname = 'api.example.com';

describe('cloudflare.set-load-balancer', () => {
  let world: SimulatedWorld;
  let server: RunningServer;
  let base: string;

  beforeEach(async () => {
    const { env } = cloudflareContext('http://127.0.0.1:1');
    world = seedWorld(env, { seed: 1 });
    server = await startCloudflareApi({ world, token, now: () => 0 });
    base = `http://127.0.0.1:${server.port}/client/v4`;
  });
  afterEach(() => server.close());

  const context = (more: Parameters<typeof cloudflareContext>[1] = {}) =>
    cloudflareContext(base, { attemptTimeoutMs: 1_500, ...more });
  const balancer = () => {
    const found = world.loadBalancers.find(({ name }) => name === hostname);
    if (found === undefined) throw new Error('the seed has no load balancer');
    return found;
  };
  const patchBalancer = (more: Partial<ReturnType<typeof balancer>>) => {
    const { id } = balancer();
    world.loadBalancers = world.loadBalancers.map((one) => (one.id === id ? { ...one, ...more } : one));
  };
  const beneath = (): SimulatedRecord => {
    const found = world.records.find(({ name }) => name === hostname);
    if (found === undefined) throw new Error('the seed has no record beneath');
    return found;
  };
  const setRecords = (...records: Partial<SimulatedRecord>[]) => {
    const like = beneath();
    const others = world.records.filter(({ name }) => name !== hostname);
    world.records = [
      ...others,
      ...records.map((record, index) => ({ ...like, id: `${index}`.padStart(32, '0'), ...record })),
    ];
  };
  const breakApi = (fault: Fault) => setFault(world, 'cloudflare-api', fault, 0);
  const planned = async (input: object, ctx = context()) => {
    const parsed = action.input.parse(input);
    const plan = await action.plan(parsed, ctx);
    return {
      plan,
      planned: { input: parsed, before: action.state.parse(plan.before), after: action.state.parse(plan.after) },
    };
  };
  const writes = () => world.requests.filter(({ write }) => write).map(({ method, body }) => [method, body]);

  test('plan, apply, observe and revert end where they began', async () => {
    const before = structuredClone(world.loadBalancers);
    const { plan, planned: change } = await planned({ enabled: false });
    expect(plan).toEqual({
      before: { zoneId, loadBalancerId, name: hostname, enabled: true },
      after: { zoneId, loadBalancerId, name: hostname, enabled: false },
      diff: [`  load balancer ${hostname}`, '- enabled: true', '+ enabled: false'],
      notes: [
        'beneath it: CNAME d1.cloudfront.net, DNS only, TTL 60 s',
        'clients keep the old answer up to 300 s (proxied TTL)',
        'pools and rules stay as they are; one call undoes it',
      ],
      guards: [],
    });
    expect(await action.observe(change, context())).toBe('before');
    const output = {
      loadBalancer: loadBalancerId,
      enabled: false,
      servedBy: 'CNAME d1.cloudfront.net, DNS only, TTL 60 s',
    };
    expect(action.output.parse(await action.apply(change, context()))).toEqual(output);
    expect(await action.observe(change, context())).toBe('after');
    expect(await action.outputOf?.(change, context())).toEqual(output);
    await action.revert?.(change, context());
    expect(await action.observe(change, context())).toBe('before');
    expect(world.loadBalancers.map(({ modifiedOn: _, ...rest }) => rest)).toEqual(
      before.map(({ modifiedOn: _, ...rest }) => rest),
    );
    expect(writes()).toEqual([
      ['PATCH', '{"enabled":false}'],
      ['PATCH', '{"enabled":true}'],
    ]);
  });

  test('its summary fits the screen', () => {
    const given = {
      loadBalancer: loadBalancerId,
      enabled: false,
      servedBy: 'CNAME d111111abcdef8.cloudfront.net, DNS only, TTL 60 s',
    };
    const { headline, detail } = action.summarise(given, { enabled: false });
    for (const line of [headline, ...detail]) expect(line.length).toBeLessThanOrEqual(76);
  });

  test('planning and observing write nothing, and need no leave to', async () => {
    const ctx = context({ access: { mode: 'read-only', why: 'dry run' } });
    const { planned: change } = await planned({ enabled: false }, ctx);
    await action.observe(change, ctx);
    expect((await failureOf(action.apply(change, ctx))).code).toBe('write-blocked');
    expect(writes()).toEqual([]);
  });

  test('nothing to do: before equals after, and the diff is empty', async () => {
    const { plan, planned: change } = await planned({ enabled: true });
    expect([plan.diff, plan.before]).toEqual([[], plan.after]);
    expect(await action.observe(change, context())).toBe('after');
  });

  test('enabling asks nothing of the record beneath', async () => {
    patchBalancer({ enabled: false });
    world.records = world.records.filter(({ name }) => name !== hostname);
    const { planned: change } = await planned({ enabled: true });
    expect(await action.apply(change, context())).toEqual({
      loadBalancer: loadBalancerId,
      enabled: true,
      servedBy: 'load-balancer',
    });
    expect(balancer().enabled).toBe(true);
  });

  test('a load balancer without proxy has its own TTL', async () => {
    patchBalancer({ proxied: false, ttl: 45 });
    expect((await planned({ enabled: false })).plan.notes).toContain(
      'clients keep the old answer up to 45 s (the load balancer’s TTL)',
    );
  });

  test('finds the load balancer by name where the environment gives no id', async () => {
    const ctx = context({ environment: { cloudflare: { 'zone-id': zoneId } } });
    expect((await planned({ enabled: false }, ctx)).planned.before).toMatchObject({ loadBalancerId });
    world.loadBalancers = [];
    expect((await failureOf(action.plan({ enabled: false, route: 'fallback' }, ctx))).code).toBe('refused');
  });

  test.each<[string, () => void]>([
    ['there is none', () => setRecords()],
    ['it points elsewhere', () => setRecords({ content: 'd2.cloudfront.net' })],
    ['it is proxied', () => setRecords({ proxied: true, ttl: 1 })],
    ['it is an address', () => setRecords({ type: 'A', content: '192.0.2.1' })],
    ['another says otherwise', () => setRecords({}, { type: 'AAAA', content: '2001:db8::1' })],
    ['an HTTPS record says otherwise', () => setRecords({}, { type: 'HTTPS', content: '1 . alpn="h2"' })],
  ])('refuses to plan, and to apply, when of the record beneath %s', async (_, spoil) => {
    const { planned: change } = await planned({ enabled: false });
    spoil();
    const refused = await failureOf(action.plan({ enabled: false, route: 'fallback' }, context()));
    expect([refused.code, refused.hint]).toEqual(['refused', expect.any(String)]);
    expect((await failureOf(action.apply(change, context()))).code).toBe('refused');
    expect([writes(), balancer().enabled]).toEqual([[], true]);
  });

  test('sees a contradicting record on a later page', async () => {
    setRecords(
      ...Array.from({ length: 120 }, (_, index) => ({ type: 'TXT' as const, content: `t${index}` })),
      {},
      { type: 'A', content: '192.0.2.1' },
    );
    const error = await failureOf(action.plan({ enabled: false, route: 'fallback' }, context()));
    expect([error.code, error.message]).toEqual(['refused', expect.stringContaining('contradict')]);
  });

  test('gives up on pages that never end', async () => {
    const record = { id: '1', type: 'CNAME', name: hostname, content: 'd1.cloudfront.net', ttl: 60, proxied: false };
    const endless = await startHttpServer(({ path }, response) =>
      json(
        response,
        200,
        path.includes('dns_records')
          ? envelope([record])
          : envelope({ id: loadBalancerId, name: hostname, enabled: true }),
      ),
    );
    const error = await failureOf(
      action.plan({ enabled: false, route: 'fallback' }, cloudflareContext(`${endless.base}/client/v4`)),
    );
    await endless.close();
    expect([error.code, endless.arrived.length]).toEqual(['failed', 11]);
  });

  test('a route that no CNAME can point at, or that does not exist, is invalid', async () => {
    for (const route of ['origin', 'nowhere', 'constructor']) {
      expect((await failureOf(action.plan({ enabled: false, route }, context()))).code).toBe('invalid');
    }
  });

  test('placeholders, a missing section and another hostname’s load balancer are told apart before anything is called', async () => {
    const plan = (cloudflare: object | undefined) =>
      failureOf(action.plan({ enabled: false, route: 'fallback' }, context({ environment: { cloudflare } })));
    expect((await plan(undefined)).code).toBe('invalid');
    expect((await plan({ 'zone-id': 'PLACEHOLDER-zone' })).message).toContain('cloudflare.zone-id');
    expect((await plan({ 'zone-id': zoneId, 'load-balancer-id': 'PLACEHOLDER-lb' })).message).toContain(
      'cloudflare.load-balancer-id',
    );
    expect(world.requests).toEqual([]);
    patchBalancer({ name: 'www.example.com' });
    expect((await plan({ 'zone-id': zoneId, 'load-balancer-id': loadBalancerId })).code).toBe('refused');
  });

  test('states with an empty id do not parse: they would address the whole collection', () => {
    expect(action.state.safeParse({ zoneId, loadBalancerId: '', name: hostname, enabled: true }).success).toBe(false);
  });

  test('drift: someone switched meanwhile, so nothing is written', async () => {
    const { planned: change } = await planned({ enabled: false });
    patchBalancer({ enabled: false });
    expect((await failureOf(action.apply(change, context()))).code).toBe('drift');
    patchBalancer({ enabled: true });
    expect((await failureOf(action.revert?.(change, context()) ?? Promise.resolve())).code).toBe('drift');
    expect(writes()).toEqual([]);
  });

  test('other: the load balancer is gone, or has another name', async () => {
    const { planned: change } = await planned({ enabled: false });
    patchBalancer({ name: 'www.example.com' });
    expect(await action.observe(change, context())).toBe('other');
    world.loadBalancers = [];
    expect(await action.observe(change, context())).toBe('other');
  });

  test.each<[Fault['kind'], 'before' | 'after']>([
    ['write-lost', 'before'],
    ['write-lost-answer', 'after'],
    ['write-error-but-done', 'after'],
    ['write-ok-but-not-done', 'before'],
  ])('%s: whatever apply says, observing tells %s', async (kind, seen) => {
    const { planned: change } = await planned({ enabled: false });
    breakApi({ kind } as Fault);
    const outcome = await action.apply(change, context({ attemptTimeoutMs: 300 })).then(
      () => 'answered',
      (error: { code: string }) => error.code,
    );
    expect(outcome).toBe(kind === 'write-ok-but-not-done' ? 'answered' : 'lost-answer');
    expect(await action.observe(change, context())).toBe(seen);
    expect(writes()).toHaveLength(1);
  });

  test.each<Fault>([{ kind: 'status', status: 500 }, { kind: 'refuse' }])(
    'not-sent: the API is down before the write ($kind)',
    async (fault) => {
      const { planned: change } = await planned({ enabled: false });
      breakApi(fault);
      expect((await failureOf(action.apply(change, context()))).code).toBe('not-sent');
      expect((await failureOf(action.revert?.(change, context()) ?? Promise.resolve())).code).toBe('not-sent');
      expect([writes(), balancer().enabled]).toEqual([[], true]);
    },
  );

  describe('its preflight', () => {
    const verdict = (answers: { verify: [number, unknown]; read: [number, unknown] }): Promise<string> =>
      withServer(
        answers,
        (ctx) =>
          action.preflight?.(ctx).then(
            () => 'fine',
            (error: { code: string }) => error.code,
          ) ?? Promise.resolve('none'),
      );
    const active: [number, unknown] = [200, envelope({ id: '1', status: 'active' })];
    const readable: [number, unknown] = [200, envelope({ id: loadBalancerId, name: hostname, enabled: true })];
    const denied: [number, unknown] = [403, refusal(10000, 'Authentication error')];

    test.each<[string, { verify: [number, unknown]; read: [number, unknown] }, string]>([
      ['an active token that can read', { verify: active, read: readable }, 'fine'],
      [
        'an account’s token, which cannot verify itself as a user’s',
        { verify: [401, refusal(1000, 'Invalid API Token')], read: readable },
        'fine',
      ],
      ['an expired token', { verify: [200, envelope({ id: '1', status: 'expired' })], read: readable }, 'credentials'],
      ['a token without the permission', { verify: active, read: denied }, 'credentials'],
      [
        'a token that is none',
        { verify: [401, refusal(1000, 'Invalid API Token')], read: [500, 'sick'] },
        'credentials',
      ],
      ['an API that is down', { verify: [500, 'sick'], read: [502, 'sick'] }, 'fine'],
      ['a load balancer that is not there', { verify: active, read: [404, refusal(1001, 'not found')] }, 'fine'],
    ])('%s', async (_, answers, expected) => {
      expect(await verdict(answers)).toBe(expected);
    });

    async function withServer(
      answers: { verify: [number, unknown]; read: [number, unknown] },
      run: (ctx: ReturnType<typeof cloudflareContext>) => Promise<string>,
    ): Promise<string> {
      const fake = await startHttpServer(({ path }, response) => {
        const [status, document] = path.includes('/verify') ? answers.verify : answers.read;
        if (typeof document === 'string') response.writeHead(status, { 'content-type': 'text/html' }).end(document);
        else json(response, status, document);
      });
      try {
        return await run(cloudflareContext(`${fake.base}/client/v4`));
      } finally {
        await fake.close();
      }
    }
  });
});
