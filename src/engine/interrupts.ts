import { OpsError } from '../errors.ts';

/** Signals on their way from the process to the run. */
export type Interrupts = {
  /** Called by the process's signal handlers, and by nothing else. */
  raise(signal: string): void;
  /** Listens until the returned function is called. */
  subscribe(listener: (signal: string) => void): () => void;
  /** Aborted by the first signal that asks to stop: it ends the questions and looks that come before a run. */
  readonly stopAsked: AbortSignal;
};

/** Nobody reads the output any more. It is noted and stops nothing: the log holds what the output would have shown. */
export const readerGone = 'SIGPIPE';

/** Creates a channel for signals. A signal raised while nobody listens is kept for the next listener. */
export function createInterrupts(): Interrupts {
  const listeners = new Set<(signal: string) => void>();
  const early: string[] = [];
  const stop = new AbortController();
  return {
    raise(signal) {
      if (signal !== readerGone) stop.abort(new OpsError('aborted', `stopped by ${signal}`));
      if (listeners.size === 0) early.push(signal);
      for (const listener of listeners) listener(signal);
    },
    subscribe(listener) {
      listeners.add(listener);
      for (const signal of early.splice(0)) listener(signal);
      return () => listeners.delete(listener);
    },
    stopAsked: stop.signal,
  };
}
