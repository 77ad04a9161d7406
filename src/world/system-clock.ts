import { OpsError } from '../errors.ts';
import type { Clock } from './clock.ts';

/** The longest delay that a timer of the runtime takes (a longer one fires at once). */
const longestTimerMs = 2 ** 31 - 1;

/** Time boxes never shrink below this many real milliseconds, however fast the clock runs. */
const leastBoxMs = 10_000;

/** How often a fast clock looks whether the process was kept from running. */
const tickMs = 20;

/** A tick that comes later than this many real milliseconds after the one before shows that the process stood still. */
const longestTickMs = 30;

/** A clock that can say what it showed at a time of the system's clock. */
export type SystemClock = Clock & {
  /** What it showed at `systemMs`, milliseconds since the epoch by the system's clock. */
  at(systemMs: number): number;
};

/**
 * The system's clock, `speed` times as fast. `now` starts at the system's time and then never jumps: it follows the
 * monotonic clock, so that a time correction in the middle of a run does not bend a measurement. A pending `sleep`
 * and a time box that is not cancelled keep the process alive. A time box aborts with `timeout`.
 *
 * A clock faster than the system's stands still while the process does (a busy machine, a module being loaded):
 * otherwise a rehearsal at speed 20 would take a stall of 200 ms for 4 s of a provider's silence.
 */
export function createClock({ speed }: { speed: number }): SystemClock {
  if (!(speed > 0) || !Number.isFinite(speed)) {
    throw new OpsError('usage', `a clock cannot run at speed ${speed}`, { hint: 'give a number above 0, e.g. 10' });
  }
  const origin = Date.now();
  const started = performance.now();
  const realMs = () => performance.now() - started;
  const passed = speed > 1 ? runningTime(realMs) : { now: realMs, until: (ms: number) => ms };
  const now = () => Math.floor(origin + passed.now() * speed);

  /** Calls `then` once `ms` of this clock have passed; answers how to call that off. */
  function after(ms: number, then: () => void): () => void {
    const end = passed.now() + ms / speed;
    let timer: NodeJS.Timeout;
    const wait = (leftMs: number) => {
      timer = setTimeout(
        () => {
          const stillMs = end - passed.now();
          // A timer may fire up to a millisecond early.
          if (stillMs > 1) wait(stillMs);
          else then();
        },
        Math.min(leftMs, longestTimerMs),
      );
    };
    wait(ms / speed);
    return () => clearTimeout(timer);
  }

  return {
    speed,
    now,
    timeOfDay: () => Date.now(),
    at: (systemMs) => Math.floor(origin + passed.until(systemMs - origin) * speed),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(signal.reason);
          return;
        }
        // A timer takes a millisecond at least. What comes in meanwhile still gets its turn.
        if (ms <= 0) {
          setImmediate(resolve);
          return;
        }
        const abort = () => {
          cancel();
          reject(signal?.reason);
        };
        const cancel = after(ms, () => {
          signal?.removeEventListener('abort', abort);
          resolve();
        });
        signal?.addEventListener('abort', abort, { once: true });
      }),
    timeBox(ms) {
      const controller = new AbortController();
      const cancel = after(Math.max(ms, Math.min(ms, leastBoxMs) * speed), () =>
        controller.abort(new OpsError('timeout', `not done within ${ms / 1_000} s`)),
      );
      return { signal: controller.signal, cancel };
    },
  };
}

/**
 * Of the real time that `realMs` tells, what went by while this process ran: milliseconds without those of stalls.
 * `until` says how much that was at an earlier time.
 */
function runningTime(realMs: () => number): { now(): number; until(realMs: number): number } {
  /** When each stall ended, in real time, and how much was lost up to then. */
  const stalls: { endedMs: number; lostMs: number }[] = [];
  let lostMs = 0;
  let lastMs = realMs();
  const now = () => {
    const real = realMs();
    if (real - lastMs > longestTickMs) {
      lostMs += real - lastMs - tickMs;
      stalls.push({ endedMs: real, lostMs });
    }
    lastMs = real;
    return real - lostMs;
  };
  setInterval(now, tickMs).unref();
  return { now, until: (ms) => ms - (stalls.findLast(({ endedMs }) => endedMs <= ms)?.lostMs ?? 0) };
}
