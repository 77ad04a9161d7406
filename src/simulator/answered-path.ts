import { authoritativeAnswer } from './authoritative-answer.ts';
import type { Via } from './client-tally.ts';
import type { SimulatedWorld } from './state.ts';

/** The path that authoritative DNS sends customers on at this moment, by what it answers for the hostname. */
export function answeredPath(world: SimulatedWorld, nowMs: number): Via {
  const asked = { name: world.hostname, type: 'A', server: 0, nowMs };
  const answers = authoritativeAnswer(world, asked).answers.map(({ data }) => data.replace(/\.$/, ''));
  const leadsTo = (...targets: readonly string[]) => answers.some((answer) => targets.includes(answer));
  if (leadsTo(world.distribution.domain, ...world.addresses.fallback.v4)) return 'fallback';
  // A partial zone's names lead to the edge by a CNAME of this form (Cloudflare docs, dns/zone-setups/partial-setup).
  const isPartial = answers.some((answer) => answer.endsWith('.cdn.cloudflare.net'));
  return isPartial || leadsTo(...world.addresses.edge.v4) ? 'edge' : 'nowhere';
}
