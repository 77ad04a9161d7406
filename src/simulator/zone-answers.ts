import type { DnsRecord } from '../world/dns.ts';
import type { SimulatedLoadBalancer, SimulatedRecord, SimulatedWorld } from './state.ts';

/** What a server knows about a question. Records are in presentation form, as `DnsRecord` says. */
export type NameAnswer = {
  rcode: 'NOERROR' | 'NXDOMAIN' | 'REFUSED';
  authoritative: boolean;
  answers: DnsRecord[];
  authorities: DnsRecord[];
};

/** Proxied names are always "automatic": 300 s (Cloudflare docs, dns/proxy-status and dns/ttl). */
const automaticTtl = 300;
const soaTtl = 1800;
const nameserverTtl = 86_400;
const longestChain = 8;

/**
 * What the simulated Cloudflare zone answers authoritatively for a name and type. An enabled load balancer of exactly
 * that name shadows its A, AAAA and CNAME records; a proxied name answers with the edge's addresses and an HTTPS
 * record made on the fly; a disabled load balancer leaves what is beneath (Cloudflare docs, load-balancers/dns-records).
 * A CNAME that leaves the zone is answered alone. Unknown names are NXDOMAIN, unknown types NODATA with the SOA.
 * `name` may be in any case and end with a dot; owners keep the spelling of the question.
 */
export function answerFromZone(world: SimulatedWorld, name: string, type: string): NameAnswer {
  const asked = withoutDot(name);
  if (!isWithin(asked.toLowerCase(), world.zone.name)) {
    return { rcode: 'REFUSED', authoritative: false, answers: [], authorities: [] };
  }
  const answers: DnsRecord[] = [];
  let owner = asked;
  for (let link = 0; link < longestChain; link += 1) {
    const found = recordsAt(world, owner, type);
    answers.push(...found);
    const next = found.length === 1 && found[0]?.type === 'CNAME' && type !== 'CNAME' ? found[0].data : undefined;
    if (next !== undefined && isWithin(next.toLowerCase(), world.zone.name)) {
      owner = next;
      continue;
    }
    if (found.length > 0) return { rcode: 'NOERROR', authoritative: true, answers, authorities: [] };
    const rcode = nameExists(world, owner.toLowerCase()) ? 'NOERROR' : 'NXDOMAIN';
    return { rcode, authoritative: true, answers, authorities: [negativeSoa(world)] };
  }
  return { rcode: 'NOERROR', authoritative: true, answers, authorities: [] };
}

/** What the servers answer while a name's old records are gone and its new ones have not come: no such record. */
export function answerWhileSettling(world: SimulatedWorld, name: string, nowMs: number): NameAnswer | undefined {
  const until = world.settling?.get(withoutDot(name).toLowerCase());
  if (until === undefined || nowMs >= until) return undefined;
  return { rcode: 'NOERROR', authoritative: true, answers: [], authorities: [negativeSoa(world)] };
}

/** Whether the edge serves this hostname: an enabled proxied load balancer of that name, or else a proxied record. */
export function isProxied(world: SimulatedWorld, hostname: string): boolean {
  const name = withoutDot(hostname).toLowerCase();
  const balancer = enabledLoadBalancer(world, name);
  if (balancer !== undefined) return balancer.proxied;
  return world.records.some((record) => sameName(record.name, name) && record.proxied && isAddressLike(record));
}

/** The enabled load balancer of exactly this name, which shadows the records of the name. */
export function enabledLoadBalancer(world: SimulatedWorld, hostname: string): SimulatedLoadBalancer | undefined {
  return world.loadBalancers.find((balancer) => balancer.enabled && sameName(balancer.name, hostname));
}

function recordsAt(world: SimulatedWorld, owner: string, type: string): DnsRecord[] {
  const name = owner.toLowerCase();
  if (type === 'ANY') return nameExists(world, name) ? [record(owner, 'HINFO', 3789, 'RFC8482')] : [];
  if (name === world.zone.name) {
    if (type === 'SOA') return [record(owner, 'SOA', soaTtl, soaData(world))];
    if (type === 'NS') {
      return world.zone.nameservers.map((server) => record(owner, 'NS', nameserverTtl, withoutDot(server.name)));
    }
  }
  const own = world.records.filter((candidate) => sameName(candidate.name, name));
  const explicit = own.filter((candidate) => candidate.type === type && !isAddressLike(candidate));
  if (explicit.length > 0) return explicit.map((found) => asAnswer(owner, found));

  if (isProxied(world, name)) return proxiedAnswers(world, owner, type);
  // A load balancer that is not proxied would answer with its origins' addresses; the simulated origins publish none.
  if (enabledLoadBalancer(world, name) !== undefined) return [];

  const alias = own.find((candidate) => candidate.type === 'CNAME');
  if (alias === undefined) return own.filter(({ type: t }) => t === type).map((found) => asAnswer(owner, found));
  // A CNAME at the apex is always flattened, another where its setting says so (Cloudflare docs, dns/cname-flattening).
  if (name === world.zone.name || alias.settings?.flatten_cname === true) return flattened(world, owner, alias, type);
  return [asAnswer(owner, alias)];
}

function proxiedAnswers(world: SimulatedWorld, owner: string, type: string): DnsRecord[] {
  const { v4, v6 } = world.addresses.edge;
  switch (type) {
    case 'A':
      return v4.map((address) => record(owner, 'A', automaticTtl, address));
    case 'AAAA':
      return v6.map((address) => record(owner, 'AAAA', automaticTtl, address));
    case 'HTTPS':
      return [record(owner, 'HTTPS', automaticTtl, httpsData(v4, v6))];
    default:
      return [];
  }
}

function httpsData(v4: readonly string[], v6: readonly string[]): string {
  const hints = [
    ...(v4.length > 0 ? [`ipv4hint=${v4.join(',')}`] : []),
    ...(v6.length > 0 ? [`ipv6hint=${v6.join(',')}`] : []),
  ];
  return ['1 . alpn=h3,h2', ...hints].join(' ');
}

function flattened(world: SimulatedWorld, owner: string, alias: SimulatedRecord, type: string): DnsRecord[] {
  if (!sameName(alias.content, world.distribution.domain)) return [];
  const { v4, v6 } = world.addresses.fallback;
  const addresses = type === 'A' ? v4 : type === 'AAAA' ? v6 : [];
  return addresses.map((address) => record(owner, type, ttlOf(alias), address));
}

function asAnswer(owner: string, found: SimulatedRecord): DnsRecord {
  const isName = found.type === 'CNAME' || found.type === 'NS';
  return record(owner, found.type, ttlOf(found), isName ? withoutDot(found.content) : found.content);
}

function ttlOf(found: SimulatedRecord): number {
  return found.ttl === 1 ? automaticTtl : found.ttl;
}

function record(name: string, type: string, ttl: number, data: string): DnsRecord {
  return { name, type, ttl, data };
}

/** Names with something at or below them exist (RFC 8020: an empty non-terminal is no NXDOMAIN). */
function nameExists(world: SimulatedWorld, name: string): boolean {
  if (name === world.zone.name) return true;
  const names = [
    ...world.records.map((candidate) => candidate.name),
    ...world.loadBalancers.filter((balancer) => balancer.enabled).map((balancer) => balancer.name),
  ];
  return names.some((candidate) => isWithin(withoutDot(candidate).toLowerCase(), name));
}

/** The SOA of negative answers: its TTL is the smaller of its own and the minimum (RFC 2308, section 3). */
function negativeSoa(world: SimulatedWorld): DnsRecord {
  return record(world.zone.name, 'SOA', Math.min(soaTtl, world.zone.soaMinimum), soaData(world));
}

function soaData(world: SimulatedWorld): string {
  const primary = withoutDot(world.zone.nameservers[0]?.name ?? `ns.${world.zone.name}`);
  return `${primary} dns.cloudflare.com ${world.zone.serial} 10000 2400 604800 ${world.zone.soaMinimum}`;
}

function isAddressLike(candidate: SimulatedRecord): boolean {
  return candidate.type === 'A' || candidate.type === 'AAAA' || candidate.type === 'CNAME';
}

function isWithin(name: string, ancestor: string): boolean {
  return name === ancestor || name.endsWith(`.${ancestor}`);
}

function sameName(left: string, right: string): boolean {
  return withoutDot(left).toLowerCase() === withoutDot(right).toLowerCase();
}

function withoutDot(name: string): string {
  return name.length > 1 && name.endsWith('.') ? name.slice(0, -1) : name;
}
