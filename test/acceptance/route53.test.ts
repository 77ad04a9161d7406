import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Route53 } from '@aws-sdk/client-route-53';
import { afterEach, expect, test } from 'vitest';
import { start, startWorld } from './program.ts';

const hostname = 'api.example.com';
const directory = fileURLToPath(new URL('./partial-zone', import.meta.url));
const hasDig = spawnSync('dig', ['-v']).error === undefined;
const longTest = 120_000;
const seeded = {
  name: `${hostname}.`,
  type: 'CNAME',
  ttl: 60,
  values: [`${hostname}.cdn.cloudflare.net`],
};

const worlds: Awaited<ReturnType<typeof startWorld>>[] = [];
afterEach(async () => {
  for (const made of worlds.splice(0)) await made.stop();
});

async function partialZone(...options: string[]) {
  const made = await startWorld(['--runbooks', directory, '--scenario', 'quiet', ...options]);
  worlds.push(made);
  const move = (kind: 'cname' | 'alias', args: readonly string[] = [], variables: Record<string, string> = {}) =>
    made.runbook(`move-by-${kind}`, ['--runbooks', directory, '--confirm', hostname, '--json', ...args], variables);
  return {
    ...made,
    move,
    /** The record sets at the hostname, from the simulator's state. */
    async sets(): Promise<object[]> {
      const state: { hostedZone: { recordSets: { name: string }[] } } = JSON.parse(await made.call('GET', '/state'));
      return state.hostedZone.recordSets.filter(({ name }) => name === seeded.name);
    },
    /** Batches that reached Route 53: the simulator's own log is the witness. */
    async batches(): Promise<string[][]> {
      const bodies = (await made.writes()).map(({ body }) => body);
      return bodies.map((body) =>
        [...body.matchAll(/<Action>(\w+)<\/Action>.*?<Type>(\w+)<\/Type>/g)].map(([, what, type]) => `${what} ${type}`),
      );
    },
    /** Someone else, with a client and a key of their own. */
    someoneElse: () =>
      new Route53({
        endpoint: made.address(/^AWS API/),
        region: 'us-east-1',
        credentials: {
          accessKeyId: made.secrets.AWS_ACCESS_KEY_ID ?? '',
          secretAccessKey: made.secrets.AWS_SECRET_ACCESS_KEY ?? '',
          sessionToken: made.secrets.AWS_SESSION_TOKEN ?? '',
        },
      }),
  };
}

function resultOf(stdout: string): { outcome: string; exitCode: number; clocks: Record<string, number | null> } {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/** What each authoritative server answers, asked by `dig`, not by our own client. */
function digAll(endpoints: readonly { name: string; address: string }[], type: string): string[] {
  return endpoints
    .filter(({ name }) => name.includes('authoritative'))
    .map(({ address }) => {
      const [host = '', port = ''] = address.split(':');
      const args = [`@${host}`, '-p', port, hostname, type, '+short', '+norecurse'];
      return execFileSync('dig', args, { encoding: 'utf8' }).trim();
    });
}

test('a CNAME is switched at Route 53, proven at every server, and rolled back to the letter', {
  timeout: longTest,
}, async () => {
  const simulated = await partialZone('--speed', '10');
  const ended = await simulated.move('cname').ended;
  expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining('CNAME d111111abcdef8.cloudfront.net')]);
  expect(ended.stdout).toMatch(/"type":"change-applied"[^\n]*"how":"answered"[^\n]*"inSync":true/);
  const { clocks } = resultOf(ended.stdout);
  expect(clocks.switchedMs).toBeLessThan(30_000);
  expect(clocks.recoveredMs).toBeGreaterThanOrEqual(clocks.switchedMs ?? 0);
  expect(await simulated.sets()).toEqual([{ ...seeded, values: ['d111111abcdef8.cloudfront.net'] }]);
  if (hasDig) expect(digAll(simulated.endpoints, 'CNAME')).toEqual(Array(4).fill('d111111abcdef8.cloudfront.net.'));

  const back = await simulated.run(['rollback', '--yes', '--json']).ended;
  expect([back.code, resultOf(back.stdout).outcome]).toEqual([0, 'rolled-back']);
  expect(await simulated.sets()).toEqual([seeded]);
  expect(await simulated.batches()).toEqual(Array(2).fill(['DELETE CNAME', 'CREATE CNAME']));
  expect((await simulated.run(['audit', 'verify']).ended).code).toBe(0);
  const audit = join(simulated.state, 'audit');
  const log = readdirSync(audit)
    .map((name) => readFileSync(join(audit, name), 'utf8'))
    .join('');
  expect(log).toContain('route53.set-record');
  for (const secret of Object.values(simulated.secrets)) expect(log + ended.stderr).not.toContain(secret);
});

test('a CNAME becomes aliases in one batch: no server is ever without an answer; and comes back', {
  timeout: longTest,
}, async () => {
  const simulated = await partialZone('--speed', '10', '--customers', '8');
  const ended = await simulated.move('alias').ended;
  expect([ended.code, ended.stderr]).toEqual([
    0,
    expect.stringContaining('AAAA alias to d111111abcdef8.cloudfront.net'),
  ]);
  if (hasDig) {
    for (const answer of digAll(simulated.endpoints, 'A')) expect(answer).toMatch(/^13\.32\./);
    for (const answer of digAll(simulated.endpoints, 'AAAA')) expect(answer).toMatch(/^2600:9000:/);
  }
  expect((await simulated.run(['rollback', '--yes']).ended).code).toBe(0);
  expect(await simulated.sets()).toEqual([seeded]);
  expect(await simulated.batches()).toEqual([
    ['DELETE CNAME', 'CREATE A', 'CREATE AAAA'],
    ['DELETE A', 'DELETE AAAA', 'CREATE CNAME'],
  ]);
  const clients: { failures: Record<string, number> } = JSON.parse(await simulated.call('GET', '/clients'));
  expect(clients.failures).toEqual({});
});

test('a lost race leaves the other’s record alone and says so (1)', { timeout: longTest }, async () => {
  const simulated = await partialZone();
  await simulated.fault('aws-api', { kind: 'write-late', ms: 3_000 });
  const running = simulated.move('cname');
  await running.until(/"type":"change-intended"/);
  while ((await simulated.writes()).length === 0) await running.until(/"type":"change-intended"/);
  await simulated.clearFault('aws-api');
  const client = simulated.someoneElse();
  await client.changeResourceRecordSets({
    HostedZoneId: 'Z0123456789ABCDEFGHIJ',
    ChangeBatch: {
      Changes: [
        {
          Action: 'UPSERT',
          ResourceRecordSet: {
            Name: hostname,
            Type: 'CNAME',
            TTL: 30,
            ResourceRecords: [{ Value: 'their.example.net' }],
          },
        },
      ],
    },
  });
  client.destroy();
  const ended = await running.ended;
  expect([ended.code, ended.stderr]).toEqual([
    1,
    expect.stringMatching(/do\s+(REHEARSAL │\s+)?not\s+(REHEARSAL │\s+)?match/),
  ]);
  expect(ended.stdout).toMatch(/"type":"change-not-applied"[^\n]*"code":"drift"/);
  expect(await simulated.sets()).toEqual([{ ...seeded, ttl: 30, values: ['their.example.net'] }]);
});

test('kill -9 between intent and answer: refused, resumed, switched once; then rolled back', {
  timeout: longTest,
}, async () => {
  const simulated = await partialZone('--speed', '20');
  await simulated.fault('aws-api', { kind: 'write-late', ms: 20_000 });
  const first = simulated.move('cname');
  await first.until(/"type":"change-intended"/);
  first.child.kill('SIGKILL');
  expect((await first.ended).signal).toBe('SIGKILL');
  expect((await simulated.move('cname').ended).code).toBe(6);
  await simulated.clearFault('aws-api');

  const resumed = await simulated.run(['resume', '--confirm', hostname, '--json']).ended;
  expect([resumed.code, resumed.stderr]).toEqual([0, expect.anything()]);
  expect(await simulated.sets()).toEqual([{ ...seeded, values: ['d111111abcdef8.cloudfront.net'] }]);
  // The first write may or may not have left before the kill; it was carried out once, whoever sent it.
  const state: { hostedZone: { changes: unknown[] } } = JSON.parse(await simulated.call('GET', '/state'));
  expect(state.hostedZone.changes.length).toBe(1);

  expect((await simulated.run(['rollback', '--yes']).ended).code).toBe(0);
  expect(await simulated.sets()).toEqual([seeded]);
});

test('dry run: planned with its diff, and no batch leaves the process', { timeout: longTest }, async () => {
  const simulated = await partialZone('--speed', '10');
  const ended = await simulated.move('alias', ['--dry-run']).ended;
  expect([ended.code, ended.stderr]).toEqual([
    0,
    expect.stringContaining('+ A alias to d111111abcdef8.cloudfront.net'),
  ]);
  expect(ended.stderr).toContain('- CNAME api.example.com.cdn.cloudflare.net, TTL 60 s');
  expect(await simulated.writes()).toEqual([]);
  expect(await simulated.sets()).toEqual([seeded]);
});

test('a key that AWS refuses, or that is not there: nothing starts (5)', { timeout: longTest }, async () => {
  const simulated = await partialZone();
  const refused = await simulated.move('cname', [], { AWS_SECRET_ACCESS_KEY: 'wrong/'.repeat(7) }).ended;
  expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining('SignatureDoesNotMatch')]);
  expect(refused.stdout + refused.stderr).not.toContain('wrong/');
  const missing = await simulated.move('cname', [], { AWS_ACCESS_KEY_ID: '' }).ended;
  expect([missing.code, missing.stderr]).toEqual([5, expect.stringContaining('set AWS_ACCESS_KEY_ID')]);
  expect(await simulated.writes()).toEqual([]);
});

test.each([
  ['the API is down', { kind: 'status', status: 500 }, 'InternalFailure'],
  ['the API throttles for longer than the step’s time', { kind: 'status', status: 400 }, 'Throttling'],
])('%s: nothing is changed, and it says why (1)', { timeout: longTest }, async (_what, fault, code) => {
  const simulated = await partialZone('--speed', '20');
  await simulated.fault('aws-api', fault);
  const ended = await simulated.move('cname').ended;
  expect([ended.code, ended.stderr]).toEqual([
    1,
    expect.stringMatching(/nothing\s+(REHEARSAL │\s+)?is changed|nothing was changed/),
  ]);
  expect(ended.stdout).toMatch(new RegExp(`"type":"step-failed"[^\\n]*AWS answered HTTP \\d+ ${code}`));
  expect(await simulated.sets()).toEqual([seeded]);
});

test('a rehearsal of a partial zone needs nothing: the switch is proven, and no customer notices', {
  timeout: longTest,
}, async () => {
  const state = mkdtempSync(join(tmpdir(), 'resend-ops-rehearsal-'));
  try {
    const args = ['rehearse', 'move-by-alias', '--runbooks', directory, '--scenario', 'quiet', '--speed', '20'];
    const ended = await start([...args, '--state-dir', state]).ended;
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringMatching(/switched/)]);
    expect(ended.stderr).toMatch(/recovered/);
    expect(ended.stderr).toMatch(/lost 0/);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
});
