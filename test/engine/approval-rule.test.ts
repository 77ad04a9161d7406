import { expect, test } from 'vitest';
import { assertApprovable } from '../../src/engine/approval-rule.ts';
import { startRun } from '../../src/engine/start-run.ts';
import type { StepState } from '../../src/journal/run-state.ts';
import type {
  ActionStep,
  ApprovalRule,
  Expression,
  FirstOfStep,
  ParallelStep,
  Scope,
  Step,
  Template,
} from '../../src/runbook/runbook.ts';
import type { Json } from '../../src/world/json.ts';
import { runOf, type Told } from '../journal/support/entries.ts';
import { useBenches } from './benches.ts';

const bench = useBenches();

const where = { file: 'test.yaml', line: 1, column: 1 };
const literal = (value: Json): Template => ({ kind: 'literal', value, where });
const expression = (source: string, more: Partial<Expression> = {}): Expression => ({
  ...{ source, where, stepsRead: [], ...more },
});
const rule = (from: Json | undefined, more: Partial<ApprovalRule> = {}): ApprovalRule => ({
  ...{ count: 1, withinMs: 60_000, ...more },
  ...(from === undefined ? {} : { from: literal(from) }),
});
const action = (id: string, more: Partial<ActionStep> = {}): ActionStep => ({
  ...{ kind: 'action', id, title: id, where, uses: 'test.set', with: literal({}), optional: false, rollback: 'auto' },
  ...more,
});
const firstOf = (id: string, steps: ActionStep[], more: Partial<FirstOfStep> = {}): FirstOfStep => ({
  ...{ kind: 'first-of', id, title: id, where, optional: false, steps, ...more },
});
const parallel = (id: string, steps: Step[], more: Partial<ParallelStep> = {}): ParallelStep => ({
  ...{ kind: 'parallel', id, title: id, where, optional: false, steps, ...more },
});

const scope: Scope = { inputs: { name: 'api' }, env: {}, run: {}, steps: {} };

/** What is said against the start, or the taking up, of a run by `tester` in whose environment `people` may approve. */
function objection(
  steps: readonly Step[],
  { people, before }: { people?: string[]; before?: Parameters<typeof assertApprovable>[2] } = {},
): { message: string; hint: string | undefined } | undefined {
  const { options } = bench('  - { id: look, title: Look, uses: test.look, with: { name: a } }\n');
  const approvals = { people: Object.fromEntries((people ?? []).map((name) => [name, {}])), reaction: 'x' };
  const environment = people === undefined ? options.environment : { ...options.environment, approvals };
  try {
    assertApprovable({ ...options, environment, runbook: { ...options.runbook, steps } }, scope, before);
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: 'usage' });
    return error as { message: string; hint: string | undefined };
  }
}

const nobody = 'step switch needs 1 approval by others than tester, and nobody else may give one';
const switchWith = (approvals: ApprovalRule, more: Partial<ActionStep> = {}) =>
  action('switch', { ...more, approvals });

test.each<[string, ApprovalRule, string | undefined, string[]?]>([
  ['exactly enough others', rule(['ana', 'tester']), undefined],
  ['nobody but the runner', rule(['tester']), nobody],
  [
    'one too few',
    rule(['ana', 'bo', 'tester'], { count: 3 }),
    'step switch needs 3 approvals by others than tester, and only ana, bo may give one',
  ],
  [
    'one named twice, names that are blank, and what is no name',
    rule(['ana', 'ana', ' ', '', 7, 'bo'], { count: 3 }),
    'step switch needs 3 approvals by others than tester, and only ana, bo may give one',
  ],
  ['a name where a list should be', rule('ana'), nobody],
  ['the people of the environment, where none are named', rule(undefined, { count: 2 }), undefined, ['ana', 'bo']],
  [
    'too few people in the environment',
    rule(undefined, { count: 2 }),
    'step switch needs 2 approvals by others than tester, and only ana may give one',
    ['ana', 'tester'],
  ],
  ['an environment that names nobody', rule(undefined), nobody],
  ['a condition that waives it', rule(['tester'], { when: expression('inputs.name == "web"') }), undefined],
  ['a condition that holds', rule(['tester'], { when: expression('inputs.name == "api"') }), nobody],
  [
    'a condition that nobody knows yet: it waives nothing',
    rule(['tester'], { when: expression('steps.look.outputs.value', { stepsRead: ['look'] }) }),
    nobody,
  ],
  [
    'people who are not known yet: they are asked for during the run',
    {
      ...rule(undefined),
      from: { kind: 'expression', expression: expression('steps.look.outputs.value', { stepsRead: ['look'] }), where },
    },
    undefined,
  ],
])('before a run starts, who may approve is counted: %s', (_, approvals, message, people) => {
  expect(objection([switchWith(approvals)], people === undefined ? {} : { people })?.message).toBe(message);
});

test('who starts is told where to name people, and who takes up that somebody else can', () => {
  const steps = [switchWith(rule(['tester']))];
  expect(objection(steps)?.hint).toBe(
    'name who may approve under `approvals.people` of the environment; nothing was started',
  );
  expect(objection(steps, { before: { runners: [], steps: new Map() } })?.hint).toBe(
    'let somebody take it up who has no approval to give, or undo it and begin anew; nothing was taken over',
  );
});

test.each<[string, Step, boolean]>([
  ['a step that its condition leaves out', switchWith(rule([]), { when: expression('false') }), false],
  ['a step whose condition holds', switchWith(rule([]), { when: expression('true') }), true],
  [
    'a step that asks whether another has run, which it has not yet',
    switchWith(rule([]), {
      when: expression('has(steps.look.outputs)', { stepsRead: ['look'], stepsAsked: ['look'] }),
    }),
    true,
  ],
  ['a group of ways', firstOf('switch', [action('one')], { approvals: rule([]) }), true],
  ['a step in a group', parallel('all', [action('one'), switchWith(rule([]))]), true],
  [
    'a step in a group that is left out',
    parallel('all', [switchWith(rule([]))], { when: expression('inputs.name == "web"') }),
    false,
  ],
  ['a step that needs no approval', action('switch'), false],
])('approvals are counted for what may come up: %s', (_, step, isCounted) => {
  expect(objection([action('first'), step])?.message).toBe(isCounted ? nobody : undefined);
});

/** The steps of a run in which a change has come this far. */
function stepsAfter(id: string, told: readonly Told[]): ReadonlyMap<string, StepState> {
  return runOf([{ type: 'step-started', step: id, title: id, uses: 'test.set' }, ...told]).steps;
}

const intended = (step: string): Told => ({
  ...{ type: 'change-intended', step, uses: 'test.set', input: {}, before: 0, after: 1, digest: 'd' },
  ...{ undoable: true, rollback: 'auto' },
});
const error = { code: 'refused' as const, message: 'no' };
const applied = (step: string): Told => ({ type: 'change-applied', step, how: 'answered', output: {} });
const notApplied = (step: string): Told => ({ type: 'change-not-applied', step, error });
const succeeded = (step: string): Told => ({
  ...{ type: 'step-succeeded', step, output: null, summary: { headline: 'done', detail: [] }, knowledge: 'known' },
});

test.each<[string, Told[], boolean]>([
  ['it has begun', [], true],
  ['it failed with nothing changed', [{ type: 'step-failed', step: 'switch', error }], true],
  ['its change did not happen', [intended('switch'), notApplied('switch')], true],
  ['nobody can tell yet whether its change happened', [intended('switch')], false],
  ['its change is made', [intended('switch'), applied('switch')], false],
  ['it ended well', [succeeded('switch')], false],
  ['it was passed over', [{ type: 'step-skipped', step: 'switch', why: 'not needed' }], false],
])('who takes a run up needs people for a step again where it asks: %s', (_, told, asks) => {
  const before = { runners: [], steps: stepsAfter('switch', told) };
  expect(objection([switchWith(rule([]))], { before })?.message).toBe(asks ? nobody : undefined);
  // What comes after it is looked at all the same.
  const later = action('later', { approvals: rule(['tester']) });
  expect(objection([switchWith(rule(['ana'])), later], { before })?.message).toBe(nobody.replace('switch', 'later'));
});

test.each<[string, Told[], boolean]>([
  ['no way was tried', [], true],
  ['a way is made', [intended('one'), applied('one')], false],
  ['nobody can tell of a way', [intended('one')], false],
  ['a way did not happen', [intended('one'), notApplied('one')], true],
  ['a way was passed over', [{ type: 'step-skipped', step: 'one', why: 'not needed' }], true],
])('a group of ways asks again until one of them is, or may be, made: %s', (_, told, asks) => {
  const before = { runners: [], steps: stepsAfter('one', told) };
  const group = firstOf('switch', [action('one'), action('two')], { approvals: rule([]) });
  expect(objection([group], { before })?.message).toBe(asks ? nobody : undefined);
});

test('whoever has run it before cannot approve of it, and is named once', () => {
  const before = { runners: ['ana', 'tester'], steps: new Map() };
  expect(objection([switchWith(rule(['ana', 'bo'], { count: 2 }))], { before })?.message).toBe(
    'step switch needs 2 approvals by others than ana, tester, and only bo may give one',
  );
});

const reading = (value: Json) => {
  const made = bench(`
  - { id: look, title: Look, uses: test.look, with: { name: people }, on-failure: continue }
  - { id: switch, title: Switch, uses: test.set, with: { name: a, value: 1 }, approvals: { from: "\${{ steps.look.outputs.value }}" } }
`);
  made.world.switches.set('people', value);
  return made;
};

test('people may be known only during the run; where they never are, the change is not made', async () => {
  const known = reading(['ana', 'ana', 'bo']);
  known.onEntry((entry) => {
    if (entry.type !== 'approval-requested') return;
    const { run, step, digest } = entry;
    const word = { type: 'approval-given', step, digest, how: 'command' } as const;
    void known.store.say(run, { user: 'bo', host: 'elsewhere' }, word);
  });
  expect(await startRun(known.options)).toMatchObject({ exitCode: 0 });
  expect(known.entries.find(({ type }) => type === 'approval-requested')).toMatchObject({ from: ['ana', 'bo'] });

  const never = reading(['ana']);
  const look = never.options.actions.get('test.look');
  if (look?.kind !== 'check') throw new Error('test.look is a check');
  const broken = { ...look, run: () => Promise.reject(new Error('broken')) };
  const actions = new Map([...never.options.actions, ['test.look', broken] as const]);
  expect(await startRun({ ...never.options, actions })).toMatchObject({
    exitCode: 1,
    message: expect.stringContaining('who may give them depends on what is not known'),
  });
  expect(never.world.writes).toEqual([]);
});
