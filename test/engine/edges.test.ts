import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { change } from '../../src/actions/action.ts';
import { resumeRun, rollbackRun } from '../../src/engine/continue-run.ts';
import { startRun } from '../../src/engine/start-run.ts';
import { inTimeBox } from '../../src/engine/time-box.ts';
import { OpsError } from '../../src/errors.ts';
import type { Event } from '../../src/journal/events.ts';
import type { Lease, Store } from '../../src/journal/store.ts';
import { createClock } from '../../src/world/system-clock.ts';
import { createBench } from './bench-world.ts';

const benches: ReturnType<typeof createBench>[] = [];

function bench(...args: Parameters<typeof createBench>) {
  const made = createBench(...args);
  benches.push(made);
  return made;
}

afterEach(async () => {
  for (const made of benches.splice(0)) await made.dispose();
});

const two = `
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
  - { id: two, title: Second, uses: test.set, with: { name: b, value: 2 } }
`;
const full = () => new OpsError('audit', 'no space left on device', { hint: 'make space' });

/** The store, with leases that are changed on their way to the driver. */
function withLease(store: Store, alter: (lease: Lease) => Partial<Lease>): Store {
  return {
    ...store,
    async drive(...args) {
      const lease = await store.drive(...args);
      return { ...lease, ...alter(lease) };
    },
  };
}

test('a step marked done by hand counts as done, is not made again, and is undone with the rest', async () => {
  const { options, world, again, store } = bench(two);
  world.mischief.set('a', ['lost']);
  const { run } = await startRun(options);
  world.switches.set('a', 1);
  await store.say(run, options.actor, { type: 'marked-done', step: 'one', evidence: 'seen in the console' });
  const resumed = await resumeRun(again(run));
  expect(resumed).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect(world.writes).toEqual(['set a=1', 'set b=2']);
  expect(await rollbackRun(again(run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(world.writes).toEqual(['set a=1', 'set b=2', 'revert b=null', 'revert a=null']);
});

test('a run that the log took, and then let nobody drive, holds its claim: that is told', async () => {
  const { options, store } = bench(two, { head: 'lock: r\n' });
  const undrivable: Store = { ...store, drive: () => Promise.reject(full()) };
  await expect(startRun({ ...options, store: undrivable })).rejects.toMatchObject({
    code: 'audit',
    hint: expect.stringMatching(/^make space\. Run \S+ has begun and changed nothing: go on with `resend-ops resume /),
  });
  const [first] = await store.runs();
  expect(first?.resources).toEqual(['r']);
  const unbegun: Store = { ...store, begin: () => Promise.reject(full()) };
  await expect(startRun({ ...options, store: unbegun })).rejects.toMatchObject({ code: 'audit', hint: 'make space' });
  const unreadable: Store = { ...undrivable, begin: async () => undefined, read: () => Promise.reject(full()) };
  await expect(startRun({ ...options, store: unreadable })).rejects.toMatchObject({
    code: 'audit',
    hint: 'make space',
  });
});

test('a write finds the log failed, by another step’s word, and is not sent', async () => {
  const sent: string[] = [];
  const asking = change({
    ...{ name: 'test.ask', summary: 'Do', input: z.strictObject({}), state: z.number(), output: z.object({}) },
    plan: async () => ({ before: 0, after: 1, diff: ['+ 1'], notes: [], guards: [] }),
    apply: async (_planned, ctx) => {
      await ctx.clients.cloudflare();
      sent.push('write');
      return {};
    },
    observe: async () => 'before' as const,
    summarise: () => ({ headline: 'done', detail: [] }),
  });
  const steps = '\n  - { id: one, title: One, uses: test.ask, with: {} }\n';
  const { options, store } = bench(steps, { actions: [asking] });
  const ensured: number[] = [];
  const cloudflare: typeof options.edges.cloudflare = async (access) => {
    const now = access();
    if (now.mode === 'write') await now.ensure(7);
    throw new OpsError('not-sent', 'no such host');
  };
  let isFailed = false;
  const failing = withLease(store, (lease) => ({
    ensure: async (ms) => {
      ensured.push(ms);
      await lease.ensure(ms);
    },
    failure: () => (isFailed ? { error: full(), head: { seq: 1, hash: 'x' } } : undefined),
  }));
  const edges = { ...options.edges, cloudflare };
  expect(await startRun({ ...options, store: failing, edges })).toMatchObject({ outcome: 'failed', exitCode: 1 });
  expect(ensured).toEqual([7]);
  isFailed = true;
  const result = await startRun({ ...options, store: failing, edges });
  expect(result).toMatchObject({ exitCode: 7, head: { seq: 1, hash: 'x' } });
  expect(result.message).toContain('no space left on device; make space');
  expect(ensured).toEqual([7]);
  expect(sent).toEqual([]);
});

test('a signal that the log cannot take stops the run at its next entry (exit 7)', async () => {
  const { options, store, interrupts, onEntry, world } = bench(two);
  let isFull = false;
  const failing = withLease(store, (lease) => ({
    append: (event: Event, more) => (isFull ? Promise.reject(full()) : lease.append(event, more)),
  }));
  onEntry((entry) => {
    if (entry.type !== 'step-succeeded' || entry.step !== 'one') return;
    isFull = true;
    interrupts.raise('SIGTERM');
  });
  expect(await startRun({ ...options, store: failing })).toMatchObject({ exitCode: 7 });
  expect(world.writes).toEqual(['set a=1']);
});

test('taken over from a process that may live: it is waited for before anything is looked at', async () => {
  const { options, store, again, world } = bench(two);
  world.mischief.set('a', ['lost']);
  const { run } = await startRun(options);
  const told: string[] = [];
  const ensured: string[] = [];
  const waiting = withLease(store, (lease) => ({
    quarantineMs: 4_000,
    ensure: async (ms) => {
      ensured.push(`${ms} after ${world.writes.length} writes`);
      await lease.ensure(ms);
    },
  }));
  const next = again(run);
  const operator = { ...next.operator, tell: (text: string) => void told.push(text) };
  expect(await rollbackRun({ ...next, store: waiting, operator })).toMatchObject({ exitCode: 0 });
  expect(told).toEqual(['taken over from a process that may live: waiting until it is gone, at most 4 s']);
  expect(ensured[0]).toBe('0 after 1 writes');
});

test('a version without an action fails the run at that step, and undoes what was changed before', async () => {
  const { options, world } = bench(`${two.split('\n').slice(0, 2).join('\n')}
  - { id: see, title: See, uses: test.look, with: { name: a } }
`);
  const actions = new Map([...options.actions].filter(([name]) => name !== 'test.look'));
  const result = await startRun({ ...options, actions });
  expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 1 });
  expect(result.message).toContain('see uses test.look, which this version does not have');
  expect(world.writes).toEqual(['set a=1', 'revert a=null']);
});

test('a change that leads somewhere else is in doubt, and told as that', async () => {
  const astray = change({
    ...{ name: 'test.astray', summary: 'Do', input: z.strictObject({}), state: z.number(), output: z.object({}) },
    plan: async () => ({ before: 0, after: 1, diff: ['+ 1'], notes: [], guards: [] }),
    apply: async () => {
      throw new OpsError('lost-answer', 'cut off');
    },
    observe: async () => 'other' as const,
    revert: async () => undefined,
    summarise: () => ({ headline: 'done', detail: [] }),
  });
  const { options } = bench('\n  - { id: one, title: One, uses: test.astray, with: {} }\n', { actions: [astray] });
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
  expect(result.message).toContain('in doubt: the world is neither as it was nor as intended (cut off)');
  expect(result.message).toContain(`resend-ops rollback ${result.run}`);
});

test('a rollback of a lost write that then shows as something else, or not at all, leaves it and says so', async () => {
  for (const [what, said] of [
    ['other', 'the world is neither as before nor as this run left it'],
    ['blind', 'the provider does not answer'],
  ] as const) {
    const { options, world, again } = bench(two);
    world.mischief.set('a', ['lost']);
    const { run } = await startRun(options);
    const next = again(run);
    const sleep: typeof next.clock.sleep = async () => {
      if (what === 'other') world.switches.set('a', 99);
      else world.blind = true;
    };
    const result = await rollbackRun({ ...next, clock: { ...next.clock, sleep } });
    expect(result).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
    expect(result.message).toContain(`not rolled back: one (${said}`);
    expect(world.writes).toEqual(['set a=1']);
    const failed = (await options.store.read(run)).find(({ type }) => type === 'revert-failed');
    expect(failed).toMatchObject({ observed: what === 'other' ? 'other' : 'unobservable' });
  }
});

test('an optional step waits for what it reads within a text, too', async () => {
  const { options, world } = bench(`
  - { id: first, title: First, uses: test.say, optional: true, with: { text: hello } }
  - { id: second, title: Second, uses: test.set, optional: true, with: { name: a, value: ["\${{ steps.first.outputs.value }}, you"] } }
`);
  expect(await startRun(options)).toMatchObject({ exitCode: 0 });
  expect(world.writes).toEqual(['say said="hello"', 'set a=["hello, you"]']);
});

test('a time box: expected errors are kept, what is cut short says by what, and what ignores it is given up', async () => {
  const clock = createClock({ speed: 1000 });
  const stopped = AbortSignal.abort(new OpsError('aborted', 'stopped by the operator'));
  let hasRun = false;
  const run = async () => {
    hasRun = true;
  };
  await expect(inTimeBox(clock, 1_000, [stopped], run)).rejects.toMatchObject({ message: 'stopped by the operator' });
  await expect(inTimeBox(clock, undefined, [AbortSignal.abort(new Error('gone'))], run)).rejects.toMatchObject({
    code: 'aborted',
    message: 'stopped',
  });
  expect(hasRun).toBe(false);
  const timeout = { code: 'timeout', message: 'not done within 0.01 s', hint: expect.stringContaining('`timeout`') };
  const whenCut = (error: unknown) => (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(error)));
  await expect(inTimeBox(clock, 10, [], whenCut(new Error('socket hang up')))).rejects.toMatchObject(timeout);
  await expect(inTimeBox(clock, 10, [], whenCut(new OpsError('aborted', 'stopped')))).rejects.toMatchObject(timeout);
  const own = new OpsError('refused', 'the provider said no');
  await expect(inTimeBox(clock, 10, [], whenCut(own))).rejects.toBe(own);
  await expect(inTimeBox(clock, 10, [], () => new Promise(() => undefined))).rejects.toMatchObject(timeout);
  await expect(inTimeBox(clock, 60_000, [], () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
  await expect(inTimeBox(clock, undefined, [], async () => 7)).resolves.toBe(7);
});
