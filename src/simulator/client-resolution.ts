import type { Clock } from '../world/clock.ts';
import type { DnsTransport } from '../world/dns.ts';

const timeoutMs = 2_000;

/**
 * How a client finds the hostname's addresses: it asks its resolver for A records and keeps the answer for the
 * smallest TTL of the chain, by the clock. Undefined when the resolver gives no address; that is not kept.
 */
export function createClientResolution(options: {
  hostname: string;
  clock: Clock;
  ask: DnsTransport;
  resolver: { address: string; port: number };
}): (signal: AbortSignal) => Promise<readonly string[] | undefined> {
  const { hostname, clock, ask, resolver } = options;
  let kept: { addresses: readonly string[]; untilMs: number } | undefined;
  return async (signal) => {
    if (kept !== undefined && clock.now() < kept.untilMs) return kept.addresses;
    kept = undefined;
    const answer = await ask({
      server: resolver,
      name: hostname,
      type: 'A',
      recursionDesired: true,
      timeoutMs,
      signal,
    });
    if (!answer.answered || answer.rcode !== 'NOERROR') return undefined;
    const addresses = answer.answers.filter(({ type }) => type === 'A').map(({ data }) => data);
    if (addresses.length === 0) return undefined;
    const ttlMs = Math.min(...answer.answers.map(({ ttl }) => ttl)) * 1000;
    kept = { addresses, untilMs: clock.now() + ttlMs };
    return addresses;
  };
}
