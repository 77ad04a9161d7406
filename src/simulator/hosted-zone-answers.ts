import type { DnsRecord } from '../world/dns.ts';
import { cloudFrontZoneId, servedRecordSets } from './hosted-zone.ts';
import type { SimulatedRecordSet, SimulatedWorld } from './state.ts';
import type { NameAnswer } from './zone-answers.ts';

/** The TTL of an alias to a distribution is the distribution's own, 60 s (Route 53 docs, choosing between alias and non-alias records). */
const aliasTtl = 60;
const longestChain = 8;
const answeredTypes: ReadonlySet<string> = new Set([
  'A',
  'AAAA',
  'CNAME',
  'NS',
  'SOA',
  'TXT',
  'HTTPS',
  'MX',
  'CAA',
  'DS',
]);

/** A question to one of the hosted zone's servers; `server` counts from 0, in the order of the zone's nameservers. */
type HostedQuestion = { name: string; type: string; server: number; nowMs: number };

/**
 * What a server of the Route 53 zone answers authoritatively: from the record sets that have reached it. Aliases answer
 * with the target's addresses. Of weighted sets the one with the highest weight answers (the real servers draw lots), of
 * failover sets the primary. Unknown names are NXDOMAIN, unknown types NODATA, with the SOA. Wildcards and types without
 * a wire form here (SRV, NAPTR, …) are not simulated.
 */
export function answerFromHostedZone(world: SimulatedWorld, { name, type, server, nowMs }: HostedQuestion): NameAnswer {
  const { hostedZone } = world;
  const zone = hostedZone.name.replace(/\.$/, '');
  const asked = name.replace(/\.$/, '');
  if (!isWithin(asked.toLowerCase(), zone)) {
    return { rcode: 'REFUSED', authoritative: false, answers: [], authorities: [] };
  }
  const sets = servedRecordSets(hostedZone, { server, servers: hostedZone.nameservers.length, nowMs });
  const answers: DnsRecord[] = [];
  let owner = asked;
  for (let link = 0; link < longestChain; link += 1) {
    const found = recordsAt(world, sets, owner, type);
    answers.push(...found);
    const next = found.length === 1 && found[0]?.type === 'CNAME' && type !== 'CNAME' ? found[0].data : undefined;
    if (next !== undefined && isWithin(next.toLowerCase(), zone)) {
      owner = next;
      continue;
    }
    if (found.length > 0) break;
    const exists = sets.some((set) => isWithin(set.name.replace(/\.$/, ''), owner.toLowerCase()));
    return { rcode: exists ? 'NOERROR' : 'NXDOMAIN', authoritative: true, answers, authorities: soaOf(sets, zone) };
  }
  return { rcode: 'NOERROR', authoritative: true, answers, authorities: [] };
}

function recordsAt(
  world: SimulatedWorld,
  sets: readonly SimulatedRecordSet[],
  owner: string,
  type: string,
): DnsRecord[] {
  const here = sets.filter(({ name }) => name === `${owner.toLowerCase()}.`);
  const wanted = here.filter((set) => set.type === type);
  const chosen = choose(wanted.length > 0 ? wanted : here.filter((set) => set.type === 'CNAME'));
  return chosen.flatMap((set) => toRecords(world, sets, owner, set));
}

/** Simple and multivalue sets all answer; of routed ones, one does. */
function choose(sets: readonly SimulatedRecordSet[]): readonly SimulatedRecordSet[] {
  const routed = sets.filter(
    ({ weight, failover, region }) => weight !== undefined || failover !== undefined || region !== undefined,
  );
  if (routed.length === 0) return sets;
  const rank = ({ weight = 0, failover }: SimulatedRecordSet) => (failover === 'PRIMARY' ? 1_000 : weight);
  return routed.toSorted((left, right) => rank(right) - rank(left)).slice(0, 1);
}

function toRecords(
  world: SimulatedWorld,
  sets: readonly SimulatedRecordSet[],
  owner: string,
  set: SimulatedRecordSet,
): DnsRecord[] {
  const { alias, type, ttl = 0, values = [] } = set;
  if (!answeredTypes.has(type)) return [];
  if (alias === undefined) {
    return values.map((value) => ({ name: owner, type, ttl, data: presented(type, value) }));
  }
  if (alias.hostedZoneId === cloudFrontZoneId) {
    const { v4, v6 } = world.addresses.fallback;
    const addresses = type === 'A' ? v4 : type === 'AAAA' ? v6 : [];
    return addresses.map((data) => ({ name: owner, type, ttl: aliasTtl, data }));
  }
  const target = alias.dnsName.replace(/\.$/, '');
  return target === owner.toLowerCase()
    ? []
    : recordsAt(world, sets, target, type).map((found) => ({ ...found, name: owner }));
}

/** Names without the dot at their end, as all data here. */
function presented(type: string, value: string): string {
  if (type === 'SOA') return value.replaceAll('. ', ' ');
  return type === 'CNAME' || type === 'NS' || type === 'MX' ? value.replace(/\.$/, '') : value;
}

/** The SOA of negative answers: its TTL is the smaller of its own and the minimum (RFC 2308, section 3). */
function soaOf(sets: readonly SimulatedRecordSet[], zone: string): DnsRecord[] {
  const soa = sets.find(({ name, type }) => type === 'SOA' && name === `${zone}.`);
  const [data = ''] = (soa?.values ?? []).map((value) => presented('SOA', value));
  if (data === '') return [];
  const minimum = Number(data.split(' ').at(-1));
  return [{ name: zone, type: 'SOA', ttl: Math.min(soa?.ttl ?? 0, minimum), data }];
}

function isWithin(name: string, ancestor: string): boolean {
  return name === ancestor || name.endsWith(`.${ancestor}`);
}
