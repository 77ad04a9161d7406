import type { DnsAnswer, RecordType } from '../../world/dns.ts';
import type { ActionContext } from '../action.ts';
import type { Found } from '../finding.ts';
import { askServer, listResolvers } from './find-servers.ts';
import type { RouteAnswers } from './route-answers.ts';

/** Every finding of a look before a move. */
export const moveFindingIds = [
  'dns/caa-excludes-issuer',
  'dns/caa-unknown',
  'dns/ds-at-parent',
  'dns/ds-unknown',
  'dns/standby-without-ipv6',
  'dns/ipv6-unknown',
] as const;

/** Something that a move of the name would break, found before it. */
type MoveFinding = Found<(typeof moveFindingIds)[number]>;

/** Whom CAA must allow for a certificate of AWS Certificate Manager (https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html). */
const amazonIssuers: readonly string[] = ['amazon.com', 'amazontrust.com', 'awstrust.com', 'amazonaws.com'];

/**
 * Asks the resolvers what a move of `name` to the route would meet: CAA records that keep the standby's certificate
 * from being renewed, a DS record at the parent that a move of the name servers would leave behind, and IPv6 that the
 * name has and the standby has not. What no resolver tells is a finding too, never a pass.
 */
export async function findMoveProblems(ctx: ActionContext, name: string, route: RouteAnswers): Promise<MoveFinding[]> {
  const findings = await Promise.all([
    route.provider === 'cloudfront' ? caaFinding(ctx, name) : undefined,
    dsFinding(ctx),
    route.cname === undefined ? undefined : ipv6Finding(ctx, name, route.cname),
  ]);
  return findings.flatMap((finding) => finding ?? []);
}

/** The closest CAA set from the name upwards is the one that counts (RFC 8659, section 3); `issuewild` is for wildcards. */
async function caaFinding(ctx: ActionContext, name: string): Promise<MoveFinding | undefined> {
  const breaks = 'a certificate for the standby is not issued or renewed: in the end TLS fails for everyone on it';
  for (let owner = name; owner.includes('.'); owner = owner.slice(owner.indexOf('.') + 1)) {
    const answer = await ask(ctx, owner, 'CAA');
    if (answer === undefined) {
      const seen = `no resolver tells the CAA records of ${owner}`;
      return {
        id: 'dns/caa-unknown',
        severity: 'info',
        where: owner,
        breaks: `${seen}: it may be that ${breaks}`,
        remedy: `look with \`dig CAA ${owner}\``,
      };
    }
    const caa = answer.answers
      .filter(({ type }) => type === 'CAA')
      .map(({ data }) => /^(\d+) (\w+) "(.*)"$/.exec(data));
    if (caa.length === 0) continue;
    const issuers = caa.flatMap((parts) =>
      parts?.[2]?.toLowerCase() === 'issue' ? [(parts[3] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''] : [],
    );
    // A set without `issue` restricts nobody (RFC 8659, section 4.2).
    if (issuers.length === 0 || issuers.some((issuer) => amazonIssuers.includes(issuer))) return undefined;
    const allowed = issuers.filter((issuer) => issuer !== '').join(', ') || 'nobody';
    return {
      id: 'dns/caa-excludes-issuer',
      severity: 'warning',
      where: owner,
      breaks: `CAA at ${owner} allows ${allowed} to issue, and not Amazon: ${breaks}`,
      remedy: `add \`${owner} CAA 0 issue "amazon.com"\``,
    };
  }
  return undefined;
}

async function dsFinding(ctx: ActionContext): Promise<MoveFinding | undefined> {
  const { zone } = ctx.env;
  const breaks = 'if the zone moves to other name servers, validating resolvers answer SERVFAIL for every name in it';
  const answer = await ask(ctx, zone, 'DS');
  if (answer === undefined) {
    return {
      id: 'dns/ds-unknown',
      severity: 'info',
      where: zone,
      breaks: `no resolver tells the DS records of ${zone}: it may be that ${breaks}`,
      remedy: `look with \`dig DS ${zone}\``,
    };
  }
  const ds = answer.answers.filter(({ type }) => type === 'DS');
  if (ds.length === 0) return undefined;
  const tags = ds.map(({ data }) => data.split(' ')[0]).join(', ');
  return {
    id: 'dns/ds-at-parent',
    severity: 'info',
    where: zone,
    breaks: `the parent of ${zone} has DS records (key tag ${tags}): ${breaks}`,
    remedy:
      'a change of records is safe; before name servers change, remove the DS and wait out its TTL, or sign with both',
  };
}

async function ipv6Finding(ctx: ActionContext, name: string, standby: string): Promise<MoveFinding | undefined> {
  const breaks = 'clients that have IPv6 alone cannot reach the standby';
  const [now, then] = await Promise.all([ask(ctx, name, 'AAAA'), ask(ctx, standby, 'AAAA')]);
  if (now === undefined || then === undefined) {
    const where = now === undefined ? name : standby;
    const seen = `no resolver tells the AAAA records of ${where}`;
    return {
      id: 'dns/ipv6-unknown',
      severity: 'info',
      where,
      breaks: `${seen}: it may be that ${breaks}`,
      remedy: `look with \`dig AAAA ${where}\``,
    };
  }
  const has = (answer: Answered) => answer.answers.some(({ type }) => type === 'AAAA');
  if (!has(now) || has(then)) return undefined;
  const seen = `${name} has IPv6 addresses, ${standby} has none`;
  return {
    id: 'dns/standby-without-ipv6',
    severity: 'warning',
    where: standby,
    breaks: `${seen}: ${breaks}`,
    remedy: 'enable IPv6 on the distribution',
  };
}

type Answered = Extract<DnsAnswer, { answered: true }>;

/** The first resolver's answer that says yes or no; undefined when none does. */
async function ask(ctx: ActionContext, name: string, type: RecordType): Promise<Answered | undefined> {
  const answers = await Promise.all(
    listResolvers(ctx).map((resolver) => askServer(ctx, resolver, { name, type, recursionDesired: true })),
  );
  return answers.find(
    (answer): answer is Answered => answer.answered && (answer.rcode === 'NOERROR' || answer.rcode === 'NXDOMAIN'),
  );
}
