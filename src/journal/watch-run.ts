import type { Clock } from '../world/clock.ts';
import type { Entry } from './events.ts';
import { type LogView, refresh } from './log-view.ts';
import type { Place } from './run-index.ts';
import { readRun } from './run-reader.ts';

/** What to watch. Without a signal the watch goes on until the run ends. */
type WatchOptions = {
  view: LogView;
  run: string;
  fromSeq: number;
  signal: AbortSignal | undefined;
  sleep: Clock['sleep'];
};

/** How often the log is looked at; a look costs two calls to the file system when nothing is new. */
const lookEveryMs = 100;

/**
 * The run's entries from `fromSeq` on, those to come included, until the one that ends it, or until the signal aborts:
 * then it just ends. A run that does not exist yet is waited for.
 */
export async function* watchRun(options: WatchOptions): AsyncGenerator<Entry> {
  const { view, run, fromSeq, signal, sleep } = options;
  let next: Place | undefined;
  let reading = view.readings;
  let newest: { seq: number; hash: string } = { seq: fromSeq - 1, hash: '' };
  const isOver = () => signal?.aborted ?? false;
  while (!isOver()) {
    refresh(view);
    if (reading !== view.readings) [reading, next] = [view.readings, undefined];
    next ??= view.runs.get(run)?.first;
    if (next !== undefined) {
      const read = readRun(view, run, next);
      next = read.next;
      // Asked now: the view may have moved on when the last of these entries has been taken.
      const hasEnded = view.runs.get(run)?.ended !== undefined;
      for (const entry of read.entries) {
        if (isOver()) return;
        // Where the log was read anew: the one entry that another may have taken the place of, and those after it.
        const isNew = entry.seq > newest.seq || (entry.seq === newest.seq && entry.hash !== newest.hash);
        if (entry.seq < fromSeq || !isNew) continue;
        newest = entry;
        yield entry;
      }
      if (hasEnded) return;
    }
    try {
      await sleep(lookEveryMs, signal);
    } catch (error) {
      if (isOver()) return;
      throw error;
    }
  }
}
