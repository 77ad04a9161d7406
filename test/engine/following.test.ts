import { expect, test } from 'vitest';
import { z } from 'zod';
import { change } from '../../src/actions/action.ts';
import type { RunNews } from '../../src/actions/afterwards.ts';
import type { Ending } from '../../src/engine/ending.ts';
import { addFollower, takeUpFollowers, tellFollowers, tellFollowersTheEnd } from '../../src/engine/follow.ts';
import { newsOf } from '../../src/engine/run-news.ts';
import { OpsError } from '../../src/errors.ts';
import type { Event } from '../../src/journal/events.ts';
import { useBenches } from './benches.ts';
import { applied, changing, run, succeeded } from './folded.ts';
import { sessionOn, standingClock } from './session-on.ts';

const bench = useBenches();
const options = () => bench('\n  - { id: see, title: See, uses: test.look, with: { name: a } }\n').options;

type Told = { lines: readonly string[]; mark: number };

/** A room that is told of the run; what each call does is scripted, and without a script goes well. */
function room(more: { follow?: boolean; timeline?: boolean } = {}) {
  const news: RunNews[] = [];
  const told: Told[] = [];
  const looked: number[] = [];
  const script: { follow: (OpsError | undefined)[]; add: (OpsError | boolean)[]; holds: (OpsError | boolean)[] } = {
    ...{ follow: [], add: [], holds: [] },
  };
  const action = change({
    ...{ name: 'test.room', summary: 'Open', input: z.strictObject({}), state: z.number() },
    output: z.object({ n: z.number() }),
    plan: async () => ({ before: 0, after: 1, diff: ['+ room'], notes: [], guards: [] }),
    apply: async () => ({ n: 1 }),
    observe: async () => 'after' as const,
    summarise: () => ({ headline: 'open', detail: [] }),
    ...(more.follow !== false && {
      async follow(_output, now) {
        news.push(now);
        const error = script.follow.shift();
        if (error !== undefined) throw error;
      },
    }),
    ...(more.timeline !== false && {
      timeline: {
        async add(_output, { lines, mark }) {
          told.push({ lines, mark });
          const next = script.add.shift() ?? true;
          if (typeof next !== 'boolean') throw next;
          return next;
        },
        async holds(_output, mark) {
          looked.push(mark);
          const next = script.holds.shift() ?? true;
          if (typeof next !== 'boolean') throw next;
          return next;
        },
      },
    }),
  });
  return { action, news, told, looked, script };
}

const open = changing('room', [applied('room'), succeeded('room')], { uses: 'test.room' });
const lost = new OpsError('lost-answer', 'silence');
const refused = new OpsError('refused', 'no');
const notSent = new OpsError('not-sent', 'no way');
const well: Ending = { outcome: 'succeeded', exitCode: 0, message: 'the world is as asked' };
const interrupted: Event = { type: 'interrupted', signal: 'SIGINT' };

/** A session whose room is followed from its beginning. */
function following(
  more: Parameters<typeof room>[0] & { speed?: number; before?: Event[]; first?: Parameters<typeof sessionOn>[2] } = {},
) {
  const made = room(more);
  const clock = standingClock(more.speed ?? 1);
  const on = sessionOn(options(), more.before ?? open, { actions: [made.action], clock, ...more.first });
  takeUpFollowers(on.session);
  const round = async () => {
    tellFollowers(on.session);
    await on.session.following;
  };
  const types = () => on.recorded.map(({ type }) => type);
  return { ...made, ...on, clock, round, types };
}

test('a room is told each line once, up to its entry, and nothing where there is nothing new', async () => {
  const { session, told, news, round, recorded } = following();
  await round();
  const lines = ['10:11:12 begun by ada: A test', '10:11:16 done: Title of room (as asked)'];
  expect(told).toEqual([{ lines, mark: 5 }]);
  expect(recorded).toEqual([
    { type: 'follow-up-intended', step: 'room', headline: `A test: run ${run} running`, upTo: 5 },
    { type: 'timeline-told', step: 'room', upTo: 5 },
  ]);
  await round();
  expect(told).toHaveLength(1);
  expect(news).toHaveLength(2);
  expect(recorded.at(-1)).toEqual({ type: 'follow-up-intended', step: 'room', headline: `A test: run ${run} running` });
  const { seq } = await session.record(interrupted);
  await round();
  expect(told.slice(1)).toEqual([{ lines: ['10:11:20 SIGINT received'], mark: seq }]);
});

test('a room that takes lines, and none of them now, is not sent them again', async () => {
  const { script, told, round, types } = following();
  script.add.push(false);
  await round();
  await round();
  expect(told).toHaveLength(1);
  expect(types()).not.toContain('timeline-told');
});

test('between two rounds a second passes and a bit; after each that failed twice as long, up to half a minute', async () => {
  for (const speed of [1, 10]) {
    const { script, clock, round } = following({ speed, timeline: false });
    script.follow.push(...Array.from({ length: 6 }, () => lost));
    for (let index = 0; index < 8; index += 1) await round();
    const waits = [2_400, 4_800, 9_600, 19_200, 30_000, 30_000, 1_200, 1_200];
    expect(clock.slept).toEqual(waits.map((ms) => ms * speed));
    expect(clock.boxes.every((ms) => ms === 5_000)).toBe(true);
  }
});

test('rounds that are asked for while one waits for its turn are one; a dry run, and a run without followers, have none', async () => {
  const { session, news } = following({ timeline: false });
  for (let index = 0; index < 3; index += 1) tellFollowers(session);
  await session.following;
  expect(news).toHaveLength(1);
  const dry = following({ timeline: false, first: { first: { mode: 'dry-run' } } });
  await dry.round();
  expect([dry.news, dry.clock.slept]).toEqual([[], []]);
  const alone = following({ before: [] });
  await alone.round();
  expect(alone.clock.slept).toEqual([]);
});

test('once the run has come to its end no round begins, and none waits', async () => {
  const { session, news, clock, round } = following({ timeline: false });
  session.hurry.abort();
  await round();
  expect(news).toEqual([]);
  expect(clock.slept).toEqual([]);
});

test.each([
  ['is there', true, 1, 'timeline-told'],
  ['is not there', false, 2, undefined],
  ['nobody may look at', new OpsError('credentials', 'may not look'), 1, 'timeline-told'],
] as const)(
  'a message whose answer was lost is looked for before its lines are sent again: one that %s',
  async (_what, holds, sent, next) => {
    const { script, told, looked, round, recorded, session } = following({ follow: false });
    script.add.push(lost);
    script.holds.push(holds);
    await round();
    expect(recorded.at(-1)).toMatchObject({ type: 'follow-up-failed', step: 'room', error: { code: 'lost-answer' } });
    expect(looked).toEqual([]);
    const before = recorded.length;
    await round();
    expect(looked).toEqual([5]);
    expect(told).toHaveLength(sent);
    if (next !== undefined) expect(recorded[before]).toEqual({ type: next, step: 'room', upTo: 5 });
    // That is settled now: no third look, and what is new goes out alone.
    await session.record(interrupted);
    await round();
    expect(looked).toEqual([5]);
    expect(told.at(-1)?.lines).toHaveLength(1);
  },
);

test('a message that nobody can look for now is looked for in the next round', async () => {
  const { script, told, looked, round } = following({ follow: false });
  script.add.push(lost);
  script.holds.push(lost, true);
  for (let index = 0; index < 3; index += 1) await round();
  expect(looked).toEqual([5, 5]);
  expect(told).toHaveLength(1);
});

test('of a message that is there, lines that came later are still to be told', async () => {
  const { script, told, round, session } = following({ follow: false });
  script.add.push(lost);
  await round();
  const { seq } = await session.record(interrupted);
  await round();
  expect(told[1]).toMatchObject({ mark: seq, lines: [expect.stringMatching(/SIGINT received$/)] });
});

test('a message that was surely not taken is sent again, and not looked for', async () => {
  for (const error of [refused, notSent]) {
    const { script, told, looked, round } = following({ follow: false });
    script.add.push(error);
    await round();
    await round();
    expect(told.map(({ mark }) => mark)).toEqual([5, 5]);
    expect(looked).toEqual([]);
  }
});

test('a status message that is refused does not keep the lines from the room; silence does', async () => {
  for (const [error, sent] of [
    [refused, 1],
    [lost, 0],
  ] as const) {
    const { script, told, round, types } = following();
    script.follow.push(error);
    await round();
    expect(told).toHaveLength(sent);
    expect(types().filter((type) => type === 'follow-up-failed')).toHaveLength(1);
  }
});

test('the next drive goes on behind what was told, and looks for what was only sent', async () => {
  const sentUpTo = (upTo: number): Event => ({ type: 'follow-up-intended', step: 'room', headline: 'h', upTo });
  const toldUpTo = (upTo: number): Event => ({ type: 'timeline-told', step: 'room', upTo });
  for (const [events, looks, lines] of [
    [[], [], 2],
    [[sentUpTo(1), toldUpTo(1)], [], 1],
    [[sentUpTo(5), toldUpTo(5)], [], 0],
    [[sentUpTo(1), toldUpTo(1), sentUpTo(5)], [5], 0],
  ] as const) {
    const { told, looked, round } = following({ before: [...open, ...events] });
    await round();
    expect(looked).toEqual(looks);
    expect(told.flatMap((one) => one.lines)).toHaveLength(lines);
  }
});

test('what is followed is what was surely made and has an output, by an action that tells', () => {
  const followersOf = (before: Event[], made = room()) => {
    const { session } = sessionOn(options(), before, { actions: [made.action] });
    takeUpFollowers(session);
    return [...session.followers.keys()];
  };
  const doubt: Event = { type: 'change-doubted', step: 'room', error: { code: 'lost-answer', message: 'silence' } };
  const uses = { uses: 'test.room' };
  expect(followersOf(open)).toEqual(['room']);
  expect(followersOf(open, room({ follow: false }))).toEqual(['room']);
  expect(followersOf(open, room({ timeline: false }))).toEqual(['room']);
  expect(followersOf(open, room({ follow: false, timeline: false }))).toEqual([]);
  expect(followersOf(changing('room', [doubt], uses))).toEqual([]);
  expect(followersOf(changing('room', [{ ...applied('room'), output: null } as Event], uses))).toEqual([]);
  expect(followersOf(changing('room', [applied('room')], { uses: 'test.look' }))).toEqual([]);
  expect(followersOf(changing('room', [applied('room')], { uses: 'test.gone' }))).toEqual([]);
});

test('the end is told at once, with the last line; what was refused is told once more, after a pause', async () => {
  for (const [answers, sent, pauses] of [
    [[], 1, []],
    [[refused], 2, [12_000]],
    [[refused, refused], 2, [12_000]],
    [[lost], 1, []],
  ] as const) {
    const { session, script, told, clock } = following({ follow: false, speed: 10 });
    script.add.push(...answers);
    await tellFollowersTheEnd(session, well);
    expect(told).toHaveLength(sent);
    expect(clock.slept).toEqual(pauses);
    expect(told[0]?.lines.at(-1)).toBe('SUCCEEDED: the world is as asked');
    expect(told[0]?.mark).toBe(6);
    expect(session.hurry.signal.aborted).toBe(true);
  }
});

test('the end is told after the round that is under way', async () => {
  const { session, told } = following({ follow: false });
  let isOver = false;
  session.following = new Promise((resolve) =>
    setTimeout(() => {
      isOver = true;
      expect(told).toEqual([]);
      resolve();
    }, 20),
  );
  await tellFollowersTheEnd(session, well);
  expect([isOver, told.length]).toEqual([true, 1]);
});

test('where nobody is told of the run, its end waits for nothing', async () => {
  const { session, recorded, clock } = following({ before: [] });
  await tellFollowersTheEnd(session, well);
  expect([recorded, clock.slept]).toEqual([[], []]);
});

test('a message holds the newest lines, and says how many came before and where they are', async () => {
  // With its time and its end a line has 30 characters: a hundred are 3,000.
  const text = 'w'.repeat(29 - '10:11:12 undoing: '.length);
  const line: Event = { type: 'rollback-started', why: text, cause: 'failed' };
  for (const [lines, shown, first] of [
    [97, 97, '10:11:12 begun by ada: A test'],
    [100, 100, `(2 earlier lines: resend-ops audit show ${run})`],
    [101, 100, `(3 earlier lines: resend-ops audit show ${run})`],
  ] as const) {
    const { told, round } = following({ before: [...open, ...Array<Event>(lines).fill(line)], follow: false });
    await round();
    expect(told[0]?.lines[0]).toBe(first);
    expect(told[0]?.lines.filter((one) => one.endsWith(text))).toHaveLength(shown);
  }
});

test('a rehearsal says so before all else', async () => {
  const { told, news, round, session } = following({ first: { first: { mode: 'rehearsal' } } });
  await round();
  expect(told[0]?.lines[0]).toBe('REHEARSAL');
  expect(news[0]?.headline).toBe(`REHEARSAL: A test: run ${run} running`);
  expect(newsOf(session, well).headline).toBe(`REHEARSAL: SUCCEEDED: A test, run ${run}`);
});

test('so does a run in a simulated environment', async () => {
  const { session } = following();
  for (const simulated of [true, undefined]) {
    const environment = { ...session.material.environment, ...(simulated && { simulated }) };
    const news = newsOf({ ...session, material: { ...session.material, environment } });
    expect(news.headline).toBe(`${simulated ? 'REHEARSAL: ' : ''}A test: run ${run} running`);
  }
});

test('of several that are told of the end, one that has refused is enough to tell once more', async () => {
  for (const answers of [
    [refused, lost],
    [lost, refused],
  ]) {
    const both = [...open, ...changing('other', [applied('other'), succeeded('other')], { uses: 'test.room' })];
    const { session, script, clock } = following({ before: both, follow: false });
    script.add.push(...answers);
    await tellFollowersTheEnd(session, well);
    expect(clock.slept).toEqual([1_200]);
  }
});

test('no news goes out without a log, and a log that refuses it ends the round', async () => {
  const failure = { error: new OpsError('audit', 'no space'), head: { seq: 1, hash: 'h' } };
  const silent = following({ first: { lease: { failure: () => failure } } });
  await silent.round();
  expect([silent.news, silent.told, silent.recorded]).toEqual([[], [], []]);
  const refusing = following({ first: { lease: { append: () => Promise.reject(failure.error) } } });
  await refusing.round();
  expect([refusing.news, refusing.clock.slept]).toEqual([[], []]);
  await expect(tellFollowersTheEnd(refusing.session, well)).rejects.toMatchObject({ code: 'audit' });
});

test('news has the weightiest first: of a run that goes on its clocks and steps, of its end what it came to', () => {
  const go: Event = { type: 'go-given', step: 'room' };
  const switched: Event = { type: 'milestone-reached', step: 'room', milestone: 'switched' };
  const begun: Event = { type: 'step-started', step: 'two', title: 'Two', uses: 'test.look' };
  const clocks = 'go at 2026-12-01T10:11:17.000Z; switched after 1.0 s; recovered not yet';
  const steps = ['succeeded: Title of room (as asked)', 'running: Two'];
  const { session } = following({ before: [...open, go, switched, begun] });
  const head = 'audit log head 8:hash-8';
  expect(newsOf(session)).toEqual({
    headline: `A test: run ${run} running`,
    lines: [clocks, ...steps, head],
    ended: false,
  });
  expect(newsOf(session, well)).toEqual({
    headline: `SUCCEEDED: A test, run ${run}`,
    lines: [well.message, clocks, `next: resend-ops status ${run}`, head, ...steps],
    ended: true,
  });
  const attention: Ending = { outcome: 'needs-attention', exitCode: 3, message: 'left: room' };
  expect(newsOf(session, attention).headline).toBe(`NEEDS ATTENTION: A test, run ${run}`);
  expect(newsOf(session, { ...well, outcome: 'rolled-back' }).headline).toBe(`ROLLED BACK: A test, run ${run}`);
});

test('news of the end has what is left open, how to go on with it, and what the run recommends', () => {
  const notice = change({
    ...{ name: 'test.notice', summary: 'Say', input: z.strictObject({}), state: z.number() },
    output: z.object({ n: z.number() }),
    plan: async () => ({ before: 0, after: 1, diff: [], notes: [], guards: [] }),
    apply: async () => ({ n: 1 }),
    observe: async () => 'after' as const,
    leavesOpen: () => ({
      ...{ id: 'n1', to: 'customers', what: 'notice', state: 'investigating', isClosed: false },
      commands: [{ command: 'notice close', why: 'once all is well' }],
    }),
    summarise: () => ({ headline: 'said', detail: [] }),
  });
  const events = [
    ...changing('tell', [applied('tell'), succeeded('tell', 'resend-ops failover')], { uses: 'test.notice' }),
  ];
  const { session } = sessionOn(options(), events, { actions: [notice] });
  expect(newsOf(session, well).lines).toEqual([
    well.message,
    'open to customers: notice (investigating)',
    'next: resend-ops notice close  (once all is well)',
    'next: resend-ops failover',
    'audit log head 5:hash-5',
    'succeeded: Title of tell (as asked)',
  ]);
});

test('what a step makes while the run goes on is followed from its first line', async () => {
  const { action, told } = room({ follow: false });
  const { session } = sessionOn(options(), open, { actions: [action] });
  addFollower(session, 'room', 'test.room', { n: 1 });
  tellFollowers(session);
  await session.following;
  expect(told.map(({ lines }) => lines.length)).toEqual([2]);
});
