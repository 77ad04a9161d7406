import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { durationSchema } from '../duration.ts';
import { fallbackFollows, lookIsShort, routesDiffer } from '../input-rules.ts';
import { routeOf } from './connect-target.ts';
import { type Decision, decideVerdict } from './decide-verdict.ts';
import { matrixOf, matrixSchema, type Round, renderMatrix } from './matrix.ts';
import { answeredOf, answeredSchema, doubtPrimary } from './primary-doubt.ts';
import type { RequestResult } from './request-result.ts';
import { mostRounds, roundTimes } from './round-times.ts';
import type { Cell, RouteEvidence } from './route-evidence.ts';
import { sendRounds } from './send-rounds.ts';
import { headlineWidth, toWidth, wrapText } from './text-columns.ts';

const inputSchema = z
  .strictObject({
    suite: z.string().describe('name of a suite in runbooks/suites'),
    routes: z.array(z.string()).min(2).max(3).describe('the primary first; then the fallback and, if any, the origin'),
    fallback: z.string().default('fallback').describe('which of the routes is the fallback'),
    rounds: z.int().min(1).max(mostRounds).default(3).describe('so many at least; `every` can ask for more'),
    over: durationSchema.default(5_000).describe('the time that the rounds are spread over, first to last'),
    every: durationSchema
      .optional()
      .describe(`a longer \`over\` has a round for each such time, up to ${mostRounds} in all`),
    only: z
      .enum(['all', 'critical'])
      .default('all')
      .describe('`critical`: the others, on which no verdict rests, are not sent'),
    'at-once': z.int().min(1).max(50).default(10).describe('requests open at a time to one place'),
  })
  .refine(routesDiffer.holds, {
    message: 'name each route once',
    path: ['routes'],
    params: { reads: routesDiffer.reads },
  })
  .refine(fallbackFollows.holds, {
    message: 'name the fallback after the primary (`fallback` says which it is)',
    path: ['routes'],
    params: { reads: fallbackFollows.reads },
  })
  .refine(lookIsShort.holds, {
    message: 'more than 15m (12m are wider than a flap of five-minute cycles)',
    path: ['over'],
    params: { reads: lookIsShort.reads },
  });

const outputSchema = z.strictObject({
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
  answered: answeredSchema,
  matrix: matrixSchema,
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;

/** Sends a suite over several routes at the same time, in rounds, and decides from the differences whose fault it is. */
export const httpCompare = check({
  name: 'http.compare',
  summary: 'Send a suite over several routes at the same time and tell from the differences whose fault it is',
  input: inputSchema,
  output: outputSchema,
  guard: 'verdict',
  run,
  summarise,
});

async function run(input: Input, ctx: ActionContext): Promise<Output> {
  const suite = ctx.suite(input.suite);
  const [primary = '', ...others] = input.routes;
  const origin = others.find((name) => name !== input.fallback);
  const providers = new Map(input.routes.map((name) => [name, routeOf(ctx.env, name).provider]));
  if (!suite.requests.some(({ critical }) => critical)) {
    throw new OpsError('invalid', `suite "${input.suite}" has no critical request, so nothing tells an outage`, {
      hint: 'mark what customers cannot do without with `critical: true`',
    });
  }
  const requests = suite.requests.filter(({ critical }) => critical || input.only === 'all');
  const times = roundTimes({ rounds: input.rounds, overMs: input.over, everyMs: input.every });
  const looking = { suite: { ...suite, requests }, suiteName: input.suite, routes: input.routes, times };
  const sent = await sendRounds({ ...looking, atOnce: input['at-once'] }, ctx);
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

const meanings: Record<Decision['verdict'], string> = {
  healthy: 'both paths serve every critical request',
  'provider-fault': 'the primary path fails, the fallback works',
  'own-fault': 'the backends fail behind every path; switching would not help',
  'fallback-not-ready': 'the fallback does not serve; switching would not help',
  recovering: 'the primary path is coming back by itself; switching adds risk',
  inconclusive: 'the evidence does not decide',
};

function summarise(output: Output): Summary {
  const routes = Object.keys(output.routes);
  const why = output.matrix.flatMap(({ id, critical, cells }) =>
    routes.flatMap((route) => {
      const cell = cells[route];
      return critical && cell !== undefined && cell.passed < cell.of ? [{ route, id, why: cell.why }] : [];
    }),
  );
  const causes = new Map(why.map((item) => [`${item.route} ${item.why}`, item]));
  const shown = [...causes.values()].slice(0, 4);
  return {
    headline: toWidth(`${output.verdict}: ${meanings[output.verdict]}`, headlineWidth).trimEnd(),
    detail: [
      ...renderMatrix(output.matrix, routes),
      ...output.reasons.flatMap((reason) => wrapText(`- ${reason}`)),
      ...shown.flatMap((item) => wrapText(`- ${item.route}, ${item.id}: ${item.why}`)),
      ...output.notes.flatMap((note) => wrapText(`note: ${note}`, '      ')),
    ],
    // A clear verdict is what the matrix says; another needs its first reasons.
    evidence: [
      ...renderMatrix(output.matrix, routes),
      ...(output.verdict === 'provider-fault' ? [] : output.reasons.slice(0, 2)).flatMap((reason) =>
        wrapText(`- ${reason}`),
      ),
    ],
  };
}
