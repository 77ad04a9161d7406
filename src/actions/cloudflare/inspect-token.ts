import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { daysUntil, inDays, severityOfDays } from '../days-left.ts';
import { type Found, findingCounts, holdFindings, renderFindings } from '../finding.ts';
import { readWithRetry } from './call-cloudflare.ts';
import { cloudflareIds, listLoadBalancers } from './load-balancer.ts';
import { listRecordsAt } from './records-at-name.ts';
import { verifyToken } from './verify-token.ts';

const inputSchema = z.strictObject({
  'within-days': z.int().min(1).max(366).default(14).describe('a token that expires sooner is a finding'),
});

/** Every finding about the token. */
const findingIds = [
  'cloudflare/token-not-active',
  'cloudflare/token-expiring',
  'cloudflare/token-not-verified',
  'cloudflare/read-refused',
  'cloudflare/not-looked-at',
] as const;

const readSchema = z.enum(['allowed', 'refused', 'unknown']);

const outputSchema = z.strictObject({
  status: z.string().nullable().describe('active, disabled or expired; null where it could not be verified'),
  expiresOn: z.string().nullable().describe('null for a token that does not expire, or where it is not known'),
  daysLeft: z.int().nullable(),
  reads: z
    .strictObject({ zone: readSchema, records: readSchema, loadBalancers: readSchema })
    .describe('what the token may read; reading proves no right to write'),
  ...findingCounts,
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;
type TokenFinding = Found<(typeof findingIds)[number]>;

/** Verifies the token and reads what a switch reads. It writes nothing, and so does not prove that it may. */
export const inspectToken = check<Input, Output>({
  name: 'cloudflare.inspect-token',
  summary: 'Tell whether the Cloudflare token is alive, until when, and what it may read',
  input: inputSchema,
  output: outputSchema,
  secrets: ['cloudflare'],
  findings: findingIds,
  run,
  summarise,
});

/** Verification of a token (https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/verify/; of an account's the same). */
const verificationSchema = z.object({ status: z.string(), expires_on: z.iso.datetime({ offset: true }).nullish() });

async function run(input: Input, ctx: ActionContext): Promise<Output> {
  const { zoneId } = cloudflareIds(ctx.env);
  const [token, zone, records, loadBalancers] = await Promise.allSettled([
    verifyToken(ctx),
    readWithRetry(ctx, 'read the zone', (client, options) => client.zones.get({ zone_id: zoneId }, options)),
    listRecordsAt(ctx, zoneId, ctx.env.hostname),
    listLoadBalancers(ctx, zoneId),
  ]);
  ctx.signal.throwIfAborted();
  const reads = { zone: judgeRead(zone), records: judgeRead(records), loadBalancers: judgeRead(loadBalancers) };
  const found = Object.entries({ zone, records, 'load-balancers': loadBalancers }).flatMap(([where, outcome]) =>
    outcome.status === 'rejected' ? [findingOfRead(where, expected(outcome.reason))] : [],
  );
  if (token.status === 'rejected') {
    found.push(findingOfVerification(expected(token.reason), found.length === 0));
    return { status: null, expiresOn: null, daysLeft: null, reads, ...holdFindings(ctx, found) };
  }
  const verified = verificationSchema.safeParse(token.value);
  if (!verified.success) {
    throw new OpsError('failed', 'verify the token: the answer is no verification', {
      hint: 'look at the token in the dashboard, and at the endpoint in the environment file',
    });
  }
  const { status, expires_on: expiresOn } = verified.data;
  const daysLeft = daysUntil(expiresOn ?? '', ctx.clock.now());
  if (status !== 'active') {
    found.push({
      id: 'cloudflare/token-not-active',
      severity: 'critical',
      where: '',
      breaks: `the token is ${boundedText(status, 40)}: no change at Cloudflare is possible with it`,
      remedy: 'make a new token, and set the process variable that the environment file names',
    });
  } else if (daysLeft !== null && daysLeft < input['within-days']) {
    found.push({
      id: 'cloudflare/token-expiring',
      severity: severityOfDays(daysLeft),
      where: '',
      breaks: `the token expires ${inDays(daysLeft)} (${expiresOn?.slice(0, 10)}): after that no change is possible with it`,
      remedy: 'make a new token in time; IP filters and permissions must be the same',
    });
  }
  return {
    status: boundedText(status, 40),
    expiresOn: expiresOn ?? null,
    daysLeft,
    reads,
    ...holdFindings(ctx, found),
  };
}

/** The failure as an expected one; a bug is thrown on. */
function expected(reason: unknown): OpsError {
  if (reason instanceof OpsError) return reason;
  throw reason;
}

function judgeRead(outcome: PromiseSettledResult<unknown>): z.output<typeof readSchema> {
  if (outcome.status === 'fulfilled') return 'allowed';
  return isRefusal(expected(outcome.reason)) ? 'refused' : 'unknown';
}

function isRefusal({ code }: OpsError): boolean {
  return code === 'credentials' || code === 'refused';
}

function findingOfRead(where: string, error: OpsError): TokenFinding {
  return isRefusal(error)
    ? {
        id: 'cloudflare/read-refused',
        severity: 'critical',
        where,
        breaks: `the token may not read it, and a switch must: ${boundedText(error.message, 300)}`,
        remedy:
          'give the token Zone Read, DNS Read and Load Balancers Edit for this zone (DNS Edit where a record is switched); look at its address filter',
      }
    : {
        id: 'cloudflare/not-looked-at',
        severity: 'warning',
        where,
        breaks: `Cloudflare’s API did not answer: ${boundedText(error.message, 300)}`,
        remedy: 'look again; while it stays so, only the ways that need no Cloudflare are open',
      };
}

/** A token that another account than the zone's owns is verified by neither, and may read all the same. */
function findingOfVerification(error: OpsError, reads: boolean): TokenFinding {
  if (!isRefusal(error)) return findingOfRead('token', error);
  return {
    id: 'cloudflare/token-not-verified',
    severity: reads ? 'info' : 'critical',
    where: '',
    breaks: reads
      ? 'it reads, and neither a user nor the zone’s account knows it: nobody can tell when it expires'
      : `Cloudflare does not know the token: ${boundedText(error.message, 300)}`,
    remedy: reads ? 'look in the dashboard when it expires' : 'make a new token, and set the process variable',
  };
}

function summarise({ status, daysLeft, reads, findings }: Output): Summary {
  const until = status === 'active' ? (daysLeft === null ? ', does not expire' : `, for ${daysLeft} days`) : '';
  const allowed = Object.values(reads).filter((read) => read === 'allowed').length;
  return {
    headline: `the token is ${status ?? 'not verified'}${until}; reads ${allowed} of 3; writing not tried`,
    detail: renderFindings(findings),
  };
}
