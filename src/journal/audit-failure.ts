import { OpsError } from '../errors.ts';

/** Where the entries are that the log could not take, oldest first. */
export type Evidence = {
  /** In a file: its first `count` lines. Undefined where no file took any. */
  file: { path: string; count: number } | undefined;
  /** The later ones, which no file took either, and why. */
  printed: readonly string[];
  why: unknown;
  /** The hash of the last of them all. */
  hash: string;
  /**
   * Where they belong: the end of `segment`; of the log that ends with the file `before` it, while that one is empty. Where
   * there is anything in `next`, the log has gone on.
   */
  place: { segment: string; before: string | undefined; next: string; directory: string };
};

/** The audit log could not be written: what failed, where the entries are, and the command that puts them back. */
export function auditFailure(cause: unknown, evidence: Evidence): OpsError {
  const hint = [...(cause instanceof OpsError && cause.hint !== undefined ? [cause.hint] : []), evidenceHint(evidence)];
  const { printed } = evidence;
  return new OpsError('audit', describe(cause), {
    cause,
    hint: hint.join('; '),
    remedy: putBack(evidence),
    ...(printed.length === 0 ? {} : { evidence: printed.join('\n') }),
  });
}

/** The audit log could not be written, and nothing was about to be lost. A bug is passed on as it is. */
export function asAuditFailure(cause: unknown, directory: string): unknown {
  if (cause instanceof OpsError || !isSystemError(cause)) return cause;
  return new OpsError('audit', describe(cause), {
    cause,
    hint: `nothing was written by this. Check that there is space, and that this user can write to ${directory}; then run it again`,
  });
}

/** An entry is in the log, whole, and its head could not be kept: a cut of the log's end would not show. */
export function headFailure(cause: unknown, directory: string): unknown {
  if (!isSystemError(cause)) return cause;
  return new OpsError('audit', `the head of the audit log cannot be kept: ${cause.message}`, {
    cause,
    hint: `the log itself is whole, and nothing has to be put back. Check that there is space, and that this user can write to ${directory}; then go on`,
  });
}

/** Does what `read` does; where the system refuses, throws `audit` in its place. */
export function readingAudit<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new OpsError('audit', `the audit log cannot be read: ${cause.message}`, {
      cause,
      hint: 'check that this user owns the state directory and that its disk is well',
    });
  }
}

function describe(cause: unknown): string {
  if (cause instanceof OpsError) return cause.message;
  return `the audit log cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`;
}

function evidenceHint({ file, printed, why }: Evidence): string {
  const kept = file === undefined ? '' : `${entries(file.count)} in ${file.path}`;
  const shown = `${entries(printed.length)} printed below, because no file could take it either (${describe(why)}): save that byte for byte, each entry as one line, as ${saved}`;
  const where = printed.length === 0 ? kept : kept === '' ? shown : `${kept}, and ${shown}`;
  return `${where}. Once the disk can be written again, and before anything else runs, put it back with the command below; where the log has gone on meanwhile it does nothing, and what was kept is to stay beside the log`;
}

function entries(count: number): string {
  return count === 1 ? 'the entry is' : `the ${count} entries are`;
}

/** What a person calls the file of printed entries; the command looks for it where it is run. */
const saved = 'entries.jsonl';

/**
 * Appends the entries from the one that continues the log's last entry: all of them, those after the first where that
 * one is in the log although its sync failed, and none where the log has gone on, which they would damage. Where nothing
 * is appended it says so, and fails unless they are all there.
 */
function putBack({ file, printed, place, hash }: Evidence): string {
  const ends = place.before === undefined ? [place.segment] : [place.before, place.segment];
  const last = `cat ${ends.map(quote).join(' ')} 2>/dev/null | tail -n 1 | sed -n 's/.*,"hash":"\\([0-9a-f]*\\)"}$/\\1/p'`;
  // Of the kept file only whole lines: the disk may have taken the beginning of one more.
  const first = file === undefined ? '' : `head -n ${file.count} ${quote(file.path)}`;
  const source = printed.length === 0 ? first : first === '' ? `cat ${saved}` : `{ ${first}; cat ${saved}; }`;
  const isThere = `grep -qs ',"hash":"${hash}"}$' ${quote(place.segment)} && echo 'they are in the log already' >&2`;
  const append = `h=$(${last}) && [ ! -s ${quote(place.next)} ] && ${source} | sed -n "/\\"prev\\":\\"$h\\",/,\\$p" | grep . >> ${quote(place.segment)}`;
  const verify = `resend-ops audit verify --state-dir ${quote(place.directory)}`;
  return `(umask 077; ${isThere} || { ${append}; } || { echo ${quote(nothingAppended)} >&2; exit 1; }) && ${verify}`;
}

const nothingAppended =
  'nothing was put back: the log does not end where these entries go on. It has gone on meanwhile, or its last line is torn: see audit show and audit verify';

function quote(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}

/** An error that the operating system answered with. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}
