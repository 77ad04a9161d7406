import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { proveWrite } from '../../../src/actions/cloudflare/prove-write.ts';
import type { ProofOutput } from '../../../src/actions/write-proof.ts';
import { startCloudflareApi } from '../../../src/simulator/cloudflare-api.ts';
import { bringAbout } from '../../../src/simulator/conditions.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import type { RunningServer } from '../../../src/simulator/http-server.ts';
import { seedWorld } from '../../../src/simulator/seed.ts';
import type { SimulatedWorld } from '../../../src/simulator/state.ts';
import { asChange, failureOf } from '../action-context.ts';
import { cloudflareContext, loadBalancerId, token, zoneId } from './cloudflare-calls.ts';

const action = asChange(proveWrite);
const hostname = 'api.example.com';

describe.each(['load-balancer', 'record'] as const)('cloudflare.prove-write: %s', (kind) => {
  let world: SimulatedWorld;
  let server: RunningServer;
  let base: string;

  beforeEach(async () => {
    world = seedWorld(cloudflareContext('http://127.0.0.1:1').env, { seed: 1 });
    for (const balancer of world.loadBalancers) balancer.description = 'Two APIs, do not touch';
    world.records = world.records.map((record) => ({ ...record, comment: 'managed by hand' }));
    server = await startCloudflareApi({ world, token, now: () => 0 });
    base = `http://127.0.0.1:${server.port}/client/v4`;
  });
  afterEach(() => server.close());

  const context = (more: Parameters<typeof cloudflareContext>[1] = {}) =>
    cloudflareContext(base, {
      attemptTimeoutMs: 1_500,
      environment: {
        cloudflare: { 'zone-id': zoneId, ...(kind === 'record' ? {} : { 'load-balancer-id': loadBalancerId }) },
      },
      ...more,
    });
  const planned = async () => {
    const plan = await action.plan({}, context());
    return {
      plan,
      change: { input: {}, before: action.state.parse(plan.before), after: action.state.parse(plan.after) },
    };
  };
  const apply = async (change: Awaited<ReturnType<typeof planned>>['change'], ctx = context()) =>
    action.output.parse(await action.apply(change, ctx)) as ProofOutput;
  const writes = () => world.requests.filter(({ write }) => write);
  /** What the API shows of the load balancer and the record, but for when they were last edited. */
  const configuration = () =>
    JSON.stringify(
      [
        world.loadBalancers.map(({ modifiedOn: _, ...rest }) => rest),
        world.records.map(({ modifiedOn: _, ...rest }) => ({ tags: [], settings: {}, privateRouting: false, ...rest })),
      ]
        .flat()
        .map((one) => Object.entries(one).sort()),
    );

  test('one PATCH with nothing but the present text; nothing is other than before', async () => {
    const before = configuration();
    const { plan, change } = await planned();
    expect(writes()).toEqual([]);
    expect(plan.diff.join('\n')).toContain('written back as it is');
    expect(await apply(change)).toMatchObject({ proven: true, critical: 0, findings: [] });
    const text = kind === 'record' ? { comment: 'managed by hand' } : { description: 'Two APIs, do not touch' };
    const [write, ...more] = writes();
    expect([write?.method, JSON.parse(write?.body ?? ''), more]).toEqual([
      'PATCH',
      kind === 'record' ? { ...text, type: 'CNAME', name: hostname } : text,
      [],
    ]);
    expect(configuration()).toBe(before);
    expect(await action.observe(change, context())).toBe('after');
  });

  test('a token that may not write: the provider’s own words, and the remedy', async () => {
    const { change } = await planned();
    bringAbout(world, 'token-read-only');
    const output = await apply(change);
    const permission = kind === 'record' ? 'DNS Write' : 'Load Balancers Write';
    expect(output).toMatchObject({ proven: false, critical: 1 });
    expect(output.findings).toEqual([
      expect.objectContaining({
        id: 'cloudflare/write-refused',
        severity: 'critical',
        breaks: expect.stringMatching(/HTTP 403: 10000 Authentication error/),
        remedy: expect.stringContaining(permission),
      }),
    ]);
  });

  test('a limit of calls says nothing of the right to write', async () => {
    const { change } = await planned();
    setFault(world, 'cloudflare-api', { kind: 'write-refused-but-done' }, 0);
    expect((await apply(change)).findings).toEqual([
      expect.objectContaining({ id: 'cloudflare/write-not-proven', severity: 'warning' }),
    ]);
  });

  test('what was changed since the plan is not written over', async () => {
    const { change } = await planned();
    for (const balancer of world.loadBalancers) balancer.enabled = false;
    world.records = world.records.map((record) => ({ ...record, ttl: 77 }));
    expect(await failureOf(Promise.resolve().then(() => apply(change)))).toMatchObject({ code: 'drift' });
    expect(writes()).toEqual([]);
  });

  test('an answer that is lost: known to be unchanged, not known to be allowed', async () => {
    const { change } = await planned();
    setFault(world, 'cloudflare-api', { kind: 'write-lost-answer' }, 0);
    expect(await failureOf(Promise.resolve().then(() => apply(change)))).toMatchObject({ code: 'lost-answer' });
    setFault(world, 'cloudflare-api', undefined, 0);
    expect(await action.observe(change, context())).toBe('after');
    const output = action.output.parse(await action.outputOf?.(change, context())) as ProofOutput;
    expect([output.proven, output.findings.map(({ id }) => id)]).toEqual([false, ['cloudflare/write-not-proven']]);
    for (const balancer of world.loadBalancers) balancer.enabled = false;
    world.records = world.records.map((record) => ({ ...record, ttl: 77 }));
    const later = action.output.parse(await action.outputOf?.(change, context())) as ProofOutput;
    expect(later.findings[0]).toMatchObject({
      id: 'cloudflare/write-changed-something',
      severity: 'critical',
      breaks: expect.stringContaining(kind === 'record' ? 'ttl' : 'enabled'),
    });
  });

  test('it cannot write where only reading is allowed', async () => {
    const { change } = await planned();
    const access = { mode: 'read-only', why: 'this is a dry run' } as const;
    expect(await failureOf(Promise.resolve().then(() => apply(change, context({ access }))))).toMatchObject({
      code: 'write-blocked',
    });
    expect(writes()).toEqual([]);
  });
});
