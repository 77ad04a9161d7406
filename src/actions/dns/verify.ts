import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { durationSchema } from '../duration.ts';
import { findingCounts, holdFindings, renderFindings } from '../finding.ts';
import { headlineWidth, toWidth } from '../http/text-columns.ts';
import { judgeTimes, timeFindingIds } from './judge-times.ts';
import { askSchema, type Look, lookAtServers, lookSchema, prepareQuestion, type Question } from './look.ts';
import { findMoveProblems, moveFindingIds } from './move-findings.ts';
import { routeAnswers } from './route-answers.ts';
import { countInWords, describeLook, seconds } from './summarise-look.ts';

const inputSchema = z.strictObject({
  route: z.string().describe('the route that DNS should answer with'),
  ask: askSchema.default('all').describe('the zone’s own servers, the listed resolvers, or both'),
  name: z
    .string()
    .regex(/^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9])?$/, 'a hostname in lower case, without trailing dot')
    .optional()
    .describe('ask for this name instead of the environment’s hostname'),
  every: durationSchema.default(500).describe('pause between two rounds'),
  'settle-times': z.int().min(1).max(20).default(1).describe('rounds in a row in which all must agree'),
  'must-agree': z
    .boolean()
    .default(true)
    .describe('ask until all agree, and fail if they do not in time; false: look once and tell'),
  'before-move': z
    .boolean()
    .default(false)
    .describe('also look for what a move to the route would break: CAA, DS at the parent, IPv6'),
  'drain-within': durationSchema.optional().describe('a predicted drain that takes longer is a finding'),
  'absence-within': durationSchema
    .optional()
    .describe('the zone’s SOA letting resolvers keep the absence of a record for longer is a finding'),
});

const outputSchema = lookSchema.extend({
  route: z.string(),
  asked: z.string().describe('the name asked for'),
  ask: askSchema,
  elapsedMs: z.number(),
  lastAgreedAfterMs: z
    .number()
    .nullable()
    .describe('from the first question until the last server agreed; null if one does not'),
  ...findingCounts,
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;

/**
 * Asks every address of every authoritative server directly, then the resolvers, and tells whether DNS answers with
 * the route. Throws `failed`, naming the servers, when they must agree and do not in time.
 */
export const dnsVerify = check<Input, Output>({
  name: 'dns.verify',
  summary: 'Ask every DNS server whether it answers with a route',
  input: inputSchema,
  output: outputSchema,
  findings: [...moveFindingIds, ...timeFindingIds],
  async run(input, ctx) {
    const route = routeAnswers(ctx.env, input.route);
    const asked = input.name ?? ctx.env.hostname;
    const started = ctx.clock.now();
    const found = input['before-move'] ? await findMoveProblems(ctx, asked, route) : [];
    const { look, lastAgreedAt } = await lookUntilSettled(input, ctx, () =>
      prepareQuestion(ctx, { name: asked, route: input.route, ask: input.ask }),
    );
    return {
      ...look,
      route: input.route,
      asked,
      ask: input.ask,
      elapsedMs: ctx.clock.now() - started,
      lastAgreedAfterMs: lastAgreedAt === null ? null : lastAgreedAt - started,
      ...holdFindings(ctx, [...found, ...judgeTimes(look, ctx.env.zone, input)]),
    };
  },
  summarise(output, input): Summary {
    const { agreed, predictedDrainMs } = output;
    const took = agreed && input['must-agree'] ? ` in ${seconds(output.lastAgreedAfterMs ?? output.elapsedMs)}` : '';
    const findings = renderFindings(output.findings);
    // Before a move nothing answers with the route yet: a table of servers that do not would look like trouble.
    if (input['before-move'] && !input['must-agree'] && !agreed) {
      const count = output.findings.length - output.accepted;
      const headline = `${count === 0 ? 'nothing' : count} found in the way of a move to ${input.route}`;
      return { headline: toWidth(headline, headlineWidth).trimEnd(), detail: findings, evidence: findings };
    }
    const summary: Summary = {
      headline: toWidth(`${countInWords(output, input.route)}${took}`, headlineWidth).trimEnd(),
      detail: [...describeLook(output), ...findings],
      ...(agreed ? { evidence: findings } : {}),
    };
    if (!input['must-agree']) return predictedDrainMs === null ? summary : { ...summary, predictedDrainMs };
    if (!agreed) return summary;
    return { ...summary, milestone: input.ask === 'authoritative' ? 'switched' : 'recovered' };
  },
});

type Settled = { look: Look; lastAgreedAt: number | null };

/** Looks once, or until all agree as often in a row as asked. Throws when the time is over before. */
async function lookUntilSettled(input: Input, ctx: ActionContext, prepare: () => Promise<Question>): Promise<Settled> {
  const waits = ctx.mayWait && input['must-agree'];
  let question: Question | undefined;
  let last: { look: Look } | { failure: OpsError } | undefined;
  let agreedAt: number | null = null;
  let agreedTimes = 0;
  for (;;) {
    try {
      question ??= await prepare();
      const look = await lookAtServers(ctx, question);
      // Questions that the end of the time cut short are no answers: the look before stands.
      if (ctx.signal.aborted) throw ctx.signal.reason;
      agreedAt = look.agreed ? (agreedAt ?? ctx.clock.now()) : null;
      agreedTimes = look.agreed ? agreedTimes + 1 : 0;
      if (!waits || agreedTimes >= input['settle-times']) return { look, lastAgreedAt: agreedAt };
      last = { look };
      ctx.progress(countInWords(look, input.route));
    } catch (error) {
      if (ctx.signal.aborted) throw endOfTime(ctx.signal, input, last);
      if (!waits || !(error instanceof OpsError) || error.code !== 'failed') throw error;
      last = { failure: error };
      ctx.progress(error.message);
    }
    try {
      await ctx.clock.sleep(input.every, ctx.signal);
    } catch (error) {
      throw ctx.signal.aborted ? endOfTime(ctx.signal, input, last) : error;
    }
  }
}

/**
 * What to throw at the end of the step's time: `failed` when a server was seen to answer otherwise, `timeout` when
 * none could be asked, so that "not seen" is never taken for "not there". An operator's stop stays a stop.
 */
function endOfTime(
  signal: AbortSignal,
  input: Input,
  last: { look: Look } | { failure: OpsError } | undefined,
): unknown {
  const { reason } = signal;
  if (last === undefined || !(reason instanceof OpsError) || reason.code !== 'timeout') return reason;
  if ('failure' in last) {
    const { message, hint } = last.failure;
    return new OpsError('timeout', message, { cause: last.failure, ...(hint === undefined ? {} : { hint }) });
  }
  const { look } = last;
  const seenOtherwise = look.agreed || look.servers.some(({ answered, agrees }) => answered && !agrees);
  const counts = countInWords(look, input.route);
  const message = seenOtherwise
    ? `DNS does not answer with ${input.route}: ${counts}; ${holdouts(look)}`
    : `DNS cannot be asked whether it answers with ${input.route}: ${counts}; ${holdouts(look)}`;
  return new OpsError(seenOtherwise ? 'failed' : 'timeout', message, { hint: hintFor(look) });
}

function holdouts(look: Look): string {
  const rows = look.servers.filter(({ agrees }) => !agrees);
  if (look.agreed) return 'they agree, but not yet as often in a row as asked';
  const named = rows.slice(0, 6).map(({ server, address, answer, note }) => {
    const at = address === server || address === '' ? server : `${server} (${address})`;
    return `${at}: ${note || answer}`;
  });
  return [...named, ...(rows.length > 6 ? [`and ${rows.length - 6} more`] : [])].join('; ');
}

function hintFor(look: Look): string {
  if (!look.servers.some(({ answered }) => answered)) {
    return 'no server answered: check this machine’s network, and that it may reach port 53 over UDP and TCP';
  }
  if (look.authoritative.agreeing < look.authoritative.total) {
    return 'the zone’s own servers do not have the change: look at the record and the load balancer in the provider’s API, then run the step again';
  }
  return look.remainingMs > 0
    ? `the zone’s own servers have the change; resolvers may keep the old answer for ${seconds(look.remainingMs)} more: wait, then run the step again`
    : 'ask the resolvers named above with `dig`, and run the step again';
}
