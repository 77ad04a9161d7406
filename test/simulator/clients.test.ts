import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createClientTally } from '../../src/simulator/client-tally.ts';
import { type Clients, startClients } from '../../src/simulator/clients.ts';
import type { DnsListener } from '../../src/simulator/dns-listener.ts';
import { startDnsServer } from '../../src/simulator/dns-server.ts';
import { setFault } from '../../src/simulator/faults.ts';
import { type Resolver, startResolver } from '../../src/simulator/resolver.ts';
import { createDnsTransport } from '../../src/world/dns-transport.ts';
import { createClock } from '../../src/world/system-clock.ts';
import { apiKey, type DataPlane, startDataPlane } from './data-plane.ts';

describe('simulated clients', () => {
  // TTLs of 300 s pass within a third of a second.
  const clock = createClock({ speed: 1_000 });
  const ask = createDnsTransport();
  let plane: DataPlane;
  let server: DnsListener;
  let resolver: Resolver;
  let clients: Clients | undefined;

  const start = (count: number) => {
    const { world, authority, edge, fallback } = plane;
    clients = startClients({
      world,
      clock,
      ask,
      resolvers: [resolver],
      ports: {
        edges: { iad: edge.port, nrt: edge.port, dub: edge.port, gru: edge.port },
        fallback: fallback.port,
      },
      caPem: authority.caPem,
      apiKey,
      count,
    });
    return clients;
  };

  beforeEach(async () => {
    plane = await startDataPlane(clock);
    server = await startDnsServer(plane.world, clock);
    resolver = await startResolver({ world: plane.world, clock, ask, authorities: [server] });
  });
  afterEach(async () => {
    await clients?.close();
    clients = undefined;
    await Promise.all([plane.close(), server.close(), resolver.close()]);
  });

  test('reach the API through the edge, sending and reading', async () => {
    const { report } = start(4);
    await expect.poll(() => report().ok, { timeout: 10_000 }).toBeGreaterThan(20);
    const seen = report();
    expect(seen).toMatchObject({ clients: 4, failed: 0, failures: {}, firstFailureAt: null, lastFailureAt: null });
    expect(seen.movedToFallbackAt).toEqual({ p50: null, p95: null, all: null });
    expect(seen.buckets.reduce((sum, bucket) => sum + bucket.edge, 0)).toBe(seen.sent);
    const reached = plane.world.requests.filter(({ server: name }) => name === 'email-api' || name === 'resend-api');
    expect(new Set(reached.map(({ method, path, status }) => `${method} ${path} ${status}`))).toEqual(
      new Set(['POST /emails 200', 'GET /domains 200']),
    );
  });

  test('see the outage, and after the switch move to the fallback once DNS and their connections let them', async () => {
    const { world } = plane;
    const { report } = start(3);
    await expect.poll(() => report().ok, { timeout: 10_000 }).toBeGreaterThan(4);
    setFault(world, 'edge', { kind: 'status', status: 500 }, clock.now());
    await expect.poll(() => report().failures['500'] ?? 0, { timeout: 10_000 }).toBeGreaterThan(4);
    const switchedAt = clock.now();
    for (const balancer of world.loadBalancers) balancer.enabled = false;
    await expect.poll(() => report().movedToFallbackAt.all, { timeout: 20_000 }).not.toBeNull();
    const { movedToFallbackAt, firstFailureAt, buckets } = report();
    expect(firstFailureAt).toBeLessThan(switchedAt);
    expect(movedToFallbackAt.p50).toBeGreaterThan(switchedAt);
    expect(movedToFallbackAt.all).toBeGreaterThanOrEqual(movedToFallbackAt.p50 ?? Number.POSITIVE_INFINITY);
    expect(buckets.at(-1)).toMatchObject({ edge: 0 });
    const failedSoFar = report().failed;
    const okSoFar = report().ok;
    await expect.poll(() => report().ok, { timeout: 10_000 }).toBeGreaterThan(okSoFar + 10);
    expect(report().failed).toBe(failedSoFar);
  });

  test('a name that does not resolve, and connections that are refused, are failures with a reason', async () => {
    setFault(plane.world, 'dns', { kind: 'status', status: 500 }, clock.now());
    const { report } = start(2);
    await expect.poll(() => report().failures.dns ?? 0, { timeout: 10_000 }).toBeGreaterThan(1);
    plane.world.faults.clear();
    setFault(plane.world, 'edge', { kind: 'refuse' }, clock.now());
    const refused = () => report().failed - (report().failures.dns ?? 0);
    await expect.poll(refused, { timeout: 10_000 }).toBeGreaterThan(1);
    expect(Object.keys(report().failures)).toContainEqual(expect.stringMatching(/^E[A-Z]+$/));
    expect(report().ok).toBe(0);
  });

  test('closing cuts a request that waits', async () => {
    setFault(plane.world, 'edge', { kind: 'hang' }, clock.now());
    const { report, close } = start(2);
    await expect.poll(() => plane.world.requests.filter(({ server: name }) => name === 'edge').length).toBe(2);
    await close();
    expect(report().sent).toBe(0);
  });
});

describe('the tally of what clients saw', () => {
  test('seconds, failures and moves, in bounded memory', () => {
    const tally = createClientTally(4);
    const record = (client: number, via: 'edge' | 'fallback', sentAtMs: number, failure?: string) =>
      tally.record({ client, via, failure, sentAtMs });
    record(0, 'edge', 1_000, '500');
    record(1, 'fallback', 2_500);
    record(0, 'fallback', 2_900);
    record(2, 'fallback', 4_000);
    record(1, 'edge', 4_500, '500');
    record(1, 'fallback', 5_000);
    expect(tally.report()).toEqual({
      clients: 4,
      sent: 6,
      ok: 4,
      failed: 2,
      failures: { 500: 2 },
      buckets: [
        { at: 1_000, sent: 1, ok: 0, edge: 1, fallback: 0 },
        { at: 2_000, sent: 2, ok: 2, edge: 0, fallback: 2 },
        { at: 4_000, sent: 2, ok: 1, edge: 1, fallback: 1 },
        { at: 5_000, sent: 1, ok: 1, edge: 0, fallback: 1 },
      ],
      firstFailureAt: 1_000,
      lastFailureAt: 4_500,
      movedToFallbackAt: { p50: 4_000, p95: null, all: null },
    });
    for (let second = 0; second < 8_000; second += 1) record(0, 'fallback', second * 1_000, `reason ${second}`);
    expect(tally.report().buckets).toHaveLength(7_200);
    expect(Object.keys(tally.report().failures).length).toBeLessThanOrEqual(31);
  });
});
