import { type RuleRequest, readRuleCondition } from './load-balancer-rule.ts';
import type { SimulatedLoadBalancer, SimulatedWorld } from './state.ts';

/**
 * The backend that Cloudflare's load balancer sends a request to: rules in order of priority, each that holds replaces
 * the pools, until one that terminates (API reference, load balancers, `rules`). The first pool wins; without any, the
 * fallback pool does. Undefined when that pool does not exist. Throws `invalid` for a condition that cannot be read.
 */
export function chooseBackend(
  world: SimulatedWorld,
  balancer: SimulatedLoadBalancer,
  request: RuleRequest,
): string | undefined {
  let pools: readonly string[] = balancer.defaultPools;
  const rules = balancer.rules.filter((rule) => !rule.disabled).sort((left, right) => left.priority - right.priority);
  for (const rule of rules) {
    if (!readRuleCondition(rule.condition)(request)) continue;
    if (rule.overrides.default_pools.length > 0) pools = rule.overrides.default_pools;
    if (rule.terminates) break;
  }
  return world.pools.get(pools[0] ?? balancer.fallbackPool)?.backend;
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

/** Takes apart a request's path and Host header for rules. */
export function ruleRequest(method: string, pathWithQuery: string, host: string): RuleRequest {
  const [path = '/', ...query] = pathWithQuery.split('?');
  return { method, path, query: query.join('?'), host };
}
