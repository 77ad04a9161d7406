import { expect, test } from 'vitest';
import { inTimeBox } from '../../src/engine/time-box.ts';
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
