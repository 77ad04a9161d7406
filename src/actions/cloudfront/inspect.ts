import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { requiredAwsSecrets } from '../../world/aws.ts';
import { digestOf } from '../../world/digest.ts';
import type { Json } from '../../world/json.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { findingCounts, holdFindings, isAccepted, renderFindings } from '../finding.ts';
import { routeOf, targetFor } from '../http/connect-target.ts';
import type { Suite } from '../http/suite.ts';
import { fillLine } from '../http/text-columns.ts';
import { userAgent } from '../http/user-agent.ts';
import { type Behavior, behaviorFor, type Distribution, readDistribution } from './distribution.ts';
import { type InspectFinding, inspectFindingIds } from './finding.ts';
import { withDistributionSeen, withPoliciesSeen } from './fingerprint.ts';
import { judgeBehavior, type Needs } from './judge-behavior.ts';
import { judgeDistribution } from './judge-distribution.ts';
import { judgeFunction } from './judge-function.ts';
import { judgeCertificate, judgeConflicts } from './judge-names.ts';
import { type BehaviorPolicies, readPolicies } from './read-forwarding.ts';
import { readFunction } from './read-function.ts';

const inputSchema = z.strictObject({
  suite: z.string().describe('name of a suite in runbooks/suites: the requests that the standby must carry'),
  route: z.string().default('fallback').describe('name of the route that leads to the distribution, for the TLS look'),
  'certificate-days': z.int().min(1).max(365).default(14).describe('a certificate with fewer days left is a finding'),
});

const countSchema = z.int().nonnegative();

const outputSchema = z.strictObject({
  distribution: z.string(),
  domain: z.string(),
  ...findingCounts,
  behaviors: countSchema.describe('cache behaviors looked at'),
  functionName: z.string().nullable().describe('the function that chooses the backend'),
  liveSha256: z.string().nullable().describe('of the code that runs'),
  configurationSha256: z.string().describe('of the distribution as far as it was looked at'),
  certificateValidTo: z.string().nullable(),
  certificateDaysLeft: z.int().nullable(),
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;

/** Reads everything of the standby's configuration that decides whether customers' requests would be served. */
export const cloudFrontInspect = check({
  name: 'cloudfront.inspect',
  summary: 'Hold the CloudFront distribution against what the requests of a suite need',
  input: inputSchema,
  output: outputSchema,
  secrets: requiredAwsSecrets,
  guard: 'standby-configuration',
  findings: inspectFindingIds,
  run,
  summarise,
});

async function run(input: Input, ctx: ActionContext): Promise<Output> {
  const suite = ctx.suite(input.suite);
  const { hostname } = ctx.env;
  const route = routeOf(ctx.env, input.route);
  if (route.provider !== 'cloudfront') {
    throw new OpsError('invalid', `route "${input.route}" leads to ${route.provider}, not to CloudFront`, {
      hint: 'name the route whose provider is cloudfront',
    });
  }
  const distribution = await readDistribution(ctx);
  const name = ctx.env.aws?.['function-name'] ?? associatedFunction(distribution);
  const [conflicts, look, behaviors, live, development] = await Promise.all([
    judgeConflicts(ctx, distribution),
    ctx.probe({
      hostname,
      connect: targetFor(route, input.route, { id: 'the TLS look' }),
      method: 'GET',
      path: '/',
      headers: { 'user-agent': userAgent },
      timeoutMs: suite['timeout-ms'],
      signal: ctx.signal,
    }),
    judgeBehaviors(ctx, { distribution, suite, functionName: name }),
    name === undefined ? undefined : readFunction(ctx, name, 'LIVE'),
    name === undefined ? undefined : readFunction(ctx, name, 'DEVELOPMENT'),
  ]);
  ctx.signal.throwIfAborted();
  const certificate = judgeCertificate(look, {
    hostname,
    nowMs: ctx.clock.now(),
    leastDays: input['certificate-days'],
  });
  const pinned = ctx.env.aws?.['function-sha256'];
  const found: InspectFinding[] = [
    ...(await withDistributionSeen(judgeDistribution(distribution, hostname), distribution)),
    ...conflicts,
    ...certificate.findings,
    ...behaviors,
    ...(name === undefined ? [] : judgeFunction(name, { live, development }, pinned)),
  ];
  return {
    distribution: distribution.id,
    domain: distribution.domain,
    ...holdFindings(ctx, found),
    behaviors: distribution.behaviors.length,
    functionName: name ?? null,
    liveSha256: live?.sha256 ?? null,
    configurationSha256: await digestOfDistribution(distribution),
    certificateValidTo: certificate.validTo,
    certificateDaysLeft: certificate.daysLeft,
  };
}

/** Without its status: a change on its way is a finding of its own. */
async function digestOfDistribution({ status: _status, ...configuration }: Distribution): Promise<string> {
  const json: Json = JSON.parse(JSON.stringify(configuration));
  return digestOf(json);
}

function associatedFunction({ behaviors }: Distribution): string | undefined {
  return behaviors.flatMap(({ functions }) => functions).find(({ eventType }) => eventType === 'viewer-request')?.name;
}

async function judgeBehaviors(
  ctx: ActionContext,
  given: { distribution: Distribution; suite: Suite; functionName: string | undefined },
): Promise<InspectFinding[]> {
  const { distribution, suite, functionName } = given;
  // Behaviors mostly share their policies; and one after the other, so that few calls wait on one signal at a time.
  const known = new Map<string, BehaviorPolicies>();
  const findings: InspectFinding[] = [];
  for (const behavior of distribution.behaviors) {
    const needs = needsOf(suite, distribution, behavior);
    const isUsed = behavior === distribution.behaviors.at(-1) || needs.methods.length > 0;
    const { cachePolicyId, originRequestPolicyId } = behavior;
    const ids = cachePolicyId === undefined ? behavior.pathPattern : `${cachePolicyId} ${originRequestPolicyId}`;
    const policies = known.get(ids) ?? (await readPolicies(ctx, behavior));
    known.set(ids, policies);
    const judged = judgeBehavior(behavior, policies, { needs, functionName, isUsed });
    findings.push(...(await withPoliciesSeen(judged, policies)));
  }
  return findings;
}

/** What the suite's requests that a behavior serves need. */
function needsOf(suite: Suite, distribution: Distribution, behavior: Behavior): Needs {
  const requests = suite.requests.filter(({ path }) => behaviorFor(distribution, path) === behavior);
  const queries = requests.flatMap(({ path }) => [...new URLSearchParams(path.split('?')[1] ?? '').keys()]);
  return {
    methods: [...new Set(requests.map(({ method }) => method))],
    headers: [...new Set(requests.flatMap(({ headers }) => Object.keys(headers).map((name) => name.toLowerCase())))],
    queries: [...new Set(queries)],
  };
}

function summarise(output: Output): Summary {
  const { critical, warnings, infos, accepted, certificateDaysLeft, distribution } = output;
  const many = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
  const { fitting } = fillLine([
    critical === 0 ? `nothing critical in ${distribution}` : `${critical} critical in ${distribution}`,
    ...(warnings > 0 ? [many(warnings, 'warning')] : []),
    ...(infos > 0 ? [many(infos, 'note')] : []),
    ...(accepted > 0 ? [`${accepted} accepted`] : []),
    ...(certificateDaysLeft === null ? [] : [`certificate for ${many(certificateDaysLeft, 'day')}`]),
  ]);
  const bad = output.findings.filter((finding) => finding.severity === 'critical' && !isAccepted(finding));
  return { headline: fitting, detail: renderFindings(output.findings), evidence: renderFindings(bad) };
}
