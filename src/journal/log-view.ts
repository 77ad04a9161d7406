import { OpsError } from '../errors.ts';
import { readingAudit } from './audit-failure.ts';
import { readOpening } from './check-line.ts';
import { headFile, readHeadFile } from './head-file.ts';
import { createLogScan, type Expected, type LogScan, scanOn } from './log-scan.ts';
import { indexLine, type RunIndex } from './run-index.ts';

/** One process's view of the log: every line is read and checked once, and its runs are indexed. */
export type LogView = LogScan & {
  readonly runs: RunIndex;
  /** The kept head has been compared with the log: done once, when the log is first read. */
  compared: boolean;
};

/** A view that has read nothing yet. */
export function createLogView(audit: string): LogView {
  return { ...createLogScan(audit), runs: new Map(), compared: false };
}

/**
 * Reads on to the present end of the log. Throws `audit` naming `segment:line` where the log is damaged anywhere but
 * in a last line that a crash cut short, and where it is shorter than what was read before or than the kept head says.
 */
export function refresh(view: LogView): void {
  // The head is read before the log: writers extend the log first, so an honest log is never behind it.
  const expected = view.compared ? [] : keptHead(view.audit);
  const scan = () =>
    readingAudit(() =>
      scanOn(view, expected, (buffer, start, end) => {
        const opening = readOpening(buffer, start, end);
        indexLine(view.runs, opening, { ...view.place }, () => buffer.toString('utf8', start, end));
        return undefined;
      }),
    );
  // Another process may just have been cutting off a line that failed or was torn: damage is what is there twice.
  const fault = scan() && scan();
  if (fault !== undefined) throw damaged(view.audit, `${fault.file}:${fault.line}: ${fault.what}`);
  view.compared = true;
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
