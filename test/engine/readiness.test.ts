import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { change } from '../../src/actions/action.ts';
import { driftCompare } from '../../src/actions/drift/compare.ts';
import { planChange } from '../../src/actions/plan/change.ts';
import { startRun } from '../../src/engine/start-run.ts';
import { OpsError } from '../../src/errors.ts';
import type { Access } from '../../src/world/access.ts';
import { createBench } from './bench-world.ts';

let bench: ReturnType<typeof createBench> | undefined;
afterEach(() => bench?.dispose());

const outputOf = (step: string) =>
  bench?.entries.findLast((entry) => entry.type === 'step-succeeded' && entry.step === step && 'output' in entry);

test('a planned change is never applied', async () => {
  bench = createBench(
    '  - { id: plan, title: Plan, uses: plan.change, with: { change: { uses: test.set, with: { name: a, value: 1 } } } }\n',
    { actions: [planChange] },
  );
  expect(await startRun(bench.options)).toMatchObject({ exitCode: 0 });
  expect(outputOf('plan')).toMatchObject({ output: { planned: true, diff: ['- null', '+ 1'], critical: 0 } });
  expect(bench.world.writes).toEqual([]);
  expect(bench.types().filter((type) => type.startsWith('change-'))).toEqual([]);
});

test('what is planned must be a change, and fit it', () => {
  const load = (change: string) => () =>
    createBench(`  - { id: plan, title: Plan, uses: plan.change, with: { change: ${change} } }\n`, {
      actions: [planChange],
    });
  expect(load('{ uses: test.look, with: { name: a } }')).toThrow('only reads and has no plan');
  expect(load('{ uses: test.sett, with: { name: a, value: 1 } }')).toThrow('there is no action');
  expect(load('{ uses: test.set, with: { nam: a, value: 1 } }')).toThrow('nam');
});

test('a plan gets clients that only read, in a live run too', async () => {
  const given: Access[] = [];
  const asks = change({
    name: 'test.ask',
    summary: 'Ask Cloudflare in its plan',
    input: z.strictObject({}),
    state: z.strictObject({}),
    output: z.strictObject({}),
    async plan(_input, ctx) {
      await ctx.clients.cloudflare();
      return { before: {}, after: {}, diff: [], notes: [], guards: [] };
    },
    apply: () => Promise.reject(new Error('applied')),
    observe: async () => 'before',
    summarise: () => ({ headline: 'asked', detail: [] }),
  });
  bench = createBench('  - { id: plan, title: Plan, uses: plan.change, with: { change: { uses: test.ask } } }\n', {
    actions: [asks, planChange],
  });
  const cloudflare = (access: () => Access) => {
    given.push(access());
    return Promise.reject(new OpsError('not-sent', 'no Cloudflare here'));
  };
  await startRun({ ...bench.options, edges: { ...bench.options.edges, cloudflare } });
  expect(given).toEqual([{ mode: 'read-only', why: 'a plan only reads' }]);
  expect(outputOf('plan')).toMatchObject({ output: { planned: false, critical: 1 } });
});

test('drift is told against the last run that ended well, by the log', async () => {
  const steps = `  - { id: look, title: Look, uses: test.look, with: { name: a } }
  - id: drift
    title: Drift
    uses: drift.compare
    with: { watched: { a: "\${{ steps.look.outputs.value }}" } }
  - { id: fails, title: Fails, uses: test.look, with: { name: b }, expect: outputs.value == null }
`;
  bench = createBench(steps, { actions: [driftCompare] });
  const { world, options } = bench;
  const run = async (a: string, b: string | null = null) => {
    world.switches.set('a', a);
    world.switches.set('b', b);
    const { exitCode } = await startRun(options);
    const entry = outputOf('drift');
    if (entry?.type !== 'step-succeeded') throw new Error('no drift');
    const { since, findings } = entry.output as { since: string | null; findings: { id: string }[] };
    return [exitCode, since === null, findings.map(({ id }) => id)];
  };
  expect(await run('one')).toEqual([0, true, []]);
  expect(await run('one')).toEqual([0, false, []]);
  // Seen by a run that fails, it is not yet what the next is compared with.
  expect(await run('two', 'bad')).toEqual([1, false, ['drift/changed']]);
  expect(await run('two')).toEqual([0, false, ['drift/changed']]);
  // Nobody accepted it: it is told again, and against the same.
  expect(await run('two')).toEqual([0, false, ['drift/changed']]);
  expect(await run('one')).toEqual([0, false, []]);
});

test('a dry run names steps that failed and were passed over', async () => {
  bench = createBench(
    '  - { id: look, title: Look, uses: test.look, with: { name: a }, on-failure: continue }\n  - { id: last, title: Last, uses: wait, with: { for: 0s } }\n',
  );
  bench.world.blind = true;
  expect(await startRun({ ...bench.options, mode: 'dry-run' })).toMatchObject({
    exitCode: 1,
    message: expect.stringContaining('would stop at: look'),
  });
});
