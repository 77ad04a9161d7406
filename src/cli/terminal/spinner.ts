import { clearScreenDown, moveCursor } from 'node:readline';
import type { Clock } from '../../world/clock.ts';
import { widthOf } from './wrap.ts';

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
  /** Characters of a line of the terminal now. */
  columns: () => number;
  /** Whether the terminal breaks what stands on it anew when it becomes narrower: all of today's but xterm itself. */
  reflows: boolean;
};

/** A spinner that never draws: for log files, pipes and tests. */
export const noSpinner: Spinner = { start() {}, stop() {}, clear() {} };

/**
 * Creates a spinner on a terminal. `discardStdin` stays off: with it, ora swallows Ctrl-C.
 */
export async function createSpinner({
  stream,
  clock,
  unicode,
  banner,
  text,
  columns,
  reflows,
}: SpinnerOptions): Promise<Spinner> {
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
  let shown = '';
  const next = () => {
    shown = text();
    return shown;
  };

  async function tick(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      drawn.text = next();
      await clock.sleep(200, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  /** In a terminal that has become narrower the line has gone over to more rows, of which only the last is cleared. */
  const onResize = () => {
    const width = [banner.trimEnd(), '.', shown]
      .filter((part) => part !== '')
      .reduce((sum, part) => sum + widthOf(part) + 1, -1);
    const rows = Math.ceil(width / columns());
    if (rows < 2) return;
    drawn.stop();
    moveCursor(stream, 0, 1 - rows);
    clearScreenDown(stream);
    drawn.start(next());
  };

  return {
    start() {
      if (ticking !== undefined) return;
      ticking = new AbortController();
      if (reflows) stream.on('resize', onResize);
      drawn.start(next());
      void tick(ticking.signal);
    },
    stop() {
      ticking?.abort();
      ticking = undefined;
      stream.off('resize', onResize);
      drawn.stop();
    },
    clear() {
      if (ticking !== undefined) drawn.clear();
    },
  };
}
