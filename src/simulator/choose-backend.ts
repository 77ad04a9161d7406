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

/** The load balancer at AWS that a proxied record leads to; it parts the backends itself, by a listener rule. */
export function originName(zone: string): string {
  return `origin.${zone}`;
}

/** The backend behind a proxied record without a load balancer at Cloudflare. Undefined when it leads elsewhere. */
export function backendOfRecord(world: SimulatedWorld, hostname: string, request: RuleRequest): string | undefined {
  const leadsToOrigin = world.records.some(
    (record) => record.name === hostname && record.proxied && record.content === originName(world.zone.name),
  );
  if (!leadsToOrigin) return undefined;
  return request.method === 'POST' && request.path === '/emails' ? 'email-api' : 'resend-api';
}
