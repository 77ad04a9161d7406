import type { Via } from './client-tally.ts';
import type { SimulatedWorld } from './state.ts';
import { answerFromZone } from './zone-answers.ts';

/** The path that authoritative DNS sends customers on at this moment, by what it answers for the hostname. */
export function answeredPath(world: SimulatedWorld): Via {
  const answers = answerFromZone(world, world.hostname, 'A').answers.map(({ data }) => data);
  const leadsTo = (...targets: readonly string[]) => answers.some((answer) => targets.includes(answer));
  if (leadsTo(world.distribution.domain, ...world.addresses.fallback.v4)) return 'fallback';
  return leadsTo(...world.addresses.edge.v4) ? 'edge' : 'nowhere';
}
