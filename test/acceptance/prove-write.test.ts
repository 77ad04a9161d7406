import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startWorld } from './program.ts';

const worlds: Awaited<ReturnType<typeof startWorld>>[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

type Line = { type: string; step?: string; output?: never; error?: { message: string } };

async function world(scenario: string) {
  const made = await startWorld(['--scenario', scenario]);
  worlds.push(made);
  const validate = async (...args: string[]) => {
    const { code, stdout, stderr } = await made.runbook('validate-fallback', ['--json', ...args]).ended;
    const lines: Line[] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return { code, stderr, lines, of: (step: string) => lines.filter((line) => line.step === step) };
  };
  return { ...made, validate };
}

test('only with --prove-write is anything written, and it is written back as it was', {
  timeout: 180_000,
}, async () => {
  const simulated = await world('healthy');
  const plain = await simulated.validate();
  expect([plain.code, await simulated.writes()]).toEqual([0, []]);
  expect(plain.of('prove-cloudflare').map(({ type }) => type)).toEqual(['step-started', 'step-skipped']);

  const before: { loadBalancers: { modifiedOn: string }[] } = JSON.parse(await simulated.call('GET', '/state'));
  const dry = await simulated.validate('--prove-write', '--dry-run');
  expect([dry.code, await simulated.writes()]).toEqual([0, []]);

  const proven = await simulated.validate('--prove-write');
  expect([proven.code, proven.stderr]).toEqual([
    0,
    expect.stringContaining('it may write: the same value was written back'),
  ]);
  const types = proven.of('prove-cloudflare').map(({ type }) => type);
  expect(types).toEqual([
    ...['step-started', 'step-planned', 'change-intended', 'change-applied', 'change-left-nothing', 'step-succeeded'],
  ]);
  expect(proven.lines.some(({ type }) => type === 'go-given')).toBe(false);
  const result = proven.lines.find(({ type }) => type === 'result');
  expect(result).toMatchObject({ outcome: 'succeeded', clocks: { goAt: null } });
  expect(await simulated.writes()).toEqual([expect.objectContaining({ method: 'PATCH', body: '{"description":""}' })]);
  const after: typeof before = JSON.parse(await simulated.call('GET', '/state'));
  const still = ({ loadBalancers }: typeof before) =>
    loadBalancers.map(({ modifiedOn: _, ...rest }) => ({ description: '', ...rest }));
  expect(still(after)).toEqual(still(before));
  expect(proven.stderr).toMatch(/done +The token may write/);
  expect(proven.stderr).not.toMatch(/cannot be unsent|not reached|undone/);
});

test('a token that reads and may not write passes without the proof, and fails with it', {
  timeout: 180_000,
}, async () => {
  const simulated = await world('token-read-only');
  expect((await simulated.validate()).code).toBe(0);
  const junit = join(simulated.home, 'junit.xml');
  const proven = await simulated.validate('--prove-write', '--junit', junit);
  expect([proven.code, proven.stderr]).toEqual([1, expect.stringContaining('cloudflare/write-refused')]);
  expect(proven.stderr).toContain('10000 Authentication error');
  expect(proven.stderr).toContain('Load Balancers Write');
  expect(readFileSync(junit, 'utf8')).toMatch(
    /name="cloudflare\/write-refused \(load balancer api\.resend\.com\)"[^>]*><failure /,
  );
});

test('it waits for no run at the same name, and none waits for a run that only reads', {
  timeout: 180_000,
}, async () => {
  const simulated = await world('cloudflare-edge-down');
  const failover = simulated.runbook('failover', ['--reason', 'x', '--confirm', 'api.resend.com', '--json']);
  await failover.until(/"type":"run-started"/);
  const busy = await simulated.runbook('validate-fallback', ['--prove-write', '--json']).ended;
  expect([busy.code, busy.stderr]).toEqual([6, expect.stringContaining('is held by run')]);
  failover.child.kill('SIGINT');
  failover.child.kill('SIGINT');
  await failover.ended;
  const reading = simulated.runbook('validate-fallback', ['--json']);
  await reading.until(/"type":"run-started"/);
  const [started] = (await reading.ended).stdout.split('\n');
  expect(JSON.parse(started ?? '')).toMatchObject({ type: 'run-started', resources: [] });
});

test('killed within the proving write: nothing is to be undone, and a failover begins', {
  timeout: 180_000,
}, async () => {
  const simulated = await world('cloudflare-edge-down');
  const failover = () => simulated.runbook('failover', ['--reason', 'x', '--confirm', 'api.resend.com', '--json']);
  await simulated.fault('cloudflare-api', { kind: 'write-late', ms: 5_000 });
  const proving = simulated.runbook('validate-fallback', ['--prove-write', '--json']);
  const [line] = await proving.until(/^.*"type":"change-intended".*$/m);
  const { run } = JSON.parse(line);
  // While its process lives, it holds the name.
  const early = await failover().ended;
  expect([early.code, early.stderr]).toEqual([6, expect.stringContaining(`is held by run ${run}`)]);
  proving.child.kill('SIGKILL');
  await proving.ended;
  const status = await simulated.run(['status', run]).ended;
  expect(status.stdout.replace(/\s+/g, ' ')).toContain('is what was there before: nothing is to be undone');
  expect(status.stdout).not.toMatch(/in doubt|left in place/);

  await simulated.clearFault('cloudflare-api');
  const taken = failover();
  await taken.until(/"type":"milestone-reached"[^\n]*"milestone":"switched"/);
  taken.child.kill('SIGTERM');
  const { stderr } = await taken.ended;
  expect(stderr.replace(/\s+/g, ' ')).toContain(`was held by run ${run} (`);
  const [started] = await taken.until(/^.*"type":"run-started".*$/m);
  const shown = await simulated.run(['audit', 'show', run, '--json']).ended;
  expect(JSON.parse(shown.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
    type: 'run-ended',
    exitCode: 1,
    message: expect.stringContaining(`ended by run ${JSON.parse(started).run}`),
  });
  expect((await simulated.run(['audit', 'verify']).ended).code).toBe(0);
});

test('killed before the proving write, it holds up nobody; a failover that was killed still does', {
  timeout: 180_000,
}, async () => {
  const simulated = await world('cloudflare-edge-down');
  const proving = simulated.runbook('validate-fallback', ['--prove-write', '--json']);
  await proving.until(/"type":"step-started"/);
  proving.child.kill('SIGKILL');
  await proving.ended;
  const failover = simulated.runbook('failover', ['--reason', 'x', '--confirm', 'api.resend.com', '--json']);
  const [line] = await failover.until(/^.*"type":"step-started".*$/m);
  failover.child.kill('SIGKILL');
  await failover.ended;
  const second = await simulated.runbook('validate-fallback', ['--prove-write', '--json']).ended;
  expect([second.code, second.stderr]).toEqual([6, expect.stringContaining(`is held by run ${JSON.parse(line).run}`)]);
  expect(second.stderr).toContain('its process is gone');
});

test('Route 53: the same, where its zone answers', { timeout: 180_000 }, async () => {
  const simulated = await startWorld(['--scenario', 'partial-zone']);
  worlds.push(simulated);
  const { code, stderr, stdout } = await simulated.runbook('validate-fallback', ['--prove-write', '--json']).ended;
  const lines: Line[] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const output = lines.find(({ type, step }) => type === 'step-succeeded' && step === 'prove-route53')?.output;
  expect([output, stderr]).toEqual([expect.objectContaining({ proven: true, critical: 0 }), expect.anything()]);
  expect(lines.find(({ type, step }) => type === 'step-skipped' && step === 'prove-cloudflare')).toBeDefined();
  const written = (await simulated.writes()).map(({ body }) =>
    [...body.matchAll(/<Action>(\w+)</g)].map(([, what]) => what),
  );
  expect(written).toEqual([['DELETE', 'CREATE']]);
  expect([0, 1]).toContain(code);
});
