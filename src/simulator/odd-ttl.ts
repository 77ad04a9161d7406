import type { TtlLimits } from './resolver-cache.ts';
import type { Scenario } from './scenario.ts';

/** What the scenario's odd resolver makes of TTLs, in seconds; nothing without one. */
export function oddTtl(scenario: Scenario | undefined): TtlLimits {
  const { 'least-ttl': leastMs, 'most-ttl': mostMs } = scenario?.['odd-resolver'] ?? {};
  return {
    ...(leastMs === undefined ? {} : { least: leastMs / 1_000 }),
    ...(mostMs === undefined ? {} : { most: mostMs / 1_000 }),
  };
}
