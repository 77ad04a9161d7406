import { setMaxListeners } from 'node:events';
import type { Clock } from '../world/clock.ts';
import type { DnsAnswer, DnsRecord, DnsTransport, RecordType } from '../world/dns.ts';
import { type DnsListener, startDnsListener } from './dns-listener.ts';
import { type DnsQuery, type DnsReply, nothing } from './dns-wire.ts';
import { answerFromOutside } from './outside-answers.ts';
import { createResolverCache, type ResolverCache, type TtlLimits } from './resolver-cache.ts';
import type { SimulatedWorld } from './state.ts';

/** What a resolver is made of: see {@link startResolver}. */
type ResolverOptions = {
  world: SimulatedWorld;
  /** TTLs count down by its `now`, so at speed N they pass N times faster. */
  clock: Clock;
  /** How it asks the authoritative servers, over real sockets. */
  ask: DnsTransport;
  /** The authoritative servers of the zone. */
  authorities: readonly { address: string; port: number }[];
  /** It keeps answers longer or shorter than they say. */
  ttl?: TtlLimits;
};

/** A running caching resolver. */
export type Resolver = DnsListener & {
  /** Forgets everything, as an operator who flushes a resolver would do. */
  flush(): void;
};

const upstreamTimeoutMs = 1_000;
const longestChain = 8;
const askableTypes: readonly string[] = ['A', 'AAAA', 'CNAME', 'HTTPS', 'NS', 'SOA', 'TXT', 'CAA', 'DS'];

type Resolution = { rcode: DnsReply['rcode']; answers: DnsRecord[]; authorities: DnsRecord[] };

/**
 * Starts a caching resolver on UDP and TCP of a free port of 127.0.0.1. Names in the zone are asked at the simulated
 * authoritative servers, in turn until one answers; other names come from the table of the outside world. Answers hold
 * the whole CNAME chain with the TTLs that are left; negative answers are cached too. It does not cache failures.
 */
export async function startResolver(options: ResolverOptions): Promise<Resolver> {
  const cache = createResolverCache(() => options.clock.now(), options.ttl);
  const closed = new AbortController();
  // Every question under way listens; Node would take more than ten for a leak and warn.
  setMaxListeners(0, closed.signal);
  const underWay = new Map<string, Promise<boolean>>();
  let turn = 0;

  /** Fetches one name and type into the cache; false when no server gave a usable answer. */
  const fetchOnce = (name: string, type: RecordType): Promise<boolean> => {
    const key = `${name.toLowerCase()} ${type}`;
    const running = underWay.get(key);
    if (running !== undefined) return running;
    turn += 1;
    const fetching = fetchInto(cache, { ...options, signal: closed.signal, name, type, turn }).finally(() =>
      underWay.delete(key),
    );
    underWay.set(key, fetching);
    return fetching;
  };

  const listener = await startDnsListener((query) => reply(query, cache, fetchOnce));
  return {
    ...listener,
    flush: () => cache.clear(),
    close: () => {
      closed.abort();
      return listener.close();
    },
  };
}

async function reply(
  query: DnsQuery,
  cache: ResolverCache,
  fetchOnce: (name: string, type: RecordType) => Promise<boolean>,
): Promise<DnsReply> {
  const empty: DnsReply = { ...nothing, recursionAvailable: true };
  // As unbound does by default: a question without RD is no business of a resolver.
  if (!query.recursionDesired || query.class !== 'IN') return { ...empty, rcode: 'REFUSED' };
  if (!isAskable(query.type)) return { ...empty, rcode: 'NOTIMP' };
  return { ...empty, ...(await resolve(query.name, query.type, cache, fetchOnce)) };
}

async function resolve(
  name: string,
  type: RecordType,
  cache: ResolverCache,
  fetchOnce: (name: string, type: RecordType) => Promise<boolean>,
): Promise<Resolution> {
  const answers: DnsRecord[] = [];
  let owner = name;
  for (let link = 0; link < longestChain; link += 1) {
    let known = cache.read(owner, type) ?? aliasOf(cache, owner, type);
    if (known === undefined) {
      if (!(await fetchOnce(owner, type))) return failed;
      known = cache.read(owner, type) ?? aliasOf(cache, owner, type);
    }
    if (known === undefined) return failed;
    if (known.kind === 'negative') return { rcode: known.rcode, answers, authorities: [known.soa] };
    // Owners are answered as they were asked, whoever asked first with another spelling.
    answers.push(...known.records.map((record) => ({ ...record, name: owner })));
    const [first] = known.records;
    if (first?.type !== 'CNAME' || type === 'CNAME') return { rcode: 'NOERROR', answers, authorities: [] };
    owner = first.data;
  }
  return failed;
}

const failed: Resolution = { rcode: 'SERVFAIL', answers: [], authorities: [] };

function aliasOf(cache: ResolverCache, name: string, type: RecordType) {
  const alias = type === 'CNAME' ? undefined : cache.read(name, 'CNAME');
  return alias?.kind === 'records' ? alias : undefined;
}

type Fetch = ResolverOptions & { signal: AbortSignal; name: string; type: RecordType; turn: number };

async function fetchInto(cache: ResolverCache, fetch: Fetch): Promise<boolean> {
  const { world, name, type } = fetch;
  const asked = name.toLowerCase();
  const isOwnDs = asked === world.zone.name && type === 'DS';
  const inZone = !isOwnDs && (asked === world.zone.name || asked.endsWith(`.${world.zone.name}`));
  const answer = inZone ? await askAuthorities(fetch) : answerFromOutside(world, name, type);
  if (answer === undefined || (answer.rcode !== 'NOERROR' && answer.rcode !== 'NXDOMAIN')) return false;

  const sets = new Map<string, DnsRecord[]>();
  for (const record of answer.answers) {
    const key = `${record.name.toLowerCase()} ${record.type}`;
    sets.set(key, [...(sets.get(key) ?? []), record]);
  }
  for (const records of sets.values()) cache.keepRecords(records);

  const soa = answer.authorities.find((record) => record.type === 'SOA');
  if (soa !== undefined) {
    const denied = answer.answers.findLast((record) => record.type === 'CNAME')?.data ?? name;
    cache.keepNegative({ name: denied, type, rcode: answer.rcode, soa });
  }
  return true;
}

async function askAuthorities(fetch: Fetch): Promise<Extract<DnsAnswer, { answered: true }> | undefined> {
  const { authorities, ask, signal, name, type, turn } = fetch;
  const start = turn % Math.max(1, authorities.length);
  for (const server of [...authorities.slice(start), ...authorities.slice(0, start)]) {
    const answer = await ask({ server, name, type, recursionDesired: false, timeoutMs: upstreamTimeoutMs, signal });
    if (answer.answered && answer.authoritative && (answer.rcode === 'NOERROR' || answer.rcode === 'NXDOMAIN')) {
      return answer;
    }
  }
  return undefined;
}

function isAskable(type: string): type is RecordType {
  return askableTypes.includes(type);
}
