import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { hasTerminals, startOnTerminal } from '../attack/terminal.ts';
import { sendJson, startWorld } from './program.ts';

const repository = fileURLToPath(new URL('../../runbooks', import.meta.url));
const longTest = 120_000;

let world: Awaited<ReturnType<typeof startWorld>>;
let runbooks: string;
let accounts: Record<string, string>;

/** A runbook that opens a room, lets a moment pass, and switches with approvals. */
const switchWith = (approvals: string, more = '') => `title: Switch with a second pair of eyes
lock: dns/\${{ env.hostname }}
steps:
  - { id: room, title: Open the room, uses: slack.open-room, with: { name: "inc-\${{ run.shortId }}" } }
  - { id: moment, title: Let a moment pass, uses: wait, with: { for: 3s } }
  - id: switch
    title: Disable the load balancer
    uses: cloudflare.set-load-balancer
    with: { enabled: false${more} }
    approvals: ${approvals}
`;

beforeAll(async () => {
  runbooks = mkdtempSync(join(tmpdir(), 'resend-ops-in-room-'));
  cpSync(repository, runbooks, { recursive: true });
  const people = ['ana', 'bo', 'runner'].map((name, index) => `    ${name}: { slack: U0PERSON0${index} }\n`).join('');
  appendFileSync(join(runbooks, 'environments', 'production.yaml'), `\napprovals:\n  people:\n${people}`);
  // Nobody reacts by themselves.
  const healthy = readFileSync(join(runbooks, 'scenarios', 'healthy.yaml'), 'utf8');
  writeFileSync(join(runbooks, 'scenarios', 'quiet.yaml'), `${healthy}\napprovals: []\n`);
  writeFileSync(join(runbooks, 'one.yaml'), switchWith('{ from: [ana, bo], within: 10m }'));
  writeFileSync(join(runbooks, 'two.yaml'), switchWith('{ count: 2, from: [ana, bo], within: 10m }'));
  writeFileSync(join(runbooks, 'short.yaml'), switchWith('{ from: [ana], within: 3s }'));
  writeFileSync(
    join(runbooks, 'late.yaml'),
    `${switchWith('{ from: [ana], within: 3s }')}    on-failure: continue
  - { id: meanwhile, title: Let somebody come late, uses: wait, with: { for: 6s } }
`,
  );
  writeFileSync(
    join(runbooks, 'record.yaml'),
    switchWith('{ from: [ana, bo], within: 10m }').replace(
      /uses: cloudflare.set-load-balancer\n.*$/m,
      'uses: cloudflare.set-record\n    with: { route: fallback }',
    ),
  );
  writeFileSync(join(runbooks, 'scenarios', 'record.yaml'), `${healthy}\nserved-by: record\napprovals: []\n`);
  writeFileSync(
    join(runbooks, 'looks.yaml'),
    switchWith('{ from: [ana] }', ', suite: critical-endpoints, last-look: edge'),
  );
  world = await startWorld(['--runbooks', runbooks, '--scenario', 'quiet']);
  const environment: { approvals: { people: Record<string, { slack: string }> } } = parse(
    readFileSync(world.environmentFile, 'utf8'),
  );
  accounts = Object.fromEntries(Object.entries(environment.approvals.people).map(([name, { slack }]) => [name, slack]));
}, 60_000);
afterAll(async () => {
  await world.stop();
  rmSync(runbooks, { recursive: true, force: true });
});

const as = (user: string) => ({ SUDO_USER: user });
const start = (name: string) => world.runbook(name, ['--runbooks', runbooks, '--json'], as('runner'));
const approve = (user: string, args: readonly string[]) => world.run(['approve', ...args], as(user)).ended;
const react = (name: string) => world.call('PUT', `/reactions/${accounts[name]}`);
const takeBack = (name: string) => world.call('DELETE', `/reactions/${accounts[name]}`);

/** Starts a run that waits, and has asked in its room. */
async function waiting(name: string) {
  const run = start(name);
  const [line] = await run.until(/^.*"type":"approval-requested".*$/m);
  const { run: id, digest }: { run: string; digest: string } = JSON.parse(line);
  await run.until(/"type":"approval-posted"/);
  return { ...run, id, digest };
}

/** The messages in the newest room that ask for approval, or did. */
async function requests(): Promise<string[]> {
  const state: { channels: { messages: { text: string; threadTs: string | null }[] }[] } = JSON.parse(
    await world.call('GET', '/state'),
  );
  const messages = state.channels.at(-1)?.messages ?? [];
  return messages
    .filter(({ text, threadTs }) => threadTs === null && /approval|VOID/.test(text))
    .map(({ text }) => text);
}

type Line = { type: string; step?: string; by?: string | string[]; how?: string; why?: string; account?: string };

function linesOf(stdout: string): Line[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function undo(run: string): Promise<void> {
  const { code, stderr } = await world.run(['rollback', run, '--yes'], as('runner')).ended;
  expect(code, stderr).toBe(0);
  expect(await world.isEnabled()).toBe(true);
}

describe('two people', () => {
  test('one of them by reaction and by command counts once; both reactions, or one of each, are two', {
    timeout: longTest,
  }, async () => {
    for (const second of ['reaction', 'command']) {
      const run = await waiting('two');
      await react('ana');
      await react('ana');
      await run.until(/"type":"approval-given"/);
      const again = await approve('ana', [run.id, '--plan', run.digest]);
      expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('counts once') });
      expect(await world.isEnabled()).toBe(true);
      if (second === 'reaction') await react('bo');
      else expect(await approve('bo', [run.id, '--plan', run.digest])).toMatchObject({ code: 0 });
      const { code, stdout, stderr } = await run.ended;
      expect(code, stderr).toBe(0);
      const lines = linesOf(stdout);
      expect(lines.filter(({ type }) => type === 'approval-given').map(({ how }) => how)).toEqual(['reaction', second]);
      expect(lines.find(({ type }) => type === 'step-approved')?.by).toEqual(['ana', 'bo']);
      expect(await requests()).toEqual([expect.stringContaining('APPROVED: no more approvals are taken')]);
      await undo(run.id);
    }
  });

  test('a reaction that is taken back in time counts no more, and may be given again', {
    timeout: longTest,
  }, async () => {
    const run = await waiting('two');
    await react('ana');
    await run.until(/"type":"approval-given"/);
    await takeBack('ana');
    await run.until(/"type":"approval-withdrawn"[^\n]*"by":"ana"/);
    const given = await approve('bo', [run.id, '--plan', run.digest]);
    expect(given).toMatchObject({ code: 0, stderr: expect.stringContaining('1 of 2') });
    const status = await world.run(['status', run.id, '--json']).ended;
    expect(JSON.parse(status.stdout)).toMatchObject({ approval: { approvedBy: ['bo'] } });
    expect(await world.isEnabled()).toBe(true);
    await react('ana');
    const { code, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    await undo(run.id);
  });
});

describe('the message that asks says what became of it', () => {
  test('expired', { timeout: longTest }, async () => {
    const run = await waiting('short');
    expect((await run.ended).code).toBe(1);
    expect(await requests()).toEqual([expect.stringMatching(/VOID: expired$/)]);
  });

  test('stopped by a signal', { timeout: longTest }, async () => {
    const run = await waiting('one');
    run.child.kill('SIGTERM');
    expect((await run.ended).code).toBe(4);
    expect(await requests()).toEqual([expect.stringMatching(/VOID: the run has stopped$/)]);
  });

  test('the world has changed: void, although somebody approved', { timeout: longTest }, async () => {
    const run = await waiting('one');
    const path = (await world.writes()).findLast((write) => write.path.includes('load_balancers'))?.path ?? '';
    const headers = {
      authorization: `Bearer ${world.secrets.CLOUDFLARE_API_TOKEN}`,
      'content-type': 'application/json',
    };
    const edit = (enabled: boolean) =>
      sendJson(new URL(path, world.address(/^Cloudflare API/)), { method: 'PATCH', headers, body: { enabled } });
    expect((await edit(false)).status).toBe(200);
    await react('ana');
    const { code, stdout, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    const lines = linesOf(stdout);
    expect(lines.find(({ type }) => type === 'approvals-voided')).toMatchObject({ why: 'plan-changed' });
    expect(lines.some(({ type, step }) => type === 'change-intended' && step === 'switch')).toBe(false);
    expect(await requests()).toEqual([
      expect.stringMatching(/VOID: the world has changed, and the plan is made anew$/),
    ]);
    expect((await edit(true)).status).toBe(200);
  });

  test('killed while it waited: a reaction given meanwhile counts when it is taken up; undone, it is void', {
    timeout: longTest,
  }, async () => {
    const first = await waiting('one');
    first.child.kill('SIGKILL');
    await first.ended;
    await react('ana');
    const resumed = await world.run(['resume', first.id], as('runner')).ended;
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await requests()).toEqual([expect.stringContaining('APPROVED: no more approvals are taken')]);
    await undo(first.id);

    const second = await waiting('one');
    second.child.kill('SIGKILL');
    await second.ended;
    await undo(second.id);
    expect(await requests()).toEqual([expect.stringMatching(/VOID: the run has stopped$/)]);
  });
});

test.each([
  ['was done', 'write-lost-answer'],
  ['was not done', 'write-lost'],
])(
  'the answer to the message that asks is lost, and it %s: it is found or sent again, once',
  { timeout: longTest },
  async (_, kind) => {
    const run = start('one');
    await run.until(/"type":"step-started"[^\n]*"step":"moment"/);
    await world.fault('slack-api', { kind });
    await run.until(/"type":"follow-up-intended"[^\n]*asks for approval/);
    await run.until(/"type":"follow-up-failed"[^\n]*ask for approval/);
    await world.clearFault('slack-api');
    await run.until(/"type":"approval-posted"/);
    expect(await requests()).toHaveLength(1);
    await react('ana');
    const { code, stdout, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    expect(linesOf(stdout).find(({ type }) => type === 'step-approved')?.by).toEqual(['ana']);
    expect(await requests()).toEqual([expect.stringContaining('APPROVED: no more approvals are taken')]);
    await undo(linesOf(stdout).map((line) => ('run' in line ? String(line.run) : ''))[0] ?? '');
  },
);

/** The refusals in the lines of a run: who, why, and the account where it was a reaction. */
function refusalsOf(stdout: string): unknown[][] {
  return linesOf(stdout)
    .filter(({ type }) => type === 'approval-refused')
    .map(({ by, why, account }) => [by, why, account]);
}

/** Ids of the messages that ask for approval, or did, oldest first, with the account that posted them. */
async function askedAt(of: typeof world): Promise<string[]> {
  const state: { channels: { messages: { ts: string; text: string; threadTs: string | null }[] }[] } = JSON.parse(
    await of.call('GET', '/state'),
  );
  const messages = state.channels.flatMap((channel) => channel.messages);
  return messages
    .filter(({ text, threadTs }) => threadTs === null && /approval|VOID/.test(text))
    .map(({ ts }) => ts)
    .sort();
}

describe('a reaction that does not count is refused by name, in the log', () => {
  test('by the runner, and by a stranger', { timeout: longTest }, async () => {
    const run = await waiting('one');
    await react('runner');
    await run.until(/"type":"approval-refused"[^\n]*"why":"runner"/);
    await world.call('PUT', '/reactions/U0STRANGER01');
    await run.until(/"type":"approval-refused"[^\n]*"why":"stranger"/);
    expect(await world.isEnabled()).toBe(true);
    run.child.kill('SIGTERM');
    const { code, stdout } = await run.ended;
    expect([code, refusalsOf(stdout)]).toEqual([
      4,
      [
        ['runner', 'runner', accounts.runner],
        ['U0STRANGER01', 'stranger', 'U0STRANGER01'],
      ],
    ]);
    expect(await world.isEnabled()).toBe(true);
  });

  test('on the message of an earlier plan, and by `approve` with that plan’s digest', {
    timeout: longTest,
  }, async () => {
    const other = await startWorld(['--runbooks', runbooks, '--scenario', 'record']);
    try {
      const people: { approvals: { people: Record<string, { slack: string }> } } = parse(
        readFileSync(other.environmentFile, 'utf8'),
      );
      const accountOf = (name: string) => people.approvals.people[name]?.slack ?? '';
      const run = other.runbook('record', ['--runbooks', runbooks, '--json'], as('runner'));
      const [first] = await run.until(/^.*"type":"approval-requested".*$/m);
      const { run: id, digest: old, seq }: { run: string; digest: string; seq: number } = JSON.parse(first);
      await run.until(/"type":"approval-posted"/);
      const [oldMessage = ''] = await askedAt(other);
      // Somebody edits the record, and the approval of what it was comes in.
      const state: { zone: { id: string }; hostname: string; records: { id: string; name: string }[] } = JSON.parse(
        await other.call('GET', '/state'),
      );
      const record = state.records.find(({ name }) => name === state.hostname);
      const path = `/client/v4/zones/${state.zone.id}/dns_records/${record?.id}`;
      const edited = await sendJson(new URL(path, other.address(/^Cloudflare API/)), {
        method: 'PATCH',
        headers: {
          authorization: `Bearer ${other.secrets.CLOUDFLARE_API_TOKEN}`,
          'content-type': 'application/json',
        },
        body: { comment: 'edited meanwhile' },
      });
      expect(edited.status, edited.text).toBe(200);
      await other.call('PUT', `/reactions/${accountOf('ana')}?ts=${oldMessage}`);
      await run.until(/"type":"approvals-voided"[^\n]*"why":"plan-changed"/);
      const [second] = await run.until(new RegExp(`^(?!.*"seq":${seq},).*"type":"approval-requested".*$`, 'm'));
      const { digest: current }: { digest: string } = JSON.parse(second);
      expect(current).not.toBe(old);
      // What ana said is still on the old message; bo says it there only now.
      await other.call('PUT', `/reactions/${accountOf('bo')}?ts=${oldMessage}&name=white_check_mark`);
      await run.until(/"type":"approval-refused"[^\n]*"by":"bo"[^\n]*"why":"other-plan"/);
      const byCommand = await other.run(['approve', id, '--plan', old], as('ana')).ended;
      expect([byCommand.code, byCommand.stderr]).toEqual([1, expect.stringContaining('approves of plan')]);
      expect(
        (await other.writes()).filter(({ method, path: at }) => method !== 'PATCH' && /dns_records/.test(at)),
      ).toEqual([]);
      // The plan of this moment, approved: done.
      expect((await other.run(['approve', id, '--plan', current], as('bo')).ended).code).toBe(0);
      const { code, stdout, stderr } = await run.ended;
      expect(code, stderr).toBe(0);
      expect(refusalsOf(stdout)).toEqual(
        expect.arrayContaining([
          ['ana', 'other-plan', accountOf('ana')],
          ['bo', 'other-plan', accountOf('bo')],
          ['ana', 'other-plan', undefined],
        ]),
      );
      expect(linesOf(stdout).find(({ type }) => type === 'step-approved')?.by).toEqual(['bo']);
    } finally {
      await other.stop();
    }
  });

  test('after its time', { timeout: longTest }, async () => {
    const run = start('late');
    await run.until(/"type":"approval-posted"/);
    const message = (await askedAt(world)).at(-1);
    await run.until(/"type":"approvals-voided"[^\n]*"why":"expired"/);
    await run.until(/"type":"step-started"[^\n]*"step":"meanwhile"/);
    await world.call('PUT', `/reactions/${accounts.ana}?ts=${message}&name=white_check_mark`);
    const { stdout } = await run.ended;
    expect(refusalsOf(stdout)).toEqual([['ana', 'expired', accounts.ana]]);
    expect(linesOf(stdout).some(({ type, step }) => type === 'change-intended' && step === 'switch')).toBe(false);
    expect(await world.isEnabled()).toBe(true);
  });
});

test('the primary serves when it is approved: the last look stops the write', { timeout: longTest }, async () => {
  const run = await waiting('looks');
  const before = (await world.writes()).filter(({ path }) => path.includes('load_balancers')).length;
  expect(await approve('ana', [run.id, '--plan', run.digest])).toMatchObject({ code: 0 });
  const { code, stdout } = await run.ended;
  expect(code).toBe(1);
  expect(stdout).toMatch(/"type":"guard-raised"[^\n]*"guard":"primary-recovering"/);
  expect((await world.writes()).filter(({ path }) => path.includes('load_balancers'))).toHaveLength(before);
  expect(await world.isEnabled()).toBe(true);
});

test.skipIf(!hasTerminals)(
  'at a terminal: anything but the digits is no approval, and the digits are one',
  { timeout: longTest },
  async () => {
    const run = await waiting('one');
    const digits = run.digest.slice(0, 8);
    const atTerminal = async (typed: string) => {
      const terminal = await startOnTerminal(['approve', run.id, '--state-dir', world.state], {
        ...world.secrets,
        ...as('ana'),
      });
      await terminal.until(new RegExp(`Type ${digits} to approve`));
      terminal.type(typed);
      return terminal.ended;
    };
    const wrong = await atTerminal(`${digits.slice(0, 7)}\r`);
    expect([wrong.code, wrong.output]).toEqual([4, expect.stringContaining('not approved; nothing was written')]);
    const stopped = await atTerminal('\u0003');
    expect([stopped.code, stopped.restored]).toEqual([4, true]);
    expect(await world.isEnabled()).toBe(true);
    const right = await atTerminal(`${digits}\r`);
    expect([right.code, right.output]).toEqual([0, expect.stringContaining('1 of 1')]);
    const { code, stdout, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    expect(linesOf(stdout).filter(({ type }) => type === 'approval-given')).toHaveLength(1);
    await undo(run.id);
  },
);
