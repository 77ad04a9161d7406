import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setRecord } from '../../../src/actions/route53/set-record.ts';
import { startAwsApi } from '../../../src/simulator/aws-api.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import type { RunningServer } from '../../../src/simulator/http-server.ts';
import { seedWorld } from '../../../src/simulator/seed.ts';
import type { Fault, SimulatedRecordSet, SimulatedWorld } from '../../../src/simulator/state.ts';
import { asChange, failureOf, testClock } from '../action-context.ts';
import { dnsWithServers, key, route53Context, zoneId } from './route53-calls.ts';

const action = asChange(setRecord);
const hostname = 'api.example.com';
const owner = `${hostname}.`;
const cloudFrontZone = 'Z2FDTNDATAQYW2';
const edgeName = `${hostname}.cdn.cloudflare.net`;
const alias = (dnsName: string) => ({ hostedZoneId: cloudFrontZone, dnsName, evaluateTargetHealth: false });

describe('route53.set-record', () => {
  let world: SimulatedWorld;
  let server: RunningServer;
  let clock: ReturnType<typeof testClock>;
  let base: string;

  beforeEach(async () => {
    world = seedWorld(route53Context('http://127.0.0.1:1').env, { seed: 1 });
    clock = testClock();
    server = await startAwsApi({ world, key, now: () => clock.now() });
    base = `http://127.0.0.1:${server.port}`;
  });
  afterEach(() => server.close());

  const context = (more: Parameters<typeof route53Context>[1] = {}) =>
    route53Context(base, { clock, dns: dnsWithServers(world.hostedZone.nameservers), ...more });
  const setsAt = (name = owner) => world.hostedZone.recordSets.filter((set) => set.name === name);
  const putSets = (...sets: (Partial<SimulatedRecordSet> & { type: string })[]) => {
    const others = world.hostedZone.recordSets.filter(({ name }) => name !== owner);
    world.hostedZone.recordSets = [...others, ...sets.map((set) => ({ name: owner, ...set }))];
  };
  const breakApi = (fault: Fault | undefined) => setFault(world, 'aws-api', fault, clock.now());
  const planned = async (input: object, ctx = context()) => {
    const parsed = action.input.parse(input);
    const plan = await action.plan(parsed, ctx);
    return {
      plan,
      planned: { input: parsed, before: action.state.parse(plan.before), after: action.state.parse(plan.after) },
    };
  };
  const revert = (change: Awaited<ReturnType<typeof planned>>['planned'], ctx = context()) => {
    if (action.revert === undefined) throw new Error('it cannot be reverted');
    return action.revert(change, ctx);
  };
  const writes = () => world.requests.filter(({ write }) => write);
  const actionsOf = (body: string) =>
    [...body.matchAll(/<Action>(\w+)<\/Action>.*?<Type>(\w+)<\/Type>/g)].map(([, what, type]) => `${what} ${type}`);

  test('plan, apply, observe and revert end where they began', async () => {
    const before = structuredClone(setsAt());
    const { plan, planned: change } = await planned({ route: 'fallback' });
    expect(plan).toMatchObject({
      diff: [
        `  ${hostname} in the Route 53 zone ${zoneId}`,
        `- CNAME ${edgeName}, TTL 60 s`,
        '+ CNAME d1.cloudfront.net, TTL 60 s',
      ],
      notes: [
        expect.stringContaining('one batch deletes exactly this'),
        'clients keep the old answer up to 60 s (its TTL)',
        expect.stringContaining('accelerated recovery is off'),
      ],
      guards: [],
    });
    expect(await action.observe(change, context())).toBe('before');
    const ctx = context();
    const output = await action.apply(change, ctx);
    expect(output).toEqual({
      records: ['CNAME d1.cloudfront.net, TTL 60 s'],
      change: expect.stringMatching(/^C/),
      inSync: true,
      unfollowed: null,
    });
    expect(ctx.said).toContainEqual(expect.stringContaining('waiting'));
    expect(clock.slept, 'looked every second until the last server had it').toEqual(Array(6).fill(1_000));
    expect(setsAt()).toEqual([{ name: owner, type: 'CNAME', ttl: 60, values: ['d1.cloudfront.net'] }]);
    expect(await action.observe(change, context())).toBe('after');
    expect(world.hostedZone.changes[0]?.comment).toBe('resend-ops run 01RUN, step step');
    await revert(change);
    expect(setsAt()).toEqual(before);
    expect(await action.observe(change, context())).toBe('before');
    expect(writes().map(({ body }) => actionsOf(body))).toEqual([
      ['DELETE CNAME', 'CREATE CNAME'],
      ['DELETE CNAME', 'CREATE CNAME'],
    ]);
  });

  test('a CNAME becomes A and AAAA aliases in one batch, and comes back to the letter', async () => {
    const seeded = { type: 'CNAME', ttl: 37, values: [`${edgeName.toUpperCase()}.`] };
    putSets(seeded);
    const { plan, planned: change } = await planned({ route: 'fallback', as: 'alias' });
    expect(plan.diff.slice(2)).toEqual(['+ A alias to d1.cloudfront.net', '+ AAAA alias to d1.cloudfront.net']);
    expect(plan.notes).toContainEqual(expect.stringContaining('CNAME becomes A and AAAA in the same batch'));
    expect(plan.guards).toEqual([]);
    await action.apply(change, context());
    expect(setsAt()).toEqual([
      { name: owner, type: 'A', alias: alias('d1.cloudfront.net.') },
      { name: owner, type: 'AAAA', alias: alias('d1.cloudfront.net.') },
    ]);
    expect(actionsOf(writes()[0]?.body ?? '')).toEqual(['DELETE CNAME', 'CREATE A', 'CREATE AAAA']);
    expect(await action.observe(change, context())).toBe('after');

    const there = await planned({ route: 'fallback', as: 'alias' });
    expect(there.plan).toMatchObject({ diff: [], guards: [], before: there.plan.after });
    await revert(change);
    expect(setsAt()).toEqual([{ name: owner, ...seeded }]);
  });

  test('aliases become a CNAME and come back, and addresses with their order', async () => {
    putSets(
      { type: 'A', ttl: 300, values: ['104.16.0.9', '104.16.0.1', '104.16.0.5'] },
      { type: 'AAAA', ttl: 300, values: ['2606:4700::6812:1', '2606:4700::1'] },
    );
    const before = structuredClone(setsAt());
    const { plan, planned: change } = await planned(
      { route: 'fallback', ttl: 30 },
      context({
        environment: {
          routes: {
            edge: {
              provider: 'cloudflare',
              connect: '104.16.0.1',
              answers: { addresses: ['104.16.0.0/13', '2606:4700::/32'] },
            },
            fallback: { provider: 'cloudfront', connect: 'd1.cloudfront.net' },
          },
        },
      }),
    );
    expect(plan.guards).toEqual([]);
    expect(plan.notes).toContainEqual('clients keep the old answer up to 300 s (its TTL)');
    await action.apply(change, context());
    expect(setsAt()).toEqual([{ name: owner, type: 'CNAME', ttl: 30, values: ['d1.cloudfront.net'] }]);
    await revert(change);
    expect(setsAt()).toEqual(before);
  });

  test('a lost race leaves the other’s record alone and says so', async () => {
    const { planned: change } = await planned({ route: 'fallback' });
    const theirs = { type: 'CNAME', ttl: 60, values: ['someone.else.example.net'] };
    let asked = 0;
    const racing = context({
      access: {
        mode: 'write',
        ensure: async () => {
          asked += 1;
          if (asked === 2) putSets(theirs);
        },
      },
    });
    const lost = await failureOf(action.apply(change, racing));
    expect(lost).toMatchObject({ code: 'drift', hint: expect.stringContaining('nothing was written') });
    expect(lost.message).toMatch(/do not match the current values.*request id [0-9a-f-]{36}/);
    expect(setsAt()).toEqual([{ name: owner, ...theirs }]);
    expect(await action.observe(change, context())).toBe('other');

    const early = await failureOf(action.apply(change, context()));
    expect(early).toMatchObject({ code: 'drift', message: expect.stringContaining('someone.else.example.net') });
    const back = await failureOf(revert(change));
    expect(back.code).toBe('drift');
    expect(writes().length, 'only the one that lost the race was sent').toBe(1);
    expect(setsAt()).toEqual([{ name: owner, ...theirs }]);
  });

  test('a record that appears or goes between the look and the write is a lost race too', async () => {
    for (const [from, meanwhile] of [
      [[], [{ type: 'CNAME', ttl: 60, values: ['x.example.net'] }]],
      [[], [{ type: 'A', ttl: 60, values: ['192.0.2.7'] }]],
      [[{ type: 'CNAME', ttl: 60, values: [edgeName] }], []],
    ] as const) {
      putSets(...from.map((set) => ({ ...set, values: [...set.values] })));
      const { planned: change } = await planned({ route: 'fallback' });
      const access = {
        mode: 'write' as const,
        ensure: async () => putSets(...meanwhile.map((set) => ({ ...set, values: [...set.values] }))),
      };
      expect((await failureOf(action.apply(change, context({ access })))).code).toBe('drift');
      expect(setsAt().map(({ type, values }) => [type, values])).toEqual(
        meanwhile.map(({ type, values }) => [type, values]),
      );
    }
  });

  test('an overwrite is read back, and its reason is in the plan', async () => {
    const input = { route: 'fallback', upsert: 'the role may only UPSERT' };
    const { plan, planned: change } = await planned(input);
    expect(plan.notes[0]).toBe('overwritten by UPSERT, and read back: the role may only UPSERT');
    const before = structuredClone(setsAt());
    await action.apply(change, context());
    expect(actionsOf(writes()[0]?.body ?? '')).toEqual(['UPSERT CNAME']);
    await revert(change);
    expect(setsAt()).toEqual(before);

    const again = await planned(input);
    const overtaken = context({
      wrap: (client) => ({
        ...client,
        changeResourceRecordSets: async (...call) => {
          const answer = await client.changeResourceRecordSets(...call);
          putSets({ type: 'CNAME', ttl: 60, values: ['x.example.net'] });
          return answer;
        },
      }),
    });
    const error = await failureOf(action.apply(again.planned, overtaken));
    expect(error).toMatchObject({ code: 'lost-answer', message: expect.stringContaining('x.example.net') });
    expect(await action.observe(again.planned, context())).toBe('other');
    expect((await failureOf(planned({ ...input, as: 'alias' }))).code).toBe('refused');
  });

  test('sets that policies route are left alone unless one is named; the named one keeps its policy', async () => {
    const blue = {
      type: 'CNAME',
      setIdentifier: 'blue',
      weight: 90,
      ttl: 60,
      values: [edgeName],
      healthCheckId: 'abcdef11-2222-3333-4444-555555fedcba',
    };
    const green = { type: 'CNAME', setIdentifier: 'green', weight: 10, ttl: 60, values: ['other.example.net'] };
    putSets(blue, green);
    const refused = await failureOf(planned({ route: 'fallback' }));
    expect(refused).toMatchObject({ code: 'refused', message: expect.stringMatching(/blue, green/) });
    expect(refused.hint).toContain('set-identifier');
    const unknown = await failureOf(planned({ route: 'fallback', 'set-identifier': 'red' }));
    expect(unknown).toMatchObject({ code: 'refused', hint: 'there are: blue, green' });

    const { plan, planned: change } = await planned({ route: 'fallback', 'set-identifier': 'blue' });
    expect(plan.diff[2]).toBe(
      '+ CNAME d1.cloudfront.net, TTL 60 s, SetIdentifier blue, Weight 90, HealthCheckId abcdef11-2222-3333-4444-555555fedcba',
    );
    expect(plan.notes).toContainEqual('the other set at the name is left alone');
    await action.apply(change, context());
    expect(setsAt()).toEqual([
      { name: owner, ...green },
      { name: owner, ...blue, values: ['d1.cloudfront.net'] },
    ]);
    await revert(change);
    expect(setsAt()).toEqual([
      { name: owner, ...green },
      { name: owner, ...blue },
    ]);
    const clash = await failureOf(planned({ route: 'fallback', 'set-identifier': 'blue', as: 'alias' }));
    expect(clash).toMatchObject({ code: 'refused', message: expect.stringContaining('CNAME "green"') });
  });

  test('failover aliases are switched one set at a time', async () => {
    const set = (failover: string, type: string, target: string) => ({
      type,
      setIdentifier: failover.toLowerCase(),
      failover,
      alias: alias(target),
    });
    putSets(
      set('PRIMARY', 'A', 'd1.cloudfront.net.'),
      set('PRIMARY', 'AAAA', 'd1.cloudfront.net.'),
      set('SECONDARY', 'A', 'd2.cloudfront.net.'),
    );
    const { plan } = await planned({ route: 'fallback', as: 'alias', 'set-identifier': 'secondary' });
    expect(plan.before).toMatchObject({ sets: [{ Type: 'A', SetIdentifier: 'secondary', Failover: 'SECONDARY' }] });
    expect(plan.after).toMatchObject({
      sets: [
        { Type: 'A', SetIdentifier: 'secondary', AliasTarget: { DNSName: 'd1.cloudfront.net.' } },
        { Type: 'AAAA', SetIdentifier: 'secondary', Failover: 'SECONDARY' },
      ],
    });
    expect((await planned({ route: 'fallback', as: 'alias', 'set-identifier': 'primary' })).plan.diff).toEqual([]);
  });

  test('what Route 53 would not take is refused in the plan', async () => {
    world.hostedZone.protections = [{ name: owner, type: 'CNAME', comment: 'ask the network team' }];
    expect(await failureOf(planned({ route: 'fallback' }))).toMatchObject({
      code: 'refused',
      message: `CNAME at ${hostname} is protected at Route 53 ("ask the network team")`,
    });
    world.hostedZone.protections = [];

    const apex = await failureOf(planned({ route: 'fallback', name: 'example.com' }));
    expect(apex).toMatchObject({ code: 'refused', hint: expect.stringContaining('as: alias') });
    expect((await failureOf(planned({ route: 'edge', as: 'alias' }))).message).toContain(
      'an alias can lead to a distribution',
    );
    expect((await failureOf(planned({ route: 'fallback', name: 'api.example.org' }))).message).toContain(
      'does not hold api.example.org',
    );
    expect(await failureOf(planned({ route: 'origin' }))).toMatchObject({
      code: 'invalid',
      hint: expect.stringContaining('answers.cname'),
    });
    putSets({ type: 'A', ttl: 60, values: ['192.0.2.1'] }, { type: 'MX', ttl: 60, values: ['10 mail.example.com'] });
    expect((await failureOf(planned({ route: 'fallback' }))).message).toContain('MX would stay at the name');
    expect(writes()).toEqual([]);
  });

  test('guards: a record that is no route’s, an HTTPS record, a zone that nobody asks', async () => {
    putSets({ type: 'A', ttl: 60, values: ['192.0.2.99'] }, { type: 'HTTPS', ttl: 300, values: ['1 . alpn=h3'] });
    const ctx = context({ dns: dnsWithServers(['ada.ns.cloudflare.com', world.hostedZone.nameservers[0] ?? '']) });
    const { plan } = await planned({ route: 'fallback', as: 'alias' }, ctx);
    expect(plan.guards.map(({ guard, message }) => [guard, message])).toEqual([
      ['dns-drift', `${hostname} leads to no route of this environment: A 192.0.2.99, TTL 60 s`],
      ['https-record', `an HTTPS record at ${hostname} stays, and may send browsers to the old place`],
      [
        'delegation',
        expect.stringContaining('only partly served by this hosted zone: resolvers are sent to ada.ns.cloudflare.com'),
      ],
    ]);
    const blind = context({
      dns: async () => ({ answered: false, code: 'timeout', message: 'no answer', rttMs: 1 }),
    });
    putSets({ type: 'CNAME', ttl: 60, values: [edgeName] });
    const unseen = (await planned({ route: 'fallback' }, blind)).plan;
    expect(unseen.guards).toEqual([]);
    expect(unseen.notes).toContainEqual(expect.stringContaining('no resolver told'));
  });

  test('throttling and an earlier request are waited out within the step’s time, and then told as a no', async () => {
    const { planned: change } = await planned({ route: 'fallback' });
    const answers = ['Throttling', 'PriorRequestNotComplete', 'Throttling'];
    const refusing = (
      client: Parameters<NonNullable<NonNullable<Parameters<typeof route53Context>[1]>['wrap']>>[0],
    ) => ({
      ...client,
      changeResourceRecordSets: async (...call: Parameters<typeof client.changeResourceRecordSets>) => {
        const code = answers.shift();
        if (code === undefined) return client.changeResourceRecordSets(...call);
        throw Object.assign(new Error('Rate exceeded'), {
          name: code,
          $metadata: { httpStatusCode: 400, requestId: 'r1' },
        });
      },
    });
    expect(await action.apply(change, context({ wrap: refusing }))).toMatchObject({ inSync: true });
    expect(clock.slept.slice(0, 3)).toEqual([500, 1_000, 2_000]);
    await revert(change);

    const controller = new AbortController();
    const timed = testClock((_, turn) => {
      if (turn === 5) controller.abort(new Error('the time is over'));
    });
    breakApi(undefined);
    answers.push(...Array(50).fill('PriorRequestNotComplete'));
    const again = (await planned({ route: 'fallback' })).planned;
    const error = await failureOf(
      action.apply(again, context({ wrap: refusing, clock: timed, signal: controller.signal })),
    );
    expect(error).toMatchObject({ code: 'refused', message: expect.stringContaining('PriorRequestNotComplete') });
    expect(timed.slept).toEqual([500, 1_000, 2_000, 4_000, 4_000]);
    expect(await action.observe(again, context())).toBe('before');
  });

  test('the API’s own rate limit and processing time are met by waiting', async () => {
    const { planned: change } = await planned({ route: 'fallback' });
    await action.apply(change, context());
    const last = world.hostedZone.changes.at(-1);
    if (last !== undefined) last.submittedMs = clock.now();
    await revert(change);
    expect(writes().map(({ status }) => status)).toEqual([200, 400, 200]);
    breakApi({ kind: 'status', status: 400 });
    let reads = 0;
    const healing = testClock(() => {
      reads += 1;
      if (reads === 2) breakApi(undefined);
    });
    expect((await planned({ route: 'fallback' }, context({ clock: healing }))).plan.diff.length).toBe(3);
  });

  test.each<[string, Fault, 'before' | 'after']>([
    ['done, but the answer never comes', { kind: 'write-lost-answer' }, 'after'],
    ['not done, and no answer', { kind: 'write-lost' }, 'before'],
    ['done, answered 500', { kind: 'write-error-but-done' }, 'after'],
    ['done, the answer breaks off', { kind: 'write-breaks-off', how: 'cut-short' }, 'after'],
  ])('%s: in doubt, and observe tells', async (_what, fault, found) => {
    const { planned: change } = await planned({ route: 'fallback' });
    breakApi(fault);
    const error = await failureOf(action.apply(change, context({ attemptTimeoutMs: 400 })));
    expect(error.code).toBe('lost-answer');
    expect(writes().length, 'sent once').toBe(1);
    breakApi(undefined);
    expect(await action.observe(change, context())).toBe(found);
    if (found === 'before' || action.outputOf === undefined) return;
    expect(await action.outputOf(change, context())).toEqual({
      records: ['CNAME d1.cloudfront.net, TTL 60 s'],
      change: null,
      inSync: false,
      unfollowed: 'no change is known to follow',
    });
  });

  test('a change that is not everywhere when the time is over is accepted all the same', async () => {
    const { planned: change } = await planned({ route: 'fallback' });
    const controller = new AbortController();
    clock = testClock((_, turn) => {
      if (turn === 2) controller.abort(new Error('the time is over'));
    });
    const output = await action.apply(change, context({ clock, signal: controller.signal }));
    expect(output).toMatchObject({ inSync: false, change: expect.stringMatching(/^C/) });
    expect(action.summarise(output, change.input)).toEqual({
      headline: 'Route 53 has accepted the record',
      detail: ['CNAME d1.cloudfront.net, TTL 60 s', 'not seen on all of its servers: the step’s time was over first'],
    });
  });

  test('a change that may not be followed is accepted all the same, and it says why', async () => {
    const { planned: change } = await planned({ route: 'fallback' });
    const denied = context({
      wrap: (client) => ({
        ...client,
        getChange: () =>
          Promise.reject(
            Object.assign(new Error('not authorized: route53:GetChange'), {
              name: 'AccessDenied',
              $metadata: { httpStatusCode: 403, requestId: 'r1' },
            }),
          ),
      }),
    });
    expect(await action.apply(change, denied)).toMatchObject({
      inSync: false,
      unfollowed: expect.stringContaining('not authorized: route53:GetChange'),
    });
    expect(await action.observe(change, context())).toBe('after');
  });

  test('reading only: nothing leaves; stopped: nothing is sent', async () => {
    const { planned: change } = await planned({ route: 'fallback' });
    const blocked = await failureOf(
      action.apply(change, context({ access: { mode: 'read-only', why: 'this is a dry run' } })),
    );
    expect(blocked.code).toBe('write-blocked');
    const controller = new AbortController();
    controller.abort(new Error('stopped'));
    expect((await failureOf(action.apply(change, context({ signal: controller.signal })))).code).toBe('not-sent');
    await server.close();
    expect((await failureOf(action.apply(change, context()))).code).toBe('not-sent');
    expect(writes()).toEqual([]);
  });

  test('preflight tells a refused key, and nothing else', async () => {
    const preflight = async (more: Parameters<typeof context>[0] = {}) => action.preflight?.(context(more));
    await preflight();
    const wrong = await failureOf(preflight({ credentials: { ...key, secretAccessKey: 'another'.repeat(5) } }));
    expect(wrong).toMatchObject({ code: 'credentials', message: expect.stringContaining('SignatureDoesNotMatch') });
    const unknown = await failureOf(preflight({ credentials: { ...key, accessKeyId: 'AKIAUNKNOWN000000001' } }));
    expect(unknown).toMatchObject({ code: 'credentials', message: expect.stringContaining('InvalidClientTokenId') });
    breakApi({ kind: 'status', status: 403 });
    expect((await failureOf(preflight())).hint).toContain('route53:ChangeResourceRecordSets');
    breakApi({ kind: 'status', status: 500 });
    await preflight();
    await preflight({ environment: { aws: { 'hosted-zone-id': 'PLACEHOLDER-zone' } } });
    const unset = await failureOf(planned({ route: 'fallback' }, context({ environment: { aws: {} } })));
    expect(unset).toMatchObject({ code: 'invalid', hint: expect.stringContaining('hosted-zone-id') });
  });

  test('a zone that is gone, a private one, and a listing without end', async () => {
    const { planned: change } = await planned({ route: 'fallback' });
    world.hostedZone.id = 'Z99999999999999999999';
    expect(await action.observe(change, context())).toBe('other');
    expect((await failureOf(planned({ route: 'fallback' }))).message).toContain('NoSuchHostedZone');
    world.hostedZone.id = zoneId;
    const withZone =
      (more: object) =>
      (client: Parameters<NonNullable<NonNullable<Parameters<typeof route53Context>[1]>['wrap']>>[0]) => ({
        ...client,
        ...more,
      });
    const isPrivate = async () => ({
      $metadata: {},
      HostedZone: { Id: zoneId, Name: 'example.com.', CallerReference: 'x', Config: { PrivateZone: true } },
    });
    expect(
      (await failureOf(planned({ route: 'fallback' }, context({ wrap: withZone({ getHostedZone: isPrivate }) }))))
        .message,
    ).toContain('is private');
    const endless = async () => ({
      $metadata: {},
      ResourceRecordSets: [],
      IsTruncated: true,
      MaxItems: 300,
      NextRecordName: owner,
      NextRecordType: 'A',
    });
    expect(
      (
        await failureOf(
          planned({ route: 'fallback' }, context({ wrap: withZone({ listResourceRecordSets: endless }) })),
        )
      ).message,
    ).toContain('no end');
  });

  test('more sets at a name than a page holds are all read', async () => {
    putSets(
      ...Array.from({ length: 650 }, (_, index) => ({
        type: 'CNAME',
        setIdentifier: `set ${String(index).padStart(3, '0')}`,
        weight: 1,
        ttl: 60,
        values: [edgeName],
      })),
    );
    const { plan } = await planned({ route: 'fallback', 'set-identifier': 'set 649' });
    expect(plan.notes).toContainEqual('the 649 other sets at the name are left alone');
    const lists = world.requests.filter(({ path }) => path.includes('/rrset?'));
    expect(lists.map(({ path }) => /identifier=([^&]*)/.exec(path)?.[1])).toEqual([
      undefined,
      'set%20300',
      'set%20600',
    ]);
  });
});
