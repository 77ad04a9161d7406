import { expect, test } from 'vitest';
import { closeAllRequests, closeRequests, desksOf } from '../../src/engine/approval-rooms.ts';
import { OpsError } from '../../src/errors.ts';
import type { Told } from '../journal/support/entries.ts';
import { useBenches } from './benches.ts';
import { createRooms } from './fake-rooms.ts';
import { sessionOfTold } from './session-on.ts';

const bench = useBenches();

const opened = (uses = 'test.room', output: 'known' | 'lost' = 'known'): Told[] => [
  { type: 'step-started', step: 'war', title: 'War room', uses },
  {
    ...{ type: 'change-intended', step: 'war', uses, input: { name: 'war' }, before: null, after: 'war', digest: 'd' },
    ...{ undoable: true, rollback: 'auto' },
  },
  { type: 'change-applied', step: 'war', how: 'answered', output: { name: 'war' } },
  {
    ...{ type: 'step-succeeded', step: 'war', output: output === 'lost' ? null : { name: 'war' }, knowledge: 'known' },
    summary: { headline: 'opened', detail: [] },
  },
];

function sessionWith(told: readonly Told[]) {
  const rooms = createRooms();
  const made = bench('  - { id: switch, title: Switch, uses: test.set, with: { name: a, value: 1 } }\n', {
    actions: [rooms.action],
  });
  return { ...sessionOfTold(made.options, told), rooms };
}

test.each<[string, Told[], string[]]>([
  ['it is open', opened(), ['war']],
  ['nobody can tell whether it is open', opened().slice(0, 2), []],
  ['what it is called was lost', opened('test.room', 'lost'), []],
  ['it is gone again', [...opened(), { type: 'change-reverted', step: 'war' }], []],
  ['this version does not know what opened it', opened('test.unknown'), []],
  ['what has made it asks nobody', opened('test.set'), []],
  ['what has made it only reads in this version', opened('test.look'), []],
  ['nothing was opened', opened().slice(0, 1), []],
])('where people can be asked: %s', (_, told, rooms) => {
  expect(desksOf(sessionWith(told).session).map(({ room }) => room)).toEqual(rooms);
});

const asked = (step: string, digest: string): Told => ({
  ...{ type: 'approval-requested', step, digest, count: 1, from: ['bo'], withinMs: 60_000 },
});
const posted = (step: string, message: number, digest: string): Told => ({
  ...{ type: 'approval-posted', step, digest, room: 'war', place: { room: 'war', message } },
});
const shown: Told[] = [
  ...opened(),
  { type: 'step-started', step: 'switch', title: 'Switch', uses: 'test.set' },
  ...[asked('switch', 'plan-1'), posted('switch', 1, 'plan-1'), asked('switch', 'plan-2')],
  ...[posted('switch', 2, 'plan-2'), posted('switch', 3, 'plan-2')],
];
const secondRequest = 9;

test('of a step, one request is closed wherever it is shown, or all that are open; none twice', async () => {
  const one = sessionWith(shown);
  await closeRequests(one.session, 'switch', { outcome: 'expired', lines: ['Switch'], request: secondRequest });
  expect(one.rooms.calls).toEqual(['close war 2', 'close war 3']);
  await closeRequests(one.session, 'switch', { outcome: 'stopped' });
  expect(one.rooms.calls.slice(2)).toEqual(['close war 1']);
  await closeRequests(one.session, 'switch', { outcome: 'stopped' });
  await closeRequests(one.session, 'no-such-step', { outcome: 'stopped' });
  expect(one.rooms.calls).toHaveLength(3);
});

test.each<[string, Told[], string]>([
  ['approved', [{ type: 'step-approved', step: 'switch', digest: 'plan-2', by: ['bo'] }], 'APPROVED'],
  ['expired', [{ type: 'approvals-voided', step: 'switch', digest: 'plan-2', why: 'expired' }], 'VOID: expired'],
  ['left open by a drive that was killed', [], 'VOID: the run has stopped'],
])('at the end of a run nothing is open: %s', async (_, told, word) => {
  const { session, recorded, rooms } = sessionWith([...shown, ...told]);
  await closeAllRequests(session);
  expect(rooms.calls).toEqual(['close war 1', 'close war 2', 'close war 3']);
  const headlines = recorded.flatMap((event) => (event.type === 'follow-up-intended' ? [event.headline] : []));
  expect(headlines).toEqual(Array(3).fill(expect.stringContaining(word)));
});

test('who may write no more, because another process drives or the log fails, closes nothing', async () => {
  const error = new OpsError('fenced', 'taken over');
  const { session, rooms } = sessionWith(shown);
  const lease = { ...session.lease, failure: () => ({ error, head: { seq: 1, hash: '' } }) };
  await closeRequests({ ...session, lease }, 'switch', { outcome: 'stopped' });
  expect(rooms.calls).toEqual([]);
  const record: typeof session.record = async (event) => {
    if (event.type === 'approval-closed') throw error;
    return await session.record(event);
  };
  await expect(closeRequests({ ...session, record }, 'switch', { outcome: 'stopped' })).rejects.toBe(error);
  expect(rooms.calls).toEqual(['close war 1']);
});
