import { readingAudit } from './audit-failure.ts';
import { createLogScan, scanOn } from './log-scan.ts';
import { type LogView, refresh } from './log-view.ts';
import type { Place } from './run-index.ts';
import { readLines, segmentFile } from './segments.ts';

/** Lines in memory at a time. */
const batch = 256;

/**
 * The exact text of every line of the log, in order, as far as it goes now. Of a damaged log the lines before the damage:
 * they are evidence. Then it throws `audit`, as every other reader does at once.
 */
export async function* readChain(view: LogView): AsyncGenerator<string> {
  try {
    refresh(view);
  } catch (error) {
    yield* linesUntil(view.audit, endOfTheGood(view.audit));
    throw error;
  }
  yield* linesUntil(view.audit, { ...view.place });
}

/** Where the first line begins that is not good, or the log ends. */
function endOfTheGood(audit: string): Place {
  const scan = createLogScan(audit);
  readingAudit(() => scanOn(scan, [], () => undefined));
  return scan.place;
}

function* linesUntil(audit: string, end: Place): Generator<string> {
  for (let segment = 1; segment <= end.segment; segment += 1) {
    const until = segment === end.segment ? end.offset : Number.POSITIVE_INFINITY;
    for (let from = 0; from < until; ) {
      const lines: string[] = [];
      const take = (buffer: Buffer, start: number, stop: number) => {
        if (lines.length === batch) return false;
        lines.push(buffer.toString('utf8', start, stop));
        return true;
      };
      const read = readingAudit(() => readLines(segmentFile(audit, segment), from, take, until));
      yield* lines;
      if (read.offset === from) break;
      from = read.offset;
    }
  }
}
