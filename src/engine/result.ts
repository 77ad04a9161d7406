import { type ExitCode, exitCodes } from '../errors.ts';
import type { Outcome } from '../journal/events.ts';
import type { Clocks, RunState, StepPhase, StepState } from '../journal/run-state.ts';
import { releasedWords, wayOn } from './ways-on.ts';

/**
 * What became of a step. In a dry run a change that would be made is `planned`, and what depends on one that did not
 * happen is `unknown`: neither has succeeded.
 */
type StepOutcome = StepPhase | 'in-doubt' | 'planned' | 'unknown';

/** The last line of `--json`, and what a command returns: how a run ended. */
export type RunResult = {
  type: 'result';
  run: string;
  runbook: string;
  mode: 'live' | 'dry-run' | 'rehearsal';
  outcome: Outcome;
  exitCode: ExitCode;
  message: string;
  clocks: Clocks;
  /** `recovery` is what became of a step's change after the step: apart from its outcome, always. */
  steps: { id: string; outcome: StepOutcome; recovery: 'reverted' | 'revert-failed' | null; ms: number | null }[];
  overrides: Readonly<Record<string, string>>;
  head: { seq: number; hash: string };
  /** The log's entries that found no other place than this, a line each. */
  evidence?: string;
  /** The command that puts back into the log what it could not take. */
  remedy?: string;
};

/** The result of a run from its state; an unfinished one needs attention, and so does one that was given up. */
export function resultOf(state: RunState): RunResult {
  const ending = (state.released === null ? state.ending : null) ?? {
    outcome: 'needs-attention' as const,
    exitCode: exitCodes.needsAttention,
    message: `${releasedWords(state) || 'not finished'}; ${wayOn(state)}`,
  };
  return {
    type: 'result',
    run: state.run,
    runbook: state.runbook,
    mode: state.mode,
    outcome: ending.outcome,
    exitCode: ending.exitCode,
    message: ending.message,
    clocks: state.clocks,
    steps: [...state.steps.values()].map((step) => ({
      id: step.id,
      outcome: outcomeOf(step),
      recovery:
        step.change?.status === 'reverted' || step.change?.status === 'revert-failed' ? step.change.status : null,
      ms: step.endedAtMs === null ? null : (step.endedAtMs - step.startedAtMs) * state.speed,
    })),
    overrides: overridesOf(state),
    head: state.head,
  };
}

function outcomeOf({ phase, change, knowledge, isPlanned }: StepState): StepOutcome {
  const status = change?.status;
  if (status === 'unresolved' || status === 'doubted' || status === 'intended') return 'in-doubt';
  if (phase !== 'succeeded' || knowledge === 'known') return phase;
  return isPlanned ? 'planned' : 'unknown';
}

function overridesOf(state: RunState): Record<string, string> {
  return Object.fromEntries(
    state.guards.flatMap(({ guard, overriddenBecause }) =>
      overriddenBecause === null ? [] : [[guard, overriddenBecause]],
    ),
  );
}
