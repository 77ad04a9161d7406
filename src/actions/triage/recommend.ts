import { z } from 'zod';
import { check, type Summary } from '../action.ts';
import { durationSchema } from '../duration.ts';
import { headlineWidth, toWidth, wrapText } from '../http/text-columns.ts';
import { decide, type Recommendation, recommendations } from './decide.ts';
import { describeBeside, type Source } from './describe.ts';
import { answersSchema, monitorsSchema, pathsSchema, vantageSchema, wordsSchema } from './evidence.ts';
import { usualWindow } from './see-routes.ts';

/** Outputs of an earlier step, in a list: empty where the step has none. Left out where nobody was asked. */
const outputsOf = <Schema extends z.ZodType>(schema: Schema, of: string) =>
  z
    .array(schema)
    .max(1)
    .optional()
    .describe(
      `outputs of a step with ${of}: "has(steps.ID.outputs) ? [steps.ID.outputs] : []"; an empty list is missing`,
    );

const inputSchema = z.strictObject({
  paths: outputsOf(pathsSchema, 'http.compare'),
  over: durationSchema.describe('the time that its rounds were spread over'),
  cycle: durationSchema
    .default(600_000)
    .describe(
      'the longest cycle of failing and recovering to reckon with; a window as long decides by `share-of-cycle`',
    ),
  window: z
    .strictObject({
      'least-rounds': z
        .int()
        .min(2)
        .default(usualWindow.leastRounds)
        .describe('M: with fewer rounds nothing is decided'),
      share: z.number().gt(0.5).max(1).default(usualWindow.share).describe('N of M: how much of them must have failed'),
      'share-of-cycle': z
        .number()
        .min(0.25)
        .max(1)
        .default(usualWindow.shareOfCycle)
        .describe('the same of the rounds of the last cycle, where they were spread over a whole one'),
    })
    .prefault({})
    .describe('how many of how many rounds decide; one round never does, red or green'),
  answers: outputsOf(answersSchema, 'dns.verify about the primary route'),
  vendors: outputsOf(wordsSchema, 'vendor.status'),
  monitors: outputsOf(monitorsSchema, 'the state of monitors'),
  vantage: outputsOf(vantageSchema, 'globalping.measure'),
});

const outputSchema = z.strictObject({
  recommendation: z.enum(recommendations),
  because: z.array(z.string()).describe('what decided, the weightiest first'),
  until: z.string().nullable().describe('what must be true, and for how long, to go on'),
  doubt: z
    .enum(['only-from-here', 'rate-limited'])
    .nullable()
    .describe('why an outage that the paths show is not told to be one: it may be seen from here alone'),
  evidence: z.array(z.string()).describe('what else was seen; it makes no outage of what the paths do not show'),
  missing: z.array(z.string()).describe('what was asked for and could not be seen'),
  counted: z
    .strictObject({
      failed: z.int().nonnegative(),
      rounds: z.int().nonnegative(),
      needed: z.int().nonnegative().describe('so many failed rounds decide'),
    })
    .nullable()
    .describe('what the primary did in the rounds; null where the paths were not seen'),
  command: z.string().nullable().describe('what to run next, ready to be typed'),
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;

/** Weighs what earlier steps saw, and recommends one thing to do. It looks at nothing itself, and changes nothing. */
export const recommend = check<Input, Output>({
  name: 'triage.recommend',
  summary: 'Recommend one thing to do from what earlier steps saw, and say what was missing',
  input: inputSchema,
  output: outputSchema,
  guard: 'verdict',
  async run(input, { env }) {
    const paths = sourceOf(input.paths);
    const answers = sourceOf(input.answers);
    const words = sourceOf(input.vendors);
    const monitors = sourceOf(input.monitors, env.datadog !== undefined);
    const vantage = sourceOf(input.vantage, env.globalping !== undefined);
    const decision = decide({
      paths: foundBy(paths),
      answers: foundBy(answers),
      elsewhere: { words: foundBy(words), monitors: foundBy(monitors), vantage: foundBy(vantage) },
      windowMs: input.over,
      cycleMs: input.cycle,
      window: {
        leastRounds: input.window['least-rounds'],
        share: input.window.share,
        shareOfCycle: input.window['share-of-cycle'],
      },
    });
    const beside = describeBeside(
      { answers, words, monitors, vantage },
      { primaryFails: (decision.counted?.failed ?? 0) > 0 },
    );
    const missing = paths.state === 'seen' ? [] : ['paths: the requests could not be compared'];
    const command = commandFor(decision.recommendation, input.cycle, decision.because);
    return { ...decision, evidence: beside.evidence, missing: [...missing, ...beside.missing], command };
  },
  summarise,
});

/** `isNamed`: the environment names such a source; nobody is asked who is not named, and so nothing is missing. */
function sourceOf<T>(given: readonly T[] | undefined, isNamed = true): Source<T> {
  if (given === undefined) return { state: 'not-asked' };
  const [found] = given;
  if (found === undefined && !isNamed) return { state: 'not-asked' };
  return found === undefined ? { state: 'missing' } : { state: 'seen', found };
}

function foundBy<T>(source: Source<T>): T | undefined {
  return source.state === 'seen' ? source.found : undefined;
}

/** Short enough for a line of the screen. */
function commandFor(recommendation: Recommendation, cycleMs: number, because: readonly string[]): string | null {
  switch (recommendation) {
    case 'fail-over': {
      const [tally = ''] = /^[\w-]+ failed in \d+ of \d+ rounds/.exec(because[0] ?? '') ?? [];
      return `resend-ops failover --reason "${tally}"`;
    }
    case 'hold':
      // Longer than the cycle, so that both of its halves are seen.
      return `resend-ops triage --over ${Math.ceil((cycleMs * 1.2) / 60_000)}m`;
    case 'fix-ours':
      return 'resend-ops announce --message "We are fixing it."';
    case 'fix-fallback':
      return 'resend-ops validate-fallback';
    case 'look-again':
      return 'resend-ops triage --over 2m';
    case 'nothing':
      return null;
  }
}

const doubts: Readonly<Record<NonNullable<Output['doubt']>, string>> = {
  'only-from-here': 'LOOK AGAIN: only from here? Not everyone sees the primary fail',
  'rate-limited': 'LOOK AGAIN: the primary limits our requests (429)',
};

const headlines: Readonly<Record<Recommendation, string>> = {
  'fail-over': 'FAIL OVER: the primary path fails, not the fallback',
  hold: 'HOLD: the primary path is not steadily down',
  'fix-ours': 'FIX OURS: the backends fail behind every path',
  'fix-fallback': 'FIX THE FALLBACK FIRST: it does not serve',
  nothing: 'NOTHING TO DO',
  'look-again': 'LOOK AGAIN: the evidence does not decide',
};

function summarise(output: Output): Summary {
  const { recommendation, because, until, evidence, missing, command, counted, doubt } = output;
  // Nothing is to be done while the primary fails only where traffic has moved.
  const moved = recommendation === 'nothing' && (counted?.failed ?? 0) > 0 ? ': DNS leads to the fallback already' : '';
  const rounds = counted === null ? '' : `; ${counted.failed} of ${counted.rounds} rounds failed`;
  return {
    headline: toWidth(
      `${doubt === null ? headlines[recommendation] : doubts[doubt]}${moved}${rounds}`,
      headlineWidth,
    ).trimEnd(),
    detail: [
      ...because.flatMap((reason) => wrapText(`- ${reason}`)),
      ...evidence.flatMap((line) => wrapText(`also: ${line}`, '      ')),
      ...missing.flatMap((line) => wrapText(`MISSING: ${line}`, '      ')),
      ...(until === null ? [] : wrapText(`until: ${until}`, '      ')),
    ],
    ...(command === null ? {} : { command }),
    always: true,
  };
}
