import type { DnsAnswer, DnsRecord } from '../../world/dns.ts';
import { parseSvcb } from '../../world/svcb.ts';
import type { RouteAnswers } from './route-answers.ts';

/** The types whose answers decide where clients go. */
export const askedTypes = ['A', 'AAAA', 'CNAME', 'HTTPS'] as const;

/** One server's answers for the hostname, by type asked. */
export type ServerAnswers = Readonly<Record<(typeof askedTypes)[number], DnsAnswer>>;

/** What one server's answers mean for the route. */
export type Judgement = {
  /** `silent`: nothing it said is against the route, but it did not say enough (no answer, or a failure). */
  state: 'agrees' | 'disagrees' | 'silent';
  /** The first hop, in short: `CNAME d1.cloudfront.net`, or the addresses. */
  answer: string;
  /** Highest TTL of the first hop, in seconds; of a resolver it is what remains. Null without a record. */
  ttl: number | null;
  /** How long a resolver may keep the absence of records (RFC 2308), in seconds; null when nothing was absent. */
  negativeTtl: number | null;
  findings: string[];
};

/**
 * Judges by the first hop: the records that the hostname itself owns. What a CNAME leads to differs by place and time
 * and says nothing. Mixed answers disagree; absent AAAA, CNAME and HTTPS records do not, as long as A or AAAA leads
 * to the route.
 */
export function judgeAnswers(name: string, answers: ServerAnswers, route: RouteAnswers): Judgement {
  const against: string[] = [];
  const missing: string[] = [];
  const notes: string[] = [];
  let leads = false;
  for (const type of askedTypes) {
    const answer = answers[type];
    const decides = type === 'A' || type === 'AAAA';
    const failure = failureOf(answer);
    if (failure !== undefined) {
      (decides ? missing : notes).push(`${type}: ${failure}`);
      continue;
    }
    for (const record of firstHop(name, answer)) {
      const objection = objectionTo(record, route);
      if (objection !== undefined) against.push(objection);
      else if (decides) leads = true;
    }
  }
  const negativeTtl = negativeTtlOf(answers);
  if (!leads && missing.length === 0 && against.length === 0) against.push(absence(answers, negativeTtl));
  const hops = askedTypes.flatMap((type) => firstHop(name, answers[type]));
  return {
    state: against.length > 0 ? 'disagrees' : missing.length > 0 ? 'silent' : 'agrees',
    answer: describe(hops),
    ttl: hops.length === 0 ? null : Math.max(...hops.map((record) => record.ttl)),
    negativeTtl,
    findings: [...new Set([...against, ...missing, ...notes])],
  };
}

/** Why an answer tells nothing; undefined when it does. */
function failureOf(answer: DnsAnswer): string | undefined {
  if (!answer.answered) return `${answer.code} (${answer.message})`;
  return answer.rcode === 'NOERROR' || answer.rcode === 'NXDOMAIN' ? undefined : `answered ${answer.rcode}`;
}

function firstHop(name: string, answer: DnsAnswer): DnsRecord[] {
  if (!answer.answered) return [];
  const relevant: readonly string[] = askedTypes;
  return answer.answers.filter((record) => record.name === name && relevant.includes(record.type));
}

function objectionTo(record: DnsRecord, route: RouteAnswers): string | undefined {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return route.includes(record.data) ? undefined : `${record.type} ${record.data} is not the route’s`;
    case 'CNAME':
      return record.data === route.cname ? undefined : `CNAME ${record.data} is not the route’s`;
    default:
      return objectionToHttps(record.data, route);
  }
}

/**
 * An HTTPS record takes browsers where its hints, its target or its ECH key lead, whatever A and AAAA say, until its
 * own TTL is over.
 */
function objectionToHttps(data: string, route: RouteAnswers): string | undefined {
  const record = parseSvcb(data);
  if (record === undefined) return 'the HTTPS record cannot be read';
  const { target, params } = record;
  const hint = [...(params.ipv4hint ?? []), ...(params.ipv6hint ?? [])].find((address) => !route.includes(address));
  if (hint !== undefined) return `the HTTPS record still hints at ${hint}`;
  if (target !== '.' && target.toLowerCase() !== route.cname) return `the HTTPS record still leads to ${target}`;
  if (params.ech !== undefined && route.provider !== 'cloudflare') return 'the HTTPS record still has an old ECH key';
  return undefined;
}

function absence(answers: ServerAnswers, negativeTtl: number | null): string {
  const gone = answers.A.answered && answers.A.rcode === 'NXDOMAIN';
  const kept = negativeTtl === null ? '' : `; resolvers may keep that for ${negativeTtl} s`;
  return `${gone ? 'the name does not exist (NXDOMAIN)' : 'no A or AAAA record (NODATA)'}${kept}`;
}

/** From the SOA in the authority section of an empty A or AAAA answer: the lower of its TTL and its minimum (RFC 2308 section 5). */
function negativeTtlOf(answers: ServerAnswers): number | null {
  const ttls = [answers.A, answers.AAAA].flatMap((answer) =>
    answer.answered && answer.answers.length === 0 ? answer.authorities.flatMap(soaNegativeTtl) : [],
  );
  return ttls.length === 0 ? null : Math.max(...ttls);
}

/** How long a resolver may keep the absence of a name in this zone, in seconds; nothing for other records. */
export function soaNegativeTtl(record: DnsRecord): number[] {
  const minimum = Number(record.data.split(' ')[6]);
  return record.type === 'SOA' && Number.isInteger(minimum) ? [Math.min(record.ttl, minimum)] : [];
}

function describe(hops: readonly DnsRecord[]): string {
  const parts = askedTypes.flatMap((type) => {
    const values = new Set(hops.filter((record) => record.type === type).map((record) => record.data));
    return values.size === 0 ? [] : [`${type} ${[...values].join(', ')}`];
  });
  return parts.join('; ') || 'no records';
}
