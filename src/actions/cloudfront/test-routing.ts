import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { requiredAwsSecrets } from '../../world/aws.ts';
import { openFunctionSandbox } from '../../world/function-sandbox.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { describeRouting } from '../cloudflare/describe-routing.ts';
import { type ReadRouting, readRouting } from '../cloudflare/read-routing.ts';
import { findingCounts, holdFindings, renderFindings } from '../finding.ts';
import { fillLine } from '../http/text-columns.ts';
import { chosenHost, eventOf } from './chosen-host.ts';
import { type Compared, cloudflareChoice, compareWays } from './compare-ways.ts';
import { behaviorFor, type Distribution, readDistribution } from './distribution.ts';
import { type FunctionStage, readFunction } from './read-function.ts';
import { renderDifferences } from './render-differences.ts';
import { judgeRouting, routingFindingIds } from './routing-findings.ts';
import { runTestFunction } from './run-test-function.ts';
import { type Row, truthTable } from './truth-table.ts';

const inputSchema = z.strictObject({
  suite: z.string().describe('name of a suite in runbooks/suites: its paths are in the table'),
  backends: z
    .record(z.string(), z.array(z.string()))
    .default({})
    .describe('backend → hostnames that are the same one, where the two providers know it by different names'),
});

const countSchema = z.int().nonnegative();
const rowSchema = { method: z.string(), path: z.string() };

const outputSchema = z.strictObject({
  functionName: z.string(),
  sha256: z.string().describe('of the LIVE code that was run'),
  rules: z.array(z.string()).describe('the load balancer’s rules and pools, a line each'),
  total: countSchema.describe('requests compared'),
  same: countSchema,
  different: countSchema,
  undecided: countSchema.describe('requests of which one side cannot be told'),
  differences: z.array(z.strictObject({ ...rowSchema, cloudfront: z.string(), cloudflare: z.string() })),
  reasons: z.array(z.string()).describe('why requests are undecided'),
  testErrors: z.array(z.strictObject({ ...rowSchema, message: z.string() })).describe('of CloudFront’s own test'),
  computeUtilization: z
    .number()
    .nullable()
    .describe('the highest that CloudFront’s own test told, in percent; above 70 it may be throttled'),
  ...findingCounts,
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;

/** Compares, request by request, the backend that the standby's function chooses with the one that Cloudflare's rules choose. */
export const cloudFrontTestRouting = check({
  name: 'cloudfront.test-routing',
  summary:
    'Run the standby’s function over a table of requests, and compare its choices with the load balancer’s rules',
  input: inputSchema,
  output: outputSchema,
  secrets: [...requiredAwsSecrets, 'cloudflare'],
  guard: 'routing-parity',
  findings: routingFindingIds,
  run,
  summarise,
});

async function run(input: Input, ctx: ActionContext): Promise<Output> {
  const suite = ctx.suite(input.suite);
  const [distribution, routing] = await Promise.all([readDistribution(ctx), readRouting(ctx)]);
  const { name, live } = await liveFunction(ctx, distribution);
  const rows = truthTable(
    suite,
    routing.routing.rules.filter(({ disabled }) => !disabled).map(({ condition }) => condition),
  );
  const compared = await compareRows(ctx, { rows, distribution, routing, name, live, backends: input.backends });
  const tests = await testAtCloudFront(ctx, { rows, distribution, name, live });
  const count = (kind: Compared['kind']) => compared.filter((one) => one.result.kind === kind).length;
  const result = {
    total: rows.length,
    same: count('same'),
    different: count('different'),
    undecided: count('undecided'),
    differences: compared.flatMap(({ row: { method, path }, result }) =>
      result.kind === 'different'
        ? [{ method, path, cloudfront: result.cloudfront, cloudflare: result.cloudflare }]
        : [],
    ),
    reasons: [...new Set(compared.flatMap(({ result }) => (result.kind === 'undecided' ? [result.why] : [])))],
    ...tests,
  };
  const rules = describeRouting(routing);
  return {
    functionName: name,
    sha256: live.sha256,
    rules,
    ...result,
    ...holdFindings(ctx, judgeRouting(name, result)),
  };
}

/** The function whose LIVE code is run: the environment's, else the one that the default behavior runs at viewer-request. */
async function liveFunction(
  ctx: ActionContext,
  distribution: Distribution,
): Promise<{ name: string; live: FunctionStage }> {
  const associated = distribution.behaviors.at(-1)?.functions.find(({ eventType }) => eventType === 'viewer-request');
  const name = ctx.env.aws?.['function-name'] ?? associated?.name;
  const live = name === undefined ? undefined : await readFunction(ctx, name, 'LIVE');
  if (name !== undefined && live !== undefined) return { name, live };
  throw new OpsError(
    'failed',
    name === undefined ? 'no function chooses the backend' : `the function ${name} has no LIVE code`,
    {
      hint: 'publish the function and associate it at viewer-request; cloudfront.inspect tells more',
    },
  );
}

type Table = { rows: readonly Row[]; distribution: Distribution; name: string; live: FunctionStage };

async function compareRows(
  ctx: ActionContext,
  given: Table & { routing: ReadRouting; backends: Input['backends'] },
): Promise<{ row: Row; result: Compared }[]> {
  const { rows, distribution, routing, name, live, backends } = given;
  const { hostname } = ctx.env;
  const sandbox = openFunctionSandbox(live.code);
  const compared: { row: Row; result: Compared }[] = [];
  try {
    for (const row of rows) {
      ctx.signal.throwIfAborted();
      const behavior = behaviorFor(distribution, row.path);
      if (behavior === undefined) throw new TypeError('the default behavior covers every path');
      const runsThere = behavior.functions.find(({ eventType }) => eventType === 'viewer-request');
      const outcome = runsThere?.name === name ? await sandbox.run(eventOf(row, distribution, hostname)) : undefined;
      const chosen =
        runsThere !== undefined && runsThere.name !== name
          ? { kind: 'unknown' as const, why: `another function, ${runsThere.name}, runs at ${behavior.pathPattern}` }
          : chosenHost(distribution, behavior, outcome);
      compared.push({ row, result: compareWays(chosen, cloudflareChoice(row, hostname, routing), backends) });
      // One that does not end would take the whole step's time, row by row.
      if (outcome?.kind === 'limit') break;
    }
  } finally {
    sandbox.close();
  }
  const rest = rows.slice(compared.length).map((row) => ({
    row,
    result: { kind: 'undecided' as const, why: 'not run: the function does not end' },
  }));
  return [...compared, ...rest];
}

/** CloudFront's own test does not tell the origin; it tells errors and the time used. A few requests are enough for both. */
async function testAtCloudFront(
  ctx: ActionContext,
  { rows, distribution, name, live }: Table,
): Promise<Pick<Output, 'testErrors' | 'computeUtilization'>> {
  const chosen = ['POST', 'GET', 'DELETE'].flatMap((method) => rows.find((row) => row.method === method) ?? []);
  const testErrors: Output['testErrors'] = [];
  let computeUtilization: number | null = null;
  for (const row of chosen) {
    const event = eventOf(row, distribution, ctx.env.hostname);
    const { error, utilization } = await runTestFunction(ctx, { name, etag: live.etag, event });
    if (error !== '') testErrors.push({ ...row, message: error });
    if (utilization !== null) computeUtilization = Math.max(computeUtilization ?? 0, utilization);
  }
  return { testErrors, computeUtilization };
}

function summarise(output: Output): Summary {
  const { total, same, different, undecided, differences, findings, computeUtilization } = output;
  const { fitting } = fillLine([
    same === total
      ? `all ${total} requests go the same way on both paths`
      : `${same}/${total} requests go the same way`,
    ...(different > 0 ? [`${different} differ`] : []),
    ...(undecided > 0 ? [`${undecided} undecided`] : []),
    ...(computeUtilization === null ? [] : [`compute ${computeUtilization} %`]),
  ]);
  const others = findings.filter(({ id, acceptance }) => id !== 'cloudfront/routing-differs' || acceptance !== null);
  const detail = [...renderDifferences(differences), ...renderFindings(others)];
  return { headline: fitting, detail };
}
