import { expect, test } from 'vitest';
import type { Entry } from '../../src/journal/events.ts';
import type { Witnessed } from './attacked-world.ts';
import { judgeWrites } from './intents.ts';

const second = (at: number) => `2026-01-01T00:00:${String(at).padStart(2, '0')}.000Z`;

/** Entries as a log holds them, a second apart, without what the oracle does not look at. */
function logOf(...events: object[]): Entry[] {
  return events.map((event, index): Entry => {
    const seq = index + 1;
    const entry: unknown = { seq, time: second(index), run: 'r', epoch: 1, actor: {}, prev: '', hash: '', ...event };
    return entry as Entry;
  });
}

function post(at: number, text: string, metadata: object): Witnessed {
  const body = String(new URLSearchParams({ channel: 'C', text, metadata: JSON.stringify(metadata) }));
  return {
    receivedAt: second(at),
    server: 'slack-api',
    method: 'POST',
    path: '/api/chat.postMessage',
    body,
    status: 200,
  };
}

const intended = { type: 'change-intended', step: 'say', uses: 'slack.post', after: { channel: 'C', text: 'a < b' } };
const own = { event_type: 'resend_ops_run', event_payload: { run: 'r', step: 'say' } };
const said = post(0, 'a &lt; b', own);

test('a message without an intent of its own is found', () => {
  const found = (log: Entry[], ...writes: Witnessed[]) => judgeWrites(log, writes).length;
  expect(found(logOf(intended), said)).toBe(0);
  expect(found(logOf(), said)).toBe(1);
  expect(found(logOf(intended), post(0, 'another text', own))).toBe(1);
  expect(found(logOf(intended), post(5, 'a &lt; b', own))).toBe(0);
  expect(found(logOf(intended, { type: 'change-applied', step: 'say' }), post(5, 'a &lt; b', own))).toBe(1);
  // A second one has no intent left, and says what is there already.
  expect(found(logOf(intended), said, said)).toBe(2);
  expect(found(logOf(intended, { type: 'change-not-applied', step: 'say' }, intended), said, said)).toBe(1);
});

test('lines of a timeline that are told twice are found', () => {
  const room = { type: 'change-intended', step: 'room', uses: 'slack.open-room', after: { message: 'm', name: 'n' } };
  const follow = (upTo: number) => ({ type: 'follow-up-intended', step: 'room', headline: 'h', upTo });
  const told = (at: number, mark: number, ...lines: string[]) =>
    post(at, lines.join('\n'), { event_type: 'resend_ops_timeline', event_payload: { run: 'r', step: 'room', mark } });
  const log = logOf(room, follow(1), follow(2));
  expect(judgeWrites(log, [told(1, 1, '00:00:00 a', '00:00:00 b'), told(2, 2, '00:00:01 c')])).toEqual([]);
  expect(
    judgeWrites(log, [told(1, 1, '00:00:00 a', '00:00:00 b'), told(2, 2, '00:00:00 a', '00:00:00 b', '00:00:01 c')]),
  ).toEqual(['the lines of the timeline up to 1 are told again with those up to 2']);
  expect(judgeWrites(log, [told(1, 1, '00:00:00 a'), told(2, 2, '00:00:00 a')])).toHaveLength(1);
  expect(judgeWrites(log, [told(1, 3, '00:00:00 a')])).toHaveLength(1);
  // Undone twice within a second: the same words, of entries of their own.
  const twice = ['00:00:01 driven', '00:00:02 undoing', 'ROLLED BACK: all'];
  const again = logOf(
    ...[room, { type: 'driver-started' }, { type: 'rollback-started' }, follow(4)],
    ...[{ type: 'run-reopened' }, { type: 'driver-started' }, { type: 'rollback-started' }, follow(8)],
  );
  const at = (entries: Entry[], ...seconds: number[]) =>
    entries.map((entry, place) => ({ ...entry, time: second(seconds[place] ?? place) }));
  const messages = [told(3, 4, ...twice), told(7, 8, ...twice)];
  expect(judgeWrites(at(again, 0, 1, 2, 2, 2, 1, 2, 2), messages)).toEqual([]);
  expect(judgeWrites(again, messages)).toEqual(['the lines of the timeline up to 4 are told again with those up to 8']);
});

test('a notice that is opened twice is found', () => {
  const after = { incident: 'open', message: 'down' };
  const log = logOf({ type: 'change-intended', step: 'notice', uses: 'statuspage.open', after });
  const body = JSON.stringify({ incident: { body: 'down' } });
  const path = '/v1/pages/p/incidents';
  const open: Witnessed = { receivedAt: second(0), server: 'statuspage-api', method: 'POST', path, body, status: 201 };
  expect(judgeWrites(log, [open])).toEqual([]);
  expect(judgeWrites(log, [open, open])).toHaveLength(2);
  expect(judgeWrites(log, [{ ...open, body: JSON.stringify({ incident: { body: 'up' } }) }])).toHaveLength(1);
  const last = { ...open, method: 'PATCH', path: `${path}/i`, body: JSON.stringify({ incident: { body: 'back' } }) };
  const ended = logOf(
    { type: 'change-intended', step: 'notice', uses: 'statuspage.open', after },
    { type: 'follow-up-intended', step: 'notice', headline: 'back' },
  );
  expect(judgeWrites(ended, [open, last])).toEqual([]);
  expect(judgeWrites(ended, [open, last, last])).toHaveLength(2);
  expect(judgeWrites(log, [open, last])).toHaveLength(1);
});
