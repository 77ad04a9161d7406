import { expect, test } from 'vitest';
import { z } from 'zod';
import { type AnyAction, change } from '../../src/actions/action.ts';
import type { LeftOpen } from '../../src/actions/afterwards.ts';
import { openAsJson, openBeforeLines, openLines, thingsLeftOpen, thingsOpenAfter } from '../../src/engine/left-open.ts';
import { thingsOpenBefore } from '../../src/engine/open-before.ts';
import type { Event } from '../../src/journal/events.ts';
import type { RunListing, Store } from '../../src/journal/store.ts';
import { useBenches } from './benches.ts';
import { changing, entriesOf, error, run, stateOf } from './folded.ts';

const bench = useBenches();

/** A change of a notice by `id`, which is closed once `n` is 0. Of an output that is lost, it knows what it was given. */
function noticing(name: string, more: { says?: boolean } = {}): [string, AnyAction] {
  const action = change({
    ...{ name, summary: 'Say', input: z.strictObject({ id: z.string() }), state: z.number() },
    output: z.object({ n: z.number() }),
    plan: async () => ({ before: 0, after: 1, diff: [], notes: [], guards: [] }),
    apply: async () => ({ n: 1 }),
    observe: async () => 'after' as const,
    ...(more.says !== false && {
      leavesOpen: (output: { n: number } | null, { id }: { id: string }): LeftOpen | undefined =>
        id === 'unknown'
          ? undefined
          : {
              ...{ id, to: 'customers', what: 'notice', state: `n is ${output?.n ?? 'lost'}`, commands: [] },
              isClosed: output?.n === 0,
            },
    }),
    summarise: () => ({ headline: 'said', detail: [] }),
  });
  return [name, action];
}

const actions = new Map([noticing('test.notice'), noticing('test.quiet', { says: false })]);
const answered = (step: string, n: number): Event => ({ type: 'change-applied', step, how: 'answered', output: { n } });
const gone = (step: string): Event => ({ type: 'change-not-applied', step, error });
const doubted = (step: string): Event => ({ type: 'change-doubted', step, error });
const notice = (step: string, id: string, next: Event[], uses = 'test.notice') =>
  changing(step, next, { uses, input: { id } });

/** Each thing as `step: state`, with a question mark where nobody can tell. */
const left = (events: Event[]) =>
  thingsLeftOpen(stateOf(events), actions).map(({ step, state, isSure }) => `${step}: ${state}${isSure ? '' : '?'}`);

test('what a run has opened is open until it is closed, and the newest word on it counts', () => {
  expect(left(notice('one', 'a', [answered('one', 1)]))).toEqual(['one: n is 1']);
  expect(left([...notice('one', 'a', [answered('one', 1)]), ...notice('two', 'a', [answered('two', 2)])])).toEqual([
    'two: n is 2',
  ]);
  expect(left([...notice('one', 'a', [answered('one', 1)]), ...notice('two', 'a', [answered('two', 0)])])).toEqual([]);
  expect(left([...notice('one', 'a', [answered('one', 1)]), ...notice('two', 'b', [answered('two', 0)])])).toEqual([
    'one: n is 1',
  ]);
  // In the order in which they were done, not begun; what nobody saw done comes last.
  const late = [...notice('one', 'a', []), ...notice('two', 'a', [answered('two', 2)]), answered('one', 0)];
  expect(left(late)).toEqual([]);
  expect(left([...notice('one', 'a', [doubted('one')]), ...notice('two', 'a', [answered('two', 2)])])).toEqual([
    'one: n is lost?',
  ]);
});

test('what surely did not happen, is not said to be open, or is by no change that says so, is not open', () => {
  expect(left(notice('one', 'a', [gone('one')]))).toEqual([]);
  expect(left(notice('one', 'unknown', [answered('one', 1)]))).toEqual([]);
  expect(left(notice('one', 'a', [answered('one', 1)], 'test.quiet'))).toEqual([]);
  expect(left(notice('one', 'a', [answered('one', 1)], 'test.gone'))).toEqual([]);
  expect(left([{ type: 'step-started', step: 'see', title: 'See', uses: 'test.notice' }])).toEqual([]);
});

test('things whose own system did not name them are apart', () => {
  const events = [...notice('one', '', [answered('one', 1)]), ...notice('two', '', [answered('two', 0)])];
  expect(left(events)).toEqual(['one: n is 1']);
});

test('what was noted before the answer was lost stands for it, if it is an output', () => {
  const noted = (fact: { n: number } | string): Event => ({ type: 'fact-noted', step: 'one', fact });
  expect(left([...notice('one', 'a', []), noted({ n: 4 }), doubted('one')])).toEqual(['one: n is 4?']);
  expect(left([...notice('one', 'a', []), noted('n'), doubted('one')])).toEqual(['one: n is lost?']);
  expect(left([...notice('one', 'a', []), noted({ n: 4 }), answered('one', 1)])).toEqual(['one: n is 1']);
});

test('the word at the end of the run comes after every other', () => {
  const ending: Event = { type: 'ending-told', step: 'one', ending: 'undone', text: 'Over.', state: 'monitoring' };
  const events = notice('one', 'a', [answered('one', 1), ending]);
  expect(left([...events, ...notice('two', 'a', [answered('two', 2)])])).toEqual(['two: monitoring']);
  // What was closed is not opened by it.
  expect(left([...events, ...notice('two', 'a', [answered('two', 0)])])).toEqual([]);
});

test('what several runs have opened is open since the first of them, and closed by whichever closes it', () => {
  const first = stateOf(notice('one', 'a', [answered('one', 1)]), {}, 'first');
  const second = stateOf(notice('two', 'a', [answered('two', 2)]), {}, 'second');
  const third = stateOf(notice('three', 'a', [answered('three', 0)]), {}, 'third');
  expect(thingsOpenAfter([first, second], actions)).toMatchObject([{ run: 'first', step: 'two', state: 'n is 2' }]);
  expect(thingsOpenAfter([first, second, third], actions)).toEqual([]);
  expect(thingsOpenAfter([third, second], actions)).toMatchObject([{ run: 'second' }]);
});

test('what is open is told in a line each, for people and for machines', () => {
  const open = thingsLeftOpen(
    stateOf([...notice('one', 'a', [answered('one', 1)]), ...notice('two', 'b', [doubted('two')])]),
    actions,
  );
  expect(openLines(open)).toEqual([
    'open to customers: notice (n is 1)',
    'may be open to customers, nobody can tell: notice',
  ]);
  expect(openBeforeLines(open.slice(0, 1))).toEqual([
    `open to customers since run ${run}, as far as the log tells: notice (n is 1)`,
  ]);
  expect(openAsJson(open.slice(0, 1))).toEqual([
    { run, step: 'one', to: 'customers', what: 'notice', state: 'n is 1', isSure: true },
  ]);
});

const week = 7 * 24 * 3_600_000;
const beganAt = Date.UTC(2026, 11, 1, 10, 11, 12);
const now = 'the-run-itself';

type Earlier = { id: string; beganMs?: number; intends?: boolean; more?: Parameters<typeof entriesOf>[1] };

/** What the runs before have left open, by the run's id. Each has said something of its own. */
async function openBefore(earlier: readonly Earlier[], first: Parameters<typeof entriesOf>[1] = {}): Promise<string[]> {
  const events = (id: string) => notice('one', id, [answered('one', 1)]);
  const runs = earlier.map(({ id, beganMs = -1, intends = true, more = {} }): RunListing => {
    const [started] = entriesOf([], more, id);
    if (started?.type !== 'run-started') throw new Error('it has not begun');
    const time = new Date(beganAt + beganMs).toISOString();
    return {
      ...{ run: id, resources: [], claims: [], ended: undefined, intends, released: false, driver: undefined },
      started: { ...started, time },
    };
  });
  const { store: real } = bench('\n  - { id: see, title: See, uses: test.look, with: { name: a } }\n');
  const store: Store = {
    ...real,
    runs: async () => runs,
    read: async (id: string) => (id === 'unread' ? [] : entriesOf(events(id), {}, id)),
  };
  const open = await thingsOpenBefore(store, stateOf(events(now), first, now), actions);
  return open.map((one) => one.run);
}

test('what earlier runs have left open is looked for in live runs of the same environment, of the last week', async () => {
  expect(await openBefore([{ id: 'a' }, { id: 'b' }, { id: 'unread' }])).toEqual(['a', 'b']);
  expect(await openBefore([{ id: now }])).toEqual([]);
  expect(await openBefore([{ id: 'a', intends: false }])).toEqual([]);
  expect(await openBefore([{ id: 'a', more: { mode: 'rehearsal' } }])).toEqual([]);
  expect(await openBefore([{ id: 'a', more: { hostname: 'other.example.com' } }])).toEqual([]);
  expect(await openBefore([{ id: 'a', more: { environment: 'staging' } }])).toEqual([]);
  expect(await openBefore([{ id: 'a' }], { mode: 'rehearsal' })).toEqual([]);
  expect(await openBefore([{ id: 'a' }], { mode: 'dry-run' })).toEqual([]);
  // At its beginning, and after it; a week before, and a little less.
  const times = { same: 0, after: 1, week: -week, within: 1 - week };
  expect(await openBefore(Object.entries(times).map(([id, beganMs]) => ({ id, beganMs })))).toEqual(['same', 'within']);
});

test('no more than the last twenty runs are looked at', async () => {
  const ids = Array.from({ length: 21 }, (_, index) => ({ id: `r${index}` }));
  expect(await openBefore(ids)).toEqual(ids.slice(1).map(({ id }) => id));
});
