import { readingAudit } from './audit-failure.ts';
import { type LogView, refresh } from './log-view.ts';
import { readLines, segmentFile } from './segments.ts';

/** Lines in memory at a time. */
const batch = 256;

/** The exact text of every line of the log, in order, as far as it goes now. */
export async function* readChain(view: LogView): AsyncGenerator<string> {
  refresh(view);
  const end = { ...view.place };
  for (let segment = 1; segment <= end.segment; segment += 1) {
    const until = segment === end.segment ? end.offset : Number.POSITIVE_INFINITY;
    for (let from = 0; from < until; ) {
      const lines: string[] = [];
      const take = (buffer: Buffer, start: number, stop: number) => {
        if (lines.length === batch) return false;
        lines.push(buffer.toString('utf8', start, stop));
        return true;
      };
      const read = readingAudit(() => readLines(segmentFile(view.audit, segment), from, take, until));
      yield* lines;
      if (read.offset === from) break;
      from = read.offset;
    }
  }
}
