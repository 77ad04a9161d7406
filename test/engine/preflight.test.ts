import { expect, test } from 'vitest';
import { z } from 'zod';
import { type ActionContext, type AnyAction, change, check } from '../../src/actions/action.ts';
import { checkCredentials, lackOf } from '../../src/engine/preflight.ts';
import { OpsError } from '../../src/errors.ts';
import { useBenches } from './benches.ts';
import { standingClock } from './session-on.ts';

const bench = useBenches();

const output = z.object({ n: z.number() });
const summarise = () => ({ headline: 'done', detail: [] });
const refusal = new OpsError('credentials', 'revoked', { hint: 'make a new one' });

/** A change whose provider says this of its credentials. */
function guarded(name: string, error?: Error, secrets?: readonly string[]): AnyAction {
  return change({
    ...{ name, summary: 'Do', input: z.strictObject({}), state: z.null(), output, summarise },
    ...(secrets !== undefined && { secrets }),
    plan: async () => ({ before: null, after: null, diff: [], notes: [], guards: [] }),
    apply: async () => ({ n: 1 }),
    observe: async () => 'after' as const,
    preflight: async () => {
      if (error !== undefined) throw error;
    },
  });
}

/** A check that needs one of these groups of secrets. */
function grouped(name: string, groups: readonly (readonly string[])[]): AnyAction {
  return check({
    ...{ name, summary: 'Look', input: z.strictObject({}), output, summarise },
    oneGroupOfSecrets: () => groups,
    run: async () => ({ n: 1 }),
  });
}

const named = { token: 'THE_TOKEN', key: 'THE_KEY', other: 'THE_OTHER' };

type More = { secrets?: readonly string[]; overrides?: Record<string, string> };

/** What is lacking before a run of these steps, where these secrets are set; undefined where that is nothing. */
async function lacking(steps: string, actions: readonly AnyAction[], { secrets = [], overrides = {} }: More = {}) {
  const { options } = bench(steps, { actions });
  const clock = standingClock();
  const edges = { ...options.edges, secret: (name: string) => (secrets.includes(name) ? 'x' : undefined) };
  const environment = { ...options.environment, secrets: named };
  const scope = { inputs: {}, env: {}, run: { id: 'r', shortId: 'r', runbook: 'r', mode: 'live' as const }, steps: {} };
  const contexts: string[] = [];
  const found = await checkCredentials(
    { ...options, clock, edges },
    { ...options, environment },
    overrides,
    scope,
    (step, signal) => {
      contexts.push(step);
      // What a preflight here is given is of no matter to it.
      return { signal, step } as ActionContext;
    },
  ).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { found, contexts, boxes: clock.boxes };
}

const step = (id: string, uses: string, more = '') => `\n  - { id: ${id}, title: T, uses: ${uses}, with: {}${more} }`;
const or = '; or go on with the steps that need none: --override credentials="why"';

test('each action is asked once, in four seconds, as the first step that uses it', async () => {
  const steps = step('one', 'test.a') + step('two', 'test.a') + step('three', 'test.b');
  const { found, contexts, boxes } = await lacking(`${steps}\n`, [guarded('test.a'), guarded('test.b')]);
  expect(found).toBeUndefined();
  expect(contexts).toEqual(['one', 'three']);
  expect(boxes).toEqual([4_000, 4_000]);
});

test('all refusals are told together, and each hint once', async () => {
  const steps = step('one', 'test.a') + step('two', 'test.b');
  const actions = [guarded('test.a', refusal), guarded('test.b', refusal)];
  expect((await lacking(`${steps}\n`, actions)).found).toMatchObject({
    code: 'credentials',
    message: 'one (test.a): revoked; two (test.b): revoked',
    hint: `make a new one${or}`,
  });
});

test('a refusal names the variables; without a hint of its own, what to do', async () => {
  const bare = new OpsError('credentials', 'revoked');
  const { found } = await lacking(`${step('one', 'test.a')}\n`, [guarded('test.a', bare, ['token', 'unnamed'])], {
    secrets: ['token', 'unnamed'],
  });
  expect(found).toMatchObject({ hint: `replace the credentials; see THE_TOKEN${or}` });
});

test('only a refusal counts: silence, a bug and a provider that is down are no finding', async () => {
  for (const error of [new OpsError('lost-answer', 'HTTP 503'), new OpsError('timeout', 'late'), new Error('bug')])
    expect((await lacking(`${step('one', 'test.a')}\n`, [guarded('test.a', error)])).found).toBeUndefined();
});

test('where a secret is missing no provider is asked', async () => {
  const steps = step('one', 'test.a') + step('two', 'test.b');
  const actions = [guarded('test.a', refusal), guarded('test.b', undefined, ['token'])];
  const { found, contexts } = await lacking(`${steps}\n`, actions);
  expect(found).toMatchObject({ message: 'THE_TOKEN is not set (the secret token); needed by two' });
  expect(contexts).toEqual([]);
});

test('the guard `credentials` passes all of it', async () => {
  const overrides = { credentials: 'we know' };
  const { found, contexts } = await lacking(`${step('one', 'test.a')}\n`, [guarded('test.a', refusal)], { overrides });
  expect([found, contexts]).toEqual([undefined, []]);
});

test.each([
  ['optional', step('one', 'test.a', ', optional: true'), false],
  ['not due', step('one', 'test.a', ', when: "false"'), false],
  ['due', step('one', 'test.a', ', when: "true"'), true],
  [
    'perhaps due',
    `${step('see', 'test.look').replace('{}', '{ name: a }')}${step('one', 'test.a', ', when: "steps.see.outputs.value == 1"')}`,
    true,
  ],
  ['in a group', `\n  - { id: all, title: T, parallel: [{ id: one, title: T, uses: test.a, with: {} }] }`, true],
  [
    'in an optional group',
    `\n  - { id: all, title: T, optional: true, parallel: [{ id: one, title: T, uses: test.a, with: {} }] }`,
    false,
  ],
  [
    'in a group that is not due',
    `\n  - { id: all, title: T, when: "false", parallel: [{ id: one, title: T, uses: test.a, with: {} }] }`,
    false,
  ],
])('credentials are looked at of what the run needs: a step that is %s', async (_what, steps, isLookedAt) => {
  const { contexts } = await lacking(`${steps}\n`, [guarded('test.a')]);
  expect(contexts).toEqual(isLookedAt ? ['one'] : []);
});

const groups = [['token'], ['key', 'other']];

test.each([
  [[], 'test.g needs the secrets token, or key and other', 'set THE_TOKEN; set THE_KEY; set THE_OTHER'],
  [['key'], 'test.g needs the secrets token, or key and other', 'set THE_TOKEN; set THE_OTHER'],
  [['key', 'other'], undefined, ''],
  [['token'], undefined, ''],
])('of groups of secrets one that is whole is enough: %j', async (secrets, message, hint) => {
  const { found } = await lacking(`${step('one', 'test.g')}\n`, [grouped('test.g', groups)], { secrets });
  if (message === undefined) expect(found).toBeUndefined();
  else expect(found).toMatchObject({ code: 'credentials', message: `one: ${message}`, hint: `${hint}${or}` });
});

test('where no group is asked for nothing is lacking', async () => {
  expect((await lacking(`${step('one', 'test.g')}\n`, [grouped('test.g', [])])).found).toBeUndefined();
});

test('of one action, the first thing that it lacks', async () => {
  const { options } = bench(`${step('one', 'test.look').replace('{}', '{ name: a }')}\n`);
  const environment = { ...options.environment, secrets: named };
  const of = (action: AnyAction, secrets: readonly string[] = []) => {
    const edges = { ...options.edges, secret: (name: string) => (secrets.includes(name) ? 'x' : undefined) };
    const contextFor = (signal: AbortSignal) => ({ signal }) as ActionContext;
    return lackOf({ ...options, edges, clock: standingClock() }, { ...options, environment }, action, contextFor);
  };
  expect(await of(guarded('test.a', refusal, ['token', 'key']))).toEqual({
    message: 'THE_TOKEN is not set (the secret token)',
    hint: 'set THE_TOKEN',
  });
  expect(await of(guarded('test.a', undefined, ['elsewhere']))).toEqual({
    message: 'the environment test has no secret elsewhere',
    hint: 'name a process variable for it under `secrets` in the environment test',
  });
  expect(await of(guarded('test.a', refusal, ['token']), ['token'])).toEqual({
    message: 'revoked',
    hint: 'make a new one; see THE_TOKEN',
  });
  expect(await of(guarded('test.a', undefined, ['token']), ['token'])).toBeUndefined();
  expect(await of(grouped('test.g', [['key']]))).toMatchObject({ message: 'test.g needs the secrets key' });
});
