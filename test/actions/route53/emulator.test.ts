import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { Route53 } from '@aws-sdk/client-route-53';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { proveRoute53Write } from '../../../src/actions/route53/prove-write.ts';
import { setRecord } from '../../../src/actions/route53/set-record.ts';
import { asChange, failureOf } from '../action-context.ts';
import { dnsWithServers, key, route53Context } from './route53-calls.ts';

const hasMoto = spawnSync('python3', ['-c', 'import moto.server, flask']).status === 0;
const action = asChange(setRecord);
const hostname = 'api.example.com';

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** moto is right in wire shape, not in all semantics: what it refuses is held against it, what it lets through is not. */
describe.skipIf(!hasMoto)('against an independent emulator (moto)', () => {
  let emulator: ChildProcess;
  let base: string;
  let client: Route53;
  let zoneId: string;
  let nameservers: string[];

  beforeAll(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    emulator = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await new Promise<void>((resolve, reject) => {
      let said = '';
      emulator.stderr?.on('data', (data: Buffer) => {
        said += data.toString();
        if (/Running on/.test(said)) resolve();
      });
      emulator.once('exit', (code) => reject(new Error(`moto ended with ${code}: ${said}`)));
    });
    client = new Route53({ endpoint: base, region: 'us-east-1', credentials: key });
    const created = await client.createHostedZone({ Name: 'example.com', CallerReference: 'test' });
    zoneId = created.HostedZone?.Id?.replace('/hostedzone/', '') ?? '';
    nameservers = created.DelegationSet?.NameServers ?? [];
  }, 60_000);
  afterAll(async () => {
    client?.destroy();
    if (emulator === undefined || emulator.exitCode !== null) return;
    const ended = new Promise((resolve) => emulator.once('exit', resolve));
    emulator.kill('SIGKILL');
    await ended;
  });

  const context = () =>
    route53Context(base, { environment: { aws: { 'hosted-zone-id': zoneId } }, dns: dnsWithServers(nameservers) });
  const setsAt = async () => {
    const { ResourceRecordSets = [] } = await client.listResourceRecordSets({ HostedZoneId: zoneId });
    return ResourceRecordSets.filter(({ Name }) => Name === `${hostname}.`);
  };
  const planned = async (input: object) => {
    const parsed = action.input.parse(input);
    const plan = await action.plan(parsed, context());
    return {
      plan,
      planned: { input: parsed, before: action.state.parse(plan.before), after: action.state.parse(plan.after) },
    };
  };

  test.each([{ route: 'fallback' }, { route: 'fallback', as: 'alias' }])(
    '%o: there and back',
    { timeout: 60_000 },
    async (input) => {
      await client.changeResourceRecordSets({
        HostedZoneId: zoneId,
        ChangeBatch: {
          Changes: [
            {
              Action: 'UPSERT',
              ResourceRecordSet: {
                Name: hostname,
                Type: 'CNAME',
                TTL: 47,
                ResourceRecords: [{ Value: `${hostname}.cdn.cloudflare.net` }],
              },
            },
          ],
        },
      });
      const before = await setsAt();
      const { plan, planned: change } = await planned(input);
      expect(plan.guards).toEqual([]);
      expect(plan.diff.length).toBeGreaterThan(2);
      expect(await action.apply(change, context())).toMatchObject({ inSync: true });
      expect(await action.observe(change, context())).toBe('after');
      expect((await setsAt()).map(({ Type }) => Type)).toEqual(input.as === 'alias' ? ['A', 'AAAA'] : ['CNAME']);
      expect((await planned(input)).plan.diff).toEqual([]);
      if (action.revert === undefined) throw new Error('it cannot be reverted');
      await action.revert(change, context());
      expect(await setsAt()).toEqual(before);
      expect(await action.observe(change, context())).toBe('before');
    },
  );

  // The emulator holds a CREATE against what is there before the batch's own DELETE has been carried out; Route 53 carries
  // out a batch in order, as one.
  test('a batch that is refused leaves all as it was, and proves nothing', { timeout: 60_000 }, async () => {
    const set = {
      Name: hostname,
      Type: 'CNAME',
      TTL: 47,
      ResourceRecords: [{ Value: `${hostname}.cdn.cloudflare.net` }],
    } as const;
    await client.changeResourceRecordSets({
      HostedZoneId: zoneId,
      ChangeBatch: {
        Changes: [{ Action: 'UPSERT', ResourceRecordSet: { ...set, ResourceRecords: [...set.ResourceRecords] } }],
      },
    });
    const before = await setsAt();
    const proof = asChange(proveRoute53Write);
    const plan = await proof.plan(proof.input.parse({}), context());
    const change = { input: {}, before: proof.state.parse(plan.before), after: proof.state.parse(plan.after) };
    const error = await failureOf(proof.apply(change, context()));
    expect(error).toMatchObject({ code: 'drift', message: expect.stringContaining('already exists') });
    expect(await setsAt()).toEqual(before);
  });

  test('a zone that is not there', async () => {
    const ctx = route53Context(base, { environment: { aws: { 'hosted-zone-id': 'Z00000000000000000000' } } });
    const error = await failureOf(action.plan(action.input.parse({ route: 'fallback' }), ctx));
    expect(error).toMatchObject({ code: 'refused', message: expect.stringContaining('NoSuchHostedZone') });
  });
});
