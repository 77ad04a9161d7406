import { z } from 'zod';
import { type ActionContext, check, type Summary } from '../action.ts';
import { durationSchema } from '../duration.ts';
import { findingCounts, holdFindings, renderFindings } from '../finding.ts';
import { routeOf } from './connect-target.ts';
import { judgeRequests, requestFindingIds } from './request-findings.ts';
import { type RequestResult, requestResultSchema } from './request-result.ts';
import { requestsToSkip, sendSuite } from './send-suite.ts';
import { fillLine, lineWidth, toWidth, wrapText } from './text-columns.ts';

const inputSchema = z.strictObject({
  suite: z.string().describe('name of a suite in runbooks/suites'),
  route: z.string().describe('name of a route of the environment'),
  'at-once': z.int().min(1).max(50).default(10).describe('requests open at a time to one place'),
  family: z
    .enum(['ipv4', 'ipv6'])
    .optional()
    .describe('dial only addresses of this family; whichever answers first unless given'),
  rounds: z.int().min(1).max(1_000).default(1).describe('how often; every round must pass'),
  over: durationSchema.default(0).describe('the window that the rounds are spread over, first to last'),
});

const countSchema = z.int().nonnegative();

const outputSchema = z.strictObject({
  route: z.string(),
  provider: z.string(),
  passed: countSchema.describe('requests that passed in every round'),
  failed: countSchema,
  unreachable: countSchema,
  skipped: countSchema,
  total: countSchema.describe('requests sent; without the skipped ones'),
  criticalPassed: countSchema,
  criticalTotal: countSchema,
  criticalSkipped: countSchema,
  rounds: z
    .strictObject({ planned: countSchema, run: countSchema, passed: countSchema })
    .describe('the first round that does not pass is the last'),
  windowMs: countSchema.describe('from the start of the first round to the start of the last'),
  slowestMs: countSchema.nullable().describe('of the answered requests'),
  results: z.array(requestResultSchema).describe('of the last round'),
  ...findingCounts,
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;

/** Sends a suite over one route, once or in rounds over a window, and counts what passes. */
export const httpCheck = check({
  name: 'http.check',
  summary: 'Send the requests of a suite over one route and hold the answers against what they must be',
  input: inputSchema,
  output: outputSchema,
  findings: requestFindingIds,
  run,
  summarise,
});

async function run(input: Input, ctx: ActionContext): Promise<Output> {
  const suite = ctx.suite(input.suite);
  const { provider } = routeOf(ctx.env, input.route);
  // A window waits for time to pass; where waiting makes no sense one look is what there is.
  const planned = ctx.mayWait ? input.rounds : 1;
  const gapMs = planned > 1 ? input.over / (planned - 1) : 0;
  const startedAt = ctx.clock.now();
  let windowMs = 0;
  let slowestMs: number | null = null;
  let results: RequestResult[] = [];
  let roundsPassed = 0;
  let roundsRun = 0;
  requestsToSkip(suite, input.suite, ctx);
  for (let round = 0; round < planned; round += 1) {
    const waitMs = startedAt + round * gapMs - ctx.clock.now();
    if (waitMs > 0) await ctx.clock.sleep(waitMs, ctx.signal);
    if (planned > 1) ctx.progress(`${input.route}: round ${round + 1} of ${planned}`);
    windowMs = Math.max(0, Math.round(ctx.clock.now() - startedAt));
    results = await sendSuite({ suite, route: input.route, atOnce: input['at-once'], ...familyOf(input) }, ctx);
    roundsRun += 1;
    for (const { status, timings } of results) {
      if (status !== null && timings !== null) slowestMs = Math.max(slowestMs ?? 0, Math.round(timings.totalMs));
    }
    if (results.some(({ outcome }) => outcome === 'failed' || outcome === 'unreachable')) break;
    roundsPassed += 1;
  }
  const count = (keep: (result: RequestResult) => boolean) => results.filter(keep).length;
  return {
    route: input.route,
    provider,
    passed: count(({ outcome }) => outcome === 'passed'),
    failed: count(({ outcome }) => outcome === 'failed'),
    unreachable: count(({ outcome }) => outcome === 'unreachable'),
    skipped: count(({ outcome }) => outcome === 'skipped'),
    total: count(({ outcome }) => outcome !== 'skipped'),
    criticalPassed: count(({ critical, outcome }) => critical && outcome === 'passed'),
    criticalTotal: count(({ critical, outcome }) => critical && outcome !== 'skipped'),
    criticalSkipped: count(({ critical, outcome }) => critical && outcome === 'skipped'),
    rounds: { planned, run: roundsRun, passed: roundsPassed },
    windowMs,
    slowestMs,
    results,
    ...holdFindings(ctx, judgeRequests(results, input.route)),
  };
}

function familyOf({ family }: Input): { family?: 4 | 6 } {
  return family === undefined ? {} : { family: family === 'ipv4' ? 4 : 6 };
}

function summarise(output: Output): Summary {
  const { criticalPassed, criticalTotal, criticalSkipped, rounds, skipped } = output;
  // What is said first must not sound better than it is: critical requests that were not sent belong to it.
  const over = `over ${output.route}${criticalSkipped > 0 ? `, ${criticalSkipped} not sent` : ` (${output.provider})`}`;
  const others = `${output.passed - criticalPassed}/${output.total - criticalTotal}`;
  const facts = [
    criticalTotal > 0
      ? `${criticalPassed}/${criticalTotal} critical requests pass ${over}`
      : `${others} requests pass ${over}`,
  ];
  if (rounds.planned > 1) {
    facts.push(`${rounds.passed}/${rounds.planned} rounds in ${Math.round(output.windowMs / 1_000)} s`);
  }
  if (skipped > criticalSkipped) facts.push(`${skipped - criticalSkipped} others skipped`);
  if (criticalTotal > 0 && output.total > criticalTotal) facts.push(`${others} others`);
  if (output.slowestMs !== null) facts.push(`slowest ${output.slowestMs} ms`);
  const { fitting, rest } = fillLine(facts);
  const rows = rowsOf(output);
  return {
    headline: fitting,
    detail: [
      ...rows,
      ...(rest === '' ? [] : wrapText(`also ${rest}`, '     ')),
      ...renderFindings(output.findings.filter(({ acceptance }) => acceptance !== null)),
    ],
    // Requests that pass are in the count; a decision needs the others.
    evidence: output.passed === output.total ? [] : rows,
  };
}

const shownWhenGood = 12;

function rowsOf(output: Output): string[] {
  const bad = output.results.filter(({ outcome }) => outcome === 'failed' || outcome === 'unreachable');
  const skipped = output.results.filter(({ outcome }) => outcome === 'skipped');
  const passed = output.results.filter(({ outcome }) => outcome === 'passed');
  const idWidth = Math.min(32, Math.max(...output.results.map(({ id }) => id.length)));
  const row = (word: string, { id, why, critical }: RequestResult) =>
    wrapText(`${word} ${id}${critical ? '' : ' (not critical)'}: ${why}`, '     ');
  const lines = [
    ...[...bad].sort((a, b) => Number(b.critical) - Number(a.critical)).flatMap((result) => row('FAIL', result)),
    ...skipped.flatMap((result) => row('skip', result)),
  ];
  for (const result of passed.slice(0, shownWhenGood)) {
    const ms = `${Math.round(result.timings?.totalMs ?? 0)} ms`.padStart(8);
    const text = `ok   ${toWidth(result.id, idWidth)} ${ms}  ${result.why}`;
    lines.push(toWidth(text, lineWidth).trimEnd());
  }
  if (passed.length > shownWhenGood) lines.push(`     and ${passed.length - shownWhenGood} more pass`);
  const notes = new Set(output.results.flatMap((result) => result.notes));
  for (const note of notes) lines.push(...wrapText(`note: ${note}`, '      '));
  return lines;
}
