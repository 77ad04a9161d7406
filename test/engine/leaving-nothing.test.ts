import { expect, test } from 'vitest';
import { z } from 'zod';
import { type AnyAction, change, check } from '../../src/actions/action.ts';
import { canOnlyLeaveNothing, endWhatLeavesNothing, leavesNothing } from '../../src/engine/end-what-leaves-nothing.ts';
import { OpsError } from '../../src/errors.ts';
import type { Entry, Event } from '../../src/journal/events.ts';
import type { RunListing, Store } from '../../src/journal/store.ts';
import { useBenches } from './benches.ts';
import { changing, entriesOf, stateOf } from './folded.ts';

const bench = useBenches();

const touching = change({
  ...{ name: 'test.touch', summary: 'Touch', input: z.strictObject({}), state: z.json(), output: z.json() },
  leavesNothing: true,
  plan: async () => ({ before: 0, after: 1, diff: [], notes: [], guards: [] }),
  apply: async () => null,
  observe: async () => 'after' as const,
  summarise: () => ({ headline: 'touched', detail: [] }),
});
const seeing = check({
  ...{ name: 'test.see', summary: 'See', input: z.strictObject({}), output: z.json() },
  run: async () => null,
  summarise: () => ({ headline: 'seen', detail: [] }),
});
const setting = change({
  ...{ name: 'test.change', summary: 'Change', input: z.strictObject({}), state: z.json(), output: z.json() },
  plan: async () => ({ before: 0, after: 1, diff: [], notes: [], guards: [] }),
  apply: async () => null,
  observe: async () => 'after' as const,
  summarise: () => ({ headline: 'changed', detail: [] }),
});
const own: readonly AnyAction[] = [touching, seeing, setting];

const step = (id: string, uses: string) => `{ id: ${id}, title: T, uses: ${uses}, with: {} }`;

test.each([
  ['a check', `  - ${step('a', 'test.see')}`, true],
  ['what leaves nothing', `  - ${step('a', 'test.touch')}`, true],
  ['a change', `  - ${step('a', 'test.change')}`, false],
  ['both', `  - ${step('a', 'test.touch')}\n  - ${step('b', 'test.change')}`, false],
  ['a group of what leaves nothing', `  - { id: g, title: G, parallel: [${step('a', 'test.touch')}] }`, true],
  [
    'a group with a change',
    `  - { id: g, title: G, parallel: [${step('a', 'test.see')}, ${step('b', 'test.change')}] }`,
    false,
  ],
])('a run leaves nothing where none of its steps can: %s', (_what, steps, expected) => {
  const { options } = bench(`${steps}\n`, { actions: own });
  expect(canOnlyLeaveNothing(options.runbook.steps, options.actions)).toBe(expected);
  expect(canOnlyLeaveNothing(options.runbook.steps, new Map())).toBe(false);
});

const touched = changing('one', [], { leavesNothing: true });
const changed = changing('two');

test('what a run wrote, or else what it could write, tells whether it left nothing', () => {
  expect(leavesNothing(stateOf([]))).toBe(false);
  expect(leavesNothing(stateOf([], { leavesNothing: true }))).toBe(true);
  expect(leavesNothing(stateOf(touched))).toBe(true);
  expect(leavesNothing(stateOf(changed))).toBe(false);
  expect(leavesNothing(stateOf([...touched, ...changed]))).toBe(false);
  expect(leavesNothing(stateOf(changed, { leavesNothing: true }))).toBe(false);
  const seen: Event = { type: 'step-started', step: 'see', title: 'See', uses: 'test.look' };
  expect(leavesNothing(stateOf([seen, ...touched]))).toBe(true);
});

type Holder = {
  id?: string;
  claims?: string[];
  alive?: boolean | undefined;
  events?: Event[];
  /** What the log shows once the run was taken up. */
  later?: Event[];
  taken?: OpsError;
};

/** What becomes of a run that holds `zone`, when `new-run` needs these resources. */
async function begunBeside(holder: Holder, resources: readonly string[] = ['dns', 'zone']) {
  const { id = 'holder', claims = ['zone'], events = touched, later = events, taken } = holder;
  const { options } = bench(`  - ${step('a', 'test.see')}\n`, { actions: own });
  const [started] = entriesOf([], { title: 'The old run' }, id);
  if (started?.type !== 'run-started') throw new Error('it has not begun');
  const alive = 'alive' in holder ? holder.alive : false;
  const driver = alive === undefined ? undefined : { actor: started.actor, pid: 1, since: '', alive };
  const did: string[] = [];
  const ended: Event[] = [];
  const told: string[] = [];
  let isTaken = false;
  const listing: RunListing = {
    ...{ run: id, resources: claims, claims, started, ended: undefined, intends: true, released: false, driver },
  };
  const store: Store = {
    ...options.store,
    async runs() {
      if (resources.length === 0) throw new Error('there is nothing to look for');
      return [listing];
    },
    read: async () => entriesOf(isTaken ? later : events, {}, id),
    async drive(run) {
      did.push(`drive ${run}`);
      if (taken !== undefined) throw taken;
      isTaken = true;
      const entry: Entry = started;
      return {
        ...{ run, epoch: 2, quarantineMs: 0, append: async () => entry, ensure: async () => undefined },
        async end(event) {
          await new Promise(setImmediate);
          did.push('end');
          ended.push(event);
          return entry;
        },
        async release() {
          await new Promise(setImmediate);
          did.push('release');
        },
        failure: () => undefined,
      };
    },
  };
  const operator = { ...options.operator, tell: (text: string) => void told.push(text) };
  await endWhatLeavesNothing({ store, actor: options.actor, operator }, 'new-run', resources);
  return { did, ended, told };
}

test('a run whose process is gone and that left nothing is ended, on the record, and that is told', async () => {
  const why = 'its process was gone, and what it wrote, if anything, is what was there before';
  expect(await begunBeside({})).toEqual({
    did: ['drive holder', 'end'],
    ended: [
      {
        ...{ type: 'run-ended', outcome: 'failed', exitCode: 1, left: [] },
        message: `${why}; ended by run new-run, which needs zone`,
      },
    ],
    told: [`zone was held by run holder (The old run): ${why}. It was ended; nothing is to be undone.`],
  });
});

test.each([
  ['that holds something else', { claims: ['other'] }],
  ['that holds nothing', { claims: [] }],
  ['that is the run itself', { id: 'new-run' }],
  ['whose process lives', { alive: true }],
  ['that nobody has driven', { alive: undefined }],
  ['that has changed something', { events: changed }],
  ['of which the log shows nothing', { events: [] }],
] as [string, Holder][])('a run is left alone %s', async (_what, holder) => {
  expect(await begunBeside(holder)).toEqual({ did: [], ended: [], told: [] });
});

test('a run that needs nothing ends nobody', async () => {
  expect(await begunBeside({}, [])).toEqual({ did: [], ended: [], told: [] });
});

test('a run that has gone further until it was taken up is let go again', async () => {
  const later = [...touched, ...changed];
  expect(await begunBeside({ later })).toEqual({ did: ['drive holder', 'release'], ended: [], told: [] });
});

test('a run that somebody else takes up meanwhile is theirs; any other trouble is told', async () => {
  const fenced = new OpsError('fenced', 'taken over');
  expect(await begunBeside({ taken: fenced })).toEqual({ did: ['drive holder'], ended: [], told: [] });
  for (const trouble of [new OpsError('audit', 'no space'), new OpsError('busy', 'it lives')])
    await expect(begunBeside({ taken: trouble })).rejects.toBe(trouble);
});
