import { type RuleRequest, readRuleCondition } from './load-balancer-rule.ts';

/** A custom rule of a load balancer, in the API's terms (API reference, load balancers, `rules`). */
type RoutingRule = {
  name: string;
  condition: string;
  priority: number;
  disabled: boolean;
  terminates: boolean;
  overrides: { default_pools: readonly string[] };
};

/** What of a load balancer decides where a request goes. */
export type Routing = { defaultPools: readonly string[]; fallbackPool: string; rules: readonly RoutingRule[] };

/**
 * The pools that a load balancer chooses among for a request, in its order, never none: rules in order of priority,
 * each that holds replaces the pools, until one that terminates; without any pool, the fallback pool. Without steering
 * the first that is healthy serves. Throws `invalid` for a condition that cannot be read.
 */
export function choosePools({ defaultPools, fallbackPool, rules }: Routing, request: RuleRequest): readonly string[] {
  let pools = defaultPools;
  const active = rules.filter((rule) => !rule.disabled).sort((left, right) => left.priority - right.priority);
  for (const rule of active) {
    if (!readRuleCondition(rule.condition)(request)) continue;
    if (rule.overrides.default_pools.length > 0) pools = rule.overrides.default_pools;
    if (rule.terminates) break;
  }
  return pools.length > 0 ? pools : [fallbackPool];
}
