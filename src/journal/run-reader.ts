import { readingAudit } from './audit-failure.ts';
import { parseEntry, type StoredEntry } from './chain.ts';
import type { LogView } from './log-view.ts';
import type { Place } from './run-index.ts';
import { readLines, segmentFile } from './segments.ts';

/** A run's entries from a place on, as far as the view has read, and the place to go on from. */
export function readRun(view: LogView, run: string, from: Place): { entries: StoredEntry[]; next: Place } {
  const entries: StoredEntry[] = [];
  const mark = `"run":"${run}",`;
  // Before `run` stand `seq` and `time`, which are short and cannot hold the mark.
  const reach = 64 + mark.length;
  for (let segment = from.segment; segment <= view.place.segment; segment += 1) {
    const start = segment === from.segment ? from.offset : 0;
    const isLast = segment === view.place.segment;
    // A next file that is still to be made.
    if (isLast && view.place.offset === start) break;
    const visit = (buffer: Buffer, at: number, end: number) => {
      if (buffer.toString('latin1', at, at + reach).includes(mark)) {
        entries.push(parseEntry(buffer.toString('utf8', at, end)));
      }
      return true;
    };
    const until = isLast ? view.place.offset : undefined;
    readingAudit(() => readLines(segmentFile(view.audit, segment), start, visit, until));
  }
  return { entries, next: { ...view.place } };
}
