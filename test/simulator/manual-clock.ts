import type { Clock } from '../../src/world/clock.ts';

/** A clock that moves only when told to; sleepers wake in order of time. */
export type ManualClock = Clock & { advance(ms: number): void };

/** Makes a manual clock that stands at the start of 2026. */
export function createManualClock(): ManualClock {
  let nowMs = Date.UTC(2026, 0, 1);
  let sleepers: { atMs: number; wake: () => void }[] = [];
  return {
    speed: 1,
    now: () => nowMs,
    timeOfDay: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        sleepers.push({ atMs: nowMs + ms, wake: resolve });
      }),
    timeBox: () => ({ signal: new AbortController().signal, cancel: () => undefined }),
    advance: (ms) => {
      nowMs += ms;
      const due = sleepers.filter(({ atMs }) => atMs <= nowMs).sort((left, right) => left.atMs - right.atMs);
      sleepers = sleepers.filter(({ atMs }) => atMs > nowMs);
      for (const { wake } of due) wake();
    },
  };
}
