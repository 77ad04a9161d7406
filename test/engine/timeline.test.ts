import { expect, test } from 'vitest';
import { readerGone } from '../../src/engine/interrupts.ts';
import { timelineOf } from '../../src/engine/timeline.ts';
import type { Event } from '../../src/journal/events.ts';
import { applied, changing, entriesOf, error, stateOf, succeeded } from './folded.ts';

const step = 'one';
const digest = `0123456789abcdef${'0'.repeat(48)}`;
const begun: Event[] = [...changing(step, [applied(step)]), { type: 'step-started', step: 'group', title: 'A group' }];

/** What the story tells of the last of these events, without its time. */
function told(event: Event, before: readonly Event[] = begun): string | undefined {
  const events = [...before, event];
  const entries = entriesOf(events).slice(-1);
  return timelineOf(entries, stateOf(events))[0]?.text.slice('10:11:12 '.length);
}

const cases: [Event, string | undefined][] = [
  [succeeded(step), 'done: Title of one (as asked)'],
  [succeeded('group'), undefined],
  [{ type: 'step-failed', step, error }, 'FAILED: Title of one: the provider said no'],
  [{ type: 'step-failed', step: 'group', error }, undefined],
  [{ type: 'guard-raised', step, guard: 'fresh', message: 'it is old', hint: 'wait' }, 'guard fresh: it is old'],
  [
    { type: 'guard-overridden', step, guard: 'fresh', reason: 'I know', message: 'it is old' },
    'guard fresh passed by ada: I know',
  ],
  [{ type: 'confirmation-given', step, digest, kind: 'plain', by: 'terminal' }, 'confirmed: Title of one'],
  [{ type: 'confirmation-declined', step, digest, kind: 'plain' }, 'not confirmed: Title of one'],
  [
    { type: 'approval-requested', step, digest, count: 2, from: ['bob', 'eve'], withinMs: 1_000 },
    'waits for 2 of bob, eve to approve of plan 0123456789ab: Title of one',
  ],
  [{ type: 'approval-given', step, digest, how: 'command' }, 'approved by ada: Title of one'],
  [
    { type: 'approval-given', step, digest, how: 'reaction', by: 'bob', account: 'U1' },
    'approved by bob: Title of one',
  ],
  [
    { type: 'approval-refused', step, digest, by: 'eve', why: 'stranger', message: 'eve may not approve' },
    'approval refused: eve may not approve',
  ],
  [{ type: 'approval-withdrawn', step, digest, by: 'bob', account: 'U1' }, 'approval taken back by bob: Title of one'],
  [{ type: 'approvals-voided', step, digest, why: 'expired' }, 'approvals void (expired): Title of one'],
  [{ type: 'go-given', step }, 'GO: the clocks run from here'],
  [{ type: 'milestone-reached', step, milestone: 'switched' }, 'SWITCHED: Title of one'],
  [{ type: 'change-doubted', step, error }, 'in doubt, looking at the world: Title of one: the provider said no'],
  [
    { type: 'change-unresolved', step, error: { ...error, message: 'in doubt: nobody can look' } },
    'IN DOUBT, a person must look: Title of one: nobody can look',
  ],
  [{ type: 'change-not-applied', step, error }, 'not applied: Title of one: the provider said no'],
  [
    { type: 'ending-told', step, ending: 'undone', text: 'All is as before.', state: 'resolved' },
    'customers were told: All is as before.',
  ],
  [{ type: 'interrupted', signal: 'SIGINT' }, 'SIGINT received'],
  [{ type: 'interrupted', signal: readerGone }, undefined],
  [{ type: 'decided', choice: 'rollback', by: 'terminal' }, 'decided to roll back'],
  [{ type: 'rollback-started', why: 'step two failed', cause: 'failed' }, 'undoing: step two failed'],
  [{ type: 'change-reverted', step }, 'undone: Title of one'],
  [{ type: 'revert-failed', step, error, observed: 'after' }, 'NOT UNDONE: Title of one: the provider said no'],
  [{ type: 'marked-done', step, evidence: 'seen' }, 'done by hand, says ada: Title of one (seen)'],
  [{ type: 'marked-done', step, evidence: 'seen', undone: true }, 'undone by hand, says ada: Title of one (seen)'],
  [{ type: 'commented', text: 'hello' }, undefined],
  [{ type: 'change-applied', step, how: 'answered', output: null }, undefined],
];

test.each(cases)('the story of a run has a line for whoever follows it: %j', (event, line) => {
  expect(told(event)).toBe(line);
});

test('a step that the state does not know is told by its id', () => {
  const entries = entriesOf([
    { type: 'confirmation-given', step: 'two', digest, kind: 'plain', by: 'flag' },
    { type: 'step-failed', step: 'two', error },
    succeeded('two'),
  ]);
  expect(timelineOf(entries.slice(1), stateOf([])).map(({ text }) => text)).toEqual(['10:11:13 confirmed: two']);
});

test('a line has the number of its entry and its time of day, and is cut at 300 characters', () => {
  const long = (length: number): Event => ({ type: 'rollback-started', why: 'w'.repeat(length), cause: 'asked' });
  const room = 300 - '10:11:13 undoing: '.length;
  const [whole] = timelineOf(entriesOf([long(room)]).slice(1), stateOf([]));
  expect(whole).toEqual({ seq: 2, text: `10:11:13 undoing: ${'w'.repeat(room)}` });
  const [cut] = timelineOf(entriesOf([long(room + 1)]).slice(1), stateOf([]));
  expect(cut?.text).toBe(`10:11:13 undoing: ${'w'.repeat(room - 1)}…`);
});

test('a run is begun once, and a driver is told only where it is not the first', () => {
  const drive: Event = { type: 'driver-started', pid: 1, process: 'p', boot: 'b', forced: false };
  const entries = entriesOf([drive, drive]).map((entry, index) => ({ ...entry, epoch: Math.max(index, 1) }));
  expect(timelineOf(entries, stateOf([]))).toEqual([
    { seq: 1, text: '10:11:12 begun by ada: A test' },
    { seq: 3, text: '10:11:14 driven by ada from here on' },
  ]);
});
