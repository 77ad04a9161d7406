import type { RecordedError } from '../journal/events.ts';
import type { OnFailure } from '../runbook/runbook.ts';
import type { StopChoice } from './session.ts';

/** How a step ended, for whoever ran it. The journal has it already. */
export type StepEnd =
  | { kind: 'succeeded' }
  | { kind: 'skipped' }
  /** `policy`: the innermost `on-failure` that speaks of it. */
  | { kind: 'failed'; step: string; error: RecordedError; cause?: unknown; policy?: OnFailure }
  /** In doubt: a person must look. */
  | { kind: 'unresolved'; step: string; error: RecordedError }
  | { kind: 'stopped'; choice: StopChoice };
