import { z } from 'zod';
import type { RunState } from '../journal/run-state.ts';

const share = z.object({ sent: z.int(), lost: z.int() });
const milliseconds = z.number().nullable();

/** How a rehearsal went: one line of the state directory's `rehearsals.jsonl`. Times in milliseconds of the rehearsal's clock. */
export const scoreSchema = z.object({
  /** When the run began, ISO 8601. */
  at: z.string(),
  run: z.string(),
  runbook: z.string(),
  scenario: z.string(),
  /** The marked moment that it began at; null for the beginning. */
  from: z.string().nullable(),
  seed: z.int().nullable(),
  speed: z.number(),
  /** The program's version. */
  version: z.string(),
  mode: z.enum(['dry-run', 'rehearsal']),
  outcome: z.string(),
  exitCode: z.int(),
  /** What the last `http.compare` found; null where none did. */
  verdict: z.string().nullable(),
  /** The path that authoritative DNS answered with at the end. */
  endsOn: z.enum(['edge', 'fallback', 'nowhere']),
  /** The steps that asked something, in order. */
  asked: z.array(z.string()),
  /** Why each approval that was given and did not count did not, by step. */
  refused: z.array(z.string()).default([]),
  /** Why each request for approval that came to nothing did, by step. */
  voided: z.array(z.string()).default([]),
  /** The public notices that were opened, each by the phase that it ended in. */
  notices: z.array(z.string()).default([]),
  /** Whether all this is what the scenario expects; null where it expects nothing of this run. */
  asExpected: z.boolean().nullable(),
  switchedMs: milliseconds,
  recoveredMs: milliseconds,
  objective: z.object({ switchedMs: milliseconds, recoveredMs: milliseconds }),
  /** Whether every clock of the objective was met; null where the run never got to "go", or there is no objective. */
  met: z.boolean().nullable(),
  /** What the simulated customers sent and lost before "go", from there until proven recovered, and after that. */
  customers: z.object({ clients: z.int(), before: share, during: share, after: share }),
  /** How long questions waited at the terminal. */
  atPromptsMs: z.number(),
  /** Guard → the reason that it was passed with. */
  overrides: z.record(z.string(), z.string()),
  /** The guards that fired, in order. */
  guards: z.array(z.string()),
  /** What a person must still finish, or what is in place. */
  left: z.array(z.string()),
});

/** See {@link scoreSchema}. */
export type Score = z.output<typeof scoreSchema>;

/** What the simulated customers saw: requests by second of the rehearsal's clock. */
export type CustomersSeen = { clients: number; buckets: readonly { at: number; sent: number; ok: number }[] };

/** What a scenario may list of a run; an empty list says that there is none. */
export const listFields = ['asked', 'guards', 'refused', 'voided', 'notices'] as const;

/** One of {@link listFields}. */
type ListField = (typeof listFields)[number];

/** What a score is made from, besides the run itself. */
export type ScoreFacts = Pick<Score, 'scenario' | 'from' | 'seed' | 'atPromptsMs' | 'endsOn' | 'asked' | 'notices'> & {
  /** What the scenario says of this run; empty where it says nothing. */
  expected: {
    verdict?: readonly string[] | undefined;
    exitCode?: number | undefined;
    endsOn?: string | undefined;
  } & Partial<Record<ListField, readonly string[] | undefined>>;
  objective: { switchedWithinMs?: number | undefined; recoveredWithinMs?: number | undefined } | undefined;
  /** "Go" by the rehearsal's clock, in milliseconds; null where it was never given. */
  goAtMs: number | null;
  customers: CustomersSeen;
};

/** Scores an ended rehearsal. Throws nothing; a run without an end counts as one that needs a person. */
export function scoreOf(state: RunState, facts: ScoreFacts): Score {
  const { clocks } = state;
  const objective = {
    switchedMs: facts.objective?.switchedWithinMs ?? null,
    recoveredMs: facts.objective?.recoveredWithinMs ?? null,
  };
  const exitCode = state.ending?.exitCode ?? 3;
  const verdict = verdictOf(state);
  const steps = [...state.steps.values()];
  const lists = {
    asked: [...facts.asked],
    guards: state.guards.map(({ guard }) => guard),
    refused: steps.flatMap(({ refusals }) => refusals.map(({ why }) => why)),
    voided: steps.flatMap(({ voided }) => voided),
    notices: [...facts.notices],
  };
  return {
    at: new Date(state.startedAtMs).toISOString(),
    run: state.run,
    runbook: state.runbook,
    scenario: facts.scenario,
    from: facts.from,
    seed: facts.seed,
    speed: state.speed,
    version: state.version,
    mode: state.mode === 'dry-run' ? 'dry-run' : 'rehearsal',
    outcome: state.ending?.outcome ?? 'needs-attention',
    exitCode,
    verdict,
    endsOn: facts.endsOn,
    ...lists,
    asExpected: isAsExpected(facts.expected, { endsOn: facts.endsOn, verdict, exitCode, ...lists }),
    switchedMs: clocks.switchedMs,
    recoveredMs: clocks.recoveredMs,
    objective,
    met: clocks.goAt === null ? null : isMet(objective, clocks),
    customers: customersByPhase(facts.customers, facts.goAtMs, clocks.recoveredMs),
    atPromptsMs: facts.atPromptsMs,
    overrides: Object.fromEntries(
      state.guards.flatMap(({ guard, overriddenBecause }) =>
        overriddenBecause === null ? [] : [[guard, overriddenBecause]],
      ),
    ),
    left: [...(state.ending?.left ?? [])],
  };
}

/** How a rehearsal went that was refused before it started: nothing ran, so it is not kept among the scores. */
export type RefusalScore = Pick<Score, 'scenario' | 'from' | 'seed' | 'exitCode' | 'endsOn' | ListField | 'asExpected'>;

/** Scores a rehearsal that was refused before it started. */
export function scoreOfRefusal(
  exitCode: number,
  { expected, ...facts }: Pick<ScoreFacts, 'scenario' | 'from' | 'seed' | 'endsOn' | 'notices' | 'expected'>,
): RefusalScore {
  const lists = { asked: [], guards: [], refused: [], voided: [], notices: [...facts.notices] };
  const asExpected = isAsExpected(expected, { verdict: null, exitCode, endsOn: facts.endsOn, ...lists });
  return { ...facts, exitCode, ...lists, asExpected };
}

const comparison = z.object({ verdict: z.string() });

function verdictOf(state: RunState): string | null {
  const compared = [...state.steps.values()].filter(({ uses }) => uses === 'http.compare').at(-1);
  const output = comparison.safeParse(compared?.output);
  return output.success ? output.data.verdict : null;
}

function isAsExpected(
  expected: ScoreFacts['expected'],
  found: Pick<Score, 'verdict' | 'exitCode' | 'endsOn' | ListField>,
): boolean | null {
  if (Object.values(expected).every((value) => value === undefined)) return null;
  const { verdict, exitCode, endsOn } = expected;
  return (
    (verdict === undefined || (found.verdict !== null && verdict.includes(found.verdict))) &&
    (exitCode === undefined || exitCode === found.exitCode) &&
    (endsOn === undefined || endsOn === found.endsOn) &&
    listFields.every((field) => expected[field] === undefined || expected[field].join() === found[field].join())
  );
}

function isMet(objective: Score['objective'], clocks: RunState['clocks']): boolean | null {
  const judged = [
    [objective.switchedMs, clocks.switchedMs],
    [objective.recoveredMs, clocks.recoveredMs],
  ] as const;
  const limited = judged.filter(([limit]) => limit !== null);
  return limited.length === 0 ? null : limited.every(([limit, ms]) => limit !== null && ms !== null && ms <= limit);
}

function customersByPhase(
  { clients, buckets }: CustomersSeen,
  goAtMs: number | null,
  recoveredMs: number | null,
): Score['customers'] {
  const phases = { before: { sent: 0, lost: 0 }, during: { sent: 0, lost: 0 }, after: { sent: 0, lost: 0 } };
  const recoveredAtMs = goAtMs === null || recoveredMs === null ? Number.POSITIVE_INFINITY : goAtMs + recoveredMs;
  for (const { at, sent, ok } of buckets) {
    const phase = goAtMs === null || at < goAtMs ? 'before' : at < recoveredAtMs ? 'during' : 'after';
    phases[phase].sent += sent;
    phases[phase].lost += sent - ok;
  }
  return { clients, ...phases };
}
