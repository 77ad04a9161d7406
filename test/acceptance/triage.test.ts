import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { start, startWorld } from './program.ts';

const home = mkdtempSync(join(tmpdir(), 'resend-ops-triage-'));
const worlds: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** The verdict that a run came to, from its lines of JSON. */
function verdictOf(stdout: string): {
  recommendation: string;
  because: string[];
  missing: string[];
  command: string | null;
  until: string | null;
  evidence: string[];
} {
  const lines: { type: string; step?: string; output?: never }[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const found = lines.find(({ type, step }) => type === 'step-succeeded' && step === 'verdict')?.output;
  if (found === undefined) throw new Error(`no verdict: ${stdout}`);
  return found;
}

async function rehearse(...options: string[]) {
  const args = ['rehearse', 'triage', '--json', '--state-dir', join(home, 'state'), ...options];
  const { code, stdout } = await start(args).ended;
  return { code, verdict: verdictOf(stdout) };
}

// Two at a time, as much as the machine likes: they mostly wait.
test.concurrent.for([
  ['healthy', 'nothing', null],
  ['cloudflare-edge-down', 'fail-over', 'resend-ops failover --reason "edge failed in 6 of 6 rounds"'],
  ['own-fault', 'fix-ours', 'resend-ops announce --message "We are fixing it."'],
  ['fallback-broken', 'fix-fallback', 'resend-ops validate-fallback'],
  ['flapping', 'hold', 'resend-ops triage --over 12m'],
  ['recovering', 'hold', 'resend-ops triage --over 12m'],
] as const)('%s: %s', { timeout: 120_000 }, async ([scenario, recommendation, command], { expect }) => {
  const { code, verdict } = await rehearse('--scenario', scenario);
  // Probes of a busy machine may be late, which is told and decides nothing.
  const missing = verdict.missing.filter((line) => !line.startsWith('vantage points: not all told'));
  expect([code, { ...verdict, missing }]).toEqual([
    0,
    expect.objectContaining({ recommendation, command, missing: [] }),
  ]);
});

test('vantage points: what they see is told, is no gate, and is not asked where the environment names none', {
  timeout: 120_000,
}, async () => {
  const simulated = await startWorld();
  worlds.push(simulated);
  const first = await simulated.runbook('triage', ['--json', '--over', '2s']).ended;
  expect(verdictOf(first.stdout)).toMatchObject({ recommendation: 'fail-over', missing: [] });
  expect(verdictOf(first.stdout).evidence).toContain('vantage points: 8 of 8 fail (BR, IE, JP, US), all over edge');

  await simulated.fault('globalping-api', { kind: 'status', status: 429 });
  const second = verdictOf((await simulated.runbook('triage', ['--json', '--over', '2s']).ended).stdout);
  expect(second.recommendation).toBe('fail-over');
  expect(second.missing).toEqual([expect.stringMatching(/^vantage points: .*takes no more calls for now/)]);

  const text = readFileSync(simulated.environmentFile, 'utf8');
  writeFileSync(simulated.environmentFile, text.replace(/^globalping:\n(?: .*\n)+/m, ''));
  const before: unknown[] = JSON.parse(await simulated.call('GET', '/requests?server=globalping-api'));
  const third = verdictOf((await simulated.runbook('triage', ['--json', '--over', '2s']).ended).stdout);
  expect([third.recommendation, third.missing]).toEqual(['fail-over', []]);
  const after: unknown[] = JSON.parse(await simulated.call('GET', '/requests?server=globalping-api'));
  expect(after).toHaveLength(before.length);
});

test('18 November: the status page is down, which is told and decides nothing', { timeout: 120_000 }, async () => {
  const { code, verdict } = await rehearse('--scenario', 'cloudflare-2025-11-18', '--from', 'total-outage');
  expect([code, verdict.recommendation]).toEqual([0, 'fail-over']);
  const others = verdict.missing.filter((line) => !line.startsWith('vantage points: '));
  expect(others).toEqual([expect.stringContaining('Cloudflare’s public status')]);
});

test('five-minute cycles: a window that is wider than they are sees both halves of them', {
  timeout: 120_000,
}, async () => {
  // At 60 times the speed, twelve minutes are twelve seconds.
  const args = ['--scenario', 'cloudflare-2025-11-18', '--from', 'everywhere', '--speed', '60', '--over', '12m'];
  const { verdict } = await rehearse(...args);
  expect(['fail-over', 'hold']).toContain(verdict.recommendation);
  expect(verdict.because.join('\n')).toMatch(/edge failed in [2-5] of 6 rounds/);
});

test('failover looks for as long as it is told, and decides by the same rounds', { timeout: 120_000 }, async () => {
  const args = ['--scenario', 'cloudflare-2025-11-18', '--from', 'everywhere', '--speed', '60', '--over', '12m'];
  const { stdout, stderr } = await start([
    'rehearse',
    'failover',
    ...args,
    ...['--reason', 'edge comes and goes', '--dry-run', '--json', '--state-dir', join(home, 'state')],
  ]).ended;
  // A moment of the bad half alone would read as 6 of 6.
  expect(stdout).toMatch(/"counted":\{"failed":[2-5],"rounds":6,"needed":3\}|edge failed in [2-5] of 6 rounds/);
  expect(stderr).toMatch(/^REHEARSAL, DRY RUN . over: 12m$/m);
});

test('sources that hang cost no more than their time boxes: 11 s, and under 15 s with the start of a busy machine', {
  timeout: 120_000,
}, async () => {
  const simulated = await startWorld();
  worlds.push(simulated);
  await simulated.fault('edge', { kind: 'hang' });
  await simulated.fault('cloudflare-status', { kind: 'hang' });
  await simulated.fault('aws-status', { kind: 'hang' });
  await simulated.fault('dns', { kind: 'hang' });
  const began = performance.now();
  const { code, stdout } = await simulated.runbook('triage', ['--json']).ended;
  expect(performance.now() - began).toBeLessThan(15_000);
  const verdict = verdictOf(stdout);
  expect([code, verdict.recommendation]).toEqual([0, 'fail-over']);
  expect(verdict.missing.join('\n')).toMatch(/Cloudflare’s public status: no answer within 4 s/);
  expect(verdict.missing.join('\n')).toMatch(/AWS’s public status: no answer within 4 s/);
});

test('it needs no credentials, and writes nothing', {
  timeout: 120_000,
}, async () => {
  const simulated = await startWorld();
  worlds.push(simulated);
  const args = ['triage', '--env', simulated.environmentFile, '--state-dir', simulated.state, '--over', '2s'];
  const { code, stdout, stderr } = await start(args).ended;
  const lines = (stdout + stderr).split('\n').map((line) => line.replace(/^REHEARSAL [|│] /, ''));
  const told = lines.join(' ').replace(/\s+/g, ' ');
  expect([code, told]).toEqual([
    0,
    expect.stringContaining('FAIL OVER: the primary path fails, not the fallback; 6 of 6 rounds failed'),
  ]);
  // On a line of its own, whole, with what this command line was given: it is pasted as it stands.
  const given = `--env ${simulated.environmentFile} --state-dir ${simulated.state}`;
  expect(lines).toContain(`resend-ops failover --reason "edge failed in 6 of 6 rounds" ${given}`);
  expect(await simulated.writes()).toEqual([]);
});
