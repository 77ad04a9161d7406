import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readOptions } from '../../src/cli/command.ts';
import { openStore } from '../../src/cli/open-store.ts';
import { program } from '../../src/cli/program.ts';
import type { Event, PinnedDocument } from '../../src/journal/events.ts';
import { createFakeWorld, type FakeWorld } from './fake-world.ts';

let fake: FakeWorld;
let rehearsal: { code: number; stdout: string; stderr: string };

const run = (...argv: string[]) => program(argv, fake.world);
const parsed = () =>
  fake
    .stdout()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

beforeAll(async () => {
  fake = await createFakeWorld();
  const argv = ['rehearse', 'failover', '--scenario', 'healthy', '--speed', '20', '--json'];
  const code = await program(argv, fake.world);
  rehearsal = { code, stdout: fake.stdout(), stderr: fake.stderr() };
});
afterAll(() => fake.remove());
beforeEach(() => fake.clear());

test('a rehearsal that stops at a guard: exit 1, the guard named, how to pass it said', () => {
  expect(rehearsal.code).toBe(1);
  expect(rehearsal.stderr).toMatch(/guard verdict/);
  expect(rehearsal.stderr).toMatch(/--override verdict="why"/);
  expect(rehearsal.stderr).toMatch(/exit 1: failed, and nothing is left changed/);
});

test('--json: stdout is pure JSON, entries first, the result last', () => {
  const lines = rehearsal.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ type: 'run-started', mode: 'rehearsal', speed: 20 });
  expect(lines.at(-1)).toMatchObject({
    type: 'result',
    runbook: 'failover',
    mode: 'rehearsal',
    exitCode: 1,
    clocks: { goAt: null, switchedMs: null, recoveredMs: null },
    overrides: {},
    score: { scenario: 'healthy', verdict: 'healthy', asExpected: true, met: null, guards: ['verdict'] },
    head: { seq: expect.any(Number), hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  expect(lines.slice(0, -1).every(({ seq }) => Number.isInteger(seq))).toBe(true);
});

test('people’s text: a banner on every line, no colour codes, 80 columns', () => {
  const lines = rehearsal.stderr.split('\n').slice(0, -1);
  expect(lines.filter((line) => !line.startsWith('REHEARSAL │'))).toEqual([]);
  expect(lines.filter((line) => [...line].length > 80)).toEqual([]);
  expect(rehearsal.stderr).not.toContain('\u001b');
  expect(rehearsal.stderr).not.toContain('\r');
});

test('status tells where the newest run stands, from the log alone', async () => {
  expect(await run('status')).toBe(0);
  expect(fake.stdout()).toMatch(/✗ failed\s+Is it to be switched\?/);
  expect(fake.stdout()).toMatch(/FAILED/);
  fake.clear();
  expect(await run('status', '--json')).toBe(0);
  expect(parsed()).toMatchObject([{ type: 'result', phase: 'ended', exitCode: 1 }]);
});

test('a run is found by its id, by a unique beginning, and not by another one', async () => {
  await run('runs', '--json');
  const [{ run: id }] = parsed();
  for (const given of [id, id.slice(0, 12)]) {
    fake.clear();
    expect(await run('status', given)).toBe(0);
    expect(fake.stdout()).toContain(id);
  }
  expect(await run('status', 'zzz')).toBe(2);
  expect(fake.stderr()).toMatch(/no run begins with zzz/);
});

test('its score is kept: rehearse --history shows it, as a table of 80 columns and as JSON', async () => {
  expect(await run('rehearse', '--history')).toBe(0);
  expect(fake.stdout()).toMatch(/^\d\d-\d\d \d\d:\d\d {2}failover, healthy +1 +– +– +0\.0%$/m);
  expect(
    fake
      .stdout()
      .split('\n')
      .filter((line) => [...line].length > 80),
  ).toEqual([]);
  fake.clear();
  expect(await run('rehearse', 'failback', '--history')).toBe(0);
  expect(fake.stdout()).toMatch(/no rehearsals yet/);
  fake.clear();
  expect(await run('rehearse', '--history', '--json')).toBe(0);
  expect(parsed()).toMatchObject([{ type: 'score', runbook: 'failover', exitCode: 1, speed: 20 }]);
});

test('runs lists it', async () => {
  expect(await run('runs')).toBe(0);
  expect(fake.stdout()).toMatch(/failed\s+rehearsal\s+failover/);
});

test('watch of an ended run shows it and answers its exit code', async () => {
  expect(await run('watch')).toBe(1);
  expect(fake.stderr()).toMatch(/guard verdict/);
});

test('audit show prints the entries; with --json the lines are the log’s own values', async () => {
  expect(await run('audit', 'show')).toBe(0);
  expect(fake.stdout()).toMatch(/run-started\s+ada@bastion/);
  fake.clear();
  await run('audit', 'show', '--json');
  expect(parsed().map(({ seq }) => seq)).toEqual(parsed().map((_, index) => index + 1));
});

test('audit export is the log, byte for byte', async () => {
  expect(await run('audit', 'export')).toBe(0);
  const whole = fake.stdout();
  const directory = join(fake.home, '.local/state/resend-ops/audit');
  const [segment = ''] = (await fake.world.files.list(directory)).filter((name) => name.endsWith('.jsonl'));
  expect(whole).toBe(await readFile(join(directory, segment), 'utf8'));
});

test('audit export of a damaged log gives what is good of it, and then says where the damage is (exit 7)', async () => {
  const state = join(fake.home, 'damaged');
  await cp(join(fake.home, '.local/state/resend-ops'), state, { recursive: true });
  const directory = join(state, 'audit');
  const [segment = ''] = (await fake.world.files.list(directory)).filter((name) => name.endsWith('.jsonl'));
  const file = join(directory, segment);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const id = JSON.parse(lines[0] ?? '').run;
  const good = `${lines.slice(0, 4).join('\n')}\n`;
  const exported = async (damaged: readonly string[], ...args: string[]) => {
    await writeFile(file, `${damaged.join('\n')}\n`);
    fake.clear();
    expect(await run('audit', 'export', ...args, '--state-dir', state)).toBe(7);
    return fake.stdout();
  };
  const changed = lines.map((line, at) => (at === 4 ? line.replace('"seq":5', '"seq":50') : line));
  for (const args of [[], [id], [id.slice(0, 8)]]) {
    expect(await exported(changed, ...args)).toBe(good);
    expect(fake.stderr()).toMatch(/is damaged: \S+\.jsonl:5: .*; exported: 4 of the entries before it/);
    expect(fake.stderr()).toMatch(/hint: .*evidence/);
  }
  expect(await exported(changed, 'another')).toBe('');
  expect(fake.stderr()).toContain('exported: 0 of the entries before it');
  // Cut off at its end: every line is good, and the kept head says that there were more.
  expect(await exported(lines.slice(0, 4))).toBe(good);
  expect(fake.stderr()).toContain('exported: 4 of the entries before it');
});

test('audit verify: intact, unanchored; anchored with the head; strict wants one; another head is refused', async () => {
  expect(await run('audit', 'verify')).toBe(0);
  expect(fake.stdout()).toMatch(/chain intact, \d+ entries; tail unanchored/);
  const head = /head (\d+:[0-9a-f]{64})/.exec(fake.stdout())?.[1] ?? '';
  expect(await run('audit', 'verify', '--strict')).toBe(7);
  fake.clear();
  expect(await run('audit', 'verify', '--strict', '--head', head)).toBe(0);
  expect(fake.stdout()).toMatch(/reaches the head that was given/);
  fake.clear();
  expect(await run('audit', 'verify', '--head', `${head.slice(0, -8)}deadbeef`)).toBe(7);
  expect(fake.stdout()).toMatch(/does not verify/);
  fake.clear();
  expect(await run('audit', 'verify', '--json')).toBe(0);
  expect(parsed()).toMatchObject([{ type: 'verification', ok: true, anchored: false, exitCode: 0 }]);
});

test('a rehearsal cannot be resumed or rolled back: its world is gone, and that is said', async () => {
  expect(await run('resume')).toBe(2);
  expect(fake.stderr()).toMatch(/was a rehearsal/);
  fake.clear();
  expect(await run('rollback')).toBe(2);
  expect(fake.stderr()).toMatch(/was a rehearsal/);
});

/** The files of a run: what it was is read from them, whatever is said to it. */
async function pinnedFiles(store: ReturnType<typeof openStore>): Promise<PinnedDocument[]> {
  const { packageDirectory } = fake.world;
  const environment = await readFile(join(packageDirectory, 'runbooks/environments/production.yaml'), 'utf8');
  const runbook = 'title: Hold\nsteps:\n  - { id: hold, title: Hold, uses: wait, with: { for: 1s } }\n';
  return [
    { kind: 'runbook', name: 'hold', file: '/runbooks/hold.yaml', sha256: await store.pin(runbook) },
    {
      kind: 'environment',
      name: 'production',
      file: '/runbooks/production.yaml',
      sha256: await store.pin(environment),
    },
  ];
}

/** A live run that died with its one change intended; `then` says what became of it. */
async function deadRun(id: string, then: readonly Event[] = []): Promise<void> {
  const store = openStore(fake.world, readOptions({}));
  const by = { user: 'ada', host: 'bastion' };
  const started = {
    type: 'run-started' as const,
    runbook: 'failover',
    title: 'Fail over',
    mode: 'live' as const,
    speed: 1,
    environment: 'production',
    hostname: 'api.example.com',
    inputs: {},
    documents: await pinnedFiles(store),
    resources: [],
    overrides: {},
    version: '9.9.9',
  };
  await store.begin(id, by, [], started);
  const lease = await store.drive(id, by);
  await lease.append({ type: 'step-started', step: 'switch', title: 'Send traffic', uses: 'a.change' });
  const intent = { uses: 'a.change', input: {}, before: true, after: false, digest: 'd', undoable: true } as const;
  await lease.append({ type: 'change-intended', step: 'switch', rollback: 'auto', ...intent });
  for (const event of then) await lease.append(event);
  await lease.release();
  await store.close();
}

const said = (type: 'stdout' | 'stderr') => fake[type]().replace(/\s+/g, ' ');

test('a run whose process died is explained, with what to do next', async () => {
  await deadRun('20990101-000000-dead');
  expect(await run('status', '20990101')).toBe(0);
  expect(fake.stdout()).toMatch(/UNFINISHED/);
  expect(fake.stdout()).toMatch(/in doubt: switch/);
  expect(fake.stdout()).toMatch(/next: resend-ops resume 20990101-000000-dead/);
  expect(fake.stdout()).toMatch(/next: resend-ops rollback 20990101-000000-dead/);
});

test('a run that was released says so everywhere, and offers no command that would refuse', async () => {
  const id = '20990102-000000-gone';
  await deadRun(id);
  expect(await run('release', id, '--force', '--reason', 'it is over')).toBe(0);
  expect(fake.stdout()).toContain(`next: resend-ops status ${id}`);
  fake.clear();
  expect(await run('runs')).toBe(0);
  expect(fake.stdout()).toMatch(new RegExp(`^${id} +released +live`, 'm'));
  fake.clear();
  expect(await run('status', id)).toBe(0);
  expect(said('stdout')).toMatch(/RELEASED it was released by ada@bastion at \S+: it is over/);
  expect(said('stdout')).toContain('in doubt: Send traffic');
  expect(said('stdout')).toContain(`next: resend-ops rollback ${id}`);
  expect(fake.stdout()).not.toMatch(/resume|UNFINISHED/);
  fake.clear();
  expect(await run('status', id, '--json')).toBe(0);
  expect(parsed()).toMatchObject([{ exitCode: 3, released: { by: { user: 'ada' }, reason: 'it is over' } }]);
  fake.clear();
  expect(await run('mark-done', id, 'switch', '--evidence', 'console')).toBe(2);
  expect(said('stderr')).toMatch(/was released by ada@bastion/);
});

const lost = { code: 'lost-answer', message: 'in doubt: cut off' } as const;

test.each([
  ['a step that failed before any intent', 'check', [], 2, /has no change in doubt/],
  [
    'a change in doubt',
    'switch',
    [{ type: 'change-unresolved', step: 'switch', error: lost }],
    0,
    /marked as done by hand/,
  ],
  [
    'a change that is surely there',
    'switch',
    [{ type: 'change-applied', step: 'switch', how: 'answered', output: null }],
    2,
    /has no change in doubt/,
  ],
  [
    'an undoing that failed',
    'switch',
    [
      { type: 'change-applied', step: 'switch', how: 'answered', output: null },
      { type: 'revert-intended', step: 'switch' },
      { type: 'revert-failed', step: 'switch', error: lost, observed: 'after' },
    ],
    0,
    /marked as undone by hand: its change is no longer in place/,
  ],
] as const)('mark-done of %s', async (what, step, then, code, words) => {
  const id = `20990103-000000-${what.length}`;
  const failed = { code: 'failed', message: 'no' } as const;
  await deadRun(id, [
    { type: 'step-started', step: 'check', title: 'Look', uses: 'a.check' },
    { type: 'step-failed', step: 'check', error: failed },
    ...then,
  ]);
  expect(await run('mark-done', id, step, '--evidence', 'the console shows it')).toBe(code);
  expect(said(code === 0 ? 'stdout' : 'stderr')).toMatch(words);
  fake.clear();
  expect(await run('status', id, '--json')).toBe(0);
  const undone = what === 'an undoing that failed';
  const [{ steps }] = parsed();
  const seen = steps.find((each: { id: string }) => each.id === 'switch');
  expect(seen.recovery).toBe(undone ? 'reverted' : null);
  expect(seen.outcome).toBe(
    what === 'a change in doubt' ? 'succeeded' : what.includes('intent') ? 'in-doubt' : 'running',
  );
});
