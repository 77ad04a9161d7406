import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { problemsOfMetrics } from '../report/openmetrics-check.ts';
import { start, startWorld } from './program.ts';

const shipped = fileURLToPath(new URL('../../runbooks', import.meta.url));
const router = readFileSync(join(shipped, 'fallback/edge-router.js'), 'utf8');
const home = mkdtempSync(join(tmpdir(), 'resend-ops-readiness-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Lines that were broken to fit the screen, as one. */
const unwrap = (text: string) => text.replace(/\n\S+ [|│]\s+/g, ' ');

describe('readiness from cron, by the built program against a simulator in another process', () => {
  let world: Awaited<ReturnType<typeof startWorld>>;
  let environment: Record<string, unknown>;

  beforeAll(async () => {
    world = await startWorld(['--scenario', 'healthy']);
    environment = parse(readFileSync(world.environmentFile, 'utf8'));
    mkdirSync(world.state, { recursive: true });
  });
  afterAll(() => world?.stop());

  /** Accepts findings in the environment file, as an operator would. */
  const accept = (...acceptances: object[]) =>
    writeFileSync(world.environmentFile, stringify({ ...environment, 'accepted-findings': acceptances }));
  const validate = async () => {
    const [junit, metrics] = [join(home, 'junit.xml'), join(home, 'resend.prom')];
    const { code, stderr } = await world.runbook('validate-fallback', ['--junit', junit, '--metrics', metrics]).ended;
    const text = readFileSync(metrics, 'utf8');
    const findings = [...text.matchAll(/^resend_ops_finding\{.*?id="([^"]*)".*?accepted="(true|false)"\}/gm)];
    return {
      code,
      stderr,
      junit: readFileSync(junit, 'utf8'),
      metrics: text,
      findings: findings.map(([, id, accepted]) => (accepted === 'true' ? `${id} accepted` : id)).sort(),
    };
  };
  const hotfix = { id: 'cloudfront/function-drift', reason: 'hotfix of the 24th', by: 'ana' };
  const unpublished = { id: 'cloudfront/function-unpublished-changes', reason: 'the same', until: '2099-01-01' };
  const score = (at: string, more: object) => ({
    ...{ at, run: 'r1', runbook: 'failover', scenario: 'cloudflare-edge-down', from: null, seed: null, speed: 1 },
    ...{ version: '0.1.0', mode: 'rehearsal', outcome: 'succeeded', exitCode: 0, verdict: null, endsOn: 'fallback' },
    ...{
      asked: [],
      asExpected: true,
      switchedMs: 3_200,
      recoveredMs: 301_000,
      objective: { switchedMs: 60_000, recoveredMs: 360_000 },
    },
    ...{ met: true, atPromptsMs: 0, overrides: {}, guards: [], left: [] },
    customers: {
      clients: 1,
      before: { sent: 10, lost: 5 },
      during: { sent: 10, lost: 2 },
      after: { sent: 10, lost: 0 },
    },
    ...more,
  });

  test('the switch is planned on the control plane, and nothing is written', { timeout: 90_000 }, async () => {
    const { code, findings, stderr, metrics } = await validate();
    expect([code, findings]).toEqual([0, ['rehearsal/missing']]);
    expect(stderr).toContain('cloudflare.set-load-balancer can be planned; nothing was written');
    expect(stderr).toMatch(/the token is active, .*writing not/);
    expect(metrics).toMatch(/check_ok\{[^}]*step="plan-load-balancer"\} 1$/m);
    expect(metrics).not.toMatch(/check_ok\{[^}]*step="plan-record"/);
    expect(await world.writes()).toEqual([]);
    expect(await world.isEnabled()).toBe(true);
  });

  test('the site and the dashboard are asked too, and fall with the edge they are behind, as a warning', {
    timeout: 120_000,
  }, async () => {
    expect((await validate()).stderr).toContain('2 of 2 pages answer as they should');
    await world.fault('edge', { kind: 'status', status: 500 });
    const failed = await validate();
    await world.clearFault('edge');
    expect(failed.findings).toContain('http/page-failed');
    expect(failed.metrics).toMatch(/finding\{[^}]*id="http\/page-failed",severity="warning"[^}]*\} 2$/m);
    // The line is broken to fit the screen.
    expect(failed.stderr).toMatch(/https:\/\/resend\.com\/login:\s+(?:REHEARSAL \|\s+)?expected 200, got 500/);
    expect(failed.metrics).toMatch(/check_ok\{[^}]*step="pages"\} 1$/m);
  });

  test('rehearsals are read from the state directory', { timeout: 90_000 }, async () => {
    const file = join(world.state, 'rehearsals.jsonl');
    appendFileSync(file, `${JSON.stringify(score('2026-01-01T00:00:00.000Z', { met: false }))}\n`);
    expect((await validate()).findings).toEqual(['rehearsal/failed', 'rehearsal/old']);
    appendFileSync(file, `${JSON.stringify(score(new Date().toISOString(), {}))}\n`);
    const { findings, metrics, stderr } = await validate();
    expect(findings).toEqual([]);
    expect(metrics).toMatch(/^resend_ops_rehearsal_age_days\{[^}]*step="rehearsed"\} 0$/m);
    expect(metrics).toMatch(/^resend_ops_rehearsal_ok\{[^}]*\} 1$/m);
    expect(metrics).toMatch(/^resend_ops_rehearsal_switched_seconds\{[^}]*\} 3.2$/m);
    expect(metrics).toMatch(/^resend_ops_rehearsal_recovered_seconds\{[^}]*\} 301$/m);
    expect(metrics).toMatch(/^resend_ops_rehearsal_requests_lost\{[^}]*\} 7$/m);
    expect(problemsOfMetrics(metrics)).toEqual([]);
    expect(stderr).toContain('switched in 3.2 s of 60 s, recovered in');
    expect(stderr).toContain('7 of 30 requests of customers lost, 2 of them after');
  });

  test('a finding fails, until it is accepted; an acceptance that ran out counts again', {
    timeout: 120_000,
  }, async () => {
    await world.call('PATCH', '/cloudfront', { function: { live: `${router}// hasty\n` } });
    const found = await validate();
    expect([found.code, found.findings]).toEqual([1, [hotfix.id, unpublished.id]]);
    expect(found.junit).toMatch(/name="cloudfront\/function-drift \(edge-router\)"[^>]*><failure /);

    // As the finding itself says how: this code, and no other that comes after it.
    const [, seen] = /function-drift, where: edge-router, seen: (\w+)/.exec(unwrap(found.stderr)) ?? [];
    const drifted = { ...hotfix, where: 'edge-router', seen };
    accept({ ...drifted, until: '2099-01-01' }, unpublished);
    const accepted = await validate();
    // The last run that ended well saw the other function.
    expect([accepted.code, accepted.findings]).toEqual([
      0,
      [`${drifted.id} accepted`, `${unpublished.id} accepted`, 'drift/changed'],
    ]);
    expect(accepted.junit).toContain('<skipped message="accepted by ana until 2099-01-01: hotfix of the 24th"/>');
    expect(unwrap(accepted.stderr)).toContain('accepted by ana until 2099-01-01: hotfix of the 24th');

    await world.call('PATCH', '/cloudfront', { function: { live: `${router}// hastier\n` } });
    const another = await validate();
    expect([another.code, another.findings]).toEqual([1, [drifted.id, `${unpublished.id} accepted`]]);
    expect(unwrap(another.stderr)).toContain('its acceptance by ana is not of what is seen now');

    accept({ ...drifted, until: '2026-01-01' }, unpublished);
    const expired = await validate();
    expect([expired.code, expired.findings]).toEqual([1, [drifted.id, `${unpublished.id} accepted`]]);
    expect(unwrap(expired.stderr)).toContain('its acceptance by ana ran out 2026-01-01: hotfix of the 24th');
    expect(expired.junit).toContain('its acceptance by ana ran out 2026-01-01');

    mkdirSync(join(home, 'environments'), { recursive: true });
    const written = join(home, 'environments', 'tonight.yaml');
    const acceptances = [
      { ...drifted, until: '2026-01-01' },
      { ...unpublished, id: 'cloudfront/waf-atached' },
    ];
    const { ca: _ca, ...withoutAuthority } = environment;
    writeFileSync(written, stringify({ ...withoutAuthority, 'accepted-findings': acceptances }));
    const { code, stdout } = await start(['lint', written]).ended;
    expect(code).toBe(0);
    expect(stdout).toContain('the acceptance of cloudfront/function-drift ran out 2026-01-01');
    expect(stdout).toContain('no check gives the finding cloudfront/waf-atached; did you mean');
  });

  test('drift is told in every run, until it is accepted', { timeout: 180_000 }, async () => {
    await world.call('PATCH', '/cloudfront', { function: { live: router } });
    accept();
    expect((await validate()).findings).toEqual([]);
    const { distribution }: { distribution: { origins: { readTimeout: number }[] } } = JSON.parse(
      await world.call('GET', '/state'),
    );
    const origins = distribution.origins.map((origin) => ({ ...origin, readTimeout: origin.readTimeout + 1 }));
    await world.call('PATCH', '/cloudfront', { distribution: { origins } });
    const first = await validate();
    const second = await validate();
    for (const told of [first, second]) expect([told.code, told.findings]).toEqual([0, ['drift/changed']]);
    const [, seen] = /drift\/changed, where: distribution, seen: (\w+)\)/.exec(unwrap(second.stderr)) ?? [];
    accept({ id: 'drift/changed', where: 'distribution', seen, reason: 'CHG-7', until: '2099-01-01' });
    expect((await validate()).findings).toEqual(['drift/changed accepted']);
    accept();
    expect((await validate()).findings).toEqual([]);
  });

  test('no run of them wrote anything', async () => expect(await world.writes()).toEqual([]));
});

test('with 50 requests it takes less than 30 s', { timeout: 90_000 }, async () => {
  const runbooks = join(home, 'runbooks');
  cpSync(shipped, runbooks, { recursive: true });
  const file = join(runbooks, 'suites/critical-endpoints.yaml');
  const suite: { requests: { id: string }[] } = parse(readFileSync(file, 'utf8'));
  const requests = Array.from({ length: 50 }, (_, index) => {
    const request = suite.requests[index % suite.requests.length];
    return { ...request, id: `${request?.id}-${index}` };
  });
  // What is measured is the run, not how prompt the simulator is beside other tests on the same processors.
  writeFileSync(file, stringify({ ...suite, 'timeout-ms': 20_000, requests }, { aliasDuplicateObjects: false }));
  const metrics = join(home, 'fifty.prom');
  const { code, stderr } = await start([
    ...['rehearse', 'validate-fallback', '--scenario', 'healthy', '--runbooks', runbooks],
    ...['--state-dir', join(home, 'fifty'), '--metrics', metrics],
  ]).ended;
  expect([code, stderr.match(/^error.*/m)]).toEqual([0, null]);
  const [, seconds] = /^resend_ops_run_duration_seconds\{.*\} (.*)$/m.exec(readFileSync(metrics, 'utf8')) ?? [];
  expect(Number(seconds)).toBeGreaterThan(1);
  expect(Number(seconds)).toBeLessThan(30);
});

/** Everything that a readiness run asks, but for Slack and the vendors' pages, which it does not. */
const asked = [
  ...['edge', 'fallback', 'email-api', 'resend-api', 'cloudflare-api', 'aws-api'],
  ...['datadog-api', 'pagerduty-api', 'smtp', 'dns'],
];

test('whatever hangs, a run ends within 30 s, and says of each step what it could not see', {
  timeout: 120_000,
}, async () => {
  const world = await startWorld(['--scenario', 'healthy']);
  try {
    for (const component of asked) await world.fault(component, { kind: 'hang' });
    const { code, stdout } = await world.runbook('validate-fallback', ['--json']).ended;
    const lines: { type: string; time: string; step?: string; error?: { message: string } }[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const moment = (type: string) => Date.parse(lines.find((line) => line.type === type)?.time ?? '');
    // By the run's own events: what is asserted is its time boxes, not how soon a busy machine starts a process.
    expect(moment('run-ended') - moment('run-started')).toBeGreaterThan(5_000);
    expect(moment('run-ended') - moment('run-started')).toBeLessThan(30_000);
    expect(code).toBe(1);
    const failed = lines.filter(({ type }) => type === 'step-failed').map(({ step }) => step);
    for (const step of ['standby', 'configuration', 'routing', 'plan-load-balancer', 'obstacles', 'alerts']) {
      expect(failed).toContain(step);
    }
    expect(lines.filter(({ error }) => error?.message === '')).toEqual([]);
    expect(await world.writes()).toEqual([]);
  } finally {
    await world.stop();
  }
});

test('the time boxes of a run without --prove-write sum up to less than 30 s', () => {
  type Step = { timeout?: string; when?: string; parallel?: Step[] };
  const { steps }: { steps: Step[] } = parse(readFileSync(join(shipped, 'validate-fallback.yaml'), 'utf8'));
  const seconds = ({ timeout }: Step) => Number(/^(\d+)s$/.exec(timeout ?? '')?.[1] ?? Number.NaN);
  const groups = steps.filter(({ parallel }) => parallel !== undefined);
  // What compares with the log and reads the rehearsals asks nobody, and needs no box.
  const boxes = groups.map(({ parallel = [] }) =>
    Math.max(...parallel.filter((step) => 'timeout' in step).map((step) => seconds(step) + 2)),
  );
  expect(boxes.length).toBe(2);
  expect(boxes.reduce((sum, box) => sum + box, 0)).toBeLessThan(30);
  const unboxed = groups.flatMap(({ parallel = [] }) => parallel).filter((step) => !('timeout' in step));
  expect(unboxed).toMatchObject([{ uses: 'rehearsal.inspect' }]);
});

test('the drain and the time that absence is kept are held against the objective of the failover', () => {
  const read = (name: string) => parse(readFileSync(join(shipped, `${name}.yaml`), 'utf8'));
  const [{ parallel }] = read('validate-fallback').steps;
  const { with: limits } = parallel.find(({ id }: { id: string }) => id === 'answers');
  const { 'recovered-within': within } = read('failover').objective;
  expect(limits['drain-within']).toBe(within);
  expect(limits['absence-within']).toContain(`? '${within}' :`);
});
