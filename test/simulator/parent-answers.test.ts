import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DnsListener } from '../../src/simulator/dns-listener.ts';
import { startDnsServer, startParentServer } from '../../src/simulator/dns-server.ts';
import { type Resolver, startResolver } from '../../src/simulator/resolver.ts';
import { seedWorld } from '../../src/simulator/seed.ts';
import type { SimulatedWorld } from '../../src/simulator/state.ts';
import type { RecordType } from '../../src/world/dns.ts';
import { createDnsTransport } from '../../src/world/dns-transport.ts';
import { createManualClock } from './manual-clock.ts';
import { sampleEnvironment } from './sample-environment.ts';

const digest = '49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE5AC3AA11A6D5D0A5FD5D9D1F';

describe('the zone above', () => {
  let world: SimulatedWorld;
  let parent: DnsListener;
  let server: DnsListener;
  let resolver: Resolver;
  const transport = createDnsTransport();
  const ask = (at: DnsListener, name: string, type: RecordType, recursionDesired = false) =>
    transport({ server: at, name, type, recursionDesired, timeoutMs: 4_000 });

  beforeEach(async () => {
    world = seedWorld(sampleEnvironment(), { seed: 1, servedBy: 'route53', ds: [`12345 13 2 ${digest}`] });
    const clock = createManualClock();
    parent = await startParentServer(world);
    server = await startDnsServer(world, clock);
    resolver = await startResolver({ world, clock, authorities: [server], ask: transport, ttl: {} });
  });
  afterEach(() => Promise.all([parent.close(), server.close(), resolver.close()]));

  test('refers to the zone’s servers, for two days, without the AA bit', async () => {
    for (const [name, type] of [
      ['example.com', 'NS'],
      ['api.example.com', 'A'],
    ] as const) {
      expect(await ask(parent, name, type)).toMatchObject({
        rcode: 'NOERROR',
        authoritative: false,
        answers: [],
        authorities: world.hostedZone.nameservers.map((data) => ({
          name: 'example.com',
          type: 'NS',
          ttl: 172_800,
          data,
        })),
      });
    }
    expect(await ask(parent, 'com', 'NS')).toMatchObject({ authoritative: true, answers: [{ data: 'a.nic.com' }] });
    expect(await ask(parent, 'other.com', 'A')).toMatchObject({ rcode: 'NXDOMAIN', authorities: [{ type: 'SOA' }] });
    expect(await ask(parent, 'example.org', 'A')).toMatchObject({ rcode: 'REFUSED' });
  });

  test('holds the zone’s DS records; resolvers ask it for them, not the zone', async () => {
    const ds = { rcode: 'NOERROR', answers: [{ name: 'example.com', type: 'DS', data: `12345 13 2 ${digest}` }] };
    expect(await ask(parent, 'example.com', 'DS')).toMatchObject({ ...ds, authoritative: true });
    expect(await ask(resolver, 'example.com', 'DS', true)).toMatchObject(ds);
    expect(await ask(server, 'example.com', 'DS')).toMatchObject({ answers: [], authorities: [{ type: 'SOA' }] });
    expect(await ask(resolver, 'com', 'NS', true)).toMatchObject({ answers: [{ data: 'a.nic.com' }] });
    expect(await ask(resolver, 'a.nic.com', 'A', true)).toMatchObject({ answers: [{ data: '192.5.6.30' }] });
  });

  test('an unsigned zone has none, and the parent says so with its own SOA', async () => {
    world.parent.ds = [];
    expect(await ask(resolver, 'example.com', 'DS', true)).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(await ask(parent, 'example.com', 'DS')).toMatchObject({
      answers: [],
      authorities: [{ name: 'com', type: 'SOA' }],
    });
  });

  test('a CAA record of the zone has its wire form', async () => {
    world.hostedZone.seeded = [
      ...world.hostedZone.seeded,
      { name: 'example.com.', type: 'CAA', ttl: 300, values: ['0 issue "amazon.com"'] },
      { name: 'example.com.', type: 'SRV', ttl: 300, values: ['1 1 1 x.test'] },
    ];
    expect(await ask(server, 'example.com', 'CAA')).toMatchObject({ answers: [{ data: '0 issue "amazon.com"' }] });
    expect(await ask(resolver, 'example.com', 'CAA', true)).toMatchObject({ answers: [{ ttl: 300 }] });
  });
});
