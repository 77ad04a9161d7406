import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ActionContext } from '../../src/actions/action.ts';
import { httpCompare } from '../../src/actions/http/compare.ts';
import { suiteSchema } from '../../src/actions/http/suite.ts';
import { type Recommendation, recommendations } from '../../src/actions/triage/decide.ts';
import { pathsSchema } from '../../src/actions/triage/evidence.ts';
import { recommend } from '../../src/actions/triage/recommend.ts';
import { setFault } from '../../src/simulator/faults.ts';
import type { Component, Fault } from '../../src/simulator/state.ts';
import { createProber } from '../../src/world/prober.ts';
import { runCheck, testClock, testContext, testEnvironment } from '../actions/action-context.ts';
import { type DataPlane, startDataPlane } from '../simulator/data-plane.ts';
import { createTally, isFull } from './tally.ts';

/**
 * Looks in each of the worlds below; each look is six rounds over three paths, on real sockets. In full, 500 at healthy
 * worlds, 750 at those whose fault is our own, and 500 at those in which it is this machine's.
 */
const looks = isFull ? 250 : 3;
const longTest = 3_600_000;

let plane: DataPlane;
let ctx: ActionContext;
/** Whose only address for the edge leads nowhere, on a machine that is otherwise well. */
let stale: ActionContext;

beforeAll(async () => {
  plane = await startDataPlane();
  const suite: { requests: { expect: { backend?: string } }[] } = parse(
    readFileSync(new URL('../../runbooks/suites/critical-endpoints.yaml', import.meta.url), 'utf8'),
  );
  const at = ({ port }: { port: number }) => `127.0.0.1:${port}`;
  const contextOf = (edge: string) =>
    testContext({
      env: testEnvironment({
        routes: {
          edge: { provider: 'cloudflare', connect: edge },
          fallback: { provider: 'cloudfront', connect: at(plane.fallback) },
          origin: {
            provider: 'load-balancer',
            connect: { 'email-api': at(plane.backends['email-api']), 'resend-api': at(plane.backends['resend-api']) },
          },
        },
        dns: {
          resolvers: ['127.0.0.1'],
          addresses: Object.fromEntries(plane.world.addresses.edge.v4.map((address) => [address, at(plane.edge)])),
        },
        backends: {
          'email-api': { header: 'x-api', value: 'email' },
          'resend-api': { header: 'x-api', value: 'resend' },
        },
      }),
      probe: createProber({ ca: plane.authority.caPem }),
      suite: () => suiteSchema.parse(suite),
      clock: testClock(),
      dns: async ({ name }) => ({
        ...{ answered: true, rcode: 'NOERROR', authoritative: false, overTcp: false, rttMs: 1 },
        ...{ answers: plane.world.addresses.edge.v4.map((data) => ({ name, type: 'A', ttl: 300, data })) },
        ...{ authorities: [], additionals: [] },
      }),
    });
  ctx = contextOf(at(plane.edge));
  stale = contextOf('127.0.0.1:1');
});
afterAll(() => plane.close());

const verdictSchema = z.object({ recommendation: z.enum(recommendations), because: z.array(z.string()) });

type Faults = Partial<Record<Component, Fault>>;

/** What is recommended after one look at a world that fails so, and how many requests were lost on the primary. */
async function look(
  faults: Faults,
  from = ctx,
): Promise<{ recommendation: Recommendation; lost: number; because: string[] }> {
  plane.world.faults.clear();
  plane.world.requests.length = 0;
  for (const [component, fault] of Object.entries(faults)) setFault(plane.world, component as Component, fault, 0);
  const compare = { suite: 'critical-endpoints', routes: ['edge', 'fallback', 'origin'], rounds: 6, only: 'critical' };
  const seen = await runCheck(httpCompare, { ...compare, over: '5s', 'at-once': 50 }, from);
  const paths = pathsSchema.parse(seen.output);
  const judged = await runCheck(recommend, { paths: [seen.output], over: '5s' }, from);
  const { recommendation, because } = verdictSchema.parse(judged.output);
  const lost = paths.matrix.reduce(
    (sum, { cells: { edge } }) => sum + (edge === undefined ? 0 : edge.of - edge.passed),
    0,
  );
  return { recommendation, lost, because };
}

/** Up to a tenth of all requests are lost there. */
const noise = (seed: number): Fault => ({ kind: 'noise', status: 503, share: 0.02 * (1 + (seed % 5)), seed });
const everywhere = (seed: number): Faults => ({
  edge: noise(seed),
  fallback: noise(seed + 100_000),
  'email-api': noise(seed + 200_000),
  'resend-api': noise(seed + 300_000),
});
const ourFault: Faults = {
  'email-api': { kind: 'status', status: 503 },
  'resend-api': { kind: 'status', status: 500 },
};

test.for([
  ['healthy, with noise everywhere', everywhere],
  ['healthy, with noise of the edge alone', (seed: number): Faults => ({ edge: noise(seed) })],
  [
    'both APIs down, with noise of the edge and of the fallback',
    (seed: number) => ({ ...everywhere(seed), ...ourFault }),
  ],
  ['both APIs down, with noise of the edge alone', (seed: number): Faults => ({ edge: noise(seed), ...ourFault })],
  [
    'one API down, with noise of the edge alone',
    (seed: number): Faults => ({ edge: noise(seed), 'email-api': { kind: 'status', status: 503 } }),
  ],
] as const)('no wrong "fail over": %s', { timeout: longTest }, async ([, world], { task }) => {
  const tally = createTally(task);
  let lost = 0;
  for (let seed = 1; seed <= looks; seed += 1) {
    const seen = await look(world(seed));
    lost += seen.lost;
    tally.add(seen.recommendation === 'fail-over' ? [`seed ${seed}: ${seen.because.join('; ')}`] : []);
  }
  expect(lost, 'requests that the noise took').toBeGreaterThan(0);
  tally.close();
});

test('no wrong "fail over": an address of the edge that has gone stale, with noise everywhere', {
  timeout: longTest,
}, async ({ task }) => {
  const tally = createTally(task);
  for (let seed = 1; seed <= looks; seed += 1) {
    const { recommendation, because } = await look(seed % 2 === 0 ? everywhere(seed) : {}, stale);
    tally.add(recommendation === 'fail-over' ? [`seed ${seed}: ${because.join('; ')}`] : []);
    if (seed % 2 === 1)
      expect([recommendation, because.join()]).toEqual(['look-again', expect.stringContaining('only the address')]);
  }
  tally.close();
});

test('no wrong "fail over": an edge that answers 429 to all of our requests', { timeout: longTest }, async ({
  task,
}) => {
  const tally = createTally(task);
  for (let seed = 1; seed <= looks; seed += 1) {
    const limiting: Faults = { ...everywhere(seed), edge: { kind: 'status', status: 429 } };
    const { recommendation, because } = await look(
      seed % 2 === 0 ? limiting : { edge: { kind: 'status', status: 429 } },
    );
    tally.add(recommendation === 'fail-over' ? [`seed ${seed}: ${because.join('; ')}`] : []);
    if (seed % 2 === 1) expect(recommendation, because.join()).toBe('look-again');
  }
  tally.close();
});

test('and yet: the edge down for good, for whoever has a stale address for it, too', {
  timeout: longTest,
}, async () => {
  for (let seed = 1; seed <= 3; seed += 1) {
    const seen = await look({ edge: { kind: 'status', status: 500 } }, stale);
    expect(seen.recommendation, seen.because.join()).toBe('fail-over');
  }
});

test('and yet: the edge down for good is told as that, with noise everywhere else', { timeout: longTest }, async () => {
  const counts: Partial<Record<Recommendation, number>> = {};
  const all = isFull ? 100 : 3;
  for (let seed = 1; seed <= all; seed += 1) {
    const quiet = (more: number): Fault => ({ kind: 'noise', status: 503, share: 0.005, seed: seed + more });
    const down: Faults = { edge: { kind: 'status', status: 500 }, fallback: quiet(1), 'email-api': quiet(100_000) };
    const { recommendation } = await look(down);
    counts[recommendation] = (counts[recommendation] ?? 0) + 1;
  }
  expect(counts['fail-over'] ?? 0, JSON.stringify(counts)).toBeGreaterThanOrEqual(0.8 * all);
});
