import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { hasTerminals, startOnTerminal } from '../attack/terminal.ts';
import { start, startWorld } from './program.ts';

const runbooks = fileURLToPath(new URL('../../runbooks', import.meta.url));
const longTest = 120_000;

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

type Incident = { id: string; phase: string; updates: { phase: string; message: string }[] };
type Message = { ts: string; text: string; threadTs: string | null };
type State = {
  statusPage: { incidents: Incident[] };
  channels: { id: string; pinned: string[]; messages: Message[] }[];
};

/** A runbook that opens a room and a notice, and then lets time pass until it fails or is stopped. */
const waits = `title: Tell people, then fail
steps:
  - { id: room, title: Open the room, uses: slack.open-room, with: { name: "inc-\${{ run.shortId }}" } }
  - id: notice
    title: Open the public notice
    uses: statuspage.open
    with:
      title: Elevated error rates
      message: We are looking.
      at-end: { unchanged: Nothing was moved. We are still looking., undone: All is as before. We are still looking. }
  - { id: pause, title: Let time pass, uses: wait, with: { for: 6s } }
  - id: standby
    title: The standby serves
    uses: http.check
    with: { suite: critical-endpoints, route: fallback }
    expect: outputs.passed == 0
`;

/** A runbook that moves traffic and says so. */
const moves = `${waits.replace('Tell people, then fail', 'Move traffic, and say so').replace(/ {2}- \{ id: pause[\s\S]*/, '')}  - id: switch
    title: Disable the load balancer
    uses: cloudflare.set-load-balancer
    with: { enabled: false }
  - id: moved
    title: Tell customers that traffic has moved
    uses: statuspage.update
    with: { incident: "\${{ steps.notice.outputs.incident }}", phase: monitoring, message: Traffic has moved. }
`;

/** A simulated world whose runbooks are the repository's, and two more. */
async function world(provider: 'atlassian' | 'incident-io' = 'atlassian') {
  const directory = mkdtempSync(join(tmpdir(), 'resend-ops-ends-'));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  cpSync(runbooks, directory, { recursive: true });
  const file = join(directory, 'environments', 'production.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('provider: atlassian', `provider: ${provider}`));
  writeFileSync(join(directory, 'waits.yaml'), waits);
  writeFileSync(join(directory, 'moves.yaml'), moves);
  const made = await startWorld(['--runbooks', directory, '--scenario', 'healthy']);
  cleanups.push(() => made.stop());
  const told = async (): Promise<State> => JSON.parse(await made.call('GET', '/state'));
  const notice = async () => {
    const [incident, ...more] = (await told()).statusPage.incidents;
    expect(more).toEqual([]);
    if (incident === undefined) throw new Error('no notice is there');
    return { ...incident, said: incident.updates.map(({ phase, message }) => `${phase}: ${message}`) };
  };
  /** The pinned message of the newest room, and what stands in its thread, line by line. */
  const room = async () => {
    const channel = (await told()).channels.at(-1);
    const pinned = channel?.messages.find(({ ts }) => ts === channel.pinned[0]);
    const replies = (channel?.messages ?? []).filter(({ threadTs }) => threadTs === pinned?.ts);
    return { pinned: pinned?.text ?? '', replies, lines: replies.flatMap(({ text }) => text.split('\n')) };
  };
  const run = (name: string, args: readonly string[] = []) => made.runbook(name, ['--runbooks', directory, ...args]);
  const ops = (...args: string[]) => made.run(args).ended;
  return { ...made, directory, told, notice, room, run, ops };
}

/** A screen’s text without its line breaks. */
const unwrapped = (screen: string) => screen.replace(/\n(REHEARSAL \| )?\s{4,}/g, ' ');

/** The command that a screen offers for a stage of the notice, as it stands there. */
const offered = (screen: string, stage: string) =>
  new RegExp(`resend-ops (announce --stage ${stage} .*)$`, 'm').exec(screen)?.[1] ?? '';

const confirmed = ['--reason', 'x', '--confirm', 'api.resend.com'];

describe('the public notice, where a run leaves nothing changed', () => {
  test.each(['atlassian', 'incident-io'] as const)(
    'a failover that could not switch says so on the notice (%s), and the command that closes it stands on the screen',
    { timeout: longTest },
    async (provider) => {
      const simulated = await world(provider);
      await simulated.fault('edge', { kind: 'status', status: 500 });
      await simulated.fault('cloudflare-api', { kind: 'status', status: 503 });
      const ended = await simulated.run('failover', [...confirmed, '--json']).ended;
      expect(ended.code, ended.stderr).toBe(1);
      const notice = await simulated.notice();
      expect(notice.said).toEqual([
        expect.stringMatching(/^investigating: Requests to api.resend.com are failing/),
        expect.stringMatching(/^investigating: We are still investigating.*not changed how traffic/),
      ]);
      const open = `open to customers: public notice ${notice.id} (investigating)`;
      expect(unwrapped(ended.stderr)).toContain(open);
      expect(JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
        outcome: 'failed',
        leftOpen: [{ step: 'notice', what: `public notice ${notice.id}`, state: 'investigating', isSure: true }],
      });
      const status = await start(['status', '--state-dir', simulated.state]).ended;
      expect(unwrapped(status.stdout)).toContain(open);
      const command = offered(status.stdout, 'resolve');
      expect(command).toContain(`--incident ${notice.id} --message TEXT`);
      const words = command.replace('TEXT', 'Over.').split(' ');
      const more = ['--yes', '--runbooks', simulated.directory];
      const closed = await start([...words, ...more], simulated.secrets).ended;
      expect(closed.code, closed.stderr).toBe(0);
      expect((await simulated.notice()).phase).toBe('resolved');
      expect(closed.stderr).not.toContain('open to customers');
    },
  );

  test('a failover that finds nothing to switch tells customers nothing', { timeout: longTest }, async () => {
    const simulated = await world();
    const ended = await simulated.run('failover', [...confirmed, '--json']).ended;
    expect(ended.code, ended.stderr).toBe(1);
    expect(ended.stderr).toContain('guard verdict');
    expect((await simulated.told()).statusPage.incidents).toEqual([]);
  });

  test.skipIf(!hasTerminals)('an operator who says no at the prompt: the same', { timeout: longTest }, async () => {
    const simulated = await world();
    await simulated.fault('edge', { kind: 'status', status: 500 });
    const args = ['failover', '--reason', 'x', '--env', simulated.environmentFile, '--runbooks', simulated.directory];
    const terminal = await startOnTerminal([...args, '--state-dir', simulated.state], simulated.secrets);
    await terminal.until(/Type api\.resend\.com/);
    terminal.type('no\r');
    await terminal.until(/One more try/);
    terminal.type('\r');
    const { code, output } = await terminal.ended;
    expect(code, output).toBe(4);
    const notice = await simulated.notice();
    expect(notice.said.at(-1)).toMatch(/^investigating: We are still investigating.*not changed how traffic/);
    expect(output).toContain(`open to customers: public notice ${notice.id}`);
    expect(output).toContain('announce --stage resolve');
  });

  test('what others have posted since is left to them, and a page that hangs holds the end up for seconds only', {
    timeout: longTest,
  }, async () => {
    const simulated = await world();
    const first = simulated.run('waits', ['--json']);
    await first.until(/"type":"step-started"[^\n]*"step":"pause"/);
    const said = ['--stage', 'update', '--phase', 'identified', '--message', 'It is our own fault.', '--yes'];
    expect((await simulated.run('announce', said).ended).code).toBe(0);
    const ended = await first.ended;
    expect(ended.code, ended.stderr).toBe(1);
    expect((await simulated.notice()).said).toEqual([
      'investigating: We are looking.',
      'identified: It is our own fault.',
    ]);
    expect(ended.stdout).toMatch(/"type":"follow-up-failed"[^\n]*"step":"notice"[^\n]*left to them/);
    expect((await simulated.run('announce', ['--stage', 'resolve', '--message', 'Over.', '--yes']).ended).code).toBe(0);

    const second = simulated.run('waits', ['--json']);
    await second.until(/"type":"step-started"[^\n]*"step":"pause"/);
    await simulated.fault('statuspage-api', { kind: 'hang' });
    const hung = await second.ended;
    expect(hung.code, hung.stderr).toBe(1);
    const lines = hung.stdout.trim().split('\n');
    const at = (type: string) =>
      Date.parse(JSON.parse(lines.findLast((line) => line.includes(`"type":"${type}"`)) ?? '{}').time);
    expect(at('run-ended') - at('step-failed')).toBeLessThan(15_000);
    expect(hung.stderr).toContain('announce --stage resolve');
  });

  test('in doubt, or left in place, nothing is said; undone, a word that traffic has moved is put right', {
    timeout: longTest,
  }, async () => {
    const simulated = await world();
    const moved = await simulated.run('moves').ended;
    expect(moved.code, moved.stderr).toBe(0);
    const before = ['investigating: We are looking.', 'monitoring: Traffic has moved.'];
    const { id, said } = await simulated.notice();
    expect(said).toEqual(before);
    expect(unwrapped(moved.stderr)).toContain(`open to customers: public notice ${id} (monitoring)`);

    await simulated.fault('cloudflare-api', { kind: 'write-lost' });
    const doubtful = await simulated.ops('rollback', '--yes');
    expect(doubtful.code, doubtful.stderr).toBe(3);
    expect((await simulated.notice()).said).toEqual(before);
    expect(unwrapped(doubtful.stderr)).toContain(`open to customers: public notice ${id} (monitoring)`);

    await simulated.clearFault('cloudflare-api');
    const undone = await simulated.ops('rollback');
    expect(undone.code, undone.stderr).toBe(0);
    expect((await simulated.notice()).said).toEqual([
      ...before,
      'investigating: All is as before. We are still looking.',
    ]);
    expect(unwrapped(undone.stderr)).toContain(`open to customers: public notice ${id} (investigating)`);
    expect((await simulated.ops('rollback')).code).toBe(0);
    expect((await simulated.notice()).said).toHaveLength(3);
    expect((await simulated.ops('audit', 'verify')).code).toBe(0);
  });
});

test('until somebody closes it, each later run names what an earlier one left open, and the command that closes it', {
  timeout: longTest,
}, async () => {
  const simulated = await world();
  const moved = await simulated.run('moves', ['--json']).ended;
  const { run } = JSON.parse(moved.stdout.trim().split('\n').at(-1) ?? '');
  const { id } = await simulated.notice();
  const open = `open to customers since run ${run}, as far as the log tells: public notice ${id} (monitoring)`;
  const triage = ['--over', '1s', '--json'];
  const later = await simulated.run('triage', triage).ended;
  expect(later.code, later.stderr).toBe(0);
  expect(unwrapped(later.stderr)).toContain(open);
  expect(JSON.parse(later.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
    leftOpen: [],
    openBefore: [{ run, what: `public notice ${id}`, state: 'monitoring' }],
  });
  const words = offered(later.stderr.replaceAll('REHEARSAL | ', ''), 'resolve').replace('TEXT', 'Over.').split(' ');
  const closed = await start([...words, '--yes', '--runbooks', simulated.directory], simulated.secrets).ended;
  expect(closed.code, closed.stderr).toBe(0);
  expect((await simulated.notice()).phase).toBe('resolved');
  const last = await simulated.run('triage', triage).ended;
  expect(last.stderr).not.toContain('open to customers');
});

test('a page is named with the command that closes it, until that has been run', { timeout: longTest }, async () => {
  const simulated = await world();
  const paged = await simulated.run('open-war-room', ['--topic', 'x', '--page', '--yes', '--json']).ended;
  const { run, leftOpen } = JSON.parse(paged.stdout.trim().split('\n').at(-1) ?? '');
  expect([paged.code, leftOpen]).toEqual([0, [expect.objectContaining({ what: `page ${run}`, state: 'triggered' })]]);
  expect(unwrapped(paged.stderr)).toContain(`open to whoever is on call: page ${run} (triggered)`);
  const later = await simulated.run('triage', ['--over', '1s', '--json']).ended;
  expect(unwrapped(later.stderr)).toContain(
    `open to whoever is on call since run ${run}, as far as the log tells: page ${run} (triggered)`,
  );
  const line = later.stderr
    .replaceAll('REHEARSAL | ', '')
    .split('\n')
    .find((text) => text.includes('resend-ops close-page'));
  const words = (line ?? '').trim().split(' ').slice(1);
  const closed = await start([...words, '--yes', '--runbooks', simulated.directory], simulated.secrets).ended;
  expect([closed.code, closed.stderr]).toEqual([0, expect.not.stringContaining('open to whoever is on call')]);
  const last = await simulated.run('triage', ['--over', '1s']).ended;
  expect(last.stderr).not.toContain('open to whoever is on call');
});

describe('the war room', () => {
  test('the thread tells the story once and in order, and the pinned message how it ended', {
    timeout: longTest,
  }, async () => {
    const simulated = await world();
    const first = await simulated.run('moves').ended;
    expect(first.code, first.stderr).toBe(0);
    const { pinned, lines } = await simulated.room();
    expect(pinned).toMatch(/^REHEARSAL: SUCCEEDED: Move traffic, and say so, run \S+\nthe world is as asked/);
    expect(pinned).toMatch(/^go at \S+; switched not yet; recovered not yet$/m);
    expect(pinned).toMatch(/^open to customers: public notice \S+ \(monitoring\)$/m);
    expect(pinned).toMatch(/^next: resend-ops announce --stage resolve/m);
    const [, seq, hash] = /^audit log head (\d+):([0-9a-f]{64})$/m.exec(pinned) ?? [];
    // The head that the room has is a witness of the log.
    expect((await simulated.ops('audit', 'verify', '--head', `${seq}:${hash}`)).code).toBe(0);
    const told = lines.filter((line) => line !== 'REHEARSAL').map((line) => line.replace(/^\d\d:\d\d:\d\d /, ''));
    expect(told).toEqual([
      expect.stringMatching(/^begun by /),
      'GO: the clocks run from here',
      expect.stringMatching(/^done: Open the room \(#inc-/),
      expect.stringMatching(/^done: Open the public notice /),
      expect.stringMatching(/^done: Disable the load balancer /),
      expect.stringMatching(/^done: Tell customers that traffic has moved /),
      expect.stringMatching(/^SUCCEEDED: the world is as asked/),
    ]);

    expect((await simulated.ops('rollback', '--yes')).code).toBe(0);
    const after = await simulated.room();
    expect(after.pinned).toMatch(/^REHEARSAL: ROLLED BACK: Move traffic/);
    expect(after.lines.slice(lines.length)).toEqual(
      expect.arrayContaining([expect.stringContaining('undone: Disable the load balancer')]),
    );
    // What was told before is not told again.
    expect(after.lines.filter((line) => line.includes('GO: the clocks'))).toHaveLength(1);
  });

  test.each([
    ['refuses for a while (HTTP 429)', { kind: 'status', status: 429 }],
    ['does what it does not answer', { kind: 'write-lost-answer' }],
    ['neither does nor answers it', { kind: 'write-lost' }],
  ])('Slack %s: the run goes on, and each line is told once', { timeout: longTest }, async (_, fault) => {
    const simulated = await world();
    const run = simulated.run('waits', ['--json']);
    await run.until(/"type":"change-applied"[^\n]*"step":"room"/);
    await simulated.fault('slack-api', fault);
    await run.until(/"type":"follow-up-failed"[^\n]*"step":"room"/);
    await simulated.clearFault('slack-api');
    const ended = await run.ended;
    expect(ended.code, ended.stderr).toBe(1);
    const { pinned, lines } = await simulated.room();
    expect(pinned).toMatch(/^REHEARSAL: FAILED: Tell people, then fail/);
    const told = lines.filter((line) => line !== 'REHEARSAL').map((line) => line.replace(/^\d\d:\d\d:\d\d /, ''));
    expect(new Set(told).size).toBe(told.length);
    expect(told).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^begun by /),
        expect.stringMatching(/^done: Open the public notice /),
        expect.stringMatching(/^done: Let time pass /),
        expect.stringMatching(/^FAILED: The standby serves/),
        expect.stringMatching(/^customers were told: Nothing was moved/),
      ]),
    );
    expect(told.at(-1)).toMatch(/^FAILED: standby/);
  });
});
