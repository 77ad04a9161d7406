import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { startWorld } from './program.ts';

const runbooks = fileURLToPath(new URL('../../runbooks', import.meta.url));
const longTest = 120_000;

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

type Incident = { id: string; phase: string; updates: { phase: string; message: string }[] };
type State = { statusPage: { incidents: Incident[] }; alerts: { status: string; events: number; dedupKey: string }[] };

/** A simulated world whose runbooks are the repository's, changed by `change`. */
async function world(change: (directory: string) => void = () => undefined, ...options: string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'resend-ops-announce-'));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  cpSync(runbooks, directory, { recursive: true });
  change(directory);
  const made = await startWorld(['--runbooks', directory, '--scenario', 'healthy', ...options]);
  cleanups.push(() => made.stop());
  const told = async (): Promise<State> => JSON.parse(await made.call('GET', '/state'));
  return {
    ...made,
    incidents: async () => (await told()).statusPage.incidents,
    alerts: async () => (await told()).alerts,
    runbook: (name: string, args: readonly string[], variables: Record<string, string> = {}) =>
      made.runbook(name, ['--runbooks', directory, '--json', ...args], variables),
    announce: (args: readonly string[], variables: Record<string, string> = {}) =>
      made.runbook('announce', ['--runbooks', directory, '--yes', '--json', ...args], variables),
  };
}

/** The environment's page is at incident.io. */
function atIncidentIo(directory: string): void {
  const file = join(directory, 'environments', 'production.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('provider: atlassian', 'provider: incident-io'));
}

test.each([
  ['Statuspage', undefined],
  ['incident.io', atIncidentIo],
])(
  'a notice at %s: opened, posted on, resolved; a dry run writes nothing',
  { timeout: longTest },
  async (_, change) => {
    const simulated = await world(change);
    const dry = await simulated.announce(['--message', 'We are looking.', '--dry-run']).ended;
    expect([dry.code, dry.stderr]).toEqual([0, expect.stringContaining('+ public incident: Elevated error rates')]);
    expect([await simulated.writes(), await simulated.incidents()]).toEqual([[], []]);

    const opened = await simulated.announce(['--message', 'We are looking.']).ended;
    expect([opened.code, opened.stderr]).toEqual([0, expect.stringContaining('cannot be unsent')]);
    // Nobody waits for DNS after a message.
    expect(opened.stderr).toContain('GO OR NO GO');
    expect(opened.stderr).not.toMatch(/drain:|switched|recovered/);
    const moved = ['--stage', 'update', '--phase', 'monitoring', '--message', 'Traffic has moved.'];
    expect((await simulated.announce(moved).ended).code).toBe(0);
    expect((await simulated.announce(['--stage', 'resolve', '--message', 'All is well.']).ended).code).toBe(0);
    const [incident, ...more] = await simulated.incidents();
    expect([incident?.phase, more]).toEqual(['resolved', []]);
    const named = change === undefined ? '' : '\n\nAffected: api.resend.com';
    expect(incident?.updates.map(({ phase, message }) => `${phase}: ${message}`)).toEqual([
      `investigating: We are looking.${named}`,
      'monitoring: Traffic has moved.',
      'resolved: All is well.',
    ]);
    const none = await simulated.announce(moved).ended;
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('no incident is unresolved')]);

    const key = simulated.secrets.STATUSPAGE_API_KEY ?? 'unset';
    const files = readdirSync(simulated.state, { recursive: true, encoding: 'utf8' });
    expect(files.length).toBeGreaterThan(3);
    for (const name of files) {
      const file = join(simulated.state, name);
      if (statSync(file).isFile()) expect(readFileSync(file, 'utf8')).not.toContain(key);
    }
    for (const { stdout, stderr } of [dry, opened, none]) expect(stdout + stderr).not.toContain(key);
  },
);

test.each([
  ['Statuspage', undefined],
  ['incident.io', atIncidentIo],
])(
  'announced twice, and a failover: one notice at %s, gone on with, and never turned back',
  { timeout: longTest },
  async (_, change) => {
    const simulated = await world(change, '--speed', '10');
    const words = async () => {
      const [incident, ...more] = await simulated.incidents();
      expect(more).toEqual([]);
      return incident?.updates.map(({ phase, message }) => `${phase}: ${message.split('\n')[0]?.slice(0, 40)}`);
    };
    expect((await simulated.announce(['--message', 'We are looking.']).ended).code).toBe(0);
    const again = await simulated.announce(['--message', 'Still looking.']).ended;
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('is taken over: Elevated error rates')]);
    expect(await words()).toEqual(['investigating: We are looking.', 'investigating: Still looking.']);

    // The edge is down and Cloudflare's API too: the failover tells customers, and ends without having changed anything.
    await simulated.fault('edge', { kind: 'status', status: 500 });
    await simulated.fault('cloudflare-api', { kind: 'status', status: 503 });
    const failover = () => simulated.runbook('failover', ['--reason', 'x', '--confirm', 'api.resend.com']).ended;
    const first = await failover();
    expect([first.code, first.stdout]).toEqual([1, expect.stringMatching(/"step":"notice"[^\n]*"taken-over":\{/)]);
    const all = [
      'investigating: We are looking.',
      'investigating: Still looking.',
      'investigating: Requests to api.resend.com are failing a',
      'investigating: We are still investigating. We have not ',
    ];
    expect(await words()).toEqual(all);

    const said = ['--stage', 'update', '--phase', 'identified', '--message', 'It is the provider.'];
    expect((await simulated.announce(said).ended).code).toBe(0);
    const second = await failover();
    expect([second.code, second.stdout]).toEqual([1, expect.stringContaining('"posted":false')]);
    expect(await words()).toEqual([...all, 'identified: It is the provider.']);
    expect((await simulated.announce(['--stage', 'resolve', '--message', 'All is well.']).ended).code).toBe(0);
  },
);

test('a take-over whose process was killed: resumed, and its message is there once', {
  timeout: longTest,
}, async () => {
  const simulated = await world(undefined, '--speed', '10');
  expect((await simulated.announce(['--message', 'We are looking.']).ended).code).toBe(0);
  await simulated.fault('statuspage-api', { kind: 'write-late', ms: 10_000 });
  const killed = simulated.announce(['--message', 'Still looking.']);
  await killed.until(/"type":"change-intended"/);
  killed.child.kill('SIGKILL');
  await killed.ended;
  await simulated.clearFault('statuspage-api');
  const resumed = await simulated.run(['resume', '--yes', '--json']).ended;
  expect([resumed.code, resumed.stderr]).toEqual([0, expect.anything()]);
  const [incident, ...more] = await simulated.incidents();
  expect([more, incident?.updates.map(({ message }) => message)]).toEqual([[], ['We are looking.', 'Still looking.']]);
});

test('kill -9 between intent and answer: resumed, and still one notice', { timeout: longTest }, async () => {
  const simulated = await world(undefined, '--speed', '10');
  await simulated.fault('statuspage-api', { kind: 'write-late', ms: 10_000 });
  const first = simulated.announce(['--message', 'We are looking.']);
  await first.until(/"type":"change-intended"/);
  first.child.kill('SIGKILL');
  expect((await first.ended).signal).toBe('SIGKILL');
  await simulated.clearFault('statuspage-api');
  const resumed = await simulated.run(['resume', '--yes', '--json']).ended;
  expect([resumed.code, resumed.stderr]).toEqual([0, expect.anything()]);
  expect(await simulated.incidents()).toHaveLength(1);
  expect((await simulated.run(['audit', 'verify']).ended).code).toBe(0);
});

test.each([
  ['Statuspage', undefined, 1],
  ['incident.io', atIncidentIo, 3],
])(
  'an answer lost at %s is told by looking; nothing is opened twice',
  { timeout: longTest },
  async (_, change, sent) => {
    const simulated = await world(change);
    await simulated.fault('statuspage-api', { kind: 'write-error-but-done' });
    const ended = await simulated.announce(['--message', 'We are looking.']).ended;
    expect([ended.code, ended.stdout]).toEqual([
      0,
      expect.stringMatching(/"type":"change-applied"[^\n]*"how":"observed"/),
    ]);
    expect(await simulated.writes()).toHaveLength(sent);
    const [incident, ...more] = await simulated.incidents();
    expect(more).toEqual([]);
    expect(ended.stdout).toContain(`"incident":"${incident?.id}"`);
  },
);

test('a wrong key: nothing starts (5), and it is not shown', { timeout: longTest }, async () => {
  const simulated = await world();
  const wrong = 'wrong-key-0123456789-abcdef';
  const refused = await simulated.announce(['--message', 'x'], { STATUSPAGE_API_KEY: wrong }).ended;
  expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining('Could not authenticate')]);
  expect(refused.stdout + refused.stderr).not.toContain(wrong);
  const missing = await simulated.announce(['--message', 'x'], { STATUSPAGE_API_KEY: '' }).ended;
  expect([missing.code, missing.stderr]).toEqual([5, expect.stringContaining('set STATUSPAGE_API_KEY')]);
  expect(await simulated.writes()).toEqual([]);
});

test('a status page that hangs holds no switch up', { timeout: longTest }, async () => {
  const simulated = await world();
  await simulated.fault('edge', { kind: 'status', status: 500 });
  await simulated.fault('statuspage-api', { kind: 'hang' });
  const run = simulated.runbook('failover', ['--reason', 'x', '--confirm', 'api.resend.com']);
  await run.until(/"type":"milestone-reached"[^\n]*"milestone":"switched"/);
  run.child.kill('SIGTERM');
  const { stdout } = await run.ended;
  expect(stdout).toMatch(/"type":"step-started"[^\n]*"step":"notice"/);
  expect(stdout).not.toMatch(/"type":"step-succeeded"[^\n]*"step":"notice"/);
  const goAt = Date.parse(/"time":"([^"]+)"[^\n]*"type":"go-given"/.exec(stdout)?.[1] ?? '');
  const switchedAt = Date.parse(/"time":"([^"]+)"[^\n]*"type":"milestone-reached"/.exec(stdout)?.[1] ?? '');
  expect(switchedAt - goAt).toBeLessThan(10_000);
  expect((await simulated.run(['rollback']).ended).code).toBe(0);
});

test('--no-announce: a failover tells customers nothing', { timeout: longTest }, async () => {
  const simulated = await world();
  const args = ['--reason', 'x', '--no-announce', '--dry-run'];
  const ended = await simulated.runbook('failover', args).ended;
  expect(ended.stdout).toMatch(/"type":"step-skipped"[^\n]*"step":"notice"/);
});

/** Pages whoever is on call, and ends the page. */
const paging = `title: Page whoever is on call
inputs:
  key: { type: string, default: "" }
steps:
  - id: page
    title: Page whoever is on call
    when: inputs.key == ""
    uses: pagerduty.trigger
    with: { summary: "Requests to \${{ env.hostname }} fail", details: { run: "\${{ run.id }}" } }
  - id: end
    title: End the page
    when: inputs.key != ""
    uses: pagerduty.resolve
    with: { dedup-key: "\${{ inputs.key }}" }
`;

test('a page is sent once and ended by its key; a lost answer is in doubt (3)', { timeout: longTest }, async () => {
  const simulated = await world((directory) => writeFileSync(join(directory, 'page.yaml'), paging));
  const dry = await simulated.runbook('page', ['--dry-run']).ended;
  expect([dry.code, await simulated.writes()]).toEqual([0, []]);
  const paged = await simulated.runbook('page', []).ended;
  const [alert, ...more] = await simulated.alerts();
  expect([paged.code, paged.stderr, more]).toEqual([0, expect.stringContaining('cannot be unsent'), []]);
  expect(paged.stderr).not.toMatch(/drain:|switched|recovered/);
  expect(alert).toMatchObject({ status: 'triggered', events: 1 });
  expect((await simulated.runbook('page', ['--key', alert?.dedupKey ?? '']).ended).code).toBe(0);
  expect(await simulated.alerts()).toMatchObject([{ status: 'resolved' }]);

  await simulated.fault('pagerduty-api', { kind: 'write-error-but-done' });
  const doubtful = await simulated.runbook('page', []).ended;
  expect([doubtful.code, doubtful.stderr]).toEqual([3, expect.stringContaining('in doubt')]);
  // Sent three times, and one page all the same.
  expect(await simulated.alerts()).toMatchObject([{ status: 'resolved' }, { status: 'triggered', events: 3 }]);
  const key = simulated.secrets.PAGERDUTY_ROUTING_KEY ?? 'unset';
  for (const { stdout, stderr } of [dry, paged, doubtful]) expect(stdout + stderr).not.toContain(key);
  expect(await simulated.call('GET', '/requests')).not.toContain(key);
});
