import { afterEach, describe, expect, test } from 'vitest';
import { startWorld } from './program.ts';

const longTest = 120_000;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function world(...options: string[]) {
  const made = await startWorld(options);
  cleanups.push(() => made.stop());
  return made;
}

const resultIn = (stdout: string) => JSON.parse(stdout.trim().split('\n').at(-1) ?? '');

describe('what cannot be used', () => {
  test('is found before a room or a notice is opened (exit 2)', { timeout: longTest }, async () => {
    const simulated = await world();
    const given = ['--reason', 'x', '--over', '1h', '--confirm', 'api.resend.com'];
    for (const more of [[], ['--dry-run']]) {
      const { code, stdout, stderr } = await simulated.runbook('failover', [...given, ...more, '--json']).ended;
      expect(code, stderr).toBe(2);
      expect(stderr).toMatch(
        /error: \S*runbooks\/failover\.yaml:\d+:\d+: step diagnose \(Is it us, or Cloudflare\?\) cannot use --over 1h: over: more than 15m/,
      );
      expect(stderr).toContain('hint: give --over otherwise; nothing was started');
      expect(resultIn(stdout)).toMatchObject({ run: null, outcome: 'refused', exitCode: 2 });
    }
    expect(await simulated.writes()).toEqual([]);
    const { stdout: listed } = await simulated.run(['runs', '--json']).ended;
    expect(listed).not.toContain('failover');
  });
});

test('whoever shows a run against a simulator says REHEARSAL on every line, as its own screen does', {
  timeout: longTest,
}, async () => {
  const simulated = await world();
  const shown = await simulated.runbook('triage').ended;
  expect(shown.code, shown.stderr).toBe(0);
  const status = await simulated.run(['status']).ended;
  const watched = await simulated.run(['watch']).ended;
  for (const screen of [shown.stderr, status.stdout, watched.stderr]) {
    const lines = screen.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(5);
    expect(lines.filter((line) => !line.startsWith('REHEARSAL |'))).toEqual([]);
  }
});

test('a dry run claims no success for what did not happen, and says what would fail', {
  timeout: longTest,
}, async () => {
  const simulated = await world();
  const tokens = { SLACK_BOT_TOKEN: 'xoxb-wrong' };
  const ended = await simulated.runbook('failover', ['--reason', 'x', '--dry-run', '--json'], tokens).ended;
  expect(ended.code, ended.stderr).toBe(0);
  const result = resultIn(ended.stdout);
  const outcomes = Object.fromEntries(
    result.steps.map(({ id, outcome }: { id: string; outcome: string }) => [id, outcome]),
  );
  expect(outcomes).toMatchObject({
    ...{ 'war-room': 'failed', notice: 'planned', diagnose: 'succeeded', switch: 'planned' },
    ...{ 'by-load-balancer': 'planned', authoritative: 'unknown', drained: 'unknown', announce: 'failed' },
  });
  const text = ended.stderr.replace(/\n\S.*? \| {3,}/g, ' ');
  expect(text).toMatch(/failed {3}Open the war room.*it would fail: .*Slack says invalid_auth/);
  expect(text).toContain('see SLACK_BOT_TOKEN');
  expect(text).toContain('a live run would go on without: war-room, announce');
  expect(ended.stderr).toContain('exit 0: a dry run, nothing was written');
  expect(ended.stderr).not.toContain('the world is as asked');
  // Of what is planned, the diff stands once.
  expect(ended.stderr.match(/\+ enabled: false/g)).toHaveLength(1);
  expect(await simulated.writes()).toEqual([]);
});

test('all that the go rests on fits 30 rows of 80 columns, with the question', { timeout: longTest }, async () => {
  const simulated = await world('--speed', '20');
  const ended = await simulated.runbook('failover', ['--reason', 'x', '--confirm', 'api.resend.com']).ended;
  expect(ended.code, ended.stderr).toBe(0);
  const [, screen = ''] = /^(.* GO OR NO GO [\s\S]*?)^.*confirmed by/m.exec(ended.stderr) ?? [];
  const lines = screen.trimEnd().split('\n');
  expect(lines.length, screen).toBeLessThanOrEqual(27);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  for (const wanted of [
    /provider-fault: the primary path fails/,
    /^REHEARSAL \| {3}request +edge +fallback +origin$/m,
    /FAIL OVER: /,
    /7\/7 critical requests pass over fallback/,
    /^REHEARSAL \| {3}- enabled: true\nREHEARSAL \| {3}\+ enabled: false$/m,
    /drain: old answers may be kept up to 5m 00s/,
    /objective from "go": switched within 60s/,
    /cannot be undone, already done: Open the war room; Open the public/,
  ])
    expect(screen).toMatch(wanted);
  // Nothing is there twice.
  expect(screen.match(/provider-fault/g)).toHaveLength(1);
});
