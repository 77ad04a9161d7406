import type { Json } from '../world/json.ts';

/** A rehearsal whose score was kept, as far as readiness asks. `at` is ISO 8601. */
export type PastRehearsal = {
  at: string;
  run: string;
  runbook: string;
  scenario: string;
  mode: 'dry-run' | 'rehearsal';
  exitCode: number;
  /** Whether it ended as its scenario expects; null where that says nothing of it. */
  asExpected: boolean | null;
  /** Whether it met every clock of the objective; null where it never got to "go". */
  met: boolean | null;
  /** The clocks from "go", in milliseconds of the rehearsal's clock; null where they were not reached. */
  switchedMs: number | null;
  recoveredMs: number | null;
  /** What the clocks must be within; null where the runbook says nothing. */
  objective: { switchedMs: number | null; recoveredMs: number | null };
  /** Requests of the simulated customers: before "go", from there until recovered, and after that. */
  customers: Record<'before' | 'during' | 'after', { sent: number; lost: number }>;
};

/** The rehearsals there are, oldest first, and how many lines of the file are none. */
export type PastRehearsals = { rehearsals: readonly PastRehearsal[]; unreadable: number };

/** What earlier runs left in the state directory. Reads only; throws where it cannot be read, never guesses. */
export type Past = {
  rehearsals(): Promise<PastRehearsals>;
  /** What this step gave in the newest earlier run of the same runbook, mode and environment that ended well and made the step; undefined where there is none. */
  lastOutput(): Promise<{ run: string; at: string; output: Json } | undefined>;
};
