import { OpsError } from '../errors.ts';
import { readingAudit } from './audit-failure.ts';
import { readOpening } from './check-line.ts';
import { headFile, readHeadFile } from './head-file.ts';
import { createLogScan, type Expected, type Fault, type LogScan, scanOn } from './log-scan.ts';
import { indexLine, type RunIndex } from './run-index.ts';

/** One process's view of the log: every line is read and checked once, and its runs are indexed. */
export type LogView = LogScan & {
  readonly runs: RunIndex;
  /** The kept head has been compared with the log: done once, when the log is first read. */
  compared: boolean;
  /** How often it was read anew from the beginning: places and entries from before then hold no more. */
  readings: number;
};

/** A view that has read nothing yet. */
export function createLogView(audit: string): LogView {
  return { ...createLogScan(audit), runs: new Map(), compared: false, readings: 0 };
}

/**
 * Reads on to the present end of the log. Throws `audit` naming `segment:line` where the log is damaged anywhere but
 * in a last line that a crash cut short, and where it is shorter than what was read before or than the kept head says.
 */
export function refresh(view: LogView): void {
  // The head is read before the log: writers extend the log first, so an honest log is never behind it.
  const expected = view.compared ? [] : keptHead(view.audit);
  // Another process may just have been cutting off a line that failed or was torn: damage is what is there twice.
  const fault = readOn(view, expected) && readOn(view, expected);
  if (fault !== undefined && !readAnew(view)) {
    throw damaged(view.audit, `${fault.file}:${fault.line}: ${fault.what}`);
  }
  view.compared = true;
}

function readOn(view: LogView, expected: readonly Expected[]): Fault | undefined {
  return readingAudit(() =>
    scanOn(view, expected, (buffer, start, end) => {
      const opening = readOpening(buffer, start, end);
      indexLine(view.runs, opening, { ...view.place }, () => buffer.toString('utf8', start, end));
      return undefined;
    }),
  );
}

/**
 * Reads the log from its beginning, and believes that instead where it is whole. A line whose sync fails is cut off again
 * by who wrote it, and whoever reads without the lock may have taken it in meanwhile. That is one line, and not one of
 * this process's own: all that was read before it, and all that the head names, must be there. False where it is not.
 */
function readAnew(view: LogView): boolean {
  const anew = createLogView(view.audit);
  const isOwn = view.ownSeq === view.seq;
  const read = isOwn ? { seq: view.seq, hash: view.hash } : { seq: view.seq - 1, hash: view.previous };
  const known = read.seq > 0 ? [{ ...read, from: 'this process' }] : [];
  if (readOn(anew, [...keptHead(view.audit), ...known]) !== undefined) return false;
  Object.assign(view, anew, { ownSeq: view.ownSeq, readings: view.readings + 1 });
  return true;
}

function keptHead(audit: string): Expected[] {
  const kept = readingAudit(() => readHeadFile(audit));
  if (kept.kind === 'unreadable') throw damaged(audit, 'HEAD: not a head: origin, seq and hash on three lines');
  return kept.kind === 'kept' ? [{ ...kept.head, from: 'HEAD' }] : [];
}

function damaged(audit: string, what: string): OpsError {
  return new OpsError('audit', `the audit log in ${audit} is damaged: ${what}`, {
    hint: `nothing is written to a damaged log. Look with \`resend-ops audit verify\` and find out who or what did it (a disk that lost written data can); keep ${audit} as evidence by moving it away: the next run begins a new log. Where only the end was lost and the loss is understood, mv '${headFile(audit)}' '${headFile(audit)}.lost' accepts it`,
  });
}
