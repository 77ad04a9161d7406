import { expect, test } from 'vitest';
import { z } from 'zod';
import { type ActionContext, type AnyAction, change, check } from '../../src/actions/action.ts';
import type { RunNews } from '../../src/actions/afterwards.ts';
import { resumeRun, rollbackRun } from '../../src/engine/continue-run.ts';
import { startRun } from '../../src/engine/start-run.ts';
import { OpsError } from '../../src/errors.ts';
import type { Entry } from '../../src/journal/events.ts';
import { createClock } from '../../src/world/system-clock.ts';
import { useBenches } from './benches.ts';

const bench = useBenches();

const outcomes = (steps: readonly { id: string; outcome: string }[]) =>
  Object.fromEntries(steps.map(({ id, outcome }) => [id, outcome]));

const ofStep = (entries: readonly Entry[], step: string) =>
  entries.filter((entry) => 'step' in entry && entry.step === step).map(({ type }) => type);

const input = z.strictObject({ n: z.number().default(0) });
const output = z.object({ n: z.number() });
const summarise = ({ n }: { n: number }) => ({ headline: `n is ${n}`, detail: [] });

/** A check that does what it is told, call by call; after the last it succeeds. */
function scripted(name: string, script: (call: number, ctx: ActionContext) => Promise<number>, more = {}): AnyAction {
  let call = 0;
  return check({
    ...{ name, summary: 'Do as told', input, output, summarise, ...more },
    run: async (_input, ctx) => {
      call += 1;
      return { n: await script(call, ctx) };
    },
  });
}

test('retry: a check is tried as often as it says, a failed expectation counts, and its last failure is told', async () => {
  const counting = (name: string) => scripted(name, async (call) => call);
  const steps = (attempts: number) => `
  - { id: see, title: See, uses: test.count, with: {}, expect: outputs.n == 3, retry: { attempts: ${attempts}, every: 1s } }
`;
  const enough = bench(steps(3), { actions: [counting('test.count')] });
  const progress: string[] = [];
  const good = await startRun({ ...enough.options, progress: (_step, text) => void progress.push(text) });
  expect(good).toMatchObject({ exitCode: 0 });
  expect(progress).toEqual(['try 1 of 3 failed; again soon', 'try 2 of 3 failed; again soon']);
  expect(ofStep(enough.entries, 'see').filter((type) => type === 'step-failed')).toHaveLength(2);

  const short = bench(steps(2), { actions: [counting('test.count')] });
  const bad = await startRun(short.options);
  expect(bad).toMatchObject({ exitCode: 1 });
  expect(bad.message).toContain('n is 2 (expected: outputs.n == 3)');
});

test('retry: a stop ends the waiting, and the check is not tried again', async () => {
  let calls = 0;
  const failing = scripted('test.fail', async (call) => {
    calls = call;
    throw new OpsError('failed', 'not yet');
  });
  const { options, interrupts, onEntry } = bench(
    '\n  - { id: see, title: See, uses: test.fail, with: {}, retry: { attempts: 9, every: 600s } }\n',
    { actions: [failing] },
  );
  onEntry((entry) => {
    if (entry.type === 'step-failed') setTimeout(() => interrupts.raise('SIGTERM'), 20);
  });
  expect(await startRun(options)).toMatchObject({ exitCode: 1, outcome: 'failed' });
  expect(calls).toBe(1);
});

test('a check is cut off at its time box, and reads end at once when the run stops', async () => {
  const { options } = bench('\n  - { id: wait, title: Wait, uses: test.slow, with: {}, timeout: 2s }\n');
  const timed = await startRun(options);
  expect(timed).toMatchObject({ exitCode: 1 });
  expect(timed.message).toContain('not done within 2 s');
});

test('on-failure: continue passes over what failed, and the end says so (exit 1, or 3 with a change in place)', async () => {
  const steps = (then: string) => `
  - { id: bad, title: Bad, uses: test.look, with: { name: z }, expect: "false", on-failure: continue }
${then}`;
  const nothing = bench(steps('  - { id: see, title: See, uses: test.look, with: { name: a } }\n'));
  expect(await startRun(nothing.options)).toMatchObject({
    outcome: 'failed',
    exitCode: 1,
    message: 'failed and passed over: bad',
  });
  const changed = bench(steps('  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }\n'));
  const result = await startRun(changed.options);
  expect(result).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
  expect(result.message).toContain('failed and passed over: bad; next: `resend-ops resume');
  expect(changed.world.writes).toEqual(['set a=1']);
});

test('a change whose outcome is not as expected is in place, and passing over it does not hide that (exit 3)', async () => {
  const { options, world } = bench(`
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 }, expect: outputs.value == 2, on-failure: continue }
`);
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
  expect(outcomes(result.steps)).toEqual({ one: 'failed' });
  expect(world.writes).toEqual(['set a=1']);
});

test('a change that is there is held against its expectation too', async () => {
  const { options, world } = bench(`
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 }, expect: outputs.value == 1 }
`);
  const result = await startRun(options);
  expect(result).toMatchObject({ exitCode: 0, message: 'the world is as asked; in place: One' });
  expect(world.writes).toEqual(['set a=1']);
});

test('a run that changes nothing says no more than that the world is as asked', async () => {
  const { options } = bench('\n  - { id: see, title: See, uses: test.look, with: { name: a } }\n');
  expect(await startRun(options)).toMatchObject({ exitCode: 0, message: 'the world is as asked' });
});

test('together: all are run, the worst counts, and what is passed over does not', async () => {
  const group = (second: string, more = '') => `
  - id: both
    title: Both
    parallel:
      - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
      - ${second}
  - { id: after, title: After, uses: test.look, with: { name: a }${more} }
`;
  const fine = bench(group('{ id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }'));
  const good = await startRun(fine.options);
  expect(good).toMatchObject({ exitCode: 0 });
  expect(outcomes(good.steps)).toEqual({ both: 'succeeded', one: 'succeeded', two: 'succeeded', after: 'succeeded' });
  expect(fine.entries.find((entry) => entry.type === 'step-succeeded' && entry.step === 'both')).toMatchObject({
    summary: { headline: '2 steps together' },
  });

  const failing = bench(group('{ id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }'));
  failing.world.mischief.set('b', ['refuse']);
  const bad = await startRun(failing.options);
  expect(bad).toMatchObject({ outcome: 'rolled-back', exitCode: 1 });
  expect(bad.message).toContain('two: the provider said no');
  expect(outcomes(bad.steps)).toEqual({ both: 'failed', one: 'succeeded', two: 'failed' });
  expect(failing.world.writes).toEqual(['set a=1', 'revert a=null']);

  const passed = bench(
    group('{ id: two, title: Two, uses: test.look, with: { name: b }, expect: "false", on-failure: continue }'),
  );
  const tolerated = await startRun(passed.options);
  expect(tolerated.message).toContain('failed and passed over: two');
  expect(outcomes(tolerated.steps)).toMatchObject({ both: 'succeeded', two: 'failed', after: 'succeeded' });

  const doubtful = bench(group('{ id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }'));
  doubtful.world.mischief.set('a', ['lost']);
  doubtful.world.mischief.set('b', ['refuse']);
  const worst = await startRun(doubtful.options);
  expect(worst).toMatchObject({ exitCode: 3 });
  expect(worst.message).toMatch(/^left: one \(One\): in doubt: its answer was lost/);
});

test('together: a stop ends the whole group', async () => {
  const { options, interrupts, onEntry, entries } = bench(`
  - id: both
    title: Both
    parallel:
      - { id: one, title: One, uses: test.slow, with: {} }
      - { id: two, title: Two, uses: test.slow, with: {} }
`);
  onEntry((entry) => {
    if (entry.type === 'step-started' && entry.step === 'two') setTimeout(() => interrupts.raise('SIGTERM'), 20);
  });
  expect(await startRun(options)).toMatchObject({
    outcome: 'stopped',
    exitCode: 4,
    message: expect.stringContaining('nothing is changed'),
  });
  expect(entries.find((entry) => entry.type === 'step-failed' && entry.step === 'both')).toMatchObject({
    error: { code: 'aborted' },
  });
});

test('a step’s condition: false skips it, what it reads and is not there skips it too, what has no value fails it', async () => {
  const { options, world } = bench(
    `
  - { id: bad, title: Bad, uses: test.look, with: { name: z }, expect: "false", on-failure: continue }
  - { id: no, title: No, uses: test.set, when: inputs.x == 1, with: { name: a, value: 1 } }
  - { id: gone, title: Gone, uses: test.set, when: steps.bad.outputs.value == 1, with: { name: b, value: 1 } }
  - { id: broken, title: Broken, uses: test.set, when: steps.see.outputs.value.x == 1, with: { name: c, value: 1 } }
`.replace('  - { id: broken', '  - { id: see, title: See, uses: test.look, with: { name: z } }\n  - { id: broken'),
    {
      head: 'inputs:\n  x: { type: number, default: 0 }\n',
    },
  );
  const result = await startRun({ ...options, inputs: { x: 0 } });
  expect(result).toMatchObject({ exitCode: 1 });
  expect(result.message).toContain('broken: cannot work out');
  expect(outcomes(result.steps)).toEqual({
    bad: 'failed',
    no: 'skipped',
    gone: 'skipped',
    see: 'succeeded',
    broken: 'failed',
  });
  const entries = await options.store.read(result.run);
  const why = (step: string) => entries.find((entry) => entry.type === 'step-skipped' && entry.step === step);
  expect(why('no')).toMatchObject({ why: 'its condition does not hold: inputs.x == 1' });
  expect(why('gone')).toMatchObject({ why: expect.stringContaining('its condition reads bad, and guard bad') });
  expect(world.writes).toEqual([]);
});

test('a condition that has no value fails its step as `on-failure` says', async () => {
  for (const [policy, writes, exitCode] of [
    ['stop', ['set a=1'], 3],
    ['rollback', ['set a=1', 'revert a=null'], 1],
    ['continue', ['set a=1', 'set c=1'], 3],
  ] as const) {
    const { options, world } = bench(`
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
  - { id: broken, title: Broken, on-failure: ${policy}, uses: test.set, when: steps.one.outputs.value.x == 1, with: { name: b, value: 1 } }
  - { id: three, title: Three, uses: test.set, with: { name: c, value: 1 } }
`);
    const result = await startRun(options);
    expect(result).toMatchObject({ exitCode, message: expect.stringContaining('broken') });
    expect(world.writes).toEqual(writes);
  }
});

test('a step that needs outputs which are not there fails, and does nothing', async () => {
  const { options, world } = bench(`
  - { id: off, title: Off, uses: test.look, with: { name: z }, expect: "false", on-failure: continue }
  - { id: one, title: One, uses: test.set, with: { name: a, value: "\${{ steps.off.outputs.value }}" } }
`);
  const result = await startRun(options);
  expect(result).toMatchObject({ exitCode: 1 });
  expect(result.message).toContain('one needs the outputs of off, and there are none: guard off: it is null');
  expect(world.writes).toEqual([]);
});

test('a dry run: what depends on a change that did not happen is unknown, and is said to be', async () => {
  const { options, world } = bench(`
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
  - { id: see, title: See, uses: test.look, with: { name: "\${{ steps.one.outputs.value == 1 ? 'x' : 'y' }}" } }
  - { id: two, title: Two, uses: test.set, when: steps.one.outputs.value == 1, with: { name: b, value: "\${{ steps.one.outputs.value }}" } }
  - { id: say, title: Say, uses: test.say, with: { text: hello } }
`);
  const result = await startRun({ ...options, mode: 'dry-run' });
  expect(result).toMatchObject({ exitCode: 0, message: expect.stringContaining('nothing was written') });
  const entries = await options.store.read(result.run);
  for (const step of ['see', 'two']) {
    expect(entries.find((entry) => entry.type === 'step-succeeded' && entry.step === step)).toMatchObject({
      output: null,
      knowledge: 'unknown',
      summary: { headline: 'unknown: depends on one, which did not happen in this dry run' },
    });
  }
  expect(world.writes).toEqual([]);
});

test('a dry run: looks after a message that was not sent are believed; a guard is told and passed over (exit 1)', async () => {
  const { options } = bench(`
  - { id: say, title: Say, uses: test.say, with: { text: hello } }
  - { id: see, title: See, uses: test.look, with: { name: a } }
  - { id: ready, title: Ready, uses: test.look, with: { name: a }, expect: outputs.value == 1 }
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
`);
  const result = await startRun({ ...options, mode: 'dry-run' });
  expect(result).toMatchObject({
    outcome: 'failed',
    exitCode: 1,
    message: 'dry run: nothing was written; a live run would stop at: ready',
  });
  const entries = await options.store.read(result.run);
  expect(entries.find((entry) => entry.type === 'step-succeeded' && entry.step === 'see')).toMatchObject({
    knowledge: 'known',
  });
  expect(entries.find((entry) => entry.type === 'step-planned' && entry.step === 'one')).toBeDefined();
});

test('a dry run: a check that fails after a planned change is unknown, a bug in it is not', async () => {
  const failing = scripted('test.fail', async () => {
    throw new OpsError('failed', 'not there');
  });
  const broken = scripted('test.broken', async () => {
    throw new TypeError('x is not a function');
  });
  const steps = (uses: string) => `
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
  - { id: see, title: See, uses: ${uses}, with: {} }
`;
  const { options } = bench(steps('test.fail'), { actions: [failing] });
  const result = await startRun({ ...options, mode: 'dry-run' });
  expect(result).toMatchObject({ exitCode: 0 });
  const entries = await options.store.read(result.run);
  expect(entries.find((entry) => entry.type === 'step-succeeded' && entry.step === 'see')).toMatchObject({
    summary: { headline: 'now: not there; after the change: unknown' },
  });
  const bug = bench(steps('test.broken'), { actions: [broken] });
  const bad = await startRun({ ...bug.options, mode: 'dry-run' });
  expect(bad).toMatchObject({ exitCode: 1, message: expect.stringContaining('unexpected: TypeError') });
});

test('a dry run claims nothing, and cannot be rolled back', async () => {
  const { options, again, store } = bench(
    '\n  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }\n',
    {
      head: 'lock: dns/api.example.com\n',
    },
  );
  const { run } = await startRun({ ...options, mode: 'dry-run' });
  expect((await store.runs()).map(({ resources }) => resources)).toEqual([[]]);
  await expect(rollbackRun(again(run))).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('dry run'),
  });
  const live = await startRun(options);
  expect((await store.runs()).map(({ resources }) => resources)).toEqual([[], ['dns/api.example.com']]);
  const rehearsal = await startRun({ ...options, mode: 'rehearsal' });
  expect((await store.runs()).at(-1)?.resources).toEqual([`rehearsal/${rehearsal.run}/dns/api.example.com`]);
  for (const next of [resumeRun, rollbackRun]) {
    await expect(next({ ...again(rehearsal.run) })).rejects.toMatchObject({ code: 'usage' });
    await expect(next(again('no-such-run'))).rejects.toMatchObject({ message: 'there is no run no-such-run' });
  }
  expect(live.exitCode).toBe(0);
});

test('a lock that is no text starts nothing; an override of no guard is found before anything starts', async () => {
  const { options, store } = bench(
    '\n  - { id: see, title: See, uses: test.look, with: { name: a }, expect: "true" }\n',
    {
      head: "inputs:\n  x: { type: string, default: '' }\nlock: ${{ inputs.x }}\n",
    },
  );
  await expect(startRun({ ...options, inputs: { x: '' } })).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('`lock` is not a text'),
  });
  await expect(startRun({ ...options, inputs: { x: 'r' }, overrides: { sea: 'why' } })).rejects.toMatchObject({
    code: 'usage',
    hint: expect.stringContaining('see'),
  });
  expect(await store.runs()).toEqual([]);
  const known = await startRun({
    ...options,
    inputs: { x: 'r' },
    overrides: { see: 'why', credentials: 'none needed' },
  });
  // What was not raised was not overridden.
  expect(known).toMatchObject({ exitCode: 0, overrides: {} });
});

/** A change that is kept up to date, with what it was told. */
function followed(more: { fail?: boolean } = {}): { action: AnyAction; news: RunNews[] } {
  const news: RunNews[] = [];
  const action = change({
    ...{
      name: 'test.post',
      summary: 'Post',
      input: z.strictObject({}),
      state: z.object({ there: z.boolean() }),
      output,
      summarise,
    },
    plan: async () => ({ before: { there: false }, after: { there: true }, diff: ['+ post'], notes: [], guards: [] }),
    apply: async () => ({ n: 1 }),
    observe: async () => 'after' as const,
    follow: async (_output, told) => {
      news.push(told);
      if (more.fail === true) throw new OpsError('lost-answer', 'Slack is silent');
    },
  });
  return { action, news };
}

test('a message is kept up to date while the run goes on, to its end, and trouble with it never reaches the run', async () => {
  for (const fail of [false, true]) {
    const { action, news } = followed({ fail });
    const { options, entries } = bench(
      `
  - { id: post, title: Post, uses: test.post, with: {} }
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
  - { id: see, title: See, uses: test.look, with: { name: a } }
`,
      { actions: [action] },
    );
    const result = await startRun(options);
    expect(result).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
    const last = news.at(-1);
    expect(last).toMatchObject({ ended: true, headline: `SUCCEEDED: A test, run ${result.run}` });
    expect(last?.lines[0]).toMatch(/^the world is as asked/);
    expect(last?.lines).toContain('succeeded: One (set to 1)');
    expect(last?.lines[1]).toMatch(/^go at \S+; switched after \d+\.\d s; recovered not yet$/);
    expect(last?.lines).toContain(`next: resend-ops status ${result.run}`);
    expect(last?.lines.filter((line) => /^audit log head \d+:[0-9a-f]{64}$/.test(line))).toHaveLength(1);
    expect(news.slice(0, -1).map(({ ended }) => ended)).not.toContain(true);
    expect(news[0]?.headline).toBe(`A test: run ${result.run} running`);
    const types = entries.map(({ type }) => type);
    expect(types.filter((type) => type === 'follow-up-intended')).toHaveLength(news.length);
    expect(types.filter((type) => type === 'follow-up-failed')).toHaveLength(fail ? news.length : 0);
  }
});

test('a message of an earlier drive is kept up to date by the next', async () => {
  const { action, news } = followed();
  const { options, world, again } = bench(
    `
  - { id: post, title: Post, uses: test.post, with: {} }
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
`,
    { actions: [action] },
  );
  world.mischief.set('a', ['lost']);
  const first = await startRun(options);
  expect(first).toMatchObject({ exitCode: 3 });
  const before = news.length;
  expect(await rollbackRun(again(first.run))).toMatchObject({ exitCode: 0 });
  expect(news.length).toBeGreaterThan(before);
  expect(news.at(-1)).toMatchObject({ ended: true, headline: expect.stringMatching(/^ROLLED BACK: A test/) });
  expect(news.at(-1)?.lines[0]).toContain('rolled back and verified');
});

test('an optional step whose request never left is tried again; one that may have arrived is not', async () => {
  for (const [mischief, writes] of [
    ['not-sent', ['say said="hello"']],
    ['lost', ['say said="hello"']],
    ['refuse', []],
  ] as const) {
    const { options, world } = bench(`
  - { id: talk, title: Talk, uses: test.say, optional: true, with: { text: hello } }
  - { id: wait, title: Wait, uses: wait, with: { for: 12s } }
`);
    world.mischief.set('said', [mischief]);
    const result = await startRun(options);
    expect(result).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
    expect(world.writes).toEqual(writes);
    expect(outcomes(result.steps).talk).toBe(
      mischief === 'not-sent' ? 'succeeded' : mischief === 'lost' ? 'in-doubt' : 'failed',
    );
  }
});

test('an optional step that waits for its next try when the run ends has failed as its last try did', async () => {
  const { options, world, store } = bench(`
  - { id: told, title: Told, optional: true, uses: test.say, with: { text: hello } }
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
`);
  world.mischief.set(
    'said',
    Array.from({ length: 9 }, () => 'not-sent' as const),
  );
  // Slow enough that the end of the run finds it waiting.
  const { run, exitCode } = await startRun({ ...options, clock: createClock({ speed: 4 }) });
  expect(exitCode).toBe(0);
  const failed = (await store.read(run)).flatMap((entry) => (entry.type === 'step-failed' ? [entry.error] : []));
  expect(failed.length).toBeGreaterThan(1);
  expect(failed.filter(({ code }) => code !== 'not-sent')).toEqual([]);
});

test('steps within an optional group are optional: they start no clock, and are cut off at its end', async () => {
  const { options, world, entries } = bench(`
  - id: beside
    title: Beside
    optional: true
    parallel:
      - { id: told, title: Told, uses: test.set, with: { name: b, value: 1 } }
      - { id: stuck, title: Stuck, uses: test.slow, with: {} }
`);
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect(world.writes).toEqual(['set b=1']);
  expect(result.clocks.goAt).toBeNull();
  expect(outcomes(result.steps)).toEqual({ beside: 'failed', told: 'succeeded', stuck: 'failed' });
  const stuck = entries.find((entry) => entry.type === 'step-failed' && entry.step === 'stuck');
  expect(stuck).toMatchObject({ error: { code: 'aborted', message: 'the run has ended' } });
});

test('an optional step waits for the optional steps whose outputs it reads', async () => {
  const { options, world } = bench(`
  - { id: first, title: First, uses: test.say, optional: true, with: { text: hello } }
  - { id: second, title: Second, uses: test.set, optional: true, with: { name: a, value: "\${{ steps.first.outputs.value }}" } }
`);
  expect(await startRun(options)).toMatchObject({ exitCode: 0 });
  expect(world.writes).toEqual(['say said="hello"', 'set a="hello"']);
});

test('credentials: what a required step lacks, or a provider refuses, starts nothing (exit 5)', async () => {
  const preflights: string[] = [];
  const guarded = (name: string, refusal?: OpsError): AnyAction =>
    change({
      ...{ name, summary: 'Do', input: z.strictObject({}), state: z.null(), output, summarise, secrets: ['token'] },
      plan: async () => ({ before: null, after: null, diff: [], notes: [], guards: [] }),
      apply: async () => ({ n: 1 }),
      observe: async () => 'after' as const,
      outputOf: async () => ({ n: 1 }),
      preflight: async (ctx) => {
        preflights.push(name);
        expect(() => ctx.suite('any')).toThrow('not available before the run has started');
        if (refusal !== undefined) throw refusal;
      },
    });
  const actions = [
    guarded('test.fine'),
    guarded('test.refused', new OpsError('credentials', 'the token is revoked', { hint: 'make a new one' })),
    guarded('test.down', new OpsError('lost-answer', 'HTTP 503')),
  ];
  const step = (uses: string, more = '') => `\n  - { id: one, title: One, uses: ${uses}, with: {}${more} }\n`;
  const at = async (steps: string, secret: string | undefined, more = {}) => {
    const { options, store } = bench(steps, { actions });
    const edges = { ...options.edges, secret: (name: string) => (name === 'token' ? secret : undefined) };
    const ended = await startRun({ ...options, edges, ...more }).then(
      ({ exitCode }) => exitCode,
      (error: unknown) => error,
    );
    if (typeof ended !== 'number') expect(await store.runs()).toEqual([]);
    return ended;
  };
  expect(await at(step('test.fine'), 'x')).toBe(0);
  expect(await at(step('test.down'), 'x')).toBe(0);
  expect(await at(step('test.fine'), undefined)).toMatchObject({
    code: 'credentials',
    message: 'the environment test has no secret token; needed by one',
    hint: expect.stringContaining('name a process variable for it under `secrets` in the environment test'),
  });
  expect(await at(step('test.refused'), 'x')).toMatchObject({
    code: 'credentials',
    message: 'one (test.refused): the token is revoked',
    hint: expect.stringMatching(/^make a new one; or go on/),
  });
  expect(preflights).toEqual(['test.fine', 'test.down', 'test.refused']);
  expect(await at(step('test.refused'), 'x', { overrides: { credentials: 'we know' } })).toBe(0);
  expect(await at(step('test.refused', ', when: "false"'), undefined)).toBe(0);
  expect(await at(step('test.refused', ', optional: true'), 'x')).toBe(0);
  expect(preflights).toHaveLength(3);
});

test('credentials that several steps lack are told once, by the variable, with the steps', async () => {
  const needs = (name: string): AnyAction =>
    check({
      ...{ name, summary: 'Look', input: z.strictObject({}), output, summarise, secrets: ['token', 'key'] },
      run: async () => ({ n: 1 }),
    });
  const steps = `
  - { id: one, title: One, uses: test.needs, with: {} }
  - { id: two, title: Two, uses: test.too, with: {} }
  - { id: three, title: Three, uses: test.needs, with: {} }
  - { id: off, title: Off, when: "false", uses: test.needs, with: {} }
`;
  const { options } = bench(steps, { actions: [needs('test.needs'), needs('test.too')] });
  const environment = { ...options.environment, secrets: { token: 'THE_TOKEN', key: 'THE_KEY' } };
  const edges = { ...options.edges, secret: (name: string) => (name === 'key' ? 'k' : undefined) };
  await expect(startRun({ ...options, environment, edges })).rejects.toMatchObject({
    code: 'credentials',
    message: 'THE_TOKEN is not set (the secret token); needed by one, two, three',
    hint: 'set THE_TOKEN; or go on with the steps that need none: --override credentials="why"',
  });
});

test('a dry run says of an optional change that its credentials are missing or refused, and goes on', async () => {
  const refuse = { isOn: false };
  const posting = change({
    ...{ name: 'test.post', summary: 'Post', input: z.strictObject({}), state: z.number(), output, summarise },
    secrets: ['token'],
    plan: async () => ({ before: 0, after: 1, diff: ['+ posted'], notes: [], guards: [] }),
    apply: async () => ({ n: 1 }),
    observe: async () => 'after' as const,
    preflight: async () => {
      if (refuse.isOn) throw new OpsError('credentials', 'the token is revoked', { hint: 'make a new one' });
    },
  });
  const steps = `
  - id: together
    title: Together
    optional: true
    parallel: [{ id: post, title: Post, uses: test.post, with: {} }]
  - { id: set, title: Set, uses: test.set, with: { name: a, value: 1 } }
`;
  const at = async (secret: string | undefined) => {
    const { options, store } = bench(steps, { actions: [posting] });
    const environment = { ...options.environment, secrets: { token: 'THE_TOKEN' } };
    const edges = { ...options.edges, secret: () => secret };
    const result = await startRun({ ...options, environment, edges, mode: 'dry-run' });
    const entries = await store.read(result.run);
    const failed = entries.find((entry) => entry.type === 'step-failed' && entry.step === 'post');
    return { result, failed: failed?.type === 'step-failed' ? failed.error : undefined, entries };
  };
  const missing = await at(undefined);
  expect(missing.failed).toMatchObject({
    code: 'credentials',
    message: 'it would fail: THE_TOKEN is not set (the secret token)',
    hint: 'set THE_TOKEN',
  });
  expect(missing.entries.some(({ type }) => type === 'step-planned')).toBe(true);
  expect(missing.result).toMatchObject({
    exitCode: 0,
    outcome: 'succeeded',
    message: 'dry run: nothing was written; a live run would go on without: together, post',
  });
  refuse.isOn = true;
  expect((await at('x')).failed).toMatchObject({
    message: 'it would fail: the token is revoked',
    hint: 'make a new one; see THE_TOKEN',
  });
  refuse.isOn = false;
  const fine = await at('x');
  expect(fine.failed).toBeUndefined();
  expect(fine.result.message).toContain('every change was planned');
});

test('a plan’s own guards stop the run before anything is intended, and can be passed by name', async () => {
  const guards = [{ guard: 'drifted', message: 'someone changed it', hint: 'look at it' }];
  const guarded = change({
    ...{ name: 'test.guarded', summary: 'Do', input: z.strictObject({}), state: z.number(), output, summarise },
    guard: 'drifted',
    plan: async () => ({ before: 0, after: 1, diff: ['+ 1'], notes: [], guards }),
    apply: async () => ({ n: 1 }),
    observe: async () => 'after' as const,
  });
  const steps = '\n  - { id: one, title: One, uses: test.guarded, with: {}, expect: outputs.n == 1 }\n';
  const stopped = bench(steps, { actions: [guarded] });
  const result = await startRun(stopped.options);
  expect(result).toMatchObject({ outcome: 'failed', exitCode: 1 });
  expect(result.message).toContain('guard drifted: someone changed it');
  expect(stopped.types()).not.toContain('change-intended');
  const passed = bench(steps, { actions: [guarded] });
  expect(await startRun({ ...passed.options, overrides: { drifted: 'it was us' } })).toMatchObject({
    exitCode: 0,
    overrides: { drifted: 'it was us' },
  });
});

test('an action reaches only what the run loaded, checks others with it, and notes what a crash must not lose', async () => {
  const told: unknown[] = [];
  const nosy = scripted('test.nosy', async (_call, ctx) => {
    expect(() => ctx.suite('other')).toThrow('suite other was not loaded');
    await expect(ctx.runCheck('test.set', {}, 1_000)).rejects.toThrow('test.set is not a check');
    await expect(ctx.runCheck('test.look', {}, 1_000)).rejects.toThrow(/test\.look cannot use its input: name: /);
    told.push(await ctx.runCheck('test.look', { name: 'a' }, 1_000), ctx.noted);
    await ctx.note({ id: 7 });
    ctx.progress('looking');
    return 1;
  });
  const { options, world, entries } = bench('\n  - { id: see, title: See, uses: test.nosy, with: {} }\n', {
    actions: [nosy],
  });
  world.switches.set('a', 5);
  const progress: string[] = [];
  const result = await startRun({ ...options, progress: (step, text) => void progress.push(`${step} ${text}`) });
  expect(result.message).toBe('the world is as asked');
  expect(told).toEqual([
    { output: { value: 5 }, summary: { headline: 'it is 5', detail: [], milestone: 'switched' } },
    undefined,
  ]);
  expect(progress).toEqual(['see looking']);
  expect(entries.find(({ type }) => type === 'fact-noted')).toMatchObject({ step: 'see', fact: { id: 7 } });
});

test('reads are refused the right to write, and a dry run is refused it everywhere', async () => {
  const seen: string[] = [];
  const asking = (name: string) =>
    change({
      ...{ name, summary: 'Do', input: z.strictObject({}), state: z.number(), output, summarise },
      plan: async (_input, ctx) => {
        await ctx.clients.cloudflare().catch(() => undefined);
        return { before: 0, after: 1, diff: ['+ 1'], notes: [], guards: [] };
      },
      apply: async (_planned, ctx) => {
        await ctx.clients.cloudflare().catch(() => undefined);
        return { n: 1 };
      },
      observe: async (_planned, ctx) => {
        await ctx.clients.slack().catch(() => undefined);
        return 'after' as const;
      },
    });
  const { options } = bench('\n  - { id: one, title: One, uses: test.ask, with: {} }\n', {
    actions: [asking('test.ask')],
  });
  const note: typeof options.edges.cloudflare = (access) => {
    const now = access();
    seen.push(now.mode === 'write' ? 'write' : now.why);
    return Promise.reject(new Error('no client'));
  };
  const edges = { ...options.edges, cloudflare: note, slack: note as unknown as typeof options.edges.slack };
  await startRun({ ...options, edges });
  await startRun({ ...options, edges, mode: 'dry-run' });
  expect(seen).toEqual(['a plan only reads', 'write', 'an observation only reads', 'this is a dry run']);
});

test('a bug in an action is called one, and what was changed before is rolled back', async () => {
  const broken = scripted('test.broken', async () => {
    throw new TypeError('x is not a function');
  });
  const { options, world } = bench(
    `
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
  - { id: see, title: See, uses: test.broken, with: {} }
`,
    { actions: [broken] },
  );
  const result = await startRun(options);
  expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 1 });
  expect(result.message).toContain('see: unexpected: TypeError: x is not a function');
  expect(world.writes).toEqual(['set a=1', 'revert a=null']);
});

test('rollback: none is kept and named; what cannot be undone is left', async () => {
  const { options, world, confirmed } = bench(`
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 }, rollback: none }
  - { id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }
  - { id: say, title: Say, uses: test.say, with: { text: hello } }
`);
  const { run } = await startRun(options);
  const result = await rollbackRun(confirmed(run));
  expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(result.message).toBe(
    'everything this run changed was rolled back and verified; kept, as the runbook says: One',
  );
  expect(world.writes).toEqual(['set a=1', 'set b=2', 'say said="hello"', 'revert b=null']);
});

test('a rollback that finds the change gone notes it as undone, and one whose answer is lost looks', async () => {
  const { options, world, confirmed, types } = bench(`
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
  - { id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }
`);
  const { run } = await startRun(options);
  world.switches.set('a', null);
  world.mischief.set('b', ['lost-but-done']);
  expect(await rollbackRun(confirmed(run))).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(world.writes).toEqual(['set a=1', 'set b=2', 'revert b=null']);
  expect(types().filter((type) => type === 'revert-intended')).toHaveLength(1);
  expect(types().filter((type) => type === 'change-reverted')).toHaveLength(2);
});

test('a rollback whose write was lost, or refused, is told as what it is (exit 3)', async () => {
  for (const [mischief, said] of [
    ['lost', 'in doubt: the connection was reset; it does not show so far, and may still happen'],
    ['ok-but-not-done', 'in doubt: the undoing was answered "done"; it does not show so far, and may still happen'],
    ['refuse', 'two (the provider said no)'],
  ] as const) {
    const { options, world, confirmed } = bench(`
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
  - { id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }
`);
    const { run } = await startRun(options);
    world.mischief.set('b', [mischief]);
    const result = await rollbackRun(confirmed(run));
    expect(result).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
    expect(result.message).toContain(said);
    expect(result.steps.map(({ id, recovery }) => [id, recovery])).toEqual([
      ['one', 'reverted'],
      ['two', 'revert-failed'],
    ]);
    expect(world.switches.get('a')).toBe(null);
  }
});

test('a rollback by a version without the action says so, and undoes the rest', async () => {
  const { options, world, again, confirmed } = bench(`
  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }
  - { id: two, title: Two, uses: test.set, with: { name: b, value: 2 } }
`);
  const { run } = await startRun(options);
  const next = confirmed(run);
  const result = await rollbackRun({ ...next, actions: new Map() });
  expect(result).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
  expect(result.message).toContain('this version does not have test.set');
  expect(world.writes).toEqual(['set a=1', 'set b=2']);
  expect(await rollbackRun(again(run))).toMatchObject({ exitCode: 0 });
});
