import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
  counted: { failed: number; rounds: number; needed: number } | null;
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
  const { code, stdout, stderr } = await start(args).ended;
  const screen = stderr.trimEnd().split('\n');
  return { code, verdict: verdictOf(stdout), screen: screen.map((line) => line.replace(/^REHEARSAL [|│] ?/, '')) };
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
  const { code, verdict, screen } = await rehearse('--scenario', scenario);
  // Probes of a busy machine may be late, which is told and decides nothing.
  const missing = verdict.missing.filter((line) => !line.startsWith('vantage points: not all told'));
  expect([code, { ...verdict, missing }]).toEqual([
    0,
    expect.objectContaining({ recommendation, command, missing: [] }),
  ]);
  // What to run comes last, whole.
  const wanted =
    command === null ? /^ {2}exit 0: the world is as asked/ : new RegExp(`^${command.replaceAll(/["?.]/g, '\\$&')} `);
  // What does not fit goes on below, by four; a command to be copied is not broken.
  expect(screen.findLast((line) => !line.startsWith('    '))).toMatch(wanted);
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

/** Runbooks with scenarios in which the edge fails and recovers, from the start on. */
function withFlaps(): string {
  const runbooks = mkdtempSync(join(home, 'runbooks-'));
  cpSync(fileURLToPath(new URL('../../runbooks', import.meta.url)), runbooks, { recursive: true });
  for (const [down, up] of [
    ['1m', '9m'],
    ['4m', '4m'],
  ]) {
    const fault = `{ kind: flap, status: 500, down: ${down}, up: ${up} }`;
    const text = `title: Down ${down}, up ${up}\ntimeline:\n  - { at: 0s, set: { edge: ${fault} } }\n`;
    writeFileSync(join(runbooks, 'scenarios', `flap-${down}-${up}.yaml`), text);
  }
  return runbooks;
}

// At 30 times the speed, twelve minutes are 24 s. When a run begins to look is left to the machine: each of these has one
// verdict from every moment of its cycle (test/actions/triage/flap.test.ts goes through them all).
test.concurrent.for([
  ['cloudflare-2025-11-18', ['--from', 'everywhere'], 'fail-over'],
  ['flap-1m-9m', [], 'hold'],
] as const)(
  'a window that is wider than the flap decides by both its halves: %s',
  { timeout: 180_000 },
  async ([scenario, more, wanted], { expect }) => {
    const args = ['--scenario', scenario, ...more, '--speed', '30', '--over', '12m', '--runbooks', withFlaps()];
    const { code, verdict } = await rehearse(...args);
    expect([code, verdict.recommendation, verdict.because], verdict.because.join('\n')).toEqual([
      0,
      wanted,
      expect.any(Array),
    ]);
    expect(verdict.counted).toMatchObject({ rounds: 20, needed: 8 });
  },
);

test('a wide look at a steady outage ends where the rounds that remain could change nothing, and says so', {
  timeout: 180_000,
}, async () => {
  const { code, verdict, screen } = await rehearse(
    '--scenario',
    'cloudflare-edge-down',
    '--speed',
    '30',
    '--over',
    '12m',
  );
  expect([code, verdict.recommendation], verdict.because.join('\n')).toEqual([0, 'fail-over']);
  expect(verdict.counted?.rounds).toBeLessThan(25);
  const told = screen.join(' ').replace(/\s+/g, ' ');
  expect(told).toMatch(/ended after (19|2[0-4]) of 25 rounds: those that remain could not change what to do/);
});

test('a failover that looks for minutes holds the name; whoever is refused is told how to end it, and can', {
  timeout: 120_000,
}, async () => {
  const simulated = await startWorld();
  worlds.push(simulated);
  const given = ['--reason', 'edge', '--confirm', 'api.resend.com'];
  const first = simulated.runbook('failover', [...given, '--over', '12m']);
  await first.until(/The same requests|Is it us, or Cloudflare/);
  const second = await simulated.runbook('failover', given).ended;
  const [, run = ''] =
    /resend-ops rollback (\S+) --take-over/.exec(second.stderr.replace(/\s+/g, ' ').replaceAll(' REHEARSAL │ ', ' ')) ??
    [];
  expect([second.code, run], second.stderr).toEqual([6, expect.stringMatching(/^\d{8}-/)]);
  const ended = await simulated.run(['rollback', run, '--take-over', '--yes']).ended;
  expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining('ROLLED BACK')]);
  // The first can do nothing any more; it would find out with its next entry, at the end of its look.
  first.child.kill('SIGINT');
  expect((await first.ended).code).not.toBe(0);
  expect((await simulated.writes()).filter(({ path }) => path.includes('load_balancers'))).toEqual([]);
  // And the name is free again.
  const third = await simulated.runbook('failover', [...given, '--dry-run']).ended;
  expect(third.code, third.stderr).toBe(0);
});

test('nothing is reached from here: this machine may be offline, and nobody is told to switch', {
  timeout: 120_000,
}, async () => {
  const simulated = await startWorld();
  worlds.push(simulated);
  // Where nothing listens; and what else is asked is silent.
  const text = readFileSync(simulated.environmentFile, 'utf8');
  const [before = '', routes = '', after = ''] = text.split(/^(?=routes:|dns:)/m);
  expect(routes).toMatch(/^routes:/);
  const dead = routes.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:1');
  writeFileSync(simulated.environmentFile, [before, dead, after].join(''));
  for (const source of ['cloudflare-status', 'aws-status', 'datadog-api', 'globalping-api', 'dns'])
    await simulated.fault(source, { kind: 'hang' });
  const { code, stdout } = await simulated.runbook('triage', ['--json', '--over', '2s']).ended;
  const verdict = verdictOf(stdout);
  expect([code, verdict.recommendation, verdict.command]).toEqual([0, 'look-again', 'resend-ops triage --over 2m']);
  expect(verdict.because.join()).toContain('this machine may be offline');
  expect(verdict.missing.join()).toMatch(/^DNS: .*Cloudflare’s public status: .*monitors: /);
});

test('an address that has gone stale on this machine is no outage, for triage and for failover', {
  timeout: 120_000,
}, async () => {
  const simulated = await startWorld(['--scenario', 'healthy']);
  worlds.push(simulated);
  const text = readFileSync(simulated.environmentFile, 'utf8');
  writeFileSync(
    simulated.environmentFile,
    text.replace(/^( {2}edge:\n(?: {4}.*\n)*? {4}connect: ).*$/m, '$1127.0.0.1:1'),
  );

  const { code, stdout, stderr } = await simulated.runbook('triage', ['--json']).ended;
  const verdict = verdictOf(stdout);
  expect([code, verdict.recommendation], verdict.because.join()).toEqual([0, 'look-again']);
  const told = stderr.replace(/^REHEARSAL [|│] ?/gm, '').replace(/\s+/g, ' ');
  expect(told).toContain('LOOK AGAIN: only from here?');
  expect(told).toMatch(/edge met everything in 6 of 6 rounds at what DNS answers \(104\.18\.[\d., ]+\)/);
  expect(told).toContain('check routes.edge.connect of the environment against what DNS answers');
  expect(told).not.toContain('provider-fault');

  const given = ['--reason', 'it looks down', '--confirm', 'api.resend.com', '--json'];
  const failover = await simulated.runbook('failover', given).ended;
  expect([failover.code, failover.stdout]).toEqual([
    1,
    expect.stringMatching(/"type":"guard-raised".*"guard":"verdict"/),
  ]);
  expect((await simulated.writes()).filter(({ path }) => path.includes('load_balancers'))).toEqual([]);

  // And where the edge fails wherever it is asked, a stale address is no reason to wait.
  await simulated.fault('edge', { kind: 'status', status: 500 });
  const down = verdictOf((await simulated.runbook('triage', ['--json']).ended).stdout);
  expect(down.recommendation, down.because.join()).toBe('fail-over');
});

test('after a failover, with the edge healthy: hold, and what has to be true to fail back', {
  timeout: 120_000,
}, async () => {
  const { code, verdict } = await rehearse('--scenario', 'after-failover-route53');
  expect([code, verdict.recommendation, verdict.command]).toEqual([0, 'hold', 'resend-ops triage --over 12m']);
  expect(verdict.because[0]).toBe('DNS leads to fallback');
  expect(verdict.until).toMatch(/^fail back when edge meets every critical request in every round for 10 min/);
});

// The look ends after twelve minutes, and the go falls into the minutes from the twelfth to the sixteenth: green ones.
test('a failover that has looked for a whole cycle is not stopped by the green half of the flap', {
  timeout: 180_000,
}, async () => {
  const { code, stdout } = await start([
    ...['rehearse', 'failover', '--scenario', 'flap-4m-4m', '--speed', '30', '--over', '12m'],
    ...['--runbooks', withFlaps(), '--reason', 'edge comes and goes', '--yes', '--json'],
    ...['--state-dir', join(home, 'state')],
  ]).ended;
  expect(stdout).not.toContain('"type":"guard-raised"');
  expect([code, JSON.parse(stdout.trim().split('\n').at(-1) ?? '')]).toEqual([
    0,
    expect.objectContaining({ outcome: 'succeeded' }),
  ]);
});

test('DNS leads to the fallback already and the edge is down: triage and failover both say that nothing is to be done', {
  timeout: 120_000,
}, async () => {
  const simulated = await startWorld(['--scenario', 'after-failover']);
  worlds.push(simulated);
  await simulated.fault('edge', { kind: 'status', status: 500 });
  const triage = verdictOf((await simulated.runbook('triage', ['--json']).ended).stdout);
  const given = ['--reason', 'once more', '--confirm', 'api.resend.com', '--json'];
  const failover = await simulated.runbook('failover', given).ended;
  const lines: {
    type: string;
    step?: string;
    guard?: string;
    output?: { recommendation: string; because: string[] };
  }[] = failover.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const judged = lines.find(({ step, output }) => step === 'verdict' && output !== undefined)?.output;
  const moved = 'DNS leads to fallback already: customers follow as old answers expire';
  for (const verdict of [triage, judged]) {
    expect([verdict?.recommendation, verdict?.because[0]]).toEqual(['nothing', moved]);
  }
  expect(failover.code, failover.stderr).toBe(1);
  expect(lines.filter(({ type }) => type === 'guard-raised').map(({ guard }) => guard)).toEqual(['verdict']);
  expect((await simulated.writes()).filter(({ path }) => path.includes('load_balancers'))).toEqual([]);
});

test('failover looks for as long as it is told, and decides by the same rounds', { timeout: 120_000 }, async () => {
  const args = ['--scenario', 'cloudflare-2025-11-18', '--from', 'everywhere', '--speed', '30', '--over', '12m'];
  const { stdout, stderr } = await start([
    'rehearse',
    'failover',
    ...args,
    ...['--reason', 'edge comes and goes', '--dry-run', '--json', '--state-dir', join(home, 'state')],
  ]).ended;
  // A moment of the bad half alone would read as 20 of 20.
  expect(stdout).toMatch(/"counted":\{"failed":(8|9|1[0-2]),"rounds":20,"needed":8\}/);
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
  expect(lines.slice(-3, -1)).toEqual([
    '  next:',
    `resend-ops failover --reason "edge failed in 6 of 6 rounds" ${given}`,
  ]);
  expect(await simulated.writes()).toEqual([]);
});
