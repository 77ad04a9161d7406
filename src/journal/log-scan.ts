import { statSync } from 'node:fs';
import { genesis, longestLine } from './chain.ts';
import { checkLine, looksTorn } from './check-line.ts';
import type { Place } from './run-index.ts';
import { readLines, readText, segmentFile, segmentName } from './segments.ts';
import type { Head } from './store.ts';

/** How far a log has been read and checked, and where the chain stands there. */
export type LogScan = {
  readonly audit: string;
  /** Where the next line begins, and its number within its file, from 1. */
  place: Place;
  lineNumber: number;
  /** The newest entry. Sequence number 0 and the genesis hash in an empty log. */
  seq: number;
  hash: string;
  /** The hash of the entry before it. */
  previous: string;
  /** The newest entry that this process itself appended; 0 where there is none. */
  ownSeq: number;
  /** The hash of the first line; undefined in an empty log. */
  origin: string | undefined;
  /** Bytes at the end that are no complete line: a write in progress, or one that a crash cut short. */
  tornBytes: number;
  /** The newest file as it was when last looked at; undefined where there was none. */
  file: { ino: number; dev: number; mtimeMs: number } | undefined;
};

/** A scan that has read nothing yet. */
export function createLogScan(audit: string): LogScan {
  return {
    audit,
    place: { segment: 1, offset: 0 },
    lineNumber: 1,
    seq: 0,
    hash: genesis,
    previous: genesis,
    ownSeq: 0,
    origin: undefined,
    tornBytes: 0,
    file: undefined,
  };
}

/** The place of the newest entry, or undefined in an empty log. */
export function headOf(scan: LogScan): Head | undefined {
  return scan.origin === undefined ? undefined : { origin: scan.origin, seq: scan.seq, hash: scan.hash };
}

/** The first bad line: `line` counts from 1 within `file`; `seq` is the entry that belongs there. */
export type Fault = { file: string; line: number; seq: number; what: string };

/** A place that the chain must come by; `from` says who knows it. `origin` is compared too where it is known. */
export type Expected = { seq: number; hash: string; origin?: string; from: string };

/** Told of each line after it was checked, before the scan moves past it; may find fault with it too. */
type VisitLine = (buffer: Buffer, start: number, end: number) => string | undefined;

/**
 * Reads on to the present end of the log, checks every line, and meets the expected places on the way. Stops at the
 * first fault. A last line that a crash cut short is no fault, unless an expected place lies beyond the end: then it
 * was once whole.
 */
export function scanOn(scan: LogScan, expected: readonly Expected[], visit: VisitLine): Fault | undefined {
  for (;;) {
    // Asked before reading: a next file is made only after this one is complete.
    const next = segmentFile(scan.audit, scan.place.segment + 1);
    const hasNext = statSync(next, { throwIfNoEntry: false }) !== undefined;
    const what = scanSegment(scan, hasNext, expected, visit);
    if (what !== undefined) return faultAt(scan, what);
    if (!hasNext) break;
    scan.place = { segment: scan.place.segment + 1, offset: 0 };
    scan.lineNumber = 1;
  }
  return findMissing(scan, expected);
}

/** A fault at the line that comes next. */
export function faultAt(scan: LogScan, what: string): Fault {
  return { file: segmentName(scan.place.segment), line: scan.lineNumber, seq: scan.seq + 1, what };
}

/** What the log lacks at its end, or has another beginning for. */
export function findMissing(scan: LogScan, expected: readonly Expected[]): Fault | undefined {
  for (const { seq, origin, from } of expected) {
    if (seq > scan.seq) {
      return faultAt(scan, `the log ends with entry ${scan.seq}, but ${from} names entry ${seq}: its end was cut off`);
    }
    if (origin !== undefined && origin !== scan.origin) {
      return { file: segmentName(1), line: 1, seq: 1, what: `it is not the origin of the log that ${from} names` };
    }
  }
  return undefined;
}

function scanSegment(
  scan: LogScan,
  hasNext: boolean,
  expected: readonly Expected[],
  visit: VisitLine,
): string | undefined {
  const file = segmentFile(scan.audit, scan.place.segment);
  const seen = statSync(file, { throwIfNoEntry: false });
  const isTouched = seen?.mtimeMs !== scan.file?.mtimeMs;
  // Of a file that is not as it was, nothing is remembered.
  scan.file = undefined;
  const size = seen?.size;
  if (size === undefined) return scan.place.offset > 0 || hasNext ? 'this file of the log is missing' : undefined;
  if (size < scan.place.offset) return `the file was cut to ${size} bytes; it had ${scan.place.offset}`;
  // What this process appended itself nobody cuts off.
  const mayBeAnother = isTouched && size > 0 && size === scan.place.offset && scan.ownSeq !== scan.seq;
  if (mayBeAnother && !endsWithNewest(scan, file)) return 'the last line was replaced by another';
  scan.file = seen && { ino: seen.ino, dev: seen.dev, mtimeMs: seen.mtimeMs };
  scan.tornBytes = 0;
  if (size === scan.place.offset) return undefined;
  let what: string | undefined;
  const read = readLines(file, scan.place.offset, (buffer, start, end) => {
    what = takeLine(scan, expected, visit, buffer, start, end);
    if (what === undefined) return true;
    // A power cut can leave a last line whose end came to the disk and whose middle did not: that is zeros there.
    const length = end + 1 - start;
    const isLast = !hasNext && scan.place.offset + length === statSync(file).size;
    const line = buffer.subarray(start, end);
    if (isLast && line.includes(0) && looksTorn(line, scan.seq + 1)) {
      what = undefined;
      scan.tornBytes = length;
    }
    return false;
  });
  return what ?? takeRest(scan, read.rest, hasNext);
}

/** Whether the bytes before the scan's place are still those of the newest entry's hash. */
function endsWithNewest(scan: LogScan, file: string): boolean {
  const end = `${scan.hash}"}\n`;
  return readText(file, scan.place.offset - end.length, end.length) === end;
}

/** Checks one line and moves past it; or answers what is wrong with it, and stays. */
export function takeLine(
  scan: LogScan,
  expected: readonly Expected[],
  visit: VisitLine,
  buffer: Buffer,
  start: number,
  end: number,
): string | undefined {
  const seq = scan.seq + 1;
  if (end - start > longestLine) return `a line of more than ${longestLine} bytes`;
  const checked = checkLine(buffer, start, end, seq, scan.hash);
  if (!checked.ok) return checked.what;
  for (const place of expected) {
    if (place.seq === seq && place.hash !== checked.hash) return `it is not the entry ${seq} that ${place.from} names`;
  }
  const what = visit(buffer, start, end);
  if (what !== undefined) return what;
  moveTo(scan, seq, checked.hash, end + 1 - start);
  return undefined;
}

/** Moves a scan past an entry whose line, with its line break, has `length` bytes. */
export function moveTo(scan: LogScan, seq: number, hash: string, length: number): void {
  scan.origin ??= hash;
  scan.seq = seq;
  scan.previous = scan.hash;
  scan.hash = hash;
  scan.place = { segment: scan.place.segment, offset: scan.place.offset + length };
  scan.lineNumber += 1;
}

function takeRest(scan: LogScan, rest: Buffer, hasNext: boolean): string | undefined {
  if (rest.length === 0) return undefined;
  if (rest.length > longestLine) return `a line of more than ${longestLine} bytes`;
  if (hasNext) return 'the file ends in the middle of a line';
  if (!looksTorn(rest, scan.seq + 1)) return 'the log ends with bytes that are not the beginning of an entry';
  scan.tornBytes = rest.length;
  return undefined;
}
