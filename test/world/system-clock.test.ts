import { describe, expect, it } from 'vitest';
import { createClock } from '../../src/world/system-clock.ts';

describe('the clock', () => {
  it('starts at the system’s time and never goes back', async () => {
    const clock = createClock({ speed: 1 });
    const before = Date.now();
    const first = clock.now();
    expect(Math.abs(first - before)).toBeLessThan(1_000);
    await clock.sleep(5);
    expect(clock.now()).toBeGreaterThan(first);
    expect(Number.isInteger(clock.now())).toBe(true);
  });

  it('passes as many seconds in one as its speed says', async () => {
    const clock = createClock({ speed: 1_000 });
    const started = clock.now();
    await clock.sleep(20_000);
    const passed = clock.now() - started;
    expect(passed).toBeGreaterThanOrEqual(18_000);
    expect(clock.speed).toBe(1_000);
  });

  it('wakes a sleeper with the reason of its signal, before or during the sleep', async () => {
    const clock = createClock({ speed: 1 });
    const reason = new Error('stopped');
    await expect(clock.sleep(3_600_000, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const sleeping = clock.sleep(3_600_000, controller.signal);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
  });

  it('sleeps longer than one timer can', async () => {
    const clock = createClock({ speed: 1 });
    const controller = new AbortController();
    const sleeping = clock.sleep(2 ** 40, controller.signal).then(
      () => 'woke',
      () => 'still asleep when stopped',
    );
    await clock.sleep(20);
    controller.abort();
    expect(await sleeping).toBe('still asleep when stopped');
  });

  it('ends a time box with a timeout, and not once it is cancelled', async () => {
    const clock = createClock({ speed: 1 });
    const cancelled = clock.timeBox(5);
    const box = clock.timeBox(10);
    cancelled.cancel();
    await new Promise((resolve) => box.signal.addEventListener('abort', resolve));
    expect(box.signal.reason).toMatchObject({ code: 'timeout' });
    expect(cancelled.signal.aborted).toBe(false);
  });

  it('does not let compressed time shorten a time box below what sockets need', async () => {
    const clock = createClock({ speed: 10_000 });
    const box = clock.timeBox(10_000);
    await clock.sleep(100_000);
    expect(box.signal.aborted).toBe(false);
    box.cancel();
  });

  it('stands still while the process does, so that a stall is nobody’s silence', async () => {
    const clock = createClock({ speed: 20 });
    await clock.sleep(1_000);
    const [started, startedAt] = [clock.now(), Date.now()];
    const slept = clock.sleep(10_000).then(() => Date.now() - startedAt);
    const stalledUntil = performance.now() + 600;
    while (performance.now() < stalledUntil);
    expect(clock.now() - started).toBeLessThan(2_000);
    expect(await slept).toBeGreaterThan(1_000);
    expect(clock.at(startedAt) - started).toBeLessThan(200);
    expect(Math.abs(clock.at(Date.now()) - clock.now())).toBeLessThan(200);
  });

  it('refuses a speed that is none', () => {
    for (const speed of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => createClock({ speed })).toThrow(expect.objectContaining({ code: 'usage' }));
    }
  });
});
