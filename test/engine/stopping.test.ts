import { expect, test } from 'vitest';
import { z } from 'zod';
import { change, check } from '../../src/actions/action.ts';
import { rollbackRun } from '../../src/engine/continue-run.ts';
import { startRun } from '../../src/engine/start-run.ts';
import { OpsError } from '../../src/errors.ts';
import type { Entry } from '../../src/journal/events.ts';
import type { Answer, Operator } from '../../src/world/operator.ts';
import { useBenches } from './benches.ts';

const bench = useBenches();

const decided = (entries: readonly Entry[]) =>
  entries.flatMap((entry) => (entry.type === 'decided' ? [`${entry.choice} by ${entry.by}`] : []));

/** A bench whose questions "Stop?" stay open until they are answered, or aborted as a prompt is. */
function asking(...given: Parameters<typeof bench>) {
  const made = bench(given[0], { ...given[1], interactive: true });
  const asked: { message: string; values: string[] }[] = [];
  let reply: (answer: Answer<never>) => void = () => undefined;
  const choose: Operator['choose'] = ({ message, options, signal }) => {
    asked.push({ message, values: options.map(({ value }) => value) });
    if (signal?.aborted === true) return Promise.resolve({ kind: 'interrupted' });
    return new Promise((resolve) => {
      reply = resolve;
      signal?.addEventListener('abort', () => resolve({ kind: 'interrupted' }), { once: true });
    });
  };
  return {
    ...made,
    asked,
    options: { ...made.options, operator: { ...made.operator, choose } },
    answer: (value: 'continue' | 'rollback' | 'leave') =>
      reply({ kind: 'answered', value: value as never, by: 'terminal' }),
  };
}

const one = '\n  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }\n';

test('"roll back" is done although the step that ran meanwhile has failed, or nobody can tell what became of it', async () => {
  for (const second of ['fails', 'is in doubt'] as const) {
    const more =
      second === 'fails'
        ? '  - { id: two, title: Second, uses: test.look, with: { name: a }, expect: "false" }\n'
        : '  - { id: two, title: Second, uses: test.set, with: { name: b, value: 2 } }\n';
    const made = asking(`${one}${more}`);
    made.world.mischief.set('b', ['lost']);
    made.onEntry((entry) => {
      if (!('step' in entry) || entry.step !== 'two') return;
      if (entry.type === (second === 'fails' ? 'step-started' : 'change-intended')) made.interrupts.raise('SIGINT');
      if (entry.type === 'step-failed') setTimeout(() => made.answer('rollback'), 100);
    });
    const result = await startRun(made.options);
    expect(result).toMatchObject({ outcome: 'rolled-back', exitCode: 4 });
    expect(made.world.writes.at(-1)).toBe('revert a=null');
    expect(made.asked).toHaveLength(1);
    expect(decided(made.entries)).toEqual(['rollback by terminal']);
  }
});

test('"go on" after a step has failed meanwhile leads to the question what becomes of the changes', async () => {
  const made = asking(`${one}  - { id: two, title: Second, uses: test.look, with: { name: a }, expect: "false" }\n`);
  made.onEntry((entry) => {
    if (entry.type === 'step-started' && entry.step === 'two') made.interrupts.raise('SIGINT');
    if (entry.type === 'step-failed') setTimeout(() => made.answer('continue'), 100);
    if (entry.type === 'decided' && entry.choice === 'continue') setTimeout(() => made.answer('leave'), 100);
  });
  expect(await startRun(made.options)).toMatchObject({ outcome: 'needs-attention', exitCode: 3 });
  expect(made.asked.map(({ message }) => message.split('?')[0])).toEqual([
    'Stop',
    expect.stringMatching(/^two failed/),
  ]);
  expect(decided(made.entries)).toEqual(['continue by terminal', 'leave by terminal']);
});

const stuckBeside = '  - { id: stuck, title: Stuck, uses: test.slow, optional: true, with: {} }\n';

test('Ctrl-C once the steps have ended: the changes can still be rolled back, and nothing is offered to go on with', async () => {
  for (const [choice, exitCode, left] of [
    ['rollback', 4, null],
    ['leave', 0, 1],
  ] as const) {
    const made = asking(`${one}${stuckBeside}`);
    made.onEntry((entry) => {
      if (entry.type !== 'step-started' || entry.step !== 'stuck') return;
      setTimeout(() => made.interrupts.raise('SIGINT'), 50);
      setTimeout(() => made.answer(choice), 400);
    });
    expect(await startRun(made.options)).toMatchObject({ exitCode });
    expect(made.asked).toEqual([
      { message: 'The run ends here. Changes of this run are in place.', values: ['rollback', 'leave'] },
    ]);
    expect(made.world.switches.get('a') ?? null).toBe(left);
  }
});

test('Ctrl-C once the steps have ended and nothing is to be undone ends the waiting, and asks nothing', async () => {
  const made = asking(`\n${stuckBeside}`);
  made.onEntry((entry) => {
    if (entry.type === 'step-started') setTimeout(() => made.interrupts.raise('SIGINT'), 50);
  });
  expect(await startRun(made.options)).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect(made.asked).toEqual([]);
  expect(made.entries.find(({ type }) => type === 'interrupted')).toMatchObject({ signal: 'SIGINT' });
});

test('Ctrl-C after it is decided how the run ends is noted, and asks nothing', async () => {
  const notice = change({
    ...{ name: 'test.notice', summary: 'Say', input: z.strictObject({}), state: z.number() },
    output: z.object({}),
    plan: async () => ({ before: 0, after: 1, diff: ['+ notice'], notes: [], guards: [] }),
    apply: async () => ({}),
    observe: async () => 'after' as const,
    follow: async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
    },
    summarise: () => ({ headline: 'said', detail: [] }),
  });
  const made = asking(`${one}  - { id: tell, title: Tell, uses: test.notice, with: {} }\n`, { actions: [notice] });
  made.onEntry((entry) => {
    if (entry.type === 'follow-up-intended' && /^SUCCEEDED/.test(entry.headline)) made.interrupts.raise('SIGINT');
  });
  expect(await startRun(made.options)).toMatchObject({ outcome: 'succeeded', exitCode: 0 });
  expect(made.asked).toEqual([]);
  expect(made.types().slice(-2)).toEqual(['interrupted', 'run-ended']);
});

test('a signal that was raised before a rollback begins is noted, and asks nothing', async () => {
  const made = asking(
    `${one}  - { id: two, title: Second, on-failure: stop, uses: test.look, with: { name: a }, expect: "false" }\n`,
  );
  const { run, exitCode } = await startRun(made.options);
  expect(exitCode).toBe(3);
  made.interrupts.raise('SIGINT');
  const undone = await rollbackRun({ ...made.again(run), operator: made.options.operator });
  expect(undone).toMatchObject({ outcome: 'rolled-back', exitCode: 0 });
  expect(made.asked).toEqual([]);
  expect(decided(made.entries)).toEqual([]);
  expect(made.types()).toContain('interrupted');
});

test('who has declined is offered no way on that leads nowhere', async () => {
  const made = asking(
    `${one}  - { id: two, title: Second, confirm: true, uses: test.set, with: { name: b, value: 2 } }\n`,
  );
  const confirm: Operator['confirm'] = async () => {
    setTimeout(() => made.answer('leave'), 50);
    return { kind: 'answered', value: false, by: 'terminal' };
  };
  const operator = { ...made.options.operator, confirm };
  expect(await startRun({ ...made.options, operator })).toMatchObject({ exitCode: 3 });
  expect(made.asked.map(({ values }) => values)).toEqual([['rollback', 'leave']]);
});

/** A promise, and what keeps it. */
function gate(): { passed: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

/** A change that waits to be let go: before its intent, or with its intent written. */
function slowly(waitsAt: 'look' | 'write', writes: string[]) {
  const reached = gate();
  const letGo = gate();
  const wait = async (at: typeof waitsAt) => {
    if (at !== waitsAt) return;
    reached.open();
    await letGo.passed;
  };
  let now = 0;
  const set = async (value: number, what: string) => {
    writes.push(`${what} beside`);
    now = value;
  };
  const action = change({
    ...{ name: 'test.slowly', summary: 'Do', input: z.strictObject({}), state: z.number(), output: z.object({}) },
    plan: async () => ({ before: 0, after: 1, diff: ['- 0', '+ 1'], notes: [], guards: [] }),
    async lastLook() {
      await wait('look');
      return [];
    },
    async apply() {
      await wait('write');
      await set(1, 'set');
      return {};
    },
    observe: async () => (now === 1 ? 'after' : 'before'),
    revert: () => set(0, 'revert'),
    summarise: () => ({ headline: 'done', detail: [] }),
  });
  return { action, reached: reached.passed, letGo: letGo.open };
}

test('an optional change does not begin while the run is rolled back; one that is being written is undone as well', async () => {
  for (const [waitsAt, expected] of [
    ['look', []],
    ['write', ['set beside', 'revert beside']],
  ] as const) {
    const writes: string[] = [];
    const { action, reached, letGo } = slowly(waitsAt, writes);
    const failing = check({
      ...{ name: 'test.fail', summary: 'Fail', input: z.strictObject({}), output: z.object({}) },
      async run() {
        await reached;
        throw new OpsError('failed', 'it is not so');
      },
      summarise: () => ({ headline: 'seen', detail: [] }),
    });
    const { options, world, onEntry } = bench(
      `
  - { id: beside, title: Beside, uses: test.slowly, optional: true, with: {} }
  - { id: one, title: First, uses: test.set, with: { name: a, value: 1 } }
  - { id: two, title: Second, uses: test.fail, with: {} }
`,
      { actions: [action, failing] },
    );
    onEntry((entry) => {
      if (entry.type === 'change-reverted' && entry.step === 'one') letGo();
    });
    expect(await startRun(options)).toMatchObject({ outcome: 'rolled-back', exitCode: 1 });
    expect(world.writes).toEqual(['set a=1', 'revert a=null']);
    expect(writes).toEqual(expected);
  }
});
