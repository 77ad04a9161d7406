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

/** Takes apart a request's path and Host header for rules. */
export function ruleRequest(method: string, pathWithQuery: string, host: string): RuleRequest {
  const [path = '/', ...query] = pathWithQuery.split('?');
  return { method, path, query: query.join('?'), host };
}
