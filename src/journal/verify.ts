import { join } from 'node:path';
import { OpsError } from '../errors.ts';
import { readingAudit } from './audit-failure.ts';
import { isCompactObject } from './compact-json.ts';
import { readHeadFile } from './head-file.ts';
import {
  createLogScan,
  type Expected,
  type Fault,
  faultAt,
  findMissing,
  headOf,
  type LogScan,
  scanOn,
  takeLine,
} from './log-scan.ts';
import { listSegments } from './segments.ts';
import type { Head } from './store.ts';

/** A log on disk, by its state directory; or lines from anywhere, in order, without their line breaks. */
type LogSource = { directory: string } | { lines: Iterable<string> | AsyncIterable<string>; name: string };

/** A place in the chain that was written down outside: on a screen, in a war room. */
export type Witness = { seq: number; hash: string };

/** What verifying found. `records` are the entries that are good, from the beginning. */
type Verification =
  | {
      ok: true;
      records: number;
      head: Head | undefined;
      /** The witness was met. Without one, a cut tail or a chain rewritten whole would not show. */
      anchored: boolean;
      /** The log's own head file: `behind` is what a crash leaves; `none` where only lines were given. */
      headFile: 'matches' | 'behind' | 'absent' | 'none';
      /** Bytes of a last write that a crash cut short; the next writer cuts them off and keeps them. */
      tornBytes: number;
    }
  | ({ ok: false; records: number } & Fault);

/** Reads `SEQ:HASH`, as the end of a run prints it. Throws `usage`. */
export function parseWitness(text: string): Witness {
  const [, seq, hash] = /^([1-9]\d{0,15}):([0-9a-f]{64})$/.exec(text.trim()) ?? [];
  if (seq !== undefined && hash !== undefined) return { seq: Number(seq), hash };
  throw new OpsError('usage', `not a place in the log: ${JSON.stringify(text)}`, {
    hint: 'give SEQ:HASH as the end of a run prints it: a number, a colon, 64 hexadecimal digits',
  });
}

/**
 * Verifies a whole log as a stream, in flat memory: every line at its place, whole, linked to the one before and as
 * its hash says; the files complete; the end not before where the head file and the witness say. Changes nothing.
 * Throws `audit` where the log cannot be read at all.
 */
export async function verifyChain(source: LogSource, options: { head?: Witness } = {}): Promise<Verification> {
  const witness = options.head === undefined ? [] : [{ ...options.head, from: 'the head that was given' }];
  return 'directory' in source
    ? readingAudit(() => verifyFiles(source.directory, witness))
    : verifyLines(source, witness);
}

function verifyFiles(directory: string, witness: readonly Expected[]): Verification {
  const scan = createLogScan(join(directory, 'audit'));
  // Before the log: writers extend the log first, so one that grows meanwhile is never behind its head.
  const kept = readHeadFile(scan.audit);
  const { stray } = listSegments(scan.audit);
  if (stray !== undefined) {
    return bad(scan, {
      file: stray,
      line: 1,
      seq: 1,
      what: 'the files of the log are not numbered from 1 without gaps',
    });
  }
  if (kept.kind === 'unreadable') {
    return bad(scan, { file: 'HEAD', line: 1, seq: 1, what: 'not a head: origin, seq and hash on three lines' });
  }
  const own = kept.kind === 'kept' ? [{ ...kept.head, from: 'HEAD' }] : [];
  const fault = scanOn(scan, [...witness, ...own], judgeJson);
  if (fault !== undefined) return bad(scan, fault);
  const behind = kept.kind === 'kept' && kept.head.seq < scan.seq;
  return good(scan, witness, kept.kind === 'absent' ? 'absent' : behind ? 'behind' : 'matches');
}

async function verifyLines(
  source: { lines: Iterable<string> | AsyncIterable<string>; name: string },
  witness: readonly Expected[],
): Promise<Verification> {
  const scan = createLogScan(source.name);
  for await (const line of source.lines) {
    const bytes = Buffer.from(line);
    const what = takeLine(scan, witness, judgeJson, bytes, 0, bytes.length);
    if (what !== undefined) return bad(scan, { ...faultAt(scan, what), file: source.name });
  }
  const missing = findMissing(scan, witness);
  return missing === undefined ? good(scan, witness, 'none') : bad(scan, { ...missing, file: source.name });
}

function judgeJson(bytes: Buffer, start: number, end: number): string | undefined {
  return isCompactObject(bytes, start, end) ? undefined : 'it is not JSON';
}

function bad(scan: LogScan, fault: Fault): Verification {
  return { ok: false, records: scan.seq, ...fault };
}

function good(
  scan: LogScan,
  witness: readonly Expected[],
  headFile: 'matches' | 'behind' | 'absent' | 'none',
): Verification {
  return {
    ok: true,
    records: scan.seq,
    head: headOf(scan),
    anchored: witness.length > 0,
    headFile,
    tornBytes: scan.tornBytes,
  };
}
