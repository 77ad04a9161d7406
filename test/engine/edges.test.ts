import { expect, test } from 'vitest';
import { z } from 'zod';
import { change } from '../../src/actions/action.ts';
import { resumeRun, rollbackRun } from '../../src/engine/continue-run.ts';
import { createInterrupts } from '../../src/engine/interrupts.ts';
import { newRunId } from '../../src/engine/run-id.ts';
import { shortIdOf } from '../../src/engine/session.ts';
import { startRun } from '../../src/engine/start-run.ts';
import { inTimeBox } from '../../src/engine/time-box.ts';
import { OpsError } from '../../src/errors.ts';
import type { Event } from '../../src/journal/events.ts';
import type { Lease, Store } from '../../src/journal/store.ts';
import { createClock } from '../../src/world/system-clock.ts';
import { useBenches } from './benches.ts';

const bench = useBenches();

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
  const { options, world, again, confirmed, store } = bench(two);
  world.mischief.set('a', ['lost']);
  const { run } = await startRun(options);
  world.switches.set('a', 1);
  await store.say(run, options.actor, { type: 'marked-done', step: 'one', evidence: 'seen in the console' });
  const resumed = await resumeRun(again(run));
  expect(resumed).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect(world.writes).toEqual(['set a=1', 'set b=2']);
  expect(await rollbackRun(confirmed(run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
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

test('what goes on with a write is told while it is looked at, and a settled write is not waited for', async () => {
  for (const [mischief, said] of [
    ['ok-but-not-done', 'waiting for the change to show'],
    ['lost', 'the answer was lost: looking at what became of it'],
    ['lost-but-done', undefined],
    ['refuse', undefined],
  ] as const) {
    const { options, world } = bench(two);
    world.mischief.set('a', [mischief]);
    const progress = new Set<string>();
    await startRun({ ...options, progress: (step, text) => void progress.add(`${step}: ${text}`) });
    expect([...progress]).toEqual(said === undefined ? [] : [`one: ${said}`]);
  }
});

test('a write that was answered, and does not show, is looked at for half a minute; a lost one for five seconds', async () => {
  for (const [mischief, looks] of [
    ['ok-but-not-done', 60],
    ['lost', 10],
  ] as const) {
    const { options, world } = bench(two);
    world.mischief.set('a', [mischief]);
    let slept = 0;
    const sleep: typeof options.clock.sleep = async (ms) => {
      expect(ms).toBe(500);
      slept += 1;
    };
    await startRun({ ...options, clock: { ...options.clock, sleep } });
    expect(slept).toBe(looks - 1);
  }
});

test('who stops the run does not wait half a minute for a promise: it is in doubt', async () => {
  const { options, world, interrupts, onEntry } = bench(two);
  world.mischief.set('a', ['ok-but-not-done']);
  onEntry((entry) => {
    if (entry.type === 'change-intended') interrupts.raise('SIGTERM');
  });
  let slept = 0;
  const sleep: typeof options.clock.sleep = async () => {
    slept += 1;
  };
  const result = await startRun({ ...options, clock: { ...options.clock, sleep } });
  expect(result).toMatchObject({ exitCode: 3 });
  expect(result.message).toContain('it was answered "done", does not show so far, and may still happen');
  expect(slept).toBe(5);
});

test('a run’s id says when it began, and no two are alike', () => {
  const ids = new Set(Array.from({ length: 200 }, () => newRunId(Date.UTC(2025, 10, 18, 12, 9, 7))));
  expect(ids.size).toBeGreaterThan(190);
  for (const id of ids) expect(id).toMatch(/^20251118-120907-[abcdefghjkmnpqrstuvwxyz23456789]{4}$/);
  expect(shortIdOf('20251118-120907-x7k2')).toBe('1118x7k2');
});

test('an output whose answer was lost is read from the world, or is told as lost', async () => {
  const readable = (outputOf: boolean) =>
    change({
      ...{ name: 'test.lost', summary: 'Do', input: z.strictObject({}), state: z.number() },
      output: z.object({ n: z.number() }),
      plan: async () => ({ before: 0, after: 1, diff: ['+ 1'], notes: [], guards: [] }),
      apply: async () => {
        throw new OpsError('lost-answer', 'cut off');
      },
      observe: async () => 'after' as const,
      ...(outputOf ? { outputOf: async () => ({ n: 7 }) } : {}),
      summarise: ({ n }) => ({ headline: `n is ${n}`, detail: [] }),
    });
  const expecting = '\n  - { id: one, title: One, uses: test.lost, with: {}, expect: outputs.n == 7 }\n';
  const unknown = bench(expecting, { actions: [readable(false)] });
  expect(await startRun(unknown.options)).toMatchObject({ outcome: 'failed', exitCode: 1 });
  expect(unknown.entries.find(({ type }) => type === 'step-failed')).toMatchObject({
    error: { message: 'its output cannot be known, and is expected to be: outputs.n == 7' },
  });
  for (const [outputOf, output, headline] of [
    [true, { n: 7 }, 'n is 7'],
    [false, null, 'done; its answer was lost, the world shows it'],
  ] as const) {
    const steps = '\n  - { id: one, title: One, uses: test.lost, with: {} }\n';
    const { options, entries } = bench(steps, { actions: [readable(outputOf)] });
    expect(await startRun(options)).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
    const told = entries.find(({ type }) => type === 'step-succeeded');
    expect(told).toMatchObject({ output, summary: { headline } });
  }
});

test('what to do about a doubt is told: rollback undoes it only where it can be undone', async () => {
  for (const [uses, name, undoes] of [
    ['test.set, with: { name: a, value: 1 }', 'a', true],
    ['test.say, with: { text: hello }', 'said', false],
  ] as const) {
    const { options, world, entries } = bench(`\n  - { id: one, title: One, uses: ${uses} }\n`);
    world.mischief.set(name, ['lost']);
    const { run, exitCode } = await startRun(options);
    expect(exitCode).toBe(3);
    const told = entries.find(({ type }) => type === 'change-unresolved');
    const undo = undoes ? ` \`resend-ops rollback ${run}\` undoes it,` : '';
    expect(told).toMatchObject({
      error: {
        code: 'lost-answer',
        hint: `look at it by hand; \`resend-ops resume ${run}\` looks again,${undo} \`resend-ops mark-done ${run} one --evidence TEXT\` records that it is done`,
      },
    });
  }
});

test('a change that was answered as done and is not there says where to look', async () => {
  const { options, world, entries } = bench(two);
  world.mischief.set('a', ['ok-but-not-done']);
  await startRun(options);
  const error = { code: 'failed', hint: 'look at the provider’s own console' };
  expect(entries.find(({ type }) => type === 'change-not-applied')).toMatchObject({ error });
  expect(entries.find(({ type }) => type === 'step-failed')).toMatchObject({ error });
});

test('a signal is heard once: by who listens, or else by who listens next; a reader that is gone stops nothing', () => {
  const interrupts = createInterrupts();
  interrupts.raise('SIGPIPE');
  expect(interrupts.stopAsked.aborted).toBe(false);
  const heard: string[] = [];
  const stop = interrupts.subscribe((signal) => void heard.push(`first ${signal}`));
  interrupts.raise('SIGINT');
  expect(interrupts.stopAsked.reason).toMatchObject({ code: 'aborted', message: 'stopped by SIGINT' });
  stop();
  interrupts.raise('SIGTERM');
  interrupts.subscribe((signal) => void heard.push(`second ${signal}`));
  interrupts.subscribe((signal) => void heard.push(`third ${signal}`));
  interrupts.raise('SIGHUP');
  expect(heard).toEqual(['first SIGPIPE', 'first SIGINT', 'second SIGTERM', 'second SIGHUP', 'third SIGHUP']);
});

test('a cancel that comes before the first step is heard, and nothing is done (exit 4)', async () => {
  const { options, world, store, onEntry } = bench(two);
  let said: Promise<unknown> = Promise.resolve();
  onEntry((entry) => {
    if (entry.type !== 'driver-started') return;
    said = store.say(entry.run, { user: 'bob', host: 'there' }, { type: 'cancel-requested', text: 'not this one' });
  });
  expect(await startRun(options)).toMatchObject({ exitCode: 4 });
  await said;
  expect(world.writes).toEqual([]);
});

test('a cancel that comes while a step runs is heard after it, although the run has written entries since', async () => {
  const { options, world, store, onEntry, entries } = bench(`
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
  - { id: wait, title: Wait, uses: wait, with: { for: 20s } }
  - { id: see, title: See, uses: test.look, with: { name: a } }
  - { id: two, title: Second, uses: test.set, with: { name: b, value: 2 } }
`);
  let said: Promise<unknown> = Promise.resolve();
  onEntry((entry) => {
    if (entry.type !== 'step-started' || entry.step !== 'wait') return;
    said = store.say(entry.run, { user: 'bob', host: 'there' }, { type: 'cancel-requested', text: 'not this one' });
  });
  expect(await startRun(options)).toMatchObject({ outcome: 'rolled-back', exitCode: 4 });
  await said;
  expect(world.writes).toEqual(['set a=1', 'revert a=null']);
  expect(entries.some((entry) => entry.type === 'step-started' && entry.step === 'see')).toBe(false);
});

test('what others say besides is heard too, and stops nothing', async () => {
  const { options, world, store, onEntry } = bench(two);
  const said: Promise<unknown>[] = [];
  const reads: number[] = [];
  onEntry((entry) => {
    if (entry.type !== 'step-started') return;
    said.push(store.say(entry.run, { user: 'bob', host: 'there' }, { type: 'commented', text: 'go on' }));
  });
  const counting: Store = {
    ...store,
    read: (run, from = 0) => {
      reads.push(from);
      return store.read(run, from);
    },
  };
  expect(await startRun({ ...options, store: counting })).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  await Promise.all(said);
  expect(world.writes).toEqual(['set a=1', 'set b=2']);
  // Once at its start, and then only where others have said something.
  expect(reads.length).toBeLessThanOrEqual(1 + said.length);
});

test('a dry run of alternatives plans the first, and what it would lead to is unknown', async () => {
  const steps = `
  - id: either
    title: Either
    first-of:
      - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
      - { id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }
`;
  for (const [mode, knowledge] of [
    ['dry-run', 'unknown'],
    ['live', 'known'],
  ] as const) {
    const { options, store } = bench(steps);
    const { run, exitCode, steps: ended } = await startRun({ ...options, mode });
    expect(exitCode).toBe(0);
    const outcome = mode === 'dry-run' ? 'planned' : 'succeeded';
    expect(ended.map((step) => [step.id, step.outcome])).toEqual([
      ['either', outcome],
      ['one', outcome],
    ]);
    const entries = await store.read(run);
    const group = entries.find((entry) => entry.type === 'step-succeeded' && entry.step === 'either');
    expect(group).toMatchObject({ knowledge, output: { by: 'one' }, summary: { headline: 'by one' } });
  }
});

test('a failed expectation says what to do: of a check, that nothing was changed by it; of a change, to look', async () => {
  for (const [uses, hint] of [
    ['test.look, with: { name: a }', 'nothing was changed by this step; correct what it found, then run again'],
    ['test.set, with: { name: a, value: 1 }', 'see what the change led to'],
  ] as const) {
    const { options, entries } = bench(`\n  - { id: one, title: One, uses: ${uses}, expect: "false" }\n`);
    await startRun(options);
    expect(entries.find(({ type }) => type === 'guard-raised')).toMatchObject({ guard: 'one', hint });
    expect(entries.find(({ type }) => type === 'step-failed')).toMatchObject({
      error: { code: 'failed', hint: `${hint}; to pass this guard knowingly: --override one="why"` },
    });
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

test('a step that asks for the outputs of an optional check waits for it, no longer than its time box, and goes on without', async () => {
  const asks = (id: string) => `"\${{ has(steps.${id}.outputs) ? [steps.${id}.outputs.value] : [] }}"`;
  const { options, world, entries } = bench(`
  - { id: stuck, title: Stuck, uses: test.slow, optional: true, with: {}, timeout: 1s }
  - { id: seen, title: Seen, uses: test.look, optional: true, with: { name: a } }
  - { id: left-out, title: Left out, uses: test.look, when: "false", with: { name: a } }
  - { id: one, title: One, uses: test.set, with: { name: a, value: [${asks('stuck')}, ${asks('seen')}, ${asks('left-out')}] } }
`);
  world.switches.set('a', 7);
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect(result.steps.find(({ id }) => id === 'stuck')).toMatchObject({ outcome: 'failed' });
  expect(world.writes).toEqual(['set a=[[],[7],[]]']);
  // What it would have seen is wanted now or not at all: it is not tried again.
  expect(entries.filter((entry) => entry.type === 'step-failed' && entry.step === 'stuck')).toHaveLength(1);
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
