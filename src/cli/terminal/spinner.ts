import type { Clock } from '../../world/clock.ts';

/** The one moving line at the bottom of a terminal. Where there is no terminal there is none, and nothing is drawn. */
export type Spinner = {
  /** Draws, from now on, what `text` says at each moment; a running one goes on. */
  start(): void;
  /** Takes the line away until the next start. */
  stop(): void;
  /** Takes the line away for a printed line; the next frame draws it again. */
  clear(): void;
};

type SpinnerOptions = {
  stream: NodeJS.WritableStream;
  /** Real time: it paces the drawing. */
  clock: Clock;
  unicode: boolean;
  /** Stands before the spinner, e.g. `REHEARSAL │`. */
  banner: string;
  text: () => string;
};

/** A spinner that never draws: for log files, pipes and tests. */
export const noSpinner: Spinner = { start() {}, stop() {}, clear() {} };

/**
 * Creates a spinner on a terminal. `discardStdin` stays off: with it, ora swallows Ctrl-C.
 */
export async function createSpinner({ stream, clock, unicode, banner, text }: SpinnerOptions): Promise<Spinner> {
  const { default: ora } = await import('ora');
  const drawn = ora({
    stream,
    discardStdin: false,
    isEnabled: true,
    color: false,
    spinner: unicode ? 'dots' : 'line',
    ...(banner === '' ? {} : { prefixText: banner.trimEnd() }),
  });
  let ticking: AbortController | undefined;

  async function tick(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      drawn.text = text();
      await clock.sleep(200, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  return {
    start() {
      if (ticking !== undefined) return;
      ticking = new AbortController();
      drawn.start(text());
      void tick(ticking.signal);
    },
    stop() {
      ticking?.abort();
      ticking = undefined;
      drawn.stop();
    },
    clear() {
      if (ticking !== undefined) drawn.clear();
    },
  };
}
