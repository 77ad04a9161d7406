import { expect, test } from 'vitest';
import { requestStop, type Session, safePoint } from '../../src/engine/session.ts';
import { OpsError } from '../../src/errors.ts';
import type { Entry, Event } from '../../src/journal/events.ts';
import { useBenches } from './benches.ts';
import { applied, changing, entriesOf, error, run, succeeded } from './folded.ts';
import { sessionOn } from './session-on.ts';

const bench = useBenches();
const steps = '\n  - { id: see, title: See, uses: test.look, with: { name: a } }\n';
const waiting: Event[] = [
  { type: 'step-started', step: 'one', title: 'One', uses: 'test.set' },
  { type: 'approval-requested', step: 'one', digest: 'd', count: 1, from: ['bob'], withinMs: 60_000 },
];
const approval: Event = { type: 'approval-given', step: 'one', digest: 'd', how: 'command' };
const refusal: Event = {
  ...{ type: 'approval-refused', step: 'one', digest: 'd', by: 'eve', why: 'stranger', message: 'no' },
} as const;
const comment: Event = { type: 'commented', text: 'hello' };
const cancel: Event = { type: 'cancel-requested', text: 'stop' };

/** A session that waits, and a log in which others have said something behind the three entries that it knows. */
function listening(said: readonly Event[] = [], more: { headAt?: number; epoch?: number } = {}) {
  const { options } = bench(steps);
  const { session, recorded } = sessionOn(options, waiting);
  const log = entriesOf([...waiting, ...said]).map((entry, index) =>
    index > waiting.length ? { ...entry, epoch: more.epoch ?? 0, actor: { user: 'bob', host: 'elsewhere' } } : entry,
  );
  const reads: (number | undefined)[] = [];
  const heard: Entry[] = [];
  const newest = log.at(-1);
  const store: typeof options.store = {
    ...options.store,
    async head() {
      if (log.length <= 3 && more.headAt === undefined) return undefined;
      return { origin: 'o', seq: more.headAt ?? newest?.seq ?? 0, hash: newest?.hash ?? '' };
    },
    async read(_run, from = 0) {
      reads.push(from);
      return log.filter(({ seq }) => seq >= from);
    },
  };
  const drive = { ...session.drive, store, subscribe: (entry: Entry) => void heard.push(entry) };
  const on: Session = Object.assign(session, { drive });
  return { session: on, recorded, reads, heard };
}

test('what others say of approvals becomes part of the run at its next safe point, once', async () => {
  for (const event of [approval, refusal]) {
    const { session, reads, heard } = listening([event]);
    expect(await safePoint(session)).toBeNull();
    expect(heard.map(({ type }) => type)).toEqual([event.type]);
    expect(session.timeline.at(-1)).toMatchObject({ seq: 4 });
    expect(session.heard).toMatchObject({ seq: 4, hash: 'hash-4' });
    expect(await safePoint(session)).toBeNull();
    expect([heard.length, reads]).toEqual([1, [3]]);
  }
  const { session } = listening([approval]);
  await safePoint(session);
  expect(session.state.steps.get('one')?.approval?.given).toMatchObject([{ by: 'bob', digest: 'd' }]);
});

test('what others say besides is for readers of the log, and so is what the run has written itself', async () => {
  for (const [said, epoch] of [
    [comment, 0],
    [approval, 1],
  ] as const) {
    const { session, heard, recorded } = listening([said], { epoch });
    expect(await safePoint(session)).toBeNull();
    expect([heard, recorded]).toEqual([[], []]);
    expect(session.heard.seq).toBe(4);
  }
});

test('a log in which nothing is new is not read', async () => {
  const { session, reads } = listening();
  await safePoint(session);
  expect(reads).toEqual([]);
  // Its own newest entry, too.
  session.heard = { seq: 4, hash: 'hash-4' };
  const grown = listening([comment]);
  grown.session.heard = { seq: 4, hash: 'hash-4' };
  await safePoint(grown.session);
  expect(grown.reads).toEqual([]);
});

test('an entry that stands in the place of one which was known is heard', async () => {
  const { session, heard } = listening([approval]);
  session.heard = { seq: 4, hash: 'of one that failed' };
  await safePoint(session);
  expect(heard.map(({ seq }) => seq)).toEqual([4]);
});

test('a cancel stops the run, to be rolled back, and ends its reads', async () => {
  const { session, recorded } = listening([comment, cancel]);
  expect(await safePoint(session)).toBe('rollback');
  expect(recorded).toEqual([{ type: 'decided', choice: 'rollback', by: 'policy', cause: 'stopped' }]);
  expect(session.reads.signal.reason).toMatchObject({ code: 'aborted', message: 'stopped by the operator' });
  expect(session.state.rollbackCause).toBe('stopped');
});

test('a run that stops hears nothing more; the first word counts', async () => {
  const { session, reads } = listening([cancel]);
  requestStop(session, 'leave');
  requestStop(session, 'rollback');
  expect(await safePoint(session)).toBe('leave');
  expect(reads).toEqual([]);
});

test('a question that stands open is waited for', async () => {
  const { session } = listening();
  session.asking = new Promise((resolve) =>
    setImmediate(() => {
      session.stop = 'declined';
      resolve();
    }),
  );
  expect(await safePoint(session)).toBe('declined');
});

test('reads that the log has ended end the run at its next safe point', async () => {
  const { session } = listening();
  const full = new OpsError('audit', 'no space');
  session.reads.abort(full);
  await expect(safePoint(session)).rejects.toBe(full);
});

test('a log that fails ends the reads of all steps; any other trouble is that of who wrote', async () => {
  for (const [code, ends] of [
    ['audit', true],
    ['fenced', true],
    ['busy', false],
  ] as const) {
    const append = () => Promise.reject(new OpsError(code, 'no'));
    const { session } = sessionOn(bench(steps).options, [], { lease: { append } });
    await expect(session.record(comment)).rejects.toMatchObject({ code });
    expect(session.reads.signal.aborted).toBe(ends);
  }
});

test('entries are written one at a time, in order, and known once they are written', async () => {
  const { session, recorded } = sessionOn(bench(steps).options, []);
  const texts = ['a', 'b', 'c'];
  const entries = await Promise.all(texts.map((text) => session.record({ type: 'commented', text })));
  expect(entries.map(({ seq }) => seq)).toEqual([2, 3, 4]);
  expect(recorded).toEqual(texts.map((text) => ({ type: 'commented', text })));
  expect(session.heard).toMatchObject({ seq: 4, hash: 'hash-4' });
  expect(session.state.lastSeq).toBe(4);
  await session.recordEnd({ type: 'run-ended', outcome: 'failed', exitCode: 1, message: 'm', left: [] });
  expect(session.state.phase).toBe('ended');
});

const intent = changing('two').slice(1)[0] as Event;
const step = 'two';
const fact: Event = { type: 'fact-noted', step, fact: 1 };

test.each([
  [intent, true],
  [fact, true],
  [applied(step), true],
  [{ type: 'change-doubted', step, error }, true],
  [{ type: 'change-not-applied', step, error }, true],
  [{ type: 'change-unresolved', step, error }, true],
  [{ type: 'follow-up-intended', step, headline: 'h' }, true],
  [{ type: 'step-failed', step, error }, true],
  [{ type: 'revert-intended', step }, true],
  [{ type: 'change-reverted', step }, true],
  [{ type: 'change-left-nothing', step }, true],
  [{ type: 'revert-failed', step, error, observed: 'after' }, true],
  [{ type: 'run-suspended', exitCode: 3, message: 'm', left: [] }, true],
  [{ type: 'step-started', step, title: 'Two' }, false],
  [{ type: 'go-given', step }, false],
  [comment, false],
  // A check's result; that of a change which is in the log already, and of a group, is told anew after a crash.
  [succeeded('see'), true],
  [succeeded('made'), false],
  [succeeded('group'), false],
] as [Event, boolean][])('what must not be lost is on the disk before the run goes on: %j', async (event, sync) => {
  const before: Event[] = [
    { type: 'step-started', step: 'see', title: 'See', uses: 'test.look' },
    ...changing('made', [applied('made')]),
    { type: 'step-started', step: 'group', title: 'Group' },
    ...changing(step),
  ];
  const asked: unknown[] = [];
  const [entry] = entriesOf([event]).slice(1);
  if (entry === undefined) throw new Error('there is no entry');
  const append = async (_event: Event, options: unknown) => {
    asked.push(options);
    return entry;
  };
  const { session } = sessionOn(bench(steps).options, before, { lease: { append } });
  await session.record(event);
  session.undoing = true;
  await session.record(comment);
  // While it is undone, an entry that the log does not take is kept elsewhere.
  expect(asked).toEqual([
    { sync, keptIsEnough: false },
    { sync: false, keptIsEnough: true },
  ]);
});

test('the last entry of an undoing may be kept elsewhere, too', async () => {
  for (const undoing of [false, true]) {
    const asked: unknown[] = [];
    const last: Event = { type: 'run-ended', outcome: 'rolled-back', exitCode: 0, message: 'm', left: [] };
    const [, entry] = entriesOf([last]);
    if (entry === undefined) throw new Error('there is no entry');
    const end = async (_event: Event, options: unknown) => {
      asked.push(options);
      return entry;
    };
    const { session } = sessionOn(bench(steps).options, [], { lease: { end } });
    session.undoing = undoing;
    await session.recordEnd(last);
    expect(asked).toEqual([{ keptIsEnough: undoing }]);
  }
});

test('a drive begins with nothing asked, nothing planned and nothing told', () => {
  const { session } = sessionOn(bench(steps).options, []);
  expect(session).toMatchObject({
    ...{ undoing: false, stage: 'steps', stop: null, asking: null, pendingChange: false },
    ...{ failedRounds: 0, followUpQueued: false, heard: { seq: 1 } },
    identity: { id: run, shortId: '1201abcdef', runbook: 'switch', title: 'A test', mode: 'live' },
  });
});
