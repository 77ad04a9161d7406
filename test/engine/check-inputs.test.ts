import { expect, test } from 'vitest';
import { z } from 'zod';
import { check } from '../../src/actions/action.ts';
import { checkInputs } from '../../src/engine/check-inputs.ts';
import { resumeRun } from '../../src/engine/continue-run.ts';
import { startRun } from '../../src/engine/start-run.ts';
import type { Json } from '../../src/world/json.ts';
import { useBenches } from './benches.ts';

const bench = useBenches();

/** A check that cannot use everything: `over` has an end, `names` are at least two letters long. */
const span = (most = 900_000) =>
  check({
    name: 'test.span',
    summary: 'Look for a while',
    input: z.strictObject({
      over: z.int().max(most, 'more than 15m').optional(),
      names: z.array(z.string().min(2, 'too short')).optional(),
    }),
    output: z.object({}),
    run: async () => ({}),
    summarise: () => ({ headline: 'looked', detail: [] }),
  });

const head = `inputs:
  over: { type: duration, default: 5s }
  name: { type: string, default: api }
  announce: { type: boolean, default: true }
`;
const said = '  - { id: said, title: Tell people, uses: test.say, with: { text: hello } }\n';
const given = { over: 3_600_000, name: 'api', announce: true };

test.each(['live', 'dry-run', 'rehearsal'] as const)(
  'what a step cannot use is found before anything starts (%s)',
  async (mode) => {
    const steps = `${said}  - id: look
    title: Is it us?
    uses: test.span
    with: { names: ["\${{ inputs.name }}"], over: "\${{ inputs.over }}" }
`;
    const { options, world, store } = bench(steps, { head, actions: [span()] });
    await expect(startRun({ ...options, mode, inputs: given })).rejects.toMatchObject({
      code: 'invalid',
      message: 'step look (Is it us?) cannot use --over 1h: over: more than 15m',
      hint: 'give --over otherwise; nothing was started',
      where: { file: 'test.yaml', line: 11, column: 50 },
    });
    expect(world.writes).toEqual([]);
    expect(await store.runs()).toEqual([]);
    expect(await startRun({ ...options, mode, inputs: { ...given, over: 900_000 } })).toMatchObject({ exitCode: 0 });
  },
);

test('all that cannot be used is named at once, and an input twice only once', async () => {
  const steps = `
  - id: first
    title: First
    uses: test.span
    with: { over: "\${{ inputs.over }}" }
  - id: together
    title: Together
    parallel:
      - { id: second, title: Second, uses: test.span, with: { over: "\${{ inputs.over }}", names: ["\${{ inputs.name }}"] } }
`;
  const { options } = bench(steps, { head, actions: [span()] });
  await expect(startRun({ ...options, inputs: { ...given, name: 'a' } })).rejects.toMatchObject({
    message: expect.stringMatching(
      /^step first \(First\) cannot use --over 1h: over: more than 15m; test\.yaml:15:\d+: step second \(Second\) cannot use --over 1h: over: more than 15m; test\.yaml:15:\d+: step second \(Second\) cannot use --name "a": names\.0: too short$/,
    ),
    hint: 'give --over and --name otherwise; nothing was started',
  });
});

test('a step whose condition is false, or not known yet, is not looked at; nor is what reads other steps', async () => {
  const bad = 'uses: test.span, with: { over: "${{ inputs.over }}" }';
  const steps = `
  - { id: look, title: Look, uses: test.look, with: { name: a } }
  - { id: not, title: Not, when: "!inputs.announce", ${bad} }
  - id: none
    title: None
    when: "!inputs.announce"
    parallel:
      - { id: within, title: Within, ${bad} }
  - { id: later, title: Later, when: "steps.look.outputs.value == 7", ${bad} }
  - id: reads
    title: Reads
    uses: test.span
    on-failure: continue
    with: { over: "\${{ steps.look.outputs.value == 7 ? inputs.over + 1.0 : inputs.over }}" }
`;
  const { options } = bench(steps, { head, actions: [span()] });
  const { steps: ended } = await startRun({ ...options, inputs: given });
  expect(ended.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual([
    'look succeeded',
    'not skipped',
    'none skipped',
    'later skipped',
    'reads failed',
  ]);
});

test('a condition and a text that have no value are found too, with what they read', async () => {
  const steps = `${said}  - { id: one, title: One, when: "int(inputs.name) > 1", uses: test.look, with: { name: a } }
  - { id: two, title: Two, uses: test.look, with: { name: "\${{ env.routes[inputs.name].provider }}" } }
`;
  const { options, world } = bench(steps, { head, actions: [span()] });
  await expect(startRun({ ...options, inputs: given })).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringMatching(
      /^step one \(One\) cannot use --name "api": cannot work out int\(inputs\.name\) > 1: .*; test\.yaml:9:\d+: step two \(Two\) cannot use --name "api": cannot work out /,
    ),
    where: { line: 8 },
  });
  expect(world.writes).toEqual([]);
});

test('an optional step keeps nothing from starting: it is only told of', async () => {
  const steps = `${said}  - { id: look, title: Look, optional: true, uses: test.span, with: { over: "\${{ inputs.over }}" } }\n`;
  const { options, world } = bench(steps, { head, actions: [span()] });
  const told: string[] = [];
  const operator = { ...options.operator, tell: (text: string) => told.push(text) };
  expect(await startRun({ ...options, operator, inputs: given })).toMatchObject({ exitCode: 0 });
  expect(told).toEqual([
    'test.yaml:8:77: step look (Look) cannot use --over 1h: over: more than 15m; the run goes on without it',
  ]);
  expect(world.writes).toEqual(['say said="hello"']);
});

test('what no input is to blame for is corrected in the files', async () => {
  const steps =
    '  - { id: one, title: One, uses: test.span, with: { names: ["${{ env.hostname.substring(0, 1) }}"] } }\n';
  const { options } = bench(steps, { actions: [span()] });
  await expect(startRun(options)).rejects.toMatchObject({
    message: 'step one (One) cannot use its input: names.0: too short',
    hint: 'correct it there, or what it reads in the environment test; `resend-ops lint` checks both; nothing was started',
  });
});

test('resume looks too, at what is still to be done: nothing is taken over', async () => {
  const steps = `
  - { id: early, title: Early, uses: test.span, with: { over: "\${{ inputs.over }}" } }
  - { id: set, title: Set, uses: test.set, with: { name: a, value: 1 } }
  - { id: late, title: Late, uses: test.span, with: { over: "\${{ inputs.over }}" } }
`;
  const { options, world, again, store } = bench(steps, { head, actions: [span(3_600_000)] });
  world.mischief.set('a', ['lost']);
  const { run } = await startRun({ ...options, inputs: given });
  const before = (await store.read(run)).length;
  const stricter = new Map([...options.actions, ['test.span', span()]]);
  await expect(resumeRun({ ...again(run), actions: stricter })).rejects.toMatchObject({
    code: 'invalid',
    message: 'step late (Late) cannot use --over 1h: over: more than 15m',
    hint: `what the run was given is fixed: \`resend-ops rollback ${run}\`, then start a new run; nothing was started`,
  });
  expect(await store.read(run)).toHaveLength(before);
  expect((await resumeRun(again(run))).steps.map(({ id }) => id)).toContain('set');
});

/** A check that is particular about all that it is given. */
const picky = check({
  name: 'test.picky',
  summary: 'Look closely',
  input: z.strictObject({
    text: z.string('no text').max(3, 'too long').optional(),
    off: z.literal(false, 'must be off').optional(),
    on: z.literal(true, 'must be on').optional(),
    sizes: z.array(z.strictObject({ size: z.number().max(1, 'too big') })).optional(),
  }),
  output: z.object({}),
  run: async () => ({}),
  summarise: () => ({ headline: 'looked', detail: [] }),
});

const pickyHead = `inputs:
  text: { type: string, default: a }
  other: { type: string, default: b }
  flag: { type: boolean, default: true }
  size: { type: number, default: 1 }
  none: { type: string, required: true }
`;

test.each<[string, string, Record<string, Json>, string]>([
  ['a switch that is on', 'off: "${{ inputs.flag }}"', { flag: true }, '--flag: off: must be off'],
  ['a switch that is off', 'on: "${{ inputs.flag }}"', { flag: false }, '--no-flag: on: must be on'],
  [
    'a number, deep within',
    'sizes: [{ size: 1 }, { size: "${{ inputs.size }}" }]',
    { size: 7 },
    '--size 7: sizes.1.size: too big',
  ],
  [
    'a number in a list that an expression makes',
    'sizes: "${{ [{\'size\': inputs.size}] }}"',
    { size: 7 },
    '--size 7: sizes.0.size: too big',
  ],
  [
    'a number in a map that an expression makes',
    'sizes: ["${{ {\'size\': inputs.size} }}"]',
    { size: 7 },
    '--size 7: sizes.0.size: too big',
  ],
  ['an option that was not given', 'text: "${{ inputs.none }}"', { none: null }, '--none: text: no text'],
  [
    'two options in one text',
    'text: "${{ inputs.text }}-${{ inputs.other }}-${{ inputs.text }}"',
    {},
    '--text "a", --other "b": text: too long',
  ],
  [
    'a text of sixty characters',
    'text: "${{ inputs.text }}"',
    { text: 'x'.repeat(58) },
    `--text "${'x'.repeat(58)}": text: too long`,
  ],
  [
    'a longer text',
    'text: "${{ inputs.text }}"',
    { text: 'x'.repeat(59) },
    `--text "${'x'.repeat(58)}…: text: too long`,
  ],
])('an option is named as it is given: %s', async (_, given, inputs, said) => {
  const steps = `  - { id: one, title: One, uses: test.picky, with: { ${given} } }\n`;
  const { options } = bench(steps, { head: pickyHead, actions: [picky] });
  const all = { text: 'a', other: 'b', flag: true, size: 1, none: null, ...inputs };
  const message = `step one (One) cannot use ${said}`;
  await expect(startRun({ ...options, inputs: all })).rejects.toMatchObject({ code: 'invalid', message });
});

test('what is missing in an input, or is too much in it, stands where the input does', async () => {
  const steps =
    '  - { id: one, title: One, uses: test.picky, with: { sizes: [{ size: 1 }, { toString: 1, size: 0 }] } }\n';
  const { options } = bench(steps.replace('toString: 1, ', ''), { head: pickyHead, actions: [picky] });
  const stricter = {
    ...picky,
    input: z.strictObject({ sizes: z.array(z.strictObject({ size: z.number(), toString: z.number('is missing') })) }),
  };
  const actions = new Map([...options.actions, ['test.picky', stricter as unknown as typeof picky] as const]);
  await expect(startRun({ ...options, actions, inputs: {} })).rejects.toMatchObject({
    message: expect.stringMatching(
      /^step one \(One\) cannot use its input: sizes\.0\.toString: .*; test\.yaml:\d+:\d+: step one \(One\) cannot use its input: sizes\.1\.toString: /,
    ),
  });
});

test('a step whose condition holds is looked at, and so is what an optional group holds, which is only told', async () => {
  const bad = 'uses: test.picky, with: { off: "${{ inputs.flag }}" }';
  const inputs = { text: 'a', other: 'b', flag: true, size: 1, none: null };
  const due = bench(`  - { id: one, title: One, when: inputs.flag, ${bad} }\n`, { head: pickyHead, actions: [picky] });
  await expect(startRun({ ...due.options, inputs })).rejects.toMatchObject({ code: 'invalid' });

  const group = `${said}  - id: all
    title: All
    optional: true
    parallel: [{ id: one, title: One, ${bad} }]
`;
  const beside = bench(group, { head: pickyHead, actions: [picky] });
  const told: string[] = [];
  const operator = { ...beside.options.operator, tell: (text: string) => told.push(text) };
  expect(await startRun({ ...beside.options, operator, inputs })).toMatchObject({ exitCode: 0 });
  expect(told).toEqual([
    expect.stringMatching(/: step one \(One\) cannot use --flag: off: must be off; the run goes on/),
  ]);
});

test('a bug met on the way is no finding: it keeps its stack', () => {
  const { options } = bench('  - { id: one, title: One, when: "inputs.text == \'a\'", uses: test.picky, with: {} }\n', {
    head: pickyHead,
    actions: [picky],
  });
  const scope = {
    ...{ inputs: { text: 'a' }, env: {}, run: {} },
    get steps(): never {
      throw new TypeError('a bug');
    },
  };
  expect(() => checkInputs(options, options, scope, { remedy: () => '' })).toThrow(TypeError);
});
