import { z } from 'zod';
import type { ActionContext } from '../action.ts';
import { routeOf } from './connect-target.ts';
import { decideVerdict } from './decide-verdict.ts';
import { matrixOf, matrixSchema, type Round } from './matrix.ts';
import { answeredOf, answeredSchema, doubtPrimary } from './primary-doubt.ts';
import type { RequestResult } from './request-result.ts';
import type { Cell, RouteEvidence } from './route-evidence.ts';
import type { Sent } from './send-rounds.ts';

/** What `http.compare` puts out. */
export const comparisonSchema = z.strictObject({
  verdict: z.enum(['healthy', 'provider-fault', 'own-fault', 'fallback-not-ready', 'recovering', 'inconclusive']),
  reasons: z.array(z.string()).describe('the evidence, the weightiest first'),
  notes: z.array(z.string()).describe('what could not be judged'),
  rounds: z.int().positive(),
  routes: z.record(
    z.string(),
    z.strictObject({
      role: z.enum(['primary', 'fallback', 'origin']),
      provider: z.string(),
      state: z
        .enum(['good', 'bad', 'recovering', 'blink', 'unreachable', 'absent'])
        .describe('absent: an origin whose answers came by another path'),
      good: z.int().nonnegative().describe('rounds in which every critical request was met'),
      bad: z.int().nonnegative(),
      rounds: z.array(z.boolean()).describe('each round: was every critical request met'),
    }),
  ),
  endedEarly: z
    .strictObject({
      afterMs: z.number().nonnegative().describe('from the first round to the last that was sent'),
      planned: z.int().positive().describe('rounds that would have been sent'),
      why: z.string(),
    })
    .nullable()
    .describe('a wide look that ended before its last round; null where all were sent'),
  answered: answeredSchema,
  matrix: matrixSchema,
});

/** See {@link comparisonSchema}. */
export type Comparison = z.output<typeof comparisonSchema>;

/** Judges the rounds that were sent over these routes, the primary first. Sends nothing. */
export function judgeRounds(
  sent: Sent,
  input: { routes: readonly string[]; fallback: string },
  ctx: Pick<ActionContext, 'env'>,
): Comparison {
  const [primary = '', ...others] = input.routes;
  const origin = others.find((name) => name !== input.fallback);
  const providers = new Map(input.routes.map((name) => [name, routeOf(ctx.env, name).provider]));
  const { rounds } = sent;
  const evidence = {
    primary: evidenceOf(rounds, primary),
    fallback: evidenceOf(rounds, input.fallback),
    ...(origin === undefined ? {} : { origin: evidenceOf(rounds, origin) }),
  };
  const { verdict, reasons, counted, states } = decideVerdict(evidence);
  const matrix = matrixOf(
    counted.length === 0 ? rounds : rounds.filter((_, round) => counted.includes(round)),
    input.routes,
  );
  const answered = answeredOf(sent.answered, sent.atAnswered, counted);
  const doubt = verdict === 'provider-fault' ? doubtPrimary(primary, answered, matrix) : undefined;
  const routeOutput = (role: 'primary' | 'fallback' | 'origin', { name, cells }: RouteEvidence) => {
    const met = counted.map((round) => Object.values(cells).every((sequence) => sequence[round] === 'good'));
    const good = met.filter((whole) => whole).length;
    const provider = providers.get(name) ?? '';
    return [name, { role, provider, state: states[role], good, bad: met.length - good, rounds: met }] as const;
  };
  const notes = new Set(rounds.flatMap((round) => [...round.values()].flat().flatMap((result) => result.notes)));
  const skipped = (rounds[0]?.get(primary) ?? []).filter(({ outcome }) => outcome === 'skipped');
  return {
    verdict: doubt === undefined ? verdict : 'inconclusive',
    reasons: doubt === undefined ? reasons : [doubt, ...reasons],
    notes: [...skipped.map(({ id, why }) => `${id}: ${why}`), ...notes],
    rounds: rounds.length,
    routes: Object.fromEntries([
      routeOutput('primary', evidence.primary),
      routeOutput('fallback', evidence.fallback),
      ...(evidence.origin === undefined ? [] : [routeOutput('origin', evidence.origin)]),
    ]),
    endedEarly: sent.endedEarly,
    answered,
    matrix,
  };
}

/** The critical requests that were sent, as cells. */
function evidenceOf(rounds: readonly Round[], name: string): RouteEvidence {
  const cells: Record<string, Cell[]> = {};
  for (const round of rounds) {
    for (const result of round.get(name) ?? []) {
      if (!result.critical || result.outcome === 'skipped') continue;
      const sequence = cells[result.id] ?? [];
      sequence.push(cellOf(result));
      cells[result.id] = sequence;
    }
  }
  return { name, cells };
}

function cellOf(result: RequestResult): Cell {
  if (result.misrouted) return 'misrouted';
  if (result.outcome === 'passed') return 'good';
  return result.connected ? 'bad' : 'unconnected';
}
