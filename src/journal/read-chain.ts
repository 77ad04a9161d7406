import { type LogView, refresh } from './log-view.ts';
import { readLines, segmentFile } from './segments.ts';

/** The exact text of every line of the log, in order, as far as it goes now; a batch of lines in memory at a time. */
export async function* readChain(view: LogView): AsyncGenerator<string> {
  refresh(view);
  const end = { ...view.place };
  for (let segment = 1; segment <= end.segment; segment += 1) {
    const until = segment === end.segment ? end.offset : Number.POSITIVE_INFINITY;
    let from = 0;
    while (from < until) {
      const lines: string[] = [];
      const read = readLines(
        segmentFile(view.audit, segment),
        from,
        (buffer, start, stop) => lines.length < 256 && lines.push(buffer.toString('utf8', start, stop)) > 0,
        until,
      );
      yield* lines;
      if (read.offset === from) break;
      from = read.offset;
    }
  }
}
