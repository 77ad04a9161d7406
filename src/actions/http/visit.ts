import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { type Found, findingCounts, holdFindings, renderFindings } from '../finding.ts';
import { parseTarget } from './connect-target.ts';
import type { SuitePage } from './suite.ts';
import { fillLine, lineWidth, toWidth } from './text-columns.ts';
import { userAgent } from './user-agent.ts';

const inputSchema = z.strictObject({
  suite: z.string().describe('name of a suite in runbooks/suites that has `pages`'),
});

/** Every finding about a page. */
const findingIds = ['http/page-failed', 'http/page-unreachable'] as const;

const outputSchema = z.strictObject({
  passed: z.int().nonnegative(),
  total: z.int().nonnegative(),
  pages: z.array(
    z.strictObject({
      id: z.string(),
      url: z.string(),
      status: z.int().nullable().describe('null where there was no answer'),
      why: z.string().describe('empty where it passed'),
      ms: z.int().nonnegative(),
    }),
  ),
  ...findingCounts,
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;
type Visited = Output['pages'][number] & { critical: boolean };

/**
 * `http.visit`: asks plain URLs that are no part of the API and have no routes (a dashboard, a marketing page), each over what
 * DNS tells for it. Only hosts that the environment names under `sites` are asked. What is wrong with a page says nothing of
 * the API's paths, so no verdict rests on it.
 */
export const httpVisit = check<Input, Output>({
  name: 'http.visit',
  summary: 'Ask the suite’s plain URLs, such as the dashboard, each over what DNS tells for it',
  input: inputSchema,
  output: outputSchema,
  findings: findingIds,
  run,
  summarise,
});

async function run(input: Input, ctx: ActionContext): Promise<Output> {
  const suite = ctx.suite(input.suite);
  if (suite.pages.length === 0) {
    throw new OpsError('invalid', `suite "${input.suite}" has no pages`, {
      hint: 'list plain URLs under `pages` in it',
    });
  }
  const errands = suite.pages.map((page) => ({ page, connect: placeOf(page, ctx) }));
  const visited = await Promise.all(
    errands.map(({ page, connect }) => visit(page, { connect, timeoutMs: suite['timeout-ms'] }, ctx)),
  );
  ctx.signal.throwIfAborted();
  return {
    passed: visited.filter(({ why }) => why === '').length,
    total: visited.length,
    pages: visited.map(({ critical: _, ...page }) => page),
    ...holdFindings(ctx, visited.flatMap(judge)),
  };
}

/** Where to dial. Throws `invalid` for a host that the environment does not name, before anything is sent. */
function placeOf({ id, url }: SuitePage, { env }: ActionContext): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  const site = Object.hasOwn(env.sites ?? {}, hostname) ? env.sites?.[hostname] : undefined;
  if (site === undefined) {
    throw new OpsError('invalid', `page "${id}" is at ${hostname}, which the environment does not name`, {
      hint: `add \`${hostname}: {}\` to \`sites\` in the environment file`,
    });
  }
  if (site.connect !== undefined) return parseTarget(site.connect);
  return { host: hostname, port: port === '' ? 443 : Number(port) };
}

async function visit(
  { id, url, method, critical, expect }: SuitePage,
  { connect, timeoutMs }: { connect: { host: string; port: number }; timeoutMs: number },
  ctx: ActionContext,
): Promise<Visited> {
  const { hostname, pathname, search } = new URL(url);
  const result = await ctx.probe({
    ...{ hostname, connect, method, path: `${pathname}${search}`, headers: { 'user-agent': userAgent } },
    ...{ timeoutMs, signal: ctx.signal },
  });
  const seen = { id, url, critical, ms: Math.round(result.timings.totalMs) };
  if (!result.answered) return { ...seen, status: null, why: `${result.phase}: ${boundedText(result.message, 200)}` };
  const { status, body } = result;
  const wanted = [expect.status].flat();
  if (!wanted.includes(status)) return { ...seen, status, why: `expected ${wanted.join(' or ')}, got ${status}` };
  const isThere = expect.text === undefined || body.includes(expect.text);
  return { ...seen, status, why: isThere ? '' : `the page does not hold “${boundedText(expect.text ?? '', 60)}”` };
}

function judge({ id, url, status, why, critical }: Visited): Found<(typeof findingIds)[number]>[] {
  if (why === '') return [];
  return [
    {
      id: status === null ? 'http/page-unreachable' : 'http/page-failed',
      severity: critical ? 'critical' : 'warning',
      where: id,
      breaks: `${url}: ${why}`,
      remedy: 'look whether its own provider is in trouble; a failover of the API does not move it',
    },
  ];
}

function summarise({ passed, total, pages, findings }: Output): Summary {
  const good = pages.filter(({ why }) => why === '');
  const rows = good.map(({ id, ms, url }) =>
    toWidth(`ok   ${toWidth(id, 16)} ${`${ms} ms`.padStart(8)}  ${url}`, lineWidth),
  );
  return {
    headline: fillLine([`${passed} of ${total} pages answer as they should`]).fitting,
    detail: [...renderFindings(findings), ...rows.map((row) => row.trimEnd())],
    evidence: renderFindings(findings),
  };
}
