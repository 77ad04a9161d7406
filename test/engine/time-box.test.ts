import { expect, test } from 'vitest';
import { z } from 'zod';
import { change } from '../../src/actions/action.ts';
import { inTimeBox, timeoutOf } from '../../src/engine/time-box.ts';
import { OpsError } from '../../src/errors.ts';
import type { Clock } from '../../src/world/clock.ts';
import { createClock } from '../../src/world/system-clock.ts';

test('a stop after the work is done begins no time box that keeps the process alive', async () => {
  const clock = createClock({ speed: 1 });
  const boxes: number[] = [];
  const counted = {
    ...clock,
    timeBox(ms: number) {
      boxes.push(ms);
      return clock.timeBox(ms);
    },
  };
  const stop = new AbortController();
  const signals: AbortSignal[] = [];
  const done = await inTimeBox(counted, 5_000, [stop.signal], async (signal) => {
    signals.push(signal);
    return 'done';
  });
  stop.abort();
  expect([done, boxes, signals[0]?.aborted]).toEqual(['done', [5_000], true]);
});

/** A clock whose time boxes end when they are told to. */
function boxesByHand() {
  const boxes: { ms: number; end: () => void; isCancelled: boolean }[] = [];
  const clock: Clock = {
    ...createClock({ speed: 1 }),
    timeBox(ms) {
      const controller = new AbortController();
      const box = { ms, end: () => controller.abort(), isCancelled: false };
      boxes.push(box);
      return {
        signal: controller.signal,
        cancel() {
          box.isCancelled = true;
        },
      };
    },
  };
  return { clock, boxes };
}

const ignoring = () => new Promise<never>(() => undefined);

test('work that ignores the end of its box has two seconds more, and is then given up', async () => {
  const { clock, boxes } = boxesByHand();
  const done = inTimeBox(clock, 5_000, [], ignoring);
  expect(boxes.map(({ ms }) => ms)).toEqual([5_000]);
  boxes[0]?.end();
  expect(boxes.map(({ ms }) => ms)).toEqual([5_000, 2_000]);
  boxes[1]?.end();
  await expect(done).rejects.toMatchObject({ code: 'timeout', message: 'not done within 5 s' });
  expect(boxes.every(({ isCancelled }) => isCancelled)).toBe(true);
});

test('work that ends within the two seconds has ended well', async () => {
  const { clock, boxes } = boxesByHand();
  let finish: (value: string) => void = () => undefined;
  const work = () => new Promise<string>((resolve) => (finish = resolve));
  const done = inTimeBox(clock, 5_000, [], work);
  boxes[0]?.end();
  finish('done');
  expect(await done).toBe('done');
  expect(boxes.map(({ isCancelled }) => isCancelled)).toEqual([true, true]);
});

test('without a box there is none, and a stop is told by its own reason', async () => {
  const { clock, boxes } = boxesByHand();
  for (const [reason, told] of [
    [new OpsError('aborted', 'the run ends'), { code: 'aborted', message: 'the run ends' }],
    [new OpsError('audit', 'no space'), { code: 'audit', message: 'no space' }],
    [new Error('other'), { code: 'aborted', message: 'stopped' }],
  ] as const) {
    const stop = new AbortController();
    const cut = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('socket hang up'))));
    const done = inTimeBox(clock, undefined, [stop.signal], cut);
    stop.abort(reason);
    await expect(done).rejects.toMatchObject(told);
  }
  // Only the grace of each.
  expect(boxes.map(({ ms }) => ms)).toEqual([2_000, 2_000, 2_000]);
});

test('work that must not begin takes its box back', async () => {
  const { clock, boxes } = boxesByHand();
  let hasBegun = false;
  const work = async () => {
    hasBegun = true;
  };
  const stopped = AbortSignal.abort(new OpsError('aborted', 'the run ends'));
  await expect(inTimeBox(clock, 5_000, [stopped], work)).rejects.toMatchObject({ message: 'the run ends' });
  expect([hasBegun, boxes.map(({ isCancelled }) => isCancelled)]).toEqual([false, [true]]);
});

test('a change has its step’s time box, or half a minute; where it waits for a person, none of its own', () => {
  const action = change({
    ...{ name: 'test.do', summary: 'Do', input: z.json(), state: z.json(), output: z.json() },
    plan: async () => ({ before: 0, after: 1, diff: [], notes: [], guards: [] }),
    apply: async () => null,
    observe: async () => 'after' as const,
    summarise: () => ({ headline: 'done', detail: [] }),
  });
  if (action.kind !== 'change') throw new Error('it is a change');
  const attended = { ...action, attended: true as const };
  expect(timeoutOf({}, action)).toBe(30_000);
  expect(timeoutOf({ timeoutMs: 7 }, action)).toBe(7);
  expect(timeoutOf({}, attended)).toBeUndefined();
  expect(timeoutOf({ timeoutMs: 7 }, attended)).toBe(7);
});
