/**
 * What every command's exit code says about the world. The table is a contract: scripts branch on it.
 */
export const exitCodes = {
  /** The world is as asked. */
  succeeded: 0,
  /** Failed, and nothing is left changed: nothing was written, or all of it was rolled back and verified. */
  failed: 1,
  /** Nothing started: usage, or an invalid runbook, environment or suite. */
  invalid: 2,
  /** A person must finish: changes left in place, a rollback incomplete, or a step in doubt. */
  needsAttention: 3,
  /** Stopped by the operator, nothing left changed. */
  stopped: 4,
  /** Nothing started: credentials missing or refused. */
  credentials: 5,
  /** Nothing started: another run holds the lock. */
  busy: 6,
  /** The audit log cannot be written, or does not verify. */
  audit: 7,
} as const;

/** One of the numbers in {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/**
 * The kinds of expected failure. `drift`, `refused` and `not-sent` are definite: the write they speak of did not
 * happen. `lost-answer` and `timeout` of a write are not: the engine observes the world before it says anything.
 */
export type ErrorCode =
  | 'usage'
  | 'invalid'
  | 'credentials'
  | 'busy'
  | 'fenced'
  | 'audit'
  | 'failed'
  /** Compare-and-set: the world is not what the plan saw. Nothing was written. */
  | 'drift'
  /** The provider answered no, or the action declines to plan. Nothing was written. */
  | 'refused'
  /** The request never left this machine: name, connection or TLS failed first. */
  | 'not-sent'
  /** The request may have arrived; its answer did not. */
  | 'lost-answer'
  | 'timeout'
  | 'aborted'
  /** A writing call where none is allowed: dry run, a check, or a plan. */
  | 'write-blocked';

/** Where an error lies, in a file that a person can open. Lines and columns count from 1. */
export type Position = { file: string; line: number; column: number };

/** An expected failure: it says what happened, and the hint says what to do about it. Anything else is a bug. */
export class OpsError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly where: Position | undefined;
  /** Lines that must be kept byte for byte, and have no other place than the screen. */
  readonly evidence: string | undefined;
  /** A command to be copied whole, which puts right what the hint speaks of. */
  readonly remedy: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    more: { hint?: string; cause?: unknown; where?: Position; evidence?: string; remedy?: string } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'OpsError';
    this.code = code;
    this.hint = more.hint;
    this.where = more.where;
    this.evidence = more.evidence;
    this.remedy = more.remedy;
  }
}

/** The one map from an error that ended a command before or outside a run to the process's exit code. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof OpsError)) return exitCodes.failed;
  switch (error.code) {
    case 'usage':
    case 'invalid':
      return exitCodes.invalid;
    case 'credentials':
      return exitCodes.credentials;
    case 'busy':
      return exitCodes.busy;
    case 'audit':
      return exitCodes.audit;
    case 'fenced':
      return exitCodes.needsAttention;
    case 'aborted':
      return exitCodes.stopped;
    default:
      return exitCodes.failed;
  }
}

/** Finds the expected failure inside whatever a library threw: SDKs wrap what their transport raised in `cause`. */
export function findOpsError(error: unknown): OpsError | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    if (current instanceof OpsError) return current;
    current = current.cause;
  }
  return undefined;
}
