/** Which way a client's request went: by the address that DNS gave it. */
export type Via = 'edge' | 'fallback' | 'nowhere';

/** One second of what the clients saw. */
export type ClientBucket = {
  /** Start of the second, milliseconds of the clock. */
  at: number;
  sent: number;
  ok: number;
  /** Of those sent: by way of the edge, and of the fallback. The rest went nowhere (no DNS answer). */
  edge: number;
  fallback: number;
};

/** What the simulated customers saw so far. Times are milliseconds of the clock, null where nothing happened yet. */
export type ClientsReport = {
  clients: number;
  sent: number;
  ok: number;
  failed: number;
  /** Why requests failed: an HTTP status, a socket's code, or `dns`; with counts. */
  failures: Record<string, number>;
  /** The newest two hours at most. */
  buckets: ClientBucket[];
  firstFailureAt: number | null;
  lastFailureAt: number | null;
  /** When half, 95 % and all of the clients had moved to the fallback, for those that are there now. */
  movedToFallbackAt: { p50: number | null; p95: number | null; all: number | null };
};

/** Counts what clients see, in bounded memory. */
export type ClientTally = {
  record(seen: { client: number; via: Via; failure: string | undefined; sentAtMs: number }): void;
  report(): ClientsReport;
};

const mostBuckets = 7_200;
const mostReasons = 30;

/** Makes an empty tally for so many clients, numbered from 0. */
export function createClientTally(clients: number): ClientTally {
  const buckets = new Map<number, ClientBucket>();
  const failures = new Map<string, number>();
  const movedAt = new Map<number, number>();
  let sent = 0;
  let ok = 0;
  let firstFailureAt: number | null = null;
  let lastFailureAt: number | null = null;

  const bucketAt = (sentAtMs: number): ClientBucket => {
    const at = Math.floor(sentAtMs / 1000) * 1000;
    const bucket = buckets.get(at) ?? { at, sent: 0, ok: 0, edge: 0, fallback: 0 };
    buckets.set(at, bucket);
    for (const oldest of buckets.keys()) {
      if (buckets.size <= mostBuckets) break;
      buckets.delete(oldest);
    }
    return bucket;
  };

  return {
    record: ({ client, via, failure, sentAtMs }) => {
      const bucket = bucketAt(sentAtMs);
      sent += 1;
      bucket.sent += 1;
      if (via !== 'nowhere') bucket[via] += 1;
      if (via === 'fallback') movedAt.set(client, movedAt.get(client) ?? sentAtMs);
      else if (via === 'edge') movedAt.delete(client);
      if (failure === undefined) {
        ok += 1;
        bucket.ok += 1;
        return;
      }
      const reason = failures.has(failure) || failures.size < mostReasons ? failure : 'other';
      failures.set(reason, (failures.get(reason) ?? 0) + 1);
      firstFailureAt = Math.min(firstFailureAt ?? sentAtMs, sentAtMs);
      lastFailureAt = Math.max(lastFailureAt ?? sentAtMs, sentAtMs);
    },
    report: () => {
      const times = [...movedAt.values()].sort((left, right) => left - right);
      const share = (part: number) => times[Math.ceil(clients * part) - 1] ?? null;
      return {
        clients,
        sent,
        ok,
        failed: sent - ok,
        failures: Object.fromEntries(failures),
        buckets: [...buckets.values()].map((bucket) => ({ ...bucket })).sort((left, right) => left.at - right.at),
        firstFailureAt,
        lastFailureAt,
        movedToFallbackAt: { p50: share(0.5), p95: share(0.95), all: share(1) },
      };
    },
  };
}
