import type { ChangeAction } from '../actions/action.ts';
import { OpsError } from '../errors.ts';
import type { ActionStep } from '../runbook/runbook.ts';
import type { Clock } from '../world/clock.ts';

/** Time box of each part of a change (plan, apply) that names none. */
const defaultChangeMs = 30_000;

/** The time box of each part of a change; none where it waits for a person. */
export function timeoutOf(step: Pick<ActionStep, 'timeoutMs'>, action: ChangeAction): number | undefined {
  return step.timeoutMs ?? (action.attended === true ? undefined : defaultChangeMs);
}

/** How long an action that ignores its abort signal is waited for after the signal; then it counts as timed out. */
const graceMs = 2_000;

/**
 * Runs `work` under a time box. The signal it gets aborts at the end of the box, or with `also`. Work that throws its own
 * expected error keeps it; work that was cut short is `timeout` (or the reason of `also`).
 */
export async function inTimeBox<T>(
  clock: Clock,
  timeoutMs: number | undefined,
  also: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const box = timeoutMs === undefined ? undefined : clock.timeBox(timeoutMs);
  const signal = AbortSignal.any(box === undefined ? [...also] : [box.signal, ...also]);
  if (signal.aborted) {
    box?.cancel();
    throw reasonOf(signal, box?.signal, timeoutMs);
  }
  let grace: { signal: AbortSignal; cancel(): void } | undefined;
  let beginGrace = () => {};
  const cut = new Promise<never>((_, reject) => {
    beginGrace = () => {
      grace = clock.timeBox(graceMs);
      grace.signal.addEventListener('abort', () => reject(reasonOf(signal, box?.signal, timeoutMs)), { once: true });
    };
    signal.addEventListener('abort', beginGrace, { once: true });
  });
  try {
    return await Promise.race([work(signal), cut]);
  } catch (error) {
    if (signal.aborted && !(error instanceof OpsError && error.code !== 'aborted'))
      throw reasonOf(signal, box?.signal, timeoutMs);
    throw error;
  } finally {
    // Work that is done has nothing to be waited for: a stop later on must not keep the process alive for it.
    signal.removeEventListener('abort', beginGrace);
    box?.cancel();
    grace?.cancel();
  }
}

function reasonOf(signal: AbortSignal, box: AbortSignal | undefined, timeoutMs: number | undefined): OpsError {
  if (box?.aborted === true) {
    return new OpsError('timeout', `not done within ${(timeoutMs ?? 0) / 1000} s`, {
      hint: 'the step’s `timeout` sets this time box',
    });
  }
  return signal.reason instanceof OpsError ? signal.reason : new OpsError('aborted', 'stopped');
}
