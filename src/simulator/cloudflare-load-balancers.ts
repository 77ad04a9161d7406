import { z } from 'zod';
import { failure, parseBody, success } from './cloudflare-answers.ts';
import type { ServerAnswer } from './http-server.ts';
import type { SimulatedLoadBalancer, SimulatedWorld } from './state.ts';

const rule = z.object({
  name: z.string().default(''),
  condition: z.string().default(''),
  priority: z.int().default(0),
  disabled: z.boolean().default(false),
  terminates: z.boolean().default(false),
  overrides: z.object({ default_pools: z.array(z.string()).default([]) }).default({ default_pools: [] }),
});

const fields = {
  name: z.string(),
  default_pools: z.array(z.string()).min(1),
  fallback_pool: z.string(),
  description: z.string().optional(),
  enabled: z.boolean().optional(),
  proxied: z.boolean().optional(),
  ttl: z.number().optional(),
  rules: z.array(rule).optional(),
};
const wholeLoadBalancer = z.object(fields);
const loadBalancerPatch = z.object(fields).partial();

/** `GET /zones/ZONE/load_balancers`: all of them, as the real one, which has no pages. */
export function listLoadBalancers(world: SimulatedWorld): ServerAnswer {
  const count = world.loadBalancers.length;
  const info = { page: 1, per_page: 20, count, total_count: count, total_pages: 1 };
  return success(
    world.loadBalancers.map((balancer) => loadBalancerJson(world, balancer)),
    { info },
  );
}

/** `GET /zones/ZONE/load_balancers/ID`. */
export function getLoadBalancer(world: SimulatedWorld, id: string): ServerAnswer {
  const balancer = world.loadBalancers.find((candidate) => candidate.id === id);
  return balancer === undefined ? noSuchLoadBalancer() : success(loadBalancerJson(world, balancer));
}

/** `PATCH /zones/ZONE/load_balancers/ID`: what is left out stays. */
export function patchLoadBalancer(world: SimulatedWorld, id: string, body: string, now: string): ServerAnswer {
  const balancer = world.loadBalancers.find((candidate) => candidate.id === id);
  if (balancer === undefined) return noSuchLoadBalancer();
  const parsed = parseBody(body, loadBalancerPatch);
  return 'answer' in parsed ? parsed.answer : store(world, { ...balancer, ...changes(parsed.value), modifiedOn: now });
}

/** `PUT /zones/ZONE/load_balancers/ID`: needs `name`, `default_pools` and `fallback_pool`; what is left out is reset. */
export function overwriteLoadBalancer(world: SimulatedWorld, id: string, body: string, now: string): ServerAnswer {
  const balancer = world.loadBalancers.find((candidate) => candidate.id === id);
  if (balancer === undefined) return noSuchLoadBalancer();
  const parsed = parseBody(body, wholeLoadBalancer);
  if ('answer' in parsed) return parsed.answer;
  const reset = { description: '', enabled: true, proxied: false, ttl: 30, rules: [] };
  return store(world, { ...balancer, ...reset, ...changes(parsed.value), modifiedOn: now });
}

function changes(given: z.output<typeof loadBalancerPatch>): Partial<SimulatedLoadBalancer> {
  const { default_pools, fallback_pool, name, description, enabled, proxied, ttl, rules } = given;
  return {
    ...(description === undefined ? {} : { description }),
    ...(name === undefined ? {} : { name: name.toLowerCase() }),
    ...(default_pools === undefined ? {} : { defaultPools: default_pools }),
    ...(fallback_pool === undefined ? {} : { fallbackPool: fallback_pool }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(proxied === undefined ? {} : { proxied }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(rules === undefined ? {} : { rules }),
  };
}

function store(world: SimulatedWorld, balancer: SimulatedLoadBalancer): ServerAnswer {
  const named = [balancer.fallbackPool, ...balancer.defaultPools];
  const pools = [...named, ...balancer.rules.flatMap(({ overrides }) => overrides.default_pools)];
  const unknown = pools.find((pool) => !world.pools.has(pool));
  if (unknown !== undefined) return invalid(`pool ${unknown} does not exist`);
  if (balancer.name !== world.zone.name && !balancer.name.endsWith(`.${world.zone.name}`)) {
    return invalid(`name must be within the zone ${world.zone.name}`);
  }
  const taken = world.loadBalancers.some(({ id, name }) => id !== balancer.id && name === balancer.name);
  if (taken) return invalid('a load balancer with that name already exists');
  world.loadBalancers = world.loadBalancers.map((other) => (other.id === balancer.id ? balancer : other));
  world.zone.serial += 1;
  return success(loadBalancerJson(world, balancer));
}

function invalid(reason: string): ServerAnswer {
  return failure(400, { code: 1002, message: `validation failed: ${reason}` });
}

function noSuchLoadBalancer(): ServerAnswer {
  return failure(404, { code: 1001, message: 'load balancer not found' });
}

function loadBalancerJson(world: SimulatedWorld, balancer: SimulatedLoadBalancer): object {
  return {
    id: balancer.id,
    name: balancer.name,
    description: balancer.description ?? '',
    // The TTL belongs to load balancers that are not proxied only.
    ...(balancer.proxied ? {} : { ttl: balancer.ttl }),
    proxied: balancer.proxied,
    enabled: balancer.enabled,
    fallback_pool: balancer.fallbackPool,
    default_pools: balancer.defaultPools,
    region_pools: {},
    country_pools: {},
    pop_pools: {},
    networks: [],
    rules: balancer.rules,
    session_affinity: 'none',
    session_affinity_attributes: {
      samesite: 'Auto',
      secure: 'Auto',
      drain_duration: 0,
      zero_downtime_failover: 'none',
    },
    steering_policy: 'off',
    random_steering: { default_weight: 1 },
    adaptive_routing: { failover_across_pools: false },
    location_strategy: { prefer_ecs: 'proximity', mode: 'pop' },
    zone_name: world.zone.name,
    created_on: balancer.createdOn,
    modified_on: balancer.modifiedOn,
  };
}
