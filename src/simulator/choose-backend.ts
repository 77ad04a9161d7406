import { choosePools } from '../actions/cloudflare/choose-pools.ts';
import type { RuleRequest } from '../actions/cloudflare/load-balancer-rule.ts';
import type { SimulatedLoadBalancer, SimulatedWorld } from './state.ts';

/**
 * The backend that Cloudflare's load balancer sends a request to: that of the first pool its rules choose. Undefined
 * when that pool does not exist. Throws `invalid` for a condition that cannot be read.
 */
export function chooseBackend(
  world: SimulatedWorld,
  balancer: SimulatedLoadBalancer,
  request: RuleRequest,
): string | undefined {
  const [pool = balancer.fallbackPool] = choosePools(balancer, request);
  return world.pools.get(pool)?.backend;
}
