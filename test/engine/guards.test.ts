import { expect, test } from 'vitest';
import { z } from 'zod';
import { type ActionContext, change } from '../../src/actions/action.ts';
import { foreseeRefusal } from '../../src/engine/foresee-refusal.ts';
import { raiseGuard } from '../../src/engine/guards.ts';
import { OpsError } from '../../src/errors.ts';
import { useBenches } from './benches.ts';
import { sessionOfTold } from './session-on.ts';

const bench = useBenches();

const finding = { guard: 'back', message: 'the primary is back', hint: 'hold' };
const one = '  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }\n';

test('a guard stops what it speaks against, by name; in a dry run it is only noted', async () => {
  const { session, recorded } = sessionOfTold(bench(one).options);
  await expect(raiseGuard(session, 'one', finding)).rejects.toMatchObject({
    code: 'failed',
    message: 'guard back: the primary is back',
    hint: 'hold; to pass this guard knowingly: --override back="why"',
  });
  expect(recorded).toEqual([{ type: 'guard-raised', step: 'one', ...finding }]);
  session.state.mode = 'dry-run';
  await raiseGuard(session, 'one', finding);
  expect(recorded).toHaveLength(2);
});

test('a guard is passed by its own name alone, with the reason in the log, also where that says nothing', async () => {
  const { session, recorded } = sessionOfTold(bench(one).options);
  for (const reason of ['we know', '']) {
    session.state.overrides = { back: reason };
    await raiseGuard(session, 'one', finding);
    const { guard, message } = finding;
    expect(recorded.at(-1)).toEqual({ type: 'guard-overridden', step: 'one', guard, reason, message });
  }
  session.state.overrides = { other: 'we know' };
  await expect(raiseGuard(session, 'one', finding)).rejects.toMatchObject({ code: 'failed' });
});

/** A dry run's look ahead at a change whose credentials are refused or not, as an optional step or another. */
async function foreseen({ optional = true, isRefused = true } = {}) {
  const seen: ActionContext[] = [];
  const posting = change({
    ...{ name: 'test.post', summary: 'Post', input: z.strictObject({}), state: z.number(), output: z.object({}) },
    plan: async () => ({ before: 0, after: 1, diff: [], notes: [], guards: [] }),
    apply: async () => ({}),
    observe: async () => 'after' as const,
    preflight: async (ctx) => {
      seen.push(ctx);
      await ctx.clients.slack();
      if (isRefused) throw new OpsError('credentials', 'revoked', { hint: 'make a new one' });
    },
    summarise: () => ({ headline: 'posted', detail: [] }),
  });
  const steps = `  - { id: post, title: Post, uses: test.post, with: {}, optional: ${optional} }\n`;
  const { options } = bench(steps, { actions: [posting] });
  const rights: unknown[] = [];
  const slack: typeof options.edges.slack = async (access) => {
    rights.push(access());
    return undefined as never;
  };
  const { session } = sessionOfTold({ ...options, edges: { ...options.edges, slack } });
  session.state.mode = 'dry-run';
  const [step] = options.runbook.steps;
  const action = options.actions.get('test.post');
  if (step?.kind !== 'action' || action?.kind !== 'change') throw new Error('the step makes a change');
  const refusal = await foreseeRefusal(session, step, action).catch((error: unknown) => error);
  return { refusal, seen, rights };
}

test('a dry run says of an optional change that it would be refused, having only read', async () => {
  const { refusal, seen, rights } = await foreseen();
  expect(refusal).toMatchObject({ code: 'credentials', message: 'it would fail: revoked' });
  expect(seen.map(({ step }) => step)).toEqual(['post']);
  expect(rights).toEqual([{ mode: 'read-only', why: 'this is a dry run' }]);
  expect((await foreseen({ isRefused: false })).refusal).toBeUndefined();
});

test('of a step that is not optional it was asked before the run began, and is not asked again', async () => {
  expect(await foreseen({ optional: false })).toMatchObject({ refusal: undefined, seen: [] });
});
