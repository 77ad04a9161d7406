import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { longestLine } from './chain.ts';

/** A log's file number `number`, counted from 1: `00000001.jsonl`. */
export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.jsonl`;
}

/** What is in a log's directory: its segments, and what looks like one and is not. */
type SegmentListing = { count: number; stray: string | undefined };

/**
 * Lists the segments of a log, which are numbered from 1 without gaps. `stray` is the first `.jsonl` file that breaks
 * this. No directory is an empty log.
 */
export function listSegments(audit: string): SegmentListing {
  if (!existsSync(audit)) return { count: 0, stray: undefined };
  const names = readdirSync(audit)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  const stray = names.find((name, at) => name !== segmentName(at + 1));
  return { count: names.length, stray };
}

/** Where reading stopped: after `offset` complete bytes; `rest` are the bytes after the last line break. */
type ReadTo = { offset: number; rest: Buffer; stopped: boolean };

/**
 * Reads the complete lines of a file from `from` (the beginning of a line) to its present end, in flat memory.
 * `visit` gets each line's bytes as `buffer[start..end)`, without the line break, and may stop the reading by
 * answering false: then `offset` is where that line begins. Bytes are valid only during the call. A line longer than
 * {@link longestLine} stops the reading too, as `rest` of that length.
 */
export function readLines(
  file: string,
  from: number,
  visit: (buffer: Buffer, start: number, end: number) => boolean,
  until = Number.POSITIVE_INFINITY,
): ReadTo {
  const fd = openSync(file, 'r');
  try {
    const size = Math.min(until, fstatSync(fd).size);
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(size - from, longestLine + chunk)));
    let offset = from;
    let filled = 0;
    for (;;) {
      const wanted = Math.min(buffer.length - filled, size - offset - filled, chunk);
      const got = wanted > 0 ? readSync(fd, buffer, filled, wanted, offset + filled) : 0;
      if (got === 0) return { offset, rest: Buffer.from(buffer.subarray(0, filled)), stopped: false };
      let start = 0;
      let end = buffer.subarray(0, filled + got).indexOf(newline, filled);
      filled += got;
      const view = buffer.subarray(0, filled);
      while (end !== -1) {
        if (!visit(view, start, end)) return { offset: offset + start, rest: Buffer.alloc(0), stopped: true };
        start = end + 1;
        end = view.indexOf(newline, start);
      }
      buffer.copyWithin(0, start, filled);
      offset += start;
      filled -= start;
      if (filled > longestLine) return { offset, rest: Buffer.from(buffer.subarray(0, filled)), stopped: true };
    }
  } finally {
    closeSync(fd);
  }
}

/** So many bytes of a file as Latin-1 text; fewer where it ends before. */
export function readText(file: string, from: number, length: number): string {
  const fd = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(length);
    return bytes.toString('latin1', 0, readSync(fd, bytes, 0, length, from));
  } finally {
    closeSync(fd);
  }
}

const newline = 0x0a;
const chunk = 256 * 1024;

/** The path of a segment. */
export function segmentFile(audit: string, number: number): string {
  return join(audit, segmentName(number));
}
