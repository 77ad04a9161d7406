import { findOpsError, OpsError } from '../errors.ts';
import type { RecordedError } from '../journal/events.ts';

/** What the journal and the screen say of an error. Anything unexpected is called the bug it is. */
export function recordedError(error: unknown): RecordedError {
  const known = findOpsError(error);
  if (known !== undefined) {
    return { code: known.code, message: known.message, ...(known.hint === undefined ? {} : { hint: known.hint }) };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: 'bug',
    message: `unexpected: ${message}`,
    hint: 'this is a bug in the program; run again with --verbose for the stack',
  };
}

/** Whether a failed write surely did not happen: the provider said no, the world had drifted, or nothing was sent. */
export function surelyNotWritten(error: unknown): boolean {
  const code = findOpsError(error)?.code;
  return (
    code === 'refused' ||
    code === 'drift' ||
    code === 'not-sent' ||
    code === 'write-blocked' ||
    code === 'credentials' ||
    code === 'invalid'
  );
}

/** The log cannot be written, or another process drives now: nothing more may be written, to the world or to the log. */
export function endsDriving(error: unknown): error is OpsError {
  return error instanceof OpsError && (error.code === 'audit' || error.code === 'fenced');
}
