import { OpsError } from '../errors.ts';
import type { Clock } from './clock.ts';

/** The longest delay that a timer of the runtime takes (a longer one fires at once). */
const longestTimerMs = 2 ** 31 - 1;

/** Time boxes never shrink below this many real milliseconds, however fast the clock runs. */
const leastBoxMs = 3_000;

/**
 * The system's clock, `speed` times as fast. `now` starts at the system's time and then never jumps: it follows the
 * monotonic clock, so that a time correction in the middle of a run does not bend a measurement. A pending `sleep`
 * and a time box that is not cancelled keep the process alive. A time box aborts with `timeout`.
 */
export function createClock({ speed }: { speed: number }): Clock {
  if (!(speed > 0) || !Number.isFinite(speed)) {
    throw new OpsError('usage', `a clock cannot run at speed ${speed}`, { hint: 'give a number above 0, e.g. 10' });
  }
  const origin = Date.now();
  const started = performance.now();
  const now = () => Math.floor(origin + (performance.now() - started) * speed);

  return {
    speed,
    now,
    sleep: (ms, signal) => sleepReal(ms / speed, signal),
    timeBox(ms) {
      const controller = new AbortController();
      const timer = setTimeout(
        () => controller.abort(new OpsError('timeout', `not done within ${ms / 1_000} s`)),
        Math.min(Math.max(ms / speed, Math.min(ms, leastBoxMs)), longestTimerMs),
      );
      return { signal: controller.signal, cancel: () => clearTimeout(timer) };
    },
  };
}

function sleepReal(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = ms;
    let timer: NodeJS.Timeout | undefined;
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const next = () => {
      if (left <= 0) {
        signal?.removeEventListener('abort', abort);
        resolve();
        return;
      }
      const part = Math.min(left, longestTimerMs);
      left -= part;
      timer = setTimeout(next, part);
    };
    if (signal?.aborted === true) {
      abort();
      return;
    }
    signal?.addEventListener('abort', abort, { once: true });
    next();
  });
}
