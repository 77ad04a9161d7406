import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dnsVerify } from '../../../src/actions/dns/verify.ts';
import { OpsError } from '../../../src/errors.ts';
import { encodeSvcb, parseSvcb } from '../../../src/world/svcb.ts';
import { flagBits, response, type TestRecord } from '../../world/start-dns-server.ts';
import { runCheck, testClock, testContext } from '../action-context.ts';
import { edgeRecords, fallbackRecords, hostname, startDnsWorld } from './dns-world.ts';

let world: Awaited<ReturnType<typeof startDnsWorld>>;
beforeEach(async () => {
  world = await startDnsWorld();
});
afterEach(() => world.stop());

const look = { 'must-agree': false } as const;

function httpsRecord(text: string): TestRecord {
  const record = parseSvcb(text);
  if (record === undefined) throw new Error(`not a record: ${text}`);
  return { name: hostname, type: 'HTTPS', ttl: 300, data: encodeSvcb(record) };
}

/** A step whose time is over after so many pauses; `onPause` changes the world meanwhile. */
function inTime(pauses: number, onPause: (turn: number) => void = () => {}, reason?: unknown) {
  const controller = new AbortController();
  const clock = testClock((_, turn) => {
    if (turn > pauses) controller.abort(reason ?? new OpsError('timeout', 'not done in time'));
    else onPause(turn);
  });
  return testContext({ env: world.env, dns: world.dns, clock, signal: controller.signal });
}

const verify = (input: object, ctx = inTime(0)) => runCheck(dnsVerify, { route: 'fallback', ...input }, ctx);

describe('dns.verify, looking once', () => {
  it('tells what DNS answers now, and how long clients will keep it', async () => {
    const { output, summary } = await verify({ route: 'edge', ...look });
    expect(output).toMatchObject({
      route: 'edge',
      asked: hostname,
      agreed: true,
      authoritative: { total: 2, agreeing: 2 },
      resolvers: { total: 2, agreeing: 2 },
      maxTtlMs: 300_000,
      predictedDrainMs: 300_000,
      negativeCacheMs: 1_800_000,
      remainingMs: 0,
    });
    expect(summary).toMatchObject({
      headline: '2 of 2 authoritative servers, 2 of 2 resolvers answer with edge',
      predictedDrainMs: 300_000,
    });
    expect(summary.milestone).toBeUndefined();
    expect(summary.detail.join('\n')).toContain('ada.ns.example.net');
  });

  it('asks authoritative servers without recursion and resolvers with it, for every type that leads clients', async () => {
    await verify(look);
    const [ada] = world.authorities;
    const [resolver] = world.caches;
    const types = ['A', 'AAAA', 'CNAME', 'HTTPS'];
    const of = (asked: readonly { name: string; type: string; recursionDesired: boolean }[] = []) => ({
      types: [...new Set(asked.filter(({ name }) => name === hostname).map(({ type }) => type))].sort(),
      recursion: new Set(asked.map(({ recursionDesired }) => recursionDesired)),
    });
    expect(of(ada?.server.asked)).toEqual({ types, recursion: new Set([false]) });
    expect(of(resolver?.server.asked)).toEqual({ types, recursion: new Set([true]) });
  });

  it('does not wait, and does not fail, when DNS answers with another route', async () => {
    const ctx = testContext({ env: world.env, dns: world.dns, clock: testClock() });
    const { output, summary } = await verify(look, ctx);
    expect(output).toMatchObject({ agreed: false, authoritative: { agreeing: 0 }, remainingMs: 300_000 });
    expect(summary.milestone).toBeUndefined();
    expect(ctx.clock).toMatchObject({ slept: [] });
  });

  it('looks once where waiting makes no sense, even when all must agree', async () => {
    const ctx = testContext({ env: world.env, dns: world.dns, mayWait: false });
    const { output, summary } = await verify({}, ctx);
    expect(output).toMatchObject({ agreed: false, lastAgreedAfterMs: null });
    expect(summary.milestone).toBeUndefined();
  });

  it('asks for the given name', async () => {
    for (const { zone } of world.authorities) {
      zone.records.push({ name: 'canary.example.com', type: 'CNAME', ttl: 30, data: 'd1.cloudfront.net' });
    }
    const { output } = await verify({ name: 'canary.example.com', ask: 'authoritative', ...look });
    expect(output).toMatchObject({ asked: 'canary.example.com', agreed: true, maxTtlMs: 30_000 });
  });

  it('asks only whom it is told to', async () => {
    const authoritative = await verify({ ask: 'authoritative', ...look });
    expect(authoritative.output).toMatchObject({ authoritative: { total: 2 }, resolvers: { total: 0 } });
    const asked = world.authorities.map(({ server }) => server.asked.length);
    const resolvers = await verify({ ask: 'resolvers', ...look });
    expect(resolvers.output).toMatchObject({ authoritative: { total: 0 }, resolvers: { total: 2 }, maxTtlMs: null });
    expect(world.authorities.map(({ server }) => server.asked.length)).toEqual(asked);
  });
});

describe('dns.verify, finding what is wrong', () => {
  const fallbackEverywhere = () => world.setAll(fallbackRecords);

  it('judges by the first hop: where the alias leads does not matter', async () => {
    fallbackEverywhere();
    const { output, summary } = await verify({});
    expect(output).toMatchObject({ agreed: true, maxTtlMs: 60_000, predictedDrainMs: 60_000 });
    expect(summary.milestone).toBe('recovered');
  });

  it.each<[string, TestRecord[], string]>([
    [
      'AAAA stayed behind',
      [{ name: hostname, type: 'A', ttl: 60, data: '192.0.2.1' }, ...edgeRecords.slice(1)],
      'AAAA 2606:4700::6810:101',
    ],
    [
      'one of two addresses stayed behind',
      [{ name: hostname, type: 'A', ttl: 60, data: '192.0.2.1' }, ...edgeRecords.slice(0, 1)],
      'A 104.16.1.1',
    ],
    [
      'the alias leads elsewhere',
      [{ name: hostname, type: 'CNAME', ttl: 60, data: 'd2.cloudfront.net' }],
      'CNAME d2.cloudfront.net',
    ],
    ['the name is gone', [], 'NXDOMAIN'],
    ['the name has no addresses', [{ name: hostname, type: 'TXT', ttl: 60, data: Buffer.from('\x01a') }], 'NODATA'],
  ])('objects when %s', async (_, records, finding) => {
    world.env.routes.fallback = {
      provider: 'cloudfront',
      connect: 'd1.cloudfront.net',
      answers: { cname: 'd1.cloudfront.net', addresses: ['192.0.2.0/24'] },
    };
    world.setAll(records);
    const { output } = await verify(look);
    expect(output).toMatchObject({
      agreed: false,
      authoritative: { total: 2, agreeing: 0 },
      servers: expect.arrayContaining([
        expect.objectContaining({ agrees: false, note: expect.stringContaining(finding) }),
      ]),
    });
  });

  it.each([
    ['the route that its answers lead to, though another was asked for', [...edgeRecords], 'edge'],
    ['the fallback', [{ name: hostname, type: 'CNAME', ttl: 60, data: 'd1.cloudfront.net' }], 'fallback'],
    [
      'none, where they lead to what nobody knows',
      [{ name: hostname, type: 'A', ttl: 60, data: '198.51.100.1' }],
      null,
    ],
    ['none, where the name is gone', [], null],
  ] as const)('says of each server: %s', async (_, records, leadsTo) => {
    world.env.routes.fallback = {
      provider: 'cloudfront',
      connect: 'd1.cloudfront.net',
      answers: { cname: 'd1.cloudfront.net', addresses: ['192.0.2.0/24'] },
    };
    world.setAll([
      ...records,
      ...(leadsTo === 'fallback'
        ? [{ name: 'd1.cloudfront.net', type: 'A', ttl: 60, data: '192.0.2.1' } as const]
        : []),
    ]);
    const { output } = await verify({ ...look, route: leadsTo === 'edge' ? 'fallback' : 'edge' });
    expect(output).toMatchObject({ servers: Array.from({ length: 4 }, () => ({ leadsTo })) });
  });

  it('tells how long a missing name stays missing', async () => {
    world.setAll([]);
    const { output } = await verify(look);
    expect(output).toMatchObject({
      negativeCacheMs: 1_800_000,
      maxTtlMs: null,
      predictedDrainMs: 1_800_000,
      remainingMs: 1_800_000,
    });
    expect(JSON.stringify(output)).toContain('resolvers may keep that for 1800 s');
  });

  it.each([
    ['hints at the old addresses', '1 . alpn=h3,h2 ipv4hint=104.16.1.1', 'still hints at 104.16.1.1'],
    ['leads to another name', '1 old.example.net', 'still leads to old.example.net'],
    ['has the old ECH key', '1 . ech=AEX+DQ==', 'ECH'],
  ])('objects to an HTTPS record that %s after the addresses moved', async (_, text, finding) => {
    world.env.routes.fallback = {
      provider: 'cloudfront',
      connect: 'd1.cloudfront.net',
      answers: { addresses: ['192.0.2.0/24'] },
    };
    const moved: TestRecord = { name: hostname, type: 'A', ttl: 60, data: '192.0.2.1' };
    world.setAll([moved, httpsRecord('1 . alpn=h2 ipv4hint=192.0.2.1')]);
    expect((await verify(look)).output).toMatchObject({ agreed: true });
    world.setAll([moved, httpsRecord(text)]);
    const { output } = await verify(look);
    expect(output).toMatchObject({ agreed: false, predictedDrainMs: 300_000 });
    expect(JSON.stringify(output)).toContain(finding);
  });

  it('does not believe an authoritative server that answers without authority', async () => {
    fallbackEverywhere();
    const [ada] = world.authorities;
    if (ada !== undefined) ada.zone.instead = (asked) => [response(asked, { answers: fallbackRecords })];
    const { output } = await verify(look);
    expect(output).toMatchObject({ agreed: false, authoritative: { total: 2, agreeing: 1 } });
    expect(JSON.stringify(output)).toContain('AA=0');
  });

  it('counts an authoritative server that fails or is silent as not agreeing', async () => {
    fallbackEverywhere();
    const [ada, bob] = world.authorities;
    if (ada !== undefined) ada.zone.instead = (asked) => [response(asked, { flags: flagBits.SERVFAIL })];
    await bob?.server.stop();
    const { output } = await verify({ ask: 'authoritative', ...look });
    expect(output).toMatchObject({ agreed: false, authoritative: { total: 2, agreeing: 0 } });
    expect(JSON.stringify(output)).toContain('SERVFAIL');
  });

  it('shows a resolver that says nothing and does not count it, unless all say nothing', async () => {
    fallbackEverywhere();
    const [first, second] = world.caches;
    const fail = (asked: Parameters<typeof response>[0]) =>
      asked.name === hostname ? [response(asked, { flags: flagBits.REFUSED })] : undefined;
    if (first !== undefined) first.zone.instead = fail;
    const one = await verify(look);
    expect(one.output).toMatchObject({ agreed: true, resolvers: { total: 1, agreeing: 1 } });
    expect(one.output).toMatchObject({
      servers: expect.arrayContaining([expect.objectContaining({ kind: 'resolver', answered: false, agrees: false })]),
    });
    if (second !== undefined) second.zone.instead = fail;
    const none = await verify(look);
    expect(none.output).toMatchObject({ agreed: false, resolvers: { total: 2, agreeing: 0 } });
  });

  it('takes no harm from servers that do not know CNAME or HTTPS questions', async () => {
    fallbackEverywhere();
    for (const { zone } of world.caches) {
      zone.instead = (asked) =>
        asked.type === 'HTTPS' || asked.type === 'CNAME' ? [response(asked, { flags: flagBits.SERVFAIL })] : undefined;
    }
    expect((await verify(look)).output).toMatchObject({ agreed: true, resolvers: { total: 2, agreeing: 2 } });
  });

  it('says what is wrong with the environment', async () => {
    const wrong = { code: 'invalid', hint: expect.stringMatching(/answers|routes are/) };
    await expect(verify({ route: 'nowhere' })).rejects.toMatchObject(wrong);
    world.env.routes.origin = { provider: 'load-balancer', connect: '192.0.2.9' };
    await expect(verify({ route: 'origin' })).rejects.toMatchObject(wrong);
    world.env.routes.origin = {
      provider: 'load-balancer',
      connect: '192.0.2.9',
      answers: { addresses: ['192.0.2.0/33'] },
    };
    await expect(verify({ route: 'origin' })).rejects.toMatchObject(wrong);
    world.env.dns.resolvers = ['resolver.example.net'];
    await expect(verify(look)).rejects.toMatchObject({ code: 'invalid' });
  });
});

describe('dns.verify, waiting for all to agree', () => {
  it('asks until the last server agrees, and tells when that was', async () => {
    const ctx = inTime(10, (turn) => {
      const each = [...world.authorities, ...world.caches][turn - 1];
      if (each !== undefined) each.zone.records = [...fallbackRecords];
    });
    const { output, summary } = await verify({ every: '2s' }, ctx);
    expect(output).toMatchObject({ agreed: true, elapsedMs: 8_000, lastAgreedAfterMs: 8_000 });
    expect(ctx.said).toContain('1 of 2 authoritative servers, 0 of 2 resolvers answer with fallback');
    expect(summary).toMatchObject({ milestone: 'recovered', headline: expect.stringMatching(/in 8 s$/) });
    expect(summary.predictedDrainMs).toBeUndefined();
  });

  it('proves the switch by the authoritative servers alone', async () => {
    const ctx = inTime(3, () => world.setAll(fallbackRecords, world.authorities));
    const { output, summary } = await verify({ ask: 'authoritative' }, ctx);
    expect(output).toMatchObject({ agreed: true, authoritative: { total: 2, agreeing: 2 } });
    expect(summary.milestone).toBe('switched');
    expect(ctx.clock).toMatchObject({ slept: [500] });
  });

  it('wants as many agreeing rounds in a row as asked', async () => {
    world.setAll(fallbackRecords);
    const [ada] = world.authorities;
    const ctx = inTime(10, (turn) => {
      if (ada !== undefined) ada.zone.records = [...(turn === 2 ? edgeRecords : fallbackRecords)];
    });
    const { output } = await verify({ ask: 'authoritative', 'settle-times': 3 }, ctx);
    expect(ctx.clock).toMatchObject({ slept: Array(5).fill(500) });
    expect(output).toMatchObject({ agreed: true, lastAgreedAfterMs: 1_500 });
  });

  it('fails when the time is over, naming who does not agree and what to do', async () => {
    world.setAll(fallbackRecords, world.authorities.slice(0, 1));
    await expect(verify({ ask: 'authoritative' }, inTime(2))).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringMatching(/1 of 2 authoritative servers.*bob\.ns\.example\.net.*104\.16\.1\.1/),
      hint: expect.stringContaining('load balancer'),
    });
    world.setAll(fallbackRecords, world.authorities);
    await expect(verify({}, inTime(2))).rejects.toMatchObject({
      code: 'failed',
      hint: expect.stringContaining('300 s'),
    });
  });

  it('gives the operator’s stop back as it is', async () => {
    const reason = new OpsError('aborted', 'stopped by the operator');
    await expect(verify({}, inTime(1, undefined, reason))).rejects.toBe(reason);
  });

  it('throws the reason when not even one look was possible', async () => {
    const reason = new OpsError('timeout', 'not done in time');
    const ctx = testContext({ env: world.env, dns: world.dns, signal: AbortSignal.abort(reason) });
    await expect(verify({}, ctx)).rejects.toBe(reason);
  });

  it('tells “could not ask” from “answers otherwise”', async () => {
    for (const { zone } of world.authorities) zone.instead = (asked) => [response(asked, { flags: flagBits.SERVFAIL })];
    await expect(verify({ ask: 'authoritative' }, inTime(1))).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringContaining('cannot be asked'),
      hint: expect.stringContaining('port 53'),
    });
  });

  it('fails when all agree, but not for as long as asked', async () => {
    const ctx = inTime(2, (turn) => world.setAll(turn === 2 ? fallbackRecords : edgeRecords));
    await expect(verify({ 'settle-times': 2 }, ctx)).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('not yet as often'),
    });
  });

  it('keeps trying while no resolver names the zone’s servers, and tells that in the end', async () => {
    world.setAll(fallbackRecords);
    const refuse = (asked: Parameters<typeof response>[0]) => [response(asked, { flags: flagBits.REFUSED })];
    for (const { zone } of world.caches) zone.instead = refuse;
    await expect(verify({ ask: 'authoritative' }, inTime(2))).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/no resolver names the authoritative servers of example\.com.*REFUSED/),
    });
    const ctx = inTime(2, () => {
      for (const { zone } of world.caches) delete zone.instead;
    });
    expect((await verify({ ask: 'authoritative' }, ctx)).output).toMatchObject({ agreed: true });
  });

  it('finds addresses of servers that the environment does not give, and objects to a server without any', async () => {
    world.setAll(fallbackRecords);
    world.env.dns.nameservers = Object.fromEntries(Object.entries(world.env.dns.nameservers).slice(0, 1));
    const { output } = await verify({ ask: 'authoritative', ...look });
    expect(output).toMatchObject({
      agreed: false,
      authoritative: { total: 2, agreeing: 1 },
      servers: expect.arrayContaining([
        expect.objectContaining({ server: 'bob.ns.example.net', address: '', note: 'no address is known for it' }),
      ]),
    });
    const [resolver] = world.caches;
    expect(resolver?.server.asked.filter(({ name }) => name === 'bob.ns.example.net').map(({ type }) => type)).toEqual(
      expect.arrayContaining(['A', 'AAAA']),
    );
  });
});
