import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld } from './program.ts';

let world: Awaited<ReturnType<typeof startWorld>>;
let runbooks: string;

beforeAll(async () => {
  world = await startWorld(['--scenario', 'healthy']);
  runbooks = join(world.home, 'runbooks');
  mkdirSync(join(runbooks, 'environments'), { recursive: true });
  for (const [name, within] of [
    ['switch', '10m'],
    ['short', '3s'],
  ]) {
    const text = `title: Switch with a second pair of eyes
lock: dns/\${{ env.hostname }}
steps:
  - id: room
    uses: slack.open-room
    with: { name: "inc-\${{ run.shortId }}-${name}" }
  - id: switch
    title: Disable the load balancer
    uses: cloudflare.set-load-balancer
    with: { enabled: false }
    approvals: { from: [ana, bo, runner], within: ${within} }
`;
    writeFileSync(join(runbooks, `${name}.yaml`), text);
  }
}, 60_000);
afterAll(() => world.stop());

const as = (user: string) => ({ SUDO_USER: user });

/** Starts a run of `runner` that waits; answers its process, its id, and the digest that it waits with. */
async function waiting(name: string) {
  const run = world.runbook(name, ['--runbooks', runbooks, '--json'], as('runner'));
  const [line] = await run.until(/^.*"type":"approval-requested".*$/m);
  const { run: id, digest }: { run: string; digest: string } = JSON.parse(line);
  return { process: run, id, digest };
}

const approve = (user: string, args: readonly string[]) => world.run(['approve', ...args], as(user)).ended;

async function entriesOf(run: string): Promise<{ type: string; [field: string]: unknown }[]> {
  const { stdout } = await world.run(['audit', 'export', run]).ended;
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Puts the load balancer back as it was, through the program. */
async function undo(run: string): Promise<void> {
  const { code, stderr } = await world.run(['rollback', run, '--yes'], as('runner')).ended;
  expect(code, stderr).toBe(0);
  expect(await world.isEnabled()).toBe(true);
}

test('the right person approves in another process: refused are all others, and the switch happens once', {
  timeout: 120_000,
}, async () => {
  const before = (await world.writes()).filter(({ path }) => path.includes('load_balancers')).length;
  const { process, id, digest } = await waiting('switch');
  // Slack goes down while the approval is waited for: that holds nobody up.
  await process.until(/"type":"approval-posted"/);
  await world.fault('slack-api', { kind: 'hang' });

  const status = await world.run(['status', id]).ended;
  expect(status.stdout).toContain('WAITS FOR APPROVAL');
  expect(status.stdout).toContain(`resend-ops approve ${id} --state-dir`);

  for (const [user, args, says] of [
    ['runner', ['--plan', digest], 'approver is the runner'],
    ['eve', ['--plan', digest], 'eve is not one of those who may approve'],
    ['ana', ['--plan', 'f'.repeat(12)], 'approves of plan ffffffffffff'],
  ] as const) {
    const refused = await approve(user, [id, ...args]);
    expect({ code: refused.code, says: refused.stderr }).toEqual({ code: 1, says: expect.stringContaining(says) });
  }
  const unanswered = await approve('ana', [id]);
  expect(unanswered).toMatchObject({ code: 2, stderr: expect.stringContaining(`--plan ${digest.slice(0, 12)}`) });
  expect(unanswered.stderr).toContain(digest);
  expect(unanswered.stderr).toMatch(/enabled: false/);
  expect(await world.isEnabled()).toBe(true);

  const given = await approve('ana', [id, '--plan', digest.slice(0, 8)]);
  expect(given, given.stderr).toMatchObject({ code: 0, stderr: expect.stringContaining('1 of 1') });
  const ended = await process.ended;
  expect(ended.code, ended.stderr).toBe(0);
  await world.clearFault('slack-api');
  const writes = (await world.writes()).filter(({ path }) => path.includes('load_balancers'));
  expect(writes.length - before).toBe(1);
  expect(ended.stderr).toContain('approval refused: approver is the runner');

  const entries = await entriesOf(id);
  expect(entries.flatMap(({ type, by, why }) => (type === 'approval-refused' ? [`${by}: ${why}`] : []))).toEqual([
    'runner: runner',
    'eve: stranger',
    'ana: other-plan',
  ]);
  const order = entries.filter(({ step }) => step === 'switch').map(({ type }) => type);
  expect(order.filter((type) => /^approval-(requested|given)|^step-approved|^change-intended/.test(type))).toEqual([
    'approval-requested',
    'approval-given',
    'step-approved',
    'change-intended',
  ]);
  expect((await world.run(['audit', 'verify']).ended).code).toBe(0);
  await undo(id);
});

test('after its time an approval is refused, and nothing was changed', { timeout: 60_000 }, async () => {
  const { process, id, digest } = await waiting('short');
  expect((await process.ended).code).toBe(1);
  const late = await approve('ana', [id, '--plan', digest]);
  expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining('were waited for until') });
  expect((await entriesOf(id)).at(-1)).toMatchObject({ type: 'approval-refused', by: 'ana', why: 'expired' });
  expect(await world.isEnabled()).toBe(true);
});

test('a signal ends the waiting at once, with nothing changed', { timeout: 60_000 }, async () => {
  const { process } = await waiting('switch');
  process.child.kill('SIGINT');
  expect((await process.ended).code).toBe(4);
  expect(await world.isEnabled()).toBe(true);
});

test('killed while it waits: an approval of the same plan counts when the run is taken up, but not its driver’s own', {
  timeout: 120_000,
}, async () => {
  const { process, id, digest } = await waiting('switch');
  process.child.kill('SIGKILL');
  await process.ended;
  const given = await approve('ana', [id, '--plan', digest]);
  expect(given).toMatchObject({ code: 0, stderr: expect.stringContaining(`resend-ops resume ${id}`) });
  // Whoever takes the run up is its runner from there on.
  const resumed = world.run(['resume', id, '--json'], as('ana'));
  await resumed.until(/"type":"approval-refused".*"why":"runner"/);
  expect(await world.isEnabled()).toBe(true);
  expect((await approve('bo', [id, '--plan', digest])).code).toBe(0);
  const ended = await resumed.ended;
  expect(ended.code, ended.stderr).toBe(0);
  expect(await world.isEnabled()).toBe(false);
  const entries = await entriesOf(id);
  expect(entries.filter(({ type }) => type === 'approval-requested')).toHaveLength(1);
  expect(entries.find(({ type }) => type === 'step-approved')).toMatchObject({ by: ['bo'] });
  expect(entries.filter(({ type }) => type === 'change-intended' || type === 'change-applied')).toHaveLength(4);
  await undo(id);
});

test('the log names the account beside the person whom sudo tells', async () => {
  const text = readFileSync(join(world.state, 'audit', '00000001.jsonl'), 'utf8');
  const first: { actor: object } = JSON.parse(text.split('\n')[0] ?? '');
  expect(first.actor).toMatchObject({ user: 'runner', identities: { account: expect.any(String) } });
  expect(dirname(world.state)).toBe(world.home);
});
