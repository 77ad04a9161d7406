import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { globalpingMeasure } from '../../../src/actions/globalping/measure.ts';
import { OpsError } from '../../../src/errors.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/simulator.ts';
import { createEdges } from '../../../src/world/edges.ts';
import type { Environment } from '../../../src/world/environment.ts';
import { createClock } from '../../../src/world/system-clock.ts';
import { sampleEnvironment } from '../../simulator/sample-environment.ts';
import { failureOf, runCheck, testContext } from '../action-context.ts';

type Seen = {
  verdict: string;
  missing: string;
  total: number;
  served: number;
  failed: number;
  silent: number;
  probes: { country: string; saw: string; status: number | null; address: string | null; route: string | null }[];
};

let directory: string;
let simulator: Simulator;
const clock = createClock({ speed: 1 });
const fast = { path: '/domains', statuses: [401] };

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'resend-ops-globalping-'));
  const environment: Environment = {
    ...sampleEnvironment(),
    globalping: { locations: ['US', 'Asia', 'EU', 'BR'], probes: 8 },
  };
  environment.secrets.globalping = 'GLOBALPING_TOKEN';
  simulator = await startSimulator({ environment, directory, clock, clients: 0 });
});
afterEach(async () => {
  await simulator.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** A context whose only reachable part is Globalping, read-only as a check is; `more` changes the environment. */
function context(more: Partial<Environment> = {}, given: { token?: string; signal?: AbortSignal } = {}) {
  const env = { ...simulator.environment, ...more };
  const edges = createEdges(env, {
    ca: undefined,
    secret: (name) => (name === 'globalping' ? given.token : undefined),
    mask: (text) => text,
  });
  const ctx = testContext({ env, clock, ...(given.signal === undefined ? {} : { signal: given.signal }) });
  ctx.clients.globalping = () => edges.globalping(() => ({ mode: 'read-only', why: 'a check only reads' }));
  return ctx;
}

async function measure(input: object = fast, ctx = context()): Promise<Seen & { lines: string }> {
  const { output, summary } = await runCheck(globalpingMeasure, { ...input }, ctx);
  return { ...(output as Seen), lines: [summary.headline, ...summary.detail].join('\n') };
}

const asked = () => simulator.world.requests.filter(({ server }) => server === 'globalping-api');

describe('vantage points', () => {
  test('all are served while all is well, two from each place, over the edge', async () => {
    const seen = await measure();
    expect(seen).toMatchObject({ verdict: 'served', missing: '', total: 8, served: 8, failed: 0, silent: 0 });
    expect(seen.probes.map(({ country }) => country).sort()).toEqual(['BR', 'BR', 'IE', 'IE', 'JP', 'JP', 'US', 'US']);
    expect(new Set(seen.probes.map(({ route }) => route))).toEqual(new Set(['edge']));
    expect(seen.probes.every(({ status, address }) => status === 401 && address !== null)).toBe(true);
    expect(seen.lines).toContain('vantage points: all that told are served, 8 of 8 served');
  });

  test('an edge that fails in some places fails there alone', async () => {
    setFault(simulator.world, 'edge', { kind: 'status', status: 500, regions: ['nrt', 'gru'] }, clock.now());
    const seen = await measure();
    expect(seen).toMatchObject({ verdict: 'mixed', served: 4, failed: 4 });
    expect(new Set(seen.probes.filter(({ saw }) => saw === 'failed').map(({ country }) => country))).toEqual(
      new Set(['BR', 'JP']),
    );
    expect(seen.lines).toMatch(/failed +JP Tokyo, Example Broadband over edge: HTTP\n? +500/);
  });

  test('refused connections are failures; a status that a working path never gives is one, too', async () => {
    setFault(simulator.world, 'edge', { kind: 'refuse' }, clock.now());
    expect(await measure()).toMatchObject({ verdict: 'failing', served: 0, failed: 8 });
    setFault(simulator.world, 'edge', undefined, clock.now());
    expect(await measure({ path: '/domains', statuses: [200] })).toMatchObject({ verdict: 'failing', failed: 8 });
    expect(await measure({ path: '/domains' })).toMatchObject({ verdict: 'served' });
  });

  test('probes that hang have told nothing in time, and that is no failure', async () => {
    setFault(simulator.world, 'edge', { kind: 'hang' }, clock.now());
    const began = performance.now();
    const seen = await measure({ ...fast, within: 1_700 });
    expect(performance.now() - began).toBeLessThan(4_000);
    expect(seen).toMatchObject({ verdict: 'unknown', failed: 0, silent: 8, missing: 'not all told within 1.7 s' });
    const looks = asked().filter(({ method }) => method === 'GET');
    expect(looks.length).toBeGreaterThanOrEqual(2);
    expect(looks.length).toBeLessThanOrEqual(3);
  });

  test.each([
    ['hangs', { kind: 'hang' }, /not all told within 1 s/],
    ['is down', { kind: 'status', status: 503 }, /HTTP 503/],
    ['refuses connections', { kind: 'refuse' }, /no usable answer|was not sent/],
    ['takes no more', { kind: 'status', status: 429 }, /takes no more calls for now \(HTTP 429/],
  ] as const)('a service that %s is missing, and the step succeeds', async (_, fault, words) => {
    setFault(simulator.world, 'globalping-api', fault, clock.now());
    const seen = await measure({ ...fast, within: 1_000 });
    expect(seen).toMatchObject({ verdict: 'unknown', total: 0, probes: [], missing: expect.stringMatching(words) });
  });

  test('the hourly limit counts probes; a token has one of its own; a wrong one is told', async () => {
    const ctx = context({ globalping: { locations: ['US', 'JP', 'IE', 'BR'], probes: 12 } });
    for (let turn = 0; turn < 20; turn += 1) expect((await measure(fast, ctx)).missing).toBe('');
    expect((await measure(fast, ctx)).missing).toMatch(/HTTP 429/);
    const token = simulator.secrets.GLOBALPING_TOKEN ?? '';
    expect((await measure(fast, context({}, { token }))).verdict).toBe('served');
    expect((await measure(fast, context({}, { token: 'x'.repeat(32) }))).missing).toMatch(
      /Unauthorized\. \(unauthorized\)/,
    );
  }, 30_000);

  test('a private target and a place without probes are refused in the service’s own words', async () => {
    expect((await measure({ ...fast, target: '127.0.0.1' })).missing).toMatch(/Parameter validation failed/);
    const nowhere = context({ globalping: { locations: ['Atlantis'], probes: 8 } });
    expect((await measure(fast, nowhere)).missing).toMatch(/No matching probes available/);
  });

  test('nothing of the request is secret, and nobody is asked but the endpoint that the environment names', async () => {
    await measure();
    const [created] = asked();
    expect(JSON.parse(created?.body ?? '')).toEqual({
      type: 'http',
      target: 'api.example.com',
      locations: [{ magic: 'US' }, { magic: 'Asia' }, { magic: 'EU' }, { magic: 'BR' }],
      limit: 8,
      measurementOptions: {
        protocol: 'HTTPS',
        port: 443,
        request: { method: 'GET', host: 'api.example.com', path: '/domains' },
      },
    });
    const elsewhere = context({ globalping: undefined });
    const failure = await failureOf(measure(fast, elsewhere));
    expect([failure.code, failure.message]).toEqual(['refused', 'the environment names no vantage points']);
  });

  test('an answer in another shape is missing; a stop ends it with the stop’s own reason', async () => {
    const ctx = context();
    ctx.clients.globalping = async () => ({ call: () => Promise.reject(new OpsError('lost-answer', 'not the API’s')) });
    expect(await measure(fast, ctx)).toMatchObject({ verdict: 'unknown', missing: 'not the API’s' });
    const controller = new AbortController();
    setFault(simulator.world, 'globalping-api', { kind: 'hang' }, clock.now());
    const stopped = measure(fast, context({}, { signal: controller.signal }));
    controller.abort(new OpsError('aborted', 'the operator stopped'));
    expect((await failureOf(stopped)).message).toBe('the operator stopped');
  });
});
