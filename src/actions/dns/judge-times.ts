import type { Found } from '../finding.ts';
import type { Look } from './look.ts';
import { seconds } from './summarise-look.ts';

/** Every finding about the times that clients and resolvers keep answers. */
export const timeFindingIds = ['dns/drain-too-long', 'dns/drain-unknown', 'dns/absence-kept-long'] as const;

/** Holds the predicted drain and the zone's negative caching time (RFC 2308) against limits in milliseconds; no limit, no finding. */
export function judgeTimes(
  { predictedDrainMs, negativeCacheMs }: Pick<Look, 'predictedDrainMs' | 'negativeCacheMs'>,
  zone: string,
  limits: { 'drain-within'?: number | undefined; 'absence-within'?: number | undefined },
): Found<(typeof timeFindingIds)[number]>[] {
  const { 'drain-within': drainMs, 'absence-within': absenceMs } = limits;
  const findings: Found<(typeof timeFindingIds)[number]>[] = [];
  if (drainMs !== undefined && predictedDrainMs === null) {
    findings.push({
      id: 'dns/drain-unknown',
      severity: 'warning',
      where: '',
      breaks: 'no server tells for how long clients would keep the old answer: nobody knows how long a switch takes',
      remedy: 'ask the servers above with `dig`; open port 53 from this machine',
    });
  }
  if (drainMs !== undefined && predictedDrainMs !== null && predictedDrainMs > drainMs) {
    findings.push({
      id: 'dns/drain-too-long',
      severity: 'warning',
      where: '',
      breaks: `clients would keep the old answer for up to ${seconds(predictedDrainMs)}, and the objective is ${seconds(drainMs)}`,
      remedy: 'lower the TTL (a proxied record’s is always 300 s at Cloudflare), or raise the objective',
    });
  }
  if (absenceMs !== undefined && negativeCacheMs !== null && negativeCacheMs > absenceMs) {
    findings.push({
      id: 'dns/absence-kept-long',
      severity: 'warning',
      where: zone,
      breaks: `a record that is missing for a moment is missing for up to ${seconds(negativeCacheMs)} at resolvers (SOA minimum), and ${seconds(absenceMs)} is the most that is taken`,
      remedy:
        'lower the minimum in the zone’s SOA, so that a record that is away for a moment of a switch is soon seen again',
    });
  }
  return findings;
}
