import { expect, test } from 'vitest';
import { confirmUndoing } from '../../src/engine/confirm-undoing.ts';
import type { Json } from '../../src/world/json.ts';
import { runOf, type Told } from '../journal/support/entries.ts';
import { useBenches } from './benches.ts';

const bench = useBenches();

/** A run whose change is made, planned with this diff; `intended`: the digest of the change, where it is not the plan's. */
const changed = (diff: readonly string[], { intended = 'd', before = 'old' as Json } = {}): Told[] => [
  { type: 'step-started', step: 'one', title: 'One', uses: 'test.set' },
  { type: 'step-planned', step: 'one', uses: 'test.set', before, after: 'new', diff, notes: [], digest: 'd' },
  {
    ...{ type: 'change-intended', step: 'one', uses: 'test.set', input: {}, before, after: 'new', digest: intended },
    ...{ undoable: true, rollback: 'auto' },
  },
  { type: 'change-applied', step: 'one', how: 'answered', output: {} },
];
const endedAs = (outcome: 'succeeded' | 'failed'): Told => ({
  ...{ type: 'run-ended', outcome, exitCode: outcome === 'succeeded' ? 0 : 1, message: 'ended', left: [] },
});

async function asked(told: readonly Told[], { runbook = 'test', environment = 'test' } = {}) {
  const made = bench('  - { id: one, title: One, uses: test.set, with: { name: a, value: 1 } }\n', {
    interactive: true,
    answers: [true],
  });
  const lines: string[] = [];
  const operator = { ...made.operator, tell: (text: string) => void lines.push(...text.split('\n')) };
  const state = { ...runOf(told), runbook, environment };
  const confirmed = await confirmUndoing({ ...made.again('run-1'), operator }, state);
  return { confirmed, lines, questions: made.operator.asked };
}

test.each<[string, Told[]]>([
  ['it still runs', changed(['- a', '+ b'])],
  ['it did not end well', [...changed(['- a', '+ b']), endedAs('failed')]],
  ['it changed nothing', [endedAs('succeeded')]],
])('no question is asked where a run is being recovered, or nothing is to be undone: %s', async (_, told) => {
  expect(await asked(told)).toEqual({ confirmed: undefined, lines: [], questions: [] });
});

test.each<[string, Told[], string[]]>([
  ['a line for another', changed(['- a', '+ b']), ['- b', '+ a']],
  ['what was only added', changed(['+ b']), ['- b']],
  ['what was only taken away', changed(['- a']), ['+ a']],
  [
    'words without signs',
    changed(['purges the cache', 'twice']),
    ['takes back: purges the cache', 'takes back: twice'],
  ],
  ['two places, one behind the other', changed(['- a', '+ b', '- c', '+ d']), ['- b', '+ a', '- d', '+ c']],
  ['a line in between that stays', changed(['- a', '  x', '+ b']), ['+ a', '  x', '- b']],
  ['a plan that is not that of the change', changed(['- a', '+ b'], { intended: 'e' }), ['- "new"', '+ "old"']],
])('a change is shown the other way round: %s', async (_, told, shown) => {
  const { lines, confirmed } = await asked([...told, endedAs('succeeded')]);
  expect(lines.slice(0, 3 + shown.length)).toEqual([
    'Run run-1 ended well, and what it changed is in place. Undoing it now does this:',
    '',
    'One, undone:',
    ...shown,
  ]);
  expect(confirmed).toMatchObject({ by: 'terminal', changes: [{ step: 'one' }] });
});

test('what is confirmed is exactly this undoing: other states are another', async () => {
  const digestOf = async (before: Json) =>
    (await asked([...changed(['+ b'], { before }), endedAs('succeeded')])).confirmed?.changes[0]?.digest;
  expect(await digestOf('old')).toBe(await digestOf('old'));
  expect(await digestOf('old')).not.toBe(await digestOf('older'));
});

test('a proven way back is named where there is one, with the environment unless it is the usual one', async () => {
  const told = [...changed(['+ b']), endedAs('succeeded')];
  const last = async (more: { runbook?: string; environment?: string }) => (await asked(told, more)).lines.at(-1);
  expect(await last({})).toBe('Nothing is looked at first that may speak against it.');
  expect(await last({ runbook: 'failover', environment: 'production' })).toContain('is `resend-ops failback`, which');
  expect(await last({ runbook: 'failover', environment: 'eu west' })).toContain(
    "is `resend-ops failback --env 'eu west'`, which",
  );
});
