import { z } from 'zod';
import { type Finding, findingSchema } from '../actions/finding.ts';
import type { RunState, StepState } from '../journal/run-state.ts';

/** What became of a step: `unknown` where a dry run cannot tell, `unfinished` where the run ended before it did. */
export type StepOutcome = 'passed' | 'failed' | 'skipped' | 'unknown' | 'unfinished';

/** One step as machines read it. */
export type StepReport = {
  id: string;
  title: string;
  outcome: StepOutcome;
  /** By the run's own clock; null where it did not end. */
  ms: number | null;
  /** The result, the error or the reason in one line. */
  headline: string;
  /** What a person reads below it. */
  detail: readonly string[];
  /** It never fails the run: what it did not do is told, and is no failure. */
  optional: boolean;
  /** The kind of the failure; null where there is none. */
  failure: string | null;
  findings: readonly Finding[];
  certificateDaysLeft: number | null;
  /** The last rehearsal, where the step tells of one; clocks null where they were not reached. */
  rehearsal: RehearsalReport | null;
};

/** A rehearsal as machines read it: its age, its clocks from "go", and the customers' requests. */
export type RehearsalReport = z.output<typeof rehearsalOutput>;

/** A run as machines read it: also one that did not start, which has neither id nor steps. */
export type RunReport = {
  run: string | null;
  runbook: string;
  environment: string;
  mode: 'live' | 'dry-run' | 'rehearsal';
  hostname: string | null;
  exitCode: number;
  outcome: string;
  message: string;
  /** When the command began and ended, real time, in milliseconds since the epoch. */
  startedAtMs: number;
  endedAtMs: number;
  steps: readonly StepReport[];
};

const findingsOutput = z.object({ findings: z.array(findingSchema) });
const rehearsalOutput = z.object({
  daysAgo: z.number(),
  good: z.boolean(),
  score: z.object({
    switchedMs: z.number().nullable(),
    recoveredMs: z.number().nullable(),
    sent: z.number(),
    lost: z.number(),
  }),
});
const certificateOutput = z.object({ certificateDaysLeft: z.number() });

/** The steps of a run; `optional` has the ids of those that never fail it. Groups have no result of their own; one is told only where it failed and nothing within it did. */
export function reportSteps(state: RunState, optional: ReadonlySet<string>): StepReport[] {
  const steps = [...state.steps.values()];
  const isExplained = steps.some(({ uses, phase }) => uses !== null && phase === 'failed');
  return steps
    .filter(({ uses, phase }) => uses !== null || (phase === 'failed' && !isExplained))
    .map((step) => reportStep(step, state.speed, optional.has(step.id)));
}

function reportStep(step: StepState, speed: number, optional: boolean): StepReport {
  const { id, title, summary, error, skippedWhy, startedAtMs, endedAtMs } = step;
  const found = findingsOutput.safeParse(step.output);
  const certificate = certificateOutput.safeParse(step.output);
  const rehearsal = rehearsalOutput.safeParse(step.output);
  return {
    id,
    title,
    optional,
    outcome: outcomeOf(step),
    ms: endedAtMs === null ? null : (endedAtMs - startedAtMs) * speed,
    headline: error?.message ?? skippedWhy ?? summary?.headline ?? '',
    detail: [...(error?.hint === undefined ? [] : [`hint: ${error.hint}`]), ...(summary?.detail ?? [])],
    failure: error?.code ?? null,
    findings: found.success ? found.data.findings : [],
    certificateDaysLeft: certificate.success ? certificate.data.certificateDaysLeft : null,
    rehearsal: rehearsal.success ? rehearsal.data : null,
  };
}

function outcomeOf({ phase, knowledge }: StepState): StepOutcome {
  switch (phase) {
    case 'succeeded':
      return knowledge === 'unknown' ? 'unknown' : 'passed';
    case 'running':
      return 'unfinished';
    default:
      return phase;
  }
}
