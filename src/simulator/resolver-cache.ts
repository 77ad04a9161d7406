import type { DnsRecord } from '../world/dns.ts';

/** What a resolver remembers of one name and type, with the TTLs that are left; `negative` has the SOA as evidence. */
export type Cached =
  | { kind: 'records'; records: DnsRecord[] }
  | { kind: 'negative'; rcode: 'NOERROR' | 'NXDOMAIN'; soa: DnsRecord };

/** A resolver's memory. Times are milliseconds of the injected clock, TTLs are seconds. */
export type ResolverCache = {
  read(name: string, type: string): Cached | undefined;
  /** Keeps records of one owner and type for the smallest of their TTLs. */
  keepRecords(records: readonly DnsRecord[]): void;
  /** Keeps "no such type" (NOERROR) or, for every type, "no such name" (NXDOMAIN). */
  keepNegative(negative: { name: string; type: string; rcode: 'NOERROR' | 'NXDOMAIN'; soa: DnsRecord }): void;
  clear(): void;
};

/** A resolver's own limits on how long it keeps what it has learned, whatever the TTL says; in seconds. */
export type TtlLimits = { least?: number; most?: number };

type Entry = { cached: Cached; ttl: number; storedAtMs: number };

const mostEntries = 10_000;
const everyType = '*';

/**
 * Makes an empty cache. Entries live exactly their TTL by `now`; negative ones the smaller of the SOA's TTL and its
 * minimum (RFC 2308, section 5). Where the resolver has limits of its own, TTLs are raised or lowered to them, which
 * it then also answers. When full, the oldest entries give way.
 */
export function createResolverCache(
  now: () => number,
  { least = 0, most = Number.POSITIVE_INFINITY }: TtlLimits = {},
): ResolverCache {
  const entries = new Map<string, Entry>();
  const keep = (key: string, cached: Cached, told: number) => {
    const ttl = Math.min(Math.max(told, least), most);
    entries.delete(key);
    if (ttl <= 0) return;
    entries.set(key, { cached, ttl, storedAtMs: now() });
    for (const oldest of entries.keys()) {
      if (entries.size <= mostEntries) break;
      entries.delete(oldest);
    }
  };
  const readEntry = (key: string): Cached | undefined => {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    const agedSeconds = Math.floor((now() - entry.storedAtMs) / 1000);
    if (agedSeconds < entry.ttl) return withTtl(entry.cached, entry.ttl - agedSeconds);
    entries.delete(key);
    return undefined;
  };
  return {
    read: (name, type) => readEntry(keyOf(name, type)) ?? readEntry(keyOf(name, everyType)),
    keepRecords: (records) => {
      const [first] = records;
      if (first === undefined) return;
      const ttl = Math.min(...records.map((record) => record.ttl));
      keep(keyOf(first.name, first.type), { kind: 'records', records: [...records] }, ttl);
      // A name that has records exists: an older NXDOMAIN must not outlive the proof.
      entries.delete(keyOf(first.name, everyType));
    },
    keepNegative: ({ name, type, rcode, soa }) => {
      const minimum = Number(soa.data.split(/\s+/).at(-1));
      const ttl = Math.min(soa.ttl, Number.isFinite(minimum) ? minimum : 0);
      keep(keyOf(name, rcode === 'NXDOMAIN' ? everyType : type), { kind: 'negative', rcode, soa }, ttl);
    },
    clear: () => entries.clear(),
  };
}

function withTtl(cached: Cached, ttl: number): Cached {
  if (cached.kind === 'negative') return { ...cached, soa: { ...cached.soa, ttl } };
  return { kind: 'records', records: cached.records.map((record) => ({ ...record, ttl })) };
}

function keyOf(name: string, type: string): string {
  return `${name.toLowerCase().replace(/\.$/, '')} ${type}`;
}
