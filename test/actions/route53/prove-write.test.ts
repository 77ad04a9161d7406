import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { proveRoute53Write } from '../../../src/actions/route53/prove-write.ts';
import type { ProofOutput } from '../../../src/actions/write-proof.ts';
import { startAwsApi } from '../../../src/simulator/aws-api.ts';
import { bringAbout } from '../../../src/simulator/conditions.ts';
import type { RunningServer } from '../../../src/simulator/http-server.ts';
import { seedWorld } from '../../../src/simulator/seed.ts';
import type { SimulatedWorld } from '../../../src/simulator/state.ts';
import { asChange, failureOf, testClock } from '../action-context.ts';
import { dnsWithServers, key, route53Context } from './route53-calls.ts';

const action = asChange(proveRoute53Write);
const hostname = 'api.example.com';

describe('route53.prove-write', () => {
  let world: SimulatedWorld;
  let server: RunningServer;
  let clock: ReturnType<typeof testClock>;
  let base: string;

  beforeEach(async () => {
    world = seedWorld(route53Context('http://127.0.0.1:1').env, { seed: 1 });
    clock = testClock();
    server = await startAwsApi({ world, key, now: () => clock.now() });
    base = `http://127.0.0.1:${server.port}`;
  });
  afterEach(() => server.close());

  const context = (more: Parameters<typeof route53Context>[1] = {}) =>
    route53Context(base, { clock, dns: dnsWithServers(world.hostedZone.nameservers), ...more });
  const planned = async () => {
    const plan = await action.plan(action.input.parse({}), context());
    return {
      plan,
      change: { input: {}, before: action.state.parse(plan.before), after: action.state.parse(plan.after) },
    };
  };
  const apply = async (change: Awaited<ReturnType<typeof planned>>['change'], ctx = context()) =>
    action.output.parse(await action.apply(change, ctx)) as ProofOutput;
  const writes = () => world.requests.filter(({ write }) => write);
  const someoneElse = () => {
    world.hostedZone.recordSets = world.hostedZone.recordSets.map((set) =>
      set.name === `${hostname}.` ? { ...set, values: ['d1.cloudfront.net.'] } : set,
    );
  };

  test('one batch of DELETE and CREATE of the same; nothing is other than before', async () => {
    const before = structuredClone(world.hostedZone.recordSets);
    const { plan, change } = await planned();
    expect(plan.diff).toEqual([
      expect.stringContaining('in the Route 53 zone'),
      `~ written back as it is: CNAME ${hostname}.cdn.cloudflare.net, TTL 60 s`,
    ]);
    expect(writes()).toEqual([]);
    expect(await apply(change)).toMatchObject({ proven: true, findings: [] });
    const bodies = writes().map(({ body }) => [...body.matchAll(/<Action>(\w+)<\/Action>/g)].map(([, what]) => what));
    expect(bodies).toEqual([['DELETE', 'CREATE']]);
    expect(world.hostedZone.recordSets).toEqual(before);
    expect(await action.observe(change, context())).toBe('after');
  });

  test('a key that may not write: the provider’s own words, and the remedy', async () => {
    const { change } = await planned();
    bringAbout(world, 'aws-key-read-only');
    expect((await apply(change)).findings).toEqual([
      expect.objectContaining({
        id: 'route53/write-refused',
        severity: 'critical',
        breaks: expect.stringMatching(/AccessDenied: .*is not authorized to perform/),
        remedy: expect.stringContaining('route53:ChangeResourceRecordSets'),
      }),
    ]);
  });

  test('whoever has changed the name since the plan is not written over', async () => {
    const { change } = await planned();
    someoneElse();
    const changed = structuredClone(world.hostedZone.recordSets);
    expect(await failureOf(Promise.resolve().then(() => apply(change)))).toMatchObject({ code: 'drift' });
    expect(writes()).toEqual([]);
    expect(world.hostedZone.recordSets).toEqual(changed);
    expect(await action.observe(change, context())).toBe('other');
    const output = action.output.parse(await action.outputOf?.(change, context())) as ProofOutput;
    expect(output.findings.map(({ id }) => id)).toEqual([
      'route53/write-changed-something',
      'route53/write-not-proven',
    ]);
  });

  test('whoever changes the name between the last look and the write is not written over', async () => {
    const { change } = await planned();
    const ctx = context();
    const client = await ctx.clients.route53();
    ctx.clients.route53 = async () => ({
      ...client,
      changeResourceRecordSets: async (...given) => {
        someoneElse();
        return await client.changeResourceRecordSets(...given);
      },
    });
    const failed = await failureOf(Promise.resolve().then(() => apply(change, ctx)));
    expect(failed).toMatchObject({
      code: 'drift',
      message: expect.stringContaining('do not match the current values'),
    });
    const at = world.hostedZone.recordSets.filter(({ name }) => name === `${hostname}.`);
    expect(at).toMatchObject([{ values: ['d1.cloudfront.net.'] }]);
  });

  test('it cannot write where only reading is allowed; without a record there is nothing to prove by', async () => {
    const { change } = await planned();
    const access = { mode: 'read-only', why: 'this is a dry run' } as const;
    expect(await failureOf(Promise.resolve().then(() => apply(change, context({ access }))))).toMatchObject({
      code: 'write-blocked',
    });
    expect(writes()).toEqual([]);
    world.hostedZone.recordSets = world.hostedZone.recordSets.filter(({ name }) => name !== `${hostname}.`);
    expect(await failureOf(planned())).toMatchObject({ code: 'refused' });
  });
});
