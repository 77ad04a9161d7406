import { OpsError } from '../errors.ts';

/** Where the entry that the log could not take is now. */
export type Evidence =
  /** In a file that continues the log byte for byte: appended to `segment`, it is as if nothing had failed. */
  | { kind: 'continues'; file: string; segment: string }
  /** In a file, to be read by people: the log may not end where the file begins. */
  | { kind: 'kept'; file: string }
  | { kind: 'printed'; line: string; why: unknown };

/** The audit log could not be written: what failed, and where the entry is. */
export function auditFailure(cause: unknown, evidence: Evidence): OpsError {
  const hint = [...(cause instanceof OpsError && cause.hint !== undefined ? [cause.hint] : []), evidenceHint(evidence)];
  const printed = evidence.kind === 'printed' ? { evidence: evidence.line } : {};
  return new OpsError('audit', describe(cause), { cause, hint: hint.join('; '), ...printed });
}

/** The audit log could not be written, and nothing was about to be lost. A bug is passed on as it is. */
export function asAuditFailure(cause: unknown, directory: string): unknown {
  if (cause instanceof OpsError || !isSystemError(cause)) return cause;
  return new OpsError('audit', describe(cause), {
    cause,
    hint: `nothing was written. Check that there is space, and that this user can write to ${directory}; then run it again`,
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

function evidenceHint(evidence: Evidence): string {
  switch (evidence.kind) {
    case 'continues':
      return `the entry is in ${evidence.file}. Once the disk can be written again, and before anything else runs, put it back: cat '${evidence.file}' >> '${evidence.segment}' && resend-ops audit verify`;
    case 'kept':
      return `the entry is in ${evidence.file}: keep that file beside the log, which lacks it`;
    case 'printed':
      return `no file could take the entry either (${describe(evidence.why)}); it is printed whole: keep that line`;
  }
}

/** An error that the operating system answered with. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}
