import { expect, test } from 'vitest';
import { awaitApprovals } from '../../src/engine/await-approvals.ts';
import type { Session } from '../../src/engine/session.ts';
import type { Event } from '../../src/journal/events.ts';
import type { ApprovalRule } from '../../src/runbook/runbook.ts';
import type { Clock } from '../../src/world/clock.ts';
import { type Told, timeOf } from '../journal/support/entries.ts';
import { useBenches } from './benches.ts';
import { sessionOfTold } from './session-on.ts';

const bench = useBenches();

const where = { file: 'test.yaml', line: 1, column: 1 };
const digest = 'abcdef0123456789';
const started: Told = { type: 'step-started', step: 'switch', title: 'Switch', uses: 'test.set' };
const asked = (more: Partial<Extract<Event, { type: 'approval-requested' }>> & { atMs?: number } = {}): Told => ({
  ...{ type: 'approval-requested', step: 'switch', digest, count: 1, from: ['bo', 'cy'], withinMs: 60_000 },
  ...{ atMs: 0, ...more },
});
const said = (user: string, of = digest): Told => ({
  ...{ type: 'approval-given', step: 'switch', digest: of, how: 'command', user, atMs: 1_000 },
});
const given = (by: string, of = digest): Event => ({
  ...{ type: 'approval-given', step: 'switch', digest: of, how: 'reaction', by, account: `U-${by}` },
});
const approved: Told = { type: 'step-approved', step: 'switch', digest, by: ['bo'] };
const driver = (user: string): Told => ({
  ...{ type: 'driver-started', pid: 1, process: 'p', boot: 'b', forced: false, user },
});

type More = {
  told?: Told[];
  rule?: Partial<ApprovalRule>;
  /** The time of day, since the run began. */
  nowMs?: number;
  speed?: number;
  /** What happens while it waits, look after look. */
  meanwhile?: ((session: Session, expire: () => void) => unknown)[];
  isStillSo?: (session: Session) => Promise<boolean>;
  stop?: Session['stop'];
};

/** Waits for one approval by `bo` or `cy`; where nothing else is said, `bo` approves after the first look. */
async function awaited({ told = [], rule = {}, nowMs = 5_000, speed = 1, stop = null, ...more }: More = {}) {
  const made = bench(
    '  - { id: switch, title: Switch, uses: test.set, with: { name: a, value: 1 }, approvals: { from: [bo, cy] } }\n',
  );
  const [step] = made.options.runbook.steps;
  if (step?.kind !== 'action') throw new Error('the step is an action');
  const boxes: number[] = [];
  const looks: number[] = [];
  const progress: string[] = [];
  const expiry = new AbortController();
  const meanwhile = [...(more.meanwhile ?? [(session: Session) => session.record(given('bo'))])];
  const clock: Clock = {
    speed,
    now: () => timeOf(nowMs),
    timeOfDay: () => timeOf(nowMs),
    async sleep(ms, signal) {
      // The rooms wait beside it, until nothing is asked any more.
      if (ms === 2_000) return await new Promise((_, reject) => signal?.addEventListener('abort', reject));
      looks.push(ms);
      if (looks.length > 10) throw new Error('it looks again and again');
      await meanwhile.shift()?.(session, () => expiry.abort());
    },
    timeBox(ms) {
      boxes.push(ms);
      return { signal: expiry.signal, cancel: () => undefined };
    },
  };
  const options = { ...made.options, clock, progress: (_: string, text: string) => void progress.push(text) };
  const { session, recorded } = sessionOfTold(options, [started, ...told]);
  session.stop = stop;
  const from = { kind: 'literal' as const, value: ['bo', 'cy'], where };
  const ending = await awaitApprovals(
    session,
    step,
    { count: 1, withinMs: 60_000, from, ...rule },
    { digest, isStillSo: () => more.isStillSo?.(session) ?? Promise.resolve(true) },
  ).catch((error: unknown) => ({ error }));
  await Promise.all(session.background.values());
  return { ending, recorded, types: recorded.map(({ type }) => type), boxes, looks, progress, session };
}

const isAnew = ({ types }: Awaited<ReturnType<typeof awaited>>) => types.includes('approval-requested');

test.each<[string, More, boolean]>([
  ['nothing was asked', {}, true],
  ['it waits, and a millisecond is left', { told: [asked()], nowMs: 59_999 }, false],
  ['it waits, and no time is left', { told: [asked()], nowMs: 60_000 }, true],
  ['it was asked of another plan', { told: [asked({ digest: 'other' })] }, true],
  ['it was asked of more people', { told: [asked({ count: 2 })] }, true],
  ['it was asked of other people', { told: [asked({ from: ['bo', 'dan'] })] }, true],
  ['it is void', { told: [asked(), { type: 'approvals-voided', step: 'switch', digest, why: 'stopped' }] }, true],
  ['it was approved, and those who did still may', { told: [asked(), said('bo'), approved] }, false],
  [
    'it was approved by who drives now',
    { told: [asked(), said('bo'), approved, driver('bo')], meanwhile: [(session) => session.record(given('cy'))] },
    true,
  ],
  ['it was approved, and is over', { told: [asked(), said('bo'), approved], nowMs: 60_000 }, true],
  ['the clock is compressed, and cannot be compared', { told: [asked()], speed: 20 }, true],
])('a request stands that an earlier drive made, or is made anew: %s', async (_, more, anew) => {
  const made = await awaited(more);
  expect(made.ending).toEqual({ kind: 'approved' });
  expect(isAnew(made)).toBe(anew);
  const by = (more.told ?? []).some(({ type }) => type === 'driver-started') ? ['cy'] : ['bo'];
  expect(made.recorded.at(-1)).toEqual({ type: 'step-approved', step: 'switch', digest, by });
});

test('a request is good for what is left of it, and for no longer than it was made for', async () => {
  expect((await awaited()).boxes).toEqual([60_000]);
  expect((await awaited({ told: [asked()], nowMs: 59_999 })).boxes).toEqual([1]);
  expect((await awaited({ told: [asked()], nowMs: 20_000 })).boxes).toEqual([40_000]);
  // The time of day was set back.
  expect((await awaited({ told: [asked({ atMs: 9_000 })], nowMs: 5_000 })).boxes).toEqual([60_000]);
  expect((await awaited({ rule: { withinMs: 0.5 }, meanwhile: [(_, expire) => expire()] })).boxes).toEqual([1]);
});

test('it looks four times a second of real time, and says how many have approved', async () => {
  const wait = () => undefined;
  const meanwhile = [
    wait,
    (session: Session) => session.record(given('bo')),
    (session: Session) => session.record(given('cy')),
  ];
  const { looks, progress, recorded } = await awaited({ rule: { count: 2 }, meanwhile, speed: 20, nowMs: 0 });
  expect(looks).toEqual([5_000, 5_000, 5_000]);
  expect(progress).toEqual(['0', '0', '1'].map((count) => `waits for approval: ${count} of 2`));
  expect(recorded.at(-1)).toMatchObject({ type: 'step-approved', by: ['bo', 'cy'] });
});

test('no approval is awaited where none is needed, or the run stops already: nothing is asked', async () => {
  const never = { source: 'false', where, stepsRead: [] };
  expect(await awaited({ rule: { when: never } })).toMatchObject({ ending: { kind: 'not-needed' }, types: [] });
  expect(await awaited({ stop: 'rollback' })).toMatchObject({
    ending: { kind: 'stopped', choice: 'rollback' },
    types: [],
  });
});

test('a stop ends the waiting, also where enough have approved meanwhile', async () => {
  const stops = async (session: Session) => {
    await session.record(given('bo'));
    session.stop = 'leave';
  };
  const { ending, recorded } = await awaited({ meanwhile: [stops] });
  expect(ending).toEqual({ kind: 'stopped', choice: 'leave' });
  expect(recorded.at(-1)).toEqual({ type: 'approvals-voided', step: 'switch', digest, why: 'stopped' });
});

test('too few in time: it looks once more as the time is over, and says how many there were', async () => {
  const tooLate = await awaited({
    rule: { count: 2 },
    told: [asked({ count: 2 }), said('cy')],
    meanwhile: [(_, expire) => expire()],
  });
  expect(tooLate.ending).toMatchObject({
    error: {
      code: 'timeout',
      message: 'not approved within 60 s: 1 of 2 approved of plan abcdef012345',
      hint: 'reach one of bo, cy, and run again; nothing was changed by this step',
    },
  });
  expect(tooLate.recorded.at(-1)).toEqual({ type: 'approvals-voided', step: 'switch', digest, why: 'expired' });
  const justInTime = async (session: Session, expire: () => void) => {
    await session.record(given('bo'));
    expire();
  };
  expect(await awaited({ meanwhile: [justInTime] })).toMatchObject({ ending: { kind: 'approved' } });
});

test('a plan that is no longer so voids what was given', async () => {
  const { ending, types, recorded } = await awaited({ isStillSo: async () => false });
  expect(ending).toEqual({ kind: 'plan-changed' });
  expect(recorded.at(-1)).toEqual({ type: 'approvals-voided', step: 'switch', digest, why: 'plan-changed' });
  expect(types).not.toContain('step-approved');
});

test('an approval that is taken back while the world is looked at counts no more', async () => {
  let times = 0;
  const isStillSo = async (session: Session) => {
    times += 1;
    if (times === 1)
      await session.record({ type: 'approval-withdrawn', step: 'switch', digest, by: 'bo', account: 'U-bo' });
    return true;
  };
  const meanwhile = [given('bo'), given('cy')].map((event) => (session: Session) => session.record(event));
  const { recorded } = await awaited({ meanwhile, isStillSo });
  expect(recorded.at(-1)).toMatchObject({ type: 'step-approved', by: ['cy'] });
  expect(times).toBe(2);
});

test('what does not count is refused in the log, once for each person, plan and account', async () => {
  const told = [asked(), said('eve'), said('bo', 'other')];
  const meanwhile = [
    (session: Session) => session.record(given('eve')),
    (session: Session) => session.record(given('bo')),
  ];
  const { recorded } = await awaited({ told, meanwhile });
  const refused = recorded.filter((event) => event.type === 'approval-refused');
  expect(refused).toEqual([
    expect.objectContaining({ step: 'switch', by: 'eve', why: 'stranger', digest }),
    expect.objectContaining({ step: 'switch', by: 'bo', why: 'other-plan', digest: 'other' }),
    expect.objectContaining({ step: 'switch', by: 'eve', why: 'stranger', digest, account: 'U-eve' }),
  ]);
  expect(refused.map((event) => 'account' in event)).toEqual([false, false, true]);
});

test('a pause that fails for another reason than its end is told as the bug it is', async () => {
  const broken = () => Promise.reject(new Error('a broken clock'));
  expect((await awaited({ meanwhile: [broken] })).ending).toMatchObject({ error: { message: 'a broken clock' } });
});
