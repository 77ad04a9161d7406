import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { durationSchema } from '../duration.ts';
import { fallbackFollows, lookIsShort, routesDiffer } from '../input-rules.ts';
import { routeOf } from './connect-target.ts';
import type { Verdict } from './decide-verdict.ts';
import { settledBy } from './end-early.ts';
import { type Comparison, comparisonSchema, judgeRounds } from './judge-rounds.ts';
import { renderMatrix } from './matrix.ts';
import { mostRounds, roundTimes } from './round-times.ts';
import { type Sent, sendRounds } from './send-rounds.ts';
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
    cycle: durationSchema
      .optional()
      .describe(
        'a look that is as long as this cycle of failing and recovering, or longer, ends as soon as the rounds that remain cannot change what `triage.recommend` would recommend',
      ),
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

type Input = z.output<typeof inputSchema>;

/** Sends a suite over several routes at the same time, in rounds, and decides from the differences whose fault it is. */
export const httpCompare = check({
  name: 'http.compare',
  summary: 'Send a suite over several routes at the same time and tell from the differences whose fault it is',
  input: inputSchema,
  output: comparisonSchema,
  guard: 'verdict',
  run,
  summarise,
});

async function run(input: Input, ctx: ActionContext): Promise<Comparison> {
  const suite = ctx.suite(input.suite);
  for (const name of input.routes) routeOf(ctx.env, name);
  if (!suite.requests.some(({ critical }) => critical)) {
    throw new OpsError('invalid', `suite "${input.suite}" has no critical request, so nothing tells an outage`, {
      hint: 'mark what customers cannot do without with `critical: true`',
    });
  }
  const requests = suite.requests.filter(({ critical }) => critical || input.only === 'all');
  const times = roundTimes({ rounds: input.rounds, overMs: input.over, everyMs: input.every });
  const looking = { suite: { ...suite, requests }, suiteName: input.suite, routes: input.routes, times };
  const { cycle: cycleMs, over: overMs } = input;
  const isWide = cycleMs !== undefined && overMs >= cycleMs;
  const wide = { routes: input.routes, fallback: input.fallback, times, overMs, cycleMs: cycleMs ?? overMs };
  const settled = isWide ? (so: Sent) => settledBy(so, wide, ctx) : undefined;
  const sending = { ...looking, atOnce: input['at-once'], ...(settled === undefined ? {} : { settled }) };
  const sent = await sendRounds(sending, ctx);
  return judgeRounds(sent, input, ctx);
}

const meanings: Record<Verdict, string> = {
  healthy: 'both paths serve every critical request',
  'provider-fault': 'the primary path fails, the fallback works',
  'own-fault': 'the backends fail behind every path; switching would not help',
  'fallback-not-ready': 'the fallback does not serve; switching would not help',
  recovering: 'the primary path is coming back by itself; switching adds risk',
  inconclusive: 'the evidence does not decide',
};

function describeEnd({ rounds, endedEarly }: Comparison): string[] {
  if (endedEarly === null) return [];
  return [`ended after ${rounds} of ${endedEarly.planned} rounds: those that remain ${endedEarly.why}`];
}

function summarise(output: Comparison): Summary {
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
      ...describeEnd(output).flatMap((line) => wrapText(`- ${line}`)),
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
