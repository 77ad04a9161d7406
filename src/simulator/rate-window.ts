/** Counts calls in a window that ends now. */
export type RateWindow = {
  /** Counts a call, unless there were as many as allowed; then says in how many seconds the next may come. */
  take(nowMs: number): { ok: true } | { ok: false; retryAfterSeconds: number };
};

/** A rolling window of `windowMs` (by the rehearsal's clock) that takes `most` calls. */
export function createRateWindow(most: number, windowMs = 60_000): RateWindow {
  let taken: number[] = [];
  return {
    take(nowMs) {
      taken = taken.filter((atMs) => atMs > nowMs - windowMs);
      const [oldest] = taken;
      if (taken.length >= most && oldest !== undefined) {
        return { ok: false, retryAfterSeconds: Math.max(1, Math.ceil((oldest + windowMs - nowMs) / 1_000)) };
      }
      taken.push(nowMs);
      return { ok: true };
    },
  };
}
