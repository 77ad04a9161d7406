import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import type { ProbeResult } from '../../world/probe.ts';
import type { ActionContext } from '../action.ts';
import { readWithRetry } from '../aws/call-aws.ts';
import { daysUntil, inDays, severityOfDays } from '../days-left.ts';
import type { Distribution } from './distribution.ts';
import type { InspectFinding } from './finding.ts';
import { fingerprintOf } from './fingerprint.ts';

const conflictsSchema = z.object({
  ConflictingAliasesList: z
    .object({
      Items: z.array(z.object({ Alias: z.string(), DistributionId: z.string(), AccountId: z.string() })).optional(),
    })
    .optional(),
});

/** Who else holds the hostname, or a wildcard over it (ListConflictingAliases). A refused look is a finding, not an end. */
export async function judgeConflicts(ctx: ActionContext, distribution: Distribution): Promise<InspectFinding[]> {
  const { hostname } = ctx.env;
  const what = `look for other holders of ${hostname}`;
  const client = await ctx.clients.cloudfront();
  let answer: unknown;
  try {
    answer = await readWithRetry(ctx, what, (options) =>
      client.listConflictingAliases({ DistributionId: distribution.id, Alias: hostname }, options),
    );
  } catch (error) {
    if (!(error instanceof OpsError) || (error.code !== 'refused' && error.code !== 'credentials')) throw error;
    return [
      {
        id: 'cloudfront/alias-not-looked-up',
        severity: 'warning',
        where: '',
        breaks: `it is not known whether another distribution holds ${hostname} (${error.message})`,
        remedy: 'allow cloudfront:ListConflictingAliases; it needs a certificate for the name on the distribution',
      },
    ];
  }
  const items = conflictsSchema.parse(answer).ConflictingAliasesList?.Items ?? [];
  const others = items
    .filter(({ DistributionId }) => !isSameHidden(DistributionId, distribution.id))
    .map(async ({ Alias, DistributionId, AccountId }): Promise<InspectFinding> => {
      const seen = await fingerprintOf([Alias.toLowerCase(), DistributionId, AccountId]);
      const holder = `distribution ${boundedText(DistributionId, 40)} of account ${boundedText(AccountId, 40)}`;
      return Alias.toLowerCase() === hostname
        ? {
            id: 'cloudfront/alias-elsewhere',
            severity: 'critical',
            where: '',
            seen,
            breaks: `${hostname} belongs to ${holder}: its answers are what customers get`,
            remedy: 'move it here with AssociateAlias (proof by a TXT record), or remove it there',
          }
        : {
            id: 'cloudfront/alias-overlap',
            severity: 'info',
            where: '',
            seen,
            breaks: `${boundedText(Alias, 255)} belongs to ${holder}; the exact name here wins while it is attached`,
            remedy: 'keep the exact name attached here',
          };
    });
  return await Promise.all(others);
}

/** Ids come partly hidden: what shows must fit, and so must the length. */
function isSameHidden(hidden: string, id: string): boolean {
  return (
    hidden.length === id.length && [...hidden].every((character, index) => character === '*' || character === id[index])
  );
}

/**
 * What the TLS look at the edge says of the certificate: whether it holds for the hostname, and for how many days. One that
 * fails readiness in its last days ({@link severityOfDays}).
 */
export function judgeCertificate(
  result: ProbeResult,
  { hostname, nowMs, leastDays }: { hostname: string; nowMs: number; leastDays: number },
): { findings: InspectFinding[]; validTo: string | null; daysLeft: number | null } {
  if (!result.answered && result.timings.tlsMs === null) {
    const isTls = result.phase === 'tls';
    return {
      validTo: null,
      daysLeft: null,
      findings: [
        {
          id: isTls ? 'cloudfront/certificate-invalid' : 'cloudfront/edge-unreachable',
          severity: 'critical',
          where: '',
          breaks: isTls
            ? `clients refuse the connection: the certificate does not hold for ${hostname} (${result.code})`
            : `no client gets a connection: ${result.message} (${result.code})`,
          remedy: isTls
            ? `attach an ACM certificate of us-east-1 that covers ${hostname} and is valid`
            : 'check where the route dials, and the network between',
        },
      ],
    };
  }
  if (!result.answered) return { findings: [], validTo: null, daysLeft: null };
  const { validTo } = result.certificate;
  const daysLeft = daysUntil(validTo, nowMs);
  if (daysLeft === null || daysLeft >= leastDays) return { findings: [], validTo, daysLeft };
  const finding: InspectFinding = {
    id: 'cloudfront/certificate-expiring',
    severity: severityOfDays(daysLeft),
    where: '',
    breaks: `clients refuse the connection ${inDays(daysLeft)}, from ${validTo.slice(0, 10)} on`,
    remedy: 'ACM renews by itself while its validation record stands and CAA allows Amazon: look for both',
  };
  return { findings: [finding], validTo, daysLeft };
}
