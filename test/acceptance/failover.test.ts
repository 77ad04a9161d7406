import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { start, startWorld } from './program.ts';

const hostname = 'api.resend.com';
const reason = ['--reason', 'the edge answers 500'];
const go = [...reason, '--confirm', hostname];
const hasDig = spawnSync('dig', ['-v']).error === undefined;
const longTest = 120_000;

const worlds: Awaited<ReturnType<typeof startWorld>>[] = [];

async function world(...options: string[]) {
  const made = await startWorld(options);
  worlds.push(made);
  return made;
}

afterEach(async () => {
  for (const made of worlds.splice(0)) await made.stop();
});

/** The `{"type":"result"}` line of `--json`. */
function resultOf(stdout: string): {
  run: string;
  outcome: string;
  exitCode: number;
  clocks: Record<string, number | string | null>;
  head: { seq: number; hash: string };
} {
  const line = stdout.trim().split('\n').at(-1) ?? '';
  return JSON.parse(line);
}

/** What the first authoritative server answers, asked by `dig`, not by our own client. */
function digAuthoritative(address: string, type = 'CNAME'): string {
  const [host = '', port = ''] = address.split(':');
  return execFileSync('dig', [`@${host}`, '-p', port, hostname, type, '+short', '+norecurse'], {
    encoding: 'utf8',
  }).trim();
}

test('kill -9 between intent and answer: refused, resumed, switched once; then rolled back', {
  timeout: longTest,
}, async () => {
  const simulated = await world('--speed', '20');
  await simulated.fault('cloudflare-api', { kind: 'write-late', ms: 20_000 });
  const first = simulated.runbook('failover', [...go, '--json']);
  await first.until(/"type":"step-started"/);
  const watching = simulated.run(['watch']);
  await watching.until(/running /);
  await first.until(/"type":"change-intended"[^\n]*"step":"by-load-balancer"/);
  first.child.kill('SIGKILL');
  expect((await first.ended).signal).toBe('SIGKILL');
  const watched = await watching.ended;
  expect([watched.code, watched.stderr.replace(/REHEARSAL \|/g, '').replace(/\s+/g, ' ')]).toEqual([
    3,
    expect.stringMatching(
      /UNFINISHED its process \(pid \d+ on \S+\) is gone; in doubt: by-load-balancer.*next: resend-ops resume /,
    ),
  ]);

  const second = await simulated.runbook('failover', go).ended;
  expect(second.code).toBe(6);
  expect(second.stderr).toMatch(/resend-ops resume/);

  const status = await simulated.run(['status']).ended;
  expect(status.stdout + status.stderr).toMatch(/resume/);

  await simulated.clearFault('cloudflare-api');
  const resumed = await simulated.run(['resume', '--confirm', hostname, '--json']).ended;
  expect([resumed.code, resumed.stderr]).toEqual([0, expect.anything()]);
  const switches = (await simulated.writes()).filter(({ path }) => path.includes('/load_balancers/'));
  expect(switches.map(({ method, body }) => [method, JSON.parse(body)])).toEqual([['PATCH', { enabled: false }]]);
  expect(await simulated.isEnabled()).toBe(false);
  if (hasDig) expect(digAuthoritative(simulated.address(/ada.*authoritative/))).toMatch(/\.cloudfront\.net\.$/);

  const unconfirmed = await simulated.run(['rollback']).ended;
  expect([unconfirmed.code, unconfirmed.stderr.replace(/REHEARSAL \|/g, '').replace(/\s+/g, ' ')]).toEqual([
    2,
    expect.stringMatching(/- enabled: false \+ enabled: true .*`resend-ops failback .*answer it with --yes/),
  ]);
  expect(await simulated.isEnabled()).toBe(false);

  const back = await simulated.run(['rollback', '--yes', '--json']).ended;
  expect(back.code).toBe(0);
  expect(resultOf(back.stdout)).toMatchObject({ outcome: 'rolled-back' });
  expect(await simulated.isEnabled()).toBe(true);
  if (hasDig) expect(digAuthoritative(simulated.address(/ada.*authoritative/), 'A')).toMatch(/^104\./);

  const verified = await simulated.run(['audit', 'verify']).ended;
  expect(verified.code).toBe(0);
  expect(verified.stdout + verified.stderr).toContain('tail unanchored');
  const { head } = resultOf(back.stdout);
  expect((await simulated.run(['audit', 'verify', '--head', `${head.seq}:${head.hash}`]).ended).code).toBe(0);
  tamper(simulated.state, `${head.seq}:${head.hash}`);
});

/** One byte changed, one line removed, the last line removed: none goes unseen against a head. */
function tamper(state: string, head: string): void {
  const verify = (change: (text: string) => string, ...args: string[]) => {
    const copy = mkdtempSync(join(tmpdir(), 'resend-ops-tampered-'));
    try {
      cpSync(state, copy, { recursive: true });
      const audit = join(copy, 'audit');
      const [segment = ''] = readdirSync(audit).filter((name) => name.endsWith('.jsonl'));
      const file = join(audit, segment);
      writeFileSync(file, change(readFileSync(file, 'utf8')));
      const bin = new URL('../../bin/resend-ops.js', import.meta.url).pathname;
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [bin, 'audit', 'verify', '--state-dir', copy, ...args],
        { encoding: 'utf8' },
      );
      return { status, text: stdout + stderr };
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  };
  const lines = (text: string) => text.trimEnd().split('\n');
  expect(verify((text) => text.replace('the edge answers 500', 'the edge answers 501')).status).toBe(7);
  expect(verify((text) => `${lines(text).toSpliced(4, 1).join('\n')}\n`).status).toBe(7);
  expect(verify((text) => `${lines(text).slice(0, -1).join('\n')}\n`, '--head', head).status).toBe(7);
}

test('dry run: every check runs, the change is planned, and no writing call leaves the process', {
  timeout: longTest,
}, async () => {
  const simulated = await world('--speed', '20');
  const ended = await simulated.runbook('failover', [...reason, '--dry-run', '--json']).ended;
  expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining('enabled: false')]);
  expect(ended.stderr).toContain('FAIL OVER: ');
  // It is what runs: nobody need start it.
  expect(ended.stderr).not.toContain('resend-ops failover');
  expect(ended.stderr.trimEnd().split('\n').at(-1)).toMatch(/next: the same command without --dry-run$/);
  expect(resultOf(ended.stdout)).toMatchObject({ outcome: 'succeeded', mode: 'dry-run' });
  expect(await simulated.writes()).toEqual([]);
});

test('own fault: the failover stops at the guard and says why switching would not help', {
  timeout: longTest,
}, async () => {
  const simulated = await world('--scenario', 'own-fault');
  const ended = await simulated.runbook('failover', go).ended;
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/guard verdict/);
  expect(ended.stderr).toMatch(/switching would not help/);
  expect((await simulated.writes()).filter(({ path }) => path.includes('/load_balancers/'))).toEqual([]);
});

test.each([
  ['healthy', 'healthy'],
  ['fallback-broken', 'fallback-not-ready'],
  ['flapping', '(recovering|inconclusive)'],
])('the verdict of the scenario %s is %s', { timeout: longTest }, async (scenario, verdict) => {
  const simulated = await world('--scenario', scenario);
  const ended = await simulated.runbook('failover', [...go, '--json']).ended;
  expect(ended.code).toBe(1);
  expect(ended.stdout).toMatch(new RegExp(`"verdict":"${verdict}"`));
});

test('nothing starts without an answer (2), a secret (5), a good secret (5)', { timeout: longTest }, async () => {
  const simulated = await world();
  const unanswered = await simulated.runbook('failover', reason).ended;
  expect([unanswered.code, unanswered.stderr]).toEqual([2, expect.stringContaining(`--confirm ${hostname}`)]);
  const missing = await simulated.runbook('failover', go, { CLOUDFLARE_API_TOKEN: '' }).ended;
  expect([missing.code, missing.stderr]).toEqual([5, expect.stringContaining('CLOUDFLARE_API_TOKEN')]);
  const refused = await simulated.runbook('failover', go, {
    CLOUDFLARE_API_TOKEN: '0123456789012345678901234567890123456789',
  }).ended;
  expect(refused.code).toBe(5);
  expect((await simulated.run(['runs', '--json']).ended).stdout).not.toContain('failover');
  expect(await simulated.writes()).toEqual([]);
});

test('the switch cannot be made and nobody can do it by hand: nothing is changed (1)', {
  timeout: longTest,
}, async () => {
  const simulated = await world();
  await simulated.fault('cloudflare-api', { kind: 'status', status: 500 });
  const ended = await simulated.runbook('failover', [...go, '--json']).ended;
  expect([ended.code, ended.stderr]).toEqual([1, expect.stringMatching(/nothing\s+(REHEARSAL │\s+)?is changed/)]);
  expect(await simulated.isEnabled()).toBe(true);
});

test('a switch whose answer is lost is in doubt (3); rollback waits until it would have landed', {
  timeout: longTest,
}, async () => {
  const simulated = await world();
  await simulated.fault('cloudflare-api', { kind: 'write-lost' });
  const ended = await simulated.runbook('failover', [...go, '--json']).ended;
  expect([ended.code, ended.stdout]).toEqual([3, expect.stringContaining('"type":"change-unresolved"')]);
  await simulated.clearFault('cloudflare-api');
  expect((await simulated.run(['rollback']).ended).code).toBe(0);
  expect(await simulated.isEnabled()).toBe(true);
});

test('SIGTERM with the switch in place leaves it, says how to go on (3), and rollback undoes it', {
  timeout: longTest,
}, async () => {
  const simulated = await world();
  const running = simulated.runbook('failover', [...go, '--json']);
  await running.until(/"type":"step-started"[^\n]*"step":"drained"/);
  running.child.kill('SIGTERM');
  const ended = await running.ended;
  expect([ended.code, ended.stderr]).toEqual([3, expect.stringMatching(/resend-ops rollback/)]);
  const { clocks } = resultOf(ended.stdout);
  expect(clocks.switchedMs).toBeLessThan(10_000);
  expect(await simulated.isEnabled()).toBe(false);
  expect((await simulated.run(['rollback']).ended).code).toBe(0);
  expect(await simulated.isEnabled()).toBe(true);
});

test('a rehearsal needs nothing, answers itself, and shows both clocks', { timeout: longTest }, async () => {
  const state = mkdtempSync(join(tmpdir(), 'resend-ops-rehearsal-'));
  try {
    const ended = await start(['rehearse', 'failover', '--speed', '15', '--state-dir', state]).ended;
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringMatching(/switched/)]);
    expect(ended.stderr).toMatch(/recovered/);
    const lines = ended.stderr.split('\n').filter((line) => line.trim() !== '');
    expect(lines.filter((line) => !line.startsWith('REHEARSAL'))).toEqual([]);
    expect(ended.stderr).not.toMatch(/\u001b/);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});

test('a claim is given up only on the record, and then the resource is free', { timeout: longTest }, async () => {
  const simulated = await world('--speed', '20');
  const running = simulated.runbook('failover', [...go, '--json']);
  await running.until(/"type":"step-started"[^\n]*"step":"standby"/);
  running.child.kill('SIGKILL');
  await running.ended;
  const { run } = JSON.parse((await running.ended).stdout.split('\n')[0] ?? '');
  expect((await simulated.run(['release', run]).ended).code).toBe(2);
  expect((await simulated.runbook('failover', go).ended).code).toBe(6);
  expect((await simulated.run(['release', run, '--force', '--reason', 'the laptop is gone']).ended).code).toBe(0);
  expect((await simulated.runbook('failover', [...go, '--dry-run']).ended).code).toBe(0);
  const third = simulated.runbook('failover', [...go, '--json']);
  await third.until(/"type":"run-started"/);
  third.child.kill('SIGTERM');
  expect((await third.ended).code).toBe(4);
});
