import { describe, expect, it } from 'vitest';
import type { ActionContext } from '../../../src/actions/action.ts';
import { manualChange } from '../../../src/actions/manual/change.ts';
import { OpsError } from '../../../src/errors.ts';
import type { Json } from '../../../src/world/json.ts';
import type { Answer } from '../../../src/world/operator.ts';
import { asChange, testContext, testOperator } from '../action-context.ts';

const action = asChange(manualChange);
const yes: Answer<boolean> = { kind: 'answered', value: true, by: 'terminal' };
const no: Answer<boolean> = { kind: 'answered', value: false, by: 'terminal' };
const instructions = 'Disable the load balancer.';
const undo = 'Enable the load balancer again.';
const proof = { uses: 'dns.verify', with: { route: 'fallback' } };

/** A person with these answers, and a world in which the proof agrees once the person has acted. */
function person(answers: Answer<boolean>[], proofAgrees: () => boolean = () => true) {
  const operator = testOperator(answers);
  const proved: Json[] = [];
  const runCheck: ActionContext['runCheck'] = async (name, input) => {
    proved.push({ name, input });
    if (!proofAgrees()) throw new OpsError('failed', 'DNS answers with edge', { hint: 'look at the record' });
    return { output: {}, summary: { headline: 'all answer with fallback', detail: [] } };
  };
  return { ...testContext({ operator, runCheck }), operator, proved };
}

async function planned(input: object) {
  const parsed = action.input.parse(input);
  const { before, after, diff, notes } = await action.plan(parsed, testContext());
  return { planned: { input: parsed, before, after }, diff, notes };
}

describe('manual.change', () => {
  it('is planned, made, proved, and taken back to where it began', async () => {
    let done = false;
    const { planned: change, diff, notes } = await planned({ instructions, 'undo-instructions': undo, proof });
    expect(change).toMatchObject({ before: { done: false }, after: { done: true } });
    expect(diff).toEqual([`by hand: ${instructions}`]);
    expect(notes.join('\n')).toContain(undo);
    const ctx = person([yes, yes], () => done);
    expect(await action.observe(change, ctx)).toBe('before');
    done = true;
    expect(await action.apply(change, ctx)).toEqual({ proven: true, proof: 'all answer with fallback' });
    expect(await action.observe(change, ctx)).toBe('after');
    done = false;
    await action.revert?.(change, ctx);
    expect(await action.observe(change, ctx)).toBe('before');
    expect(ctx.operator.told).toEqual([instructions, undo]);
    expect(ctx.proved).toContainEqual({ name: 'dns.verify', input: { route: 'fallback' } });
    expect(ctx.notes).toEqual([{ done: true }, { done: false }]);
  });

  it('goes by the operator’s word without a proof, and asks no second time what was noted', async () => {
    const { planned: change, notes } = await planned({ instructions });
    expect(notes.join('\n')).toContain('no proof');
    const ctx = person([yes]);
    const output = await action.apply(change, ctx);
    expect(output).toEqual({ proven: false, proof: null });
    expect(action.summarise(output, change.input).headline).toContain('word');
    expect(await action.observe(change, { ...ctx, noted: ctx.notes.at(-1) })).toBe('after');
    expect(ctx.operator.asked).toHaveLength(1);
  });

  it('is definite after a no: nothing was done', async () => {
    const { planned: change } = await planned({ instructions });
    const ctx = person([no]);
    await expect(action.apply(change, ctx)).rejects.toMatchObject({ code: 'refused' });
    expect(await action.observe(change, { ...ctx, noted: ctx.notes.at(-1) })).toBe('before');
  });

  it.each<[string, Answer<boolean>]>([
    ['there is no terminal', { kind: 'unanswerable', flag: '--yes' }],
    ['only a flag says yes', { kind: 'answered', value: true, by: 'flag' }],
  ])('refuses when %s: no one has done it', async (_, answer) => {
    const { planned: change } = await planned({ instructions, proof });
    const ctx = person([answer]);
    await expect(action.apply(change, ctx)).rejects.toMatchObject({
      code: 'refused',
      hint: expect.stringMatching(/terminal.*mark-done/),
    });
    expect(ctx.proved).toEqual([]);
    expect(ctx.notes).toEqual([]);
  });

  it('leaves open what an interrupted question was to tell', async () => {
    const { planned: change } = await planned({ instructions, 'undo-instructions': undo });
    await expect(action.apply(change, person([{ kind: 'interrupted' }]))).rejects.toMatchObject({ code: 'aborted' });
    await expect(action.revert?.(change, person([{ kind: 'interrupted' }]))).rejects.toMatchObject({ code: 'aborted' });
    expect(await action.observe(change, person([{ kind: 'interrupted' }]))).toBe('other');
    expect(await action.observe(change, person([{ kind: 'unanswerable', flag: '--yes' }]))).toBe('other');
    expect(await action.observe(change, person([{ kind: 'answered', value: true, by: 'flag' }]))).toBe('other');
    expect(await action.observe(change, person([yes]))).toBe('after');
    expect(await action.observe(change, person([no]))).toBe('before');
  });

  it.each(['failed', 'invalid', 'credentials', 'refused'] as const)(
    'is in doubt when it is said to be done and the proof ends in %s',
    async (code) => {
      const { planned: change } = await planned({ instructions, proof });
      const failing = async () => Promise.reject(new OpsError(code, 'DNS answers with edge', { hint: 'look' }));
      const ctx = { ...person([yes]), runCheck: failing };
      await expect(action.apply(change, ctx)).rejects.toMatchObject({
        code: 'lost-answer',
        message: expect.stringContaining('DNS answers with edge'),
        hint: 'look',
      });
    },
  );

  it.each<Json>([{ agreed: false }, { passed: 8, total: 9 }, { passed: 0, total: 0 }])(
    'reads a proof that disagrees without failing: %j',
    async (output) => {
      const { planned: change } = await planned({ instructions, proof });
      const looking = async () => ({ output, summary: { headline: 'some answer with edge', detail: [] } });
      const ctx = { ...person([yes]), runCheck: looking };
      await expect(action.apply(change, ctx)).rejects.toMatchObject({ code: 'lost-answer' });
      expect(await action.observe(change, ctx)).toBe('before');
    },
  );

  it('does not take a proof that could not look for a proof that it is not there', async () => {
    const { planned: change } = await planned({ instructions, proof });
    const blind = async () => Promise.reject(new OpsError('invalid', 'no such check'));
    await expect(action.observe(change, { ...person([]), runCheck: blind })).rejects.toMatchObject({ code: 'invalid' });
  });

  it('cannot be taken back without instructions, and says what was done', async () => {
    const { planned: change, notes } = await planned({ instructions });
    expect(notes.join('\n')).toContain('no instructions');
    await expect(action.revert?.(change, person([]))).rejects.toMatchObject({
      code: 'refused',
      hint: expect.stringContaining(instructions),
    });
  });

  it('stays undone when the operator says that it was not taken back', async () => {
    const { planned: change } = await planned({ instructions, 'undo-instructions': undo });
    const ctx = person([no]);
    await expect(action.revert?.(change, ctx)).rejects.toMatchObject({
      code: 'refused',
      hint: expect.stringContaining(undo),
    });
    expect(ctx.notes).toEqual([]);
  });
});
