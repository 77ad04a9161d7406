import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DnsListener } from '../../src/simulator/dns-listener.ts';
import { startDnsServer } from '../../src/simulator/dns-server.ts';
import { setFault } from '../../src/simulator/faults.ts';
import { type Resolver, startResolver } from '../../src/simulator/resolver.ts';
import { seedWorld } from '../../src/simulator/seed.ts';
import type { SimulatedWorld } from '../../src/simulator/state.ts';
import type { DnsQuestion, RecordType } from '../../src/world/dns.ts';
import { createDnsTransport } from '../../src/world/dns-transport.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import { sampleEnvironment } from './sample-environment.ts';

const hasDig = spawnSync('dig', ['-v']).error === undefined;

describe('a simulated caching resolver', () => {
  let world: SimulatedWorld;
  let clock: ManualClock;
  let servers: DnsListener[];
  let resolver: Resolver;
  let upstream: DnsQuestion[];
  const transport = createDnsTransport();
  const ask = (name: string, type: RecordType, recursionDesired = true) =>
    transport({ server: resolver, name, type, recursionDesired, timeoutMs: 4_000 });
  const disable = () => {
    for (const balancer of world.loadBalancers) balancer.enabled = false;
  };

  beforeEach(async () => {
    world = seedWorld(sampleEnvironment(), { seed: 1 });
    clock = createManualClock();
    servers = await Promise.all([startDnsServer(world, clock), startDnsServer(world, clock)]);
    upstream = [];
    resolver = await startResolver({
      world,
      clock,
      authorities: servers,
      ask: (question) => {
        upstream.push(question);
        return transport(question);
      },
    });
  });
  afterEach(async () => {
    await resolver.close();
    await Promise.all(servers.map((server) => server.close()));
  });

  test('keeps an answer until its TTL is over, and shows what is left of it', async () => {
    const first = await ask('api.example.com', 'A');
    expect(first).toMatchObject({ rcode: 'NOERROR', authoritative: false, answers: [{ ttl: 300 }, { ttl: 300 }] });
    disable();
    clock.advance(299_000);
    expect(await ask('api.example.com', 'A')).toMatchObject({
      answers: [
        { type: 'A', ttl: 1 },
        { type: 'A', ttl: 1 },
      ],
    });
    expect(upstream).toHaveLength(1);
    clock.advance(1_000);
    expect(await ask('api.example.com', 'A')).toMatchObject({
      answers: [{ type: 'CNAME', ttl: 60 }, ...Array(4).fill({ type: 'A', ttl: 60 })],
    });
  });

  test('answers the whole chain, whose parts age each by itself', async () => {
    disable();
    const chain = await ask('api.example.com', 'A');
    expect(chain.answered && chain.answers.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'api.example.com CNAME',
      ...world.addresses.fallback.v4.map(() => 'd111111abcdef8.cloudfront.net A'),
    ]);
    clock.advance(30_000);
    expect(await ask('d111111abcdef8.cloudfront.net', 'A')).toMatchObject({ answers: Array(4).fill({ ttl: 30 }) });
    expect(await ask('api.example.com', 'AAAA')).toMatchObject({
      answers: [{ type: 'CNAME', ttl: 30 }, ...Array(4).fill({ ttl: 60 })],
    });
    expect(upstream).toHaveLength(1);
  });

  test('negative answers stay for the SOA minimum', async () => {
    world.zone.soaMinimum = 900;
    expect(await ask('new.example.com', 'A')).toMatchObject({
      rcode: 'NXDOMAIN',
      authorities: [{ type: 'SOA', ttl: 900 }],
    });
    world.records.push({
      id: 'new',
      type: 'A',
      name: 'new.example.com',
      content: '192.0.2.1',
      ttl: 60,
      proxied: false,
      comment: null,
      createdOn: '',
      modifiedOn: '',
    });
    clock.advance(899_000);
    expect(await ask('new.example.com', 'AAAA')).toMatchObject({ rcode: 'NXDOMAIN', authorities: [{ ttl: 1 }] });
    clock.advance(1_000);
    expect(await ask('new.example.com', 'A')).toMatchObject({ rcode: 'NOERROR', answers: [{ data: '192.0.2.1' }] });
    expect(await ask('new.example.com', 'AAAA')).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
      authorities: [{ type: 'SOA' }],
    });
  });

  test('names in another spelling are the same name', async () => {
    await ask('api.example.com', 'A');
    expect(await ask('API.Example.com', 'A')).toMatchObject({
      rcode: 'NOERROR',
      answers: [{ type: 'A' }, { type: 'A' }],
    });
    expect(upstream).toHaveLength(1);
  });

  test('many questions at the same time become one upstream', async () => {
    await Promise.all(Array.from({ length: 20 }, () => ask('api.example.com', 'A')));
    expect(upstream).toHaveLength(1);
  });

  test('goes on to the next server when one is gone', async () => {
    await servers[0]?.close();
    expect(await ask('api.example.com', 'A')).toMatchObject({ rcode: 'NOERROR' });
    expect(await ask('api.example.com', 'AAAA')).toMatchObject({ rcode: 'NOERROR' });
    expect(new Set(upstream.map(({ server }) => server.port)).size).toBe(2);
  });

  test('a failure upstream is SERVFAIL, is not kept, and leaves what is cached', async () => {
    await ask('api.example.com', 'A');
    setFault(world, 'dns', { kind: 'status', status: 500 }, clock.now());
    expect(await ask('api.example.com', 'AAAA')).toMatchObject({ rcode: 'SERVFAIL' });
    expect(await ask('api.example.com', 'A')).toMatchObject({ rcode: 'NOERROR' });
    world.faults.clear();
    expect(await ask('api.example.com', 'AAAA')).toMatchObject({ rcode: 'NOERROR' });
  });

  test('flushed, it asks again; without RD it refuses', async () => {
    await ask('api.example.com', 'A');
    resolver.flush();
    await ask('api.example.com', 'A');
    expect(upstream).toHaveLength(2);
    expect(await ask('api.example.com', 'A', false)).toMatchObject({ rcode: 'REFUSED' });
  });

  test('a resolver with a least TTL keeps the old answer beyond its time, one with a most TTL asks sooner', async () => {
    for (const [ttl, told, stale] of [
      [{ least: 900 }, 900, true],
      [{ most: 20 }, 20, false],
      [{}, 300, true],
    ] as const) {
      for (const balancer of world.loadBalancers) balancer.enabled = true;
      const odd = await startResolver({ world, clock, authorities: servers, ask: transport, ttl });
      try {
        const askOdd = () =>
          transport({ server: odd, name: 'api.example.com', type: 'A', recursionDesired: true, timeoutMs: 4_000 });
        const first = await askOdd();
        expect(first.answered && first.answers[0]).toMatchObject({ type: 'A', ttl: told });
        disable();
        clock.advance(25_000);
        const then = await askOdd();
        expect([ttl, then.answered && then.answers[0]?.type === 'A']).toEqual([ttl, stale]);
        clock.advance(300_000);
        const later = await askOdd();
        expect([ttl, later.answered && later.answers[0]?.type === 'A']).toEqual([
          ttl,
          ttl === undefined || 'least' in ttl,
        ]);
      } finally {
        await odd.close();
      }
    }
  });

  test.skipIf(!hasDig)('dig works as against a real one', async () => {
    disable();
    const args = ['@127.0.0.1', '-p', String(resolver.port), '+tries=1', '+time=3'];
    const { stdout } = await promisify(execFile)('dig', [...args, 'api.example.com']);
    expect(stdout).toMatch(/flags: qr rd ra;/);
    expect(stdout).toMatch(/api\.example\.com\.\s+60\s+IN\s+CNAME\s+d111111abcdef8\.cloudfront\.net\./);
    expect(stdout).not.toMatch(/WARNING/);
    expect((await promisify(execFile)('dig', [...args, '+tcp', '+short', 'example.com', 'NS'])).stdout).toContain(
      'ada.ns.cloudflare.com.',
    );
  });
});
