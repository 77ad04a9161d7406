import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import type { ActionContext } from '../action.ts';
import { readWithRetry } from './call-cloudflare.ts';
import type { Routing } from './choose-pools.ts';
import { cloudflareIds } from './load-balancer.ts';

const poolMap = z.record(z.string(), z.array(z.string())).nullish();

const ruleSchema = z.object({
  name: z.string().default(''),
  condition: z.string().default(''),
  priority: z.number().default(0),
  disabled: z.boolean().default(false),
  terminates: z.boolean().default(false),
  overrides: z
    .looseObject({ default_pools: z.array(z.string()).default([]), steering_policy: z.string().optional() })
    .default({ default_pools: [] }),
  fixed_response: z.unknown().optional(),
});

const balancerSchema = z.object({
  name: z.string().transform((name) => name.toLowerCase()),
  default_pools: z.array(z.string()),
  fallback_pool: z.string(),
  steering_policy: z.string().default(''),
  region_pools: poolMap,
  country_pools: poolMap,
  pop_pools: poolMap,
  rules: z.array(ruleSchema).default([]),
});

const poolSchema = z.object({
  id: z.string(),
  name: z.string().default(''),
  origins: z.array(z.object({ address: z.string().default(''), enabled: z.boolean().default(true) })).default([]),
});

/** How the load balancer at Cloudflare parts the traffic, read from the API. */
export type ReadRouting = {
  routing: Routing;
  /** Pool id → its name and the addresses of its enabled origins, in lower case. */
  pools: ReadonlyMap<string, { name: string; hosts: readonly string[] }>;
  /** Without steering the first pool serves while it is healthy; with it, any of those chosen among. */
  isSteered: boolean;
  /** What decides as well, and cannot be told for one request from here; in words. */
  limits: readonly string[];
};

/**
 * Reads the load balancer of the environment's hostname and the pools of its account. Throws `refused` where there is none,
 * and `credentials` where the token may not read it, its zone or its pools.
 */
export async function readRouting(ctx: ActionContext): Promise<ReadRouting> {
  const ids = cloudflareIds(ctx.env);
  const { hostname } = ctx.env;
  const [balancer, pools] = await Promise.all([readBalancer(ctx, ids, hostname), readPools(ctx, ids.zoneId)]);
  const { region_pools, country_pools, pop_pools, steering_policy, rules } = balancer;
  const isGeographic = [region_pools, country_pools, pop_pools].some((map) => Object.keys(map ?? {}).length > 0);
  const active = rules.filter(({ disabled }) => !disabled);
  const limits = [
    ...(isGeographic ? ['pools by region, country or data center'] : []),
    ...active
      .filter(({ fixed_response: fixed }) => fixed !== undefined && fixed !== null)
      .map(({ name }) => `rule "${name}" answers by itself`),
    ...active.flatMap(({ name, overrides }) =>
      Object.entries(overrides)
        .filter(
          ([key, value]) => /^(?:region_pools|country_pools|pop_pools|fallback_pool)$/.test(key) && hasContent(value),
        )
        .map(([key]) => `rule "${name}" overrides ${key}`),
    ),
  ];
  const steering = [steering_policy, ...active.map(({ overrides }) => overrides.steering_policy ?? '')];
  return {
    routing: { defaultPools: balancer.default_pools, fallbackPool: balancer.fallback_pool, rules },
    pools,
    isSteered: steering.some((policy) => policy !== '' && policy !== 'off'),
    limits,
  };
}

function hasContent(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

async function readBalancer(
  ctx: ActionContext,
  { zoneId, loadBalancerId }: { zoneId: string; loadBalancerId: string | undefined },
  hostname: string,
): Promise<z.output<typeof balancerSchema>> {
  const what = 'read the load balancer’s rules';
  const answer: unknown =
    loadBalancerId === undefined
      ? (
          await readWithRetry(ctx, what, (client, options) => client.loadBalancers.list({ zone_id: zoneId }, options))
        ).result.find(({ name }) => name?.toLowerCase() === hostname)
      : await readWithRetry(ctx, what, (client, options) =>
          client.loadBalancers.get(loadBalancerId, { zone_id: zoneId }, options),
        );
  const balancer = answer === undefined ? undefined : parse(balancerSchema, answer, what);
  if (balancer?.name === hostname) return balancer;
  throw new OpsError('refused', `there is no load balancer named ${hostname} in zone ${zoneId}`, {
    hint: 'without one there is no rule to hold the function against; correct `cloudflare` in the environment file',
  });
}

async function readPools(ctx: ActionContext, zoneId: string): Promise<ReadRouting['pools']> {
  const zone = await readWithRetry(ctx, 'read the zone', (client, options) =>
    client.zones.get({ zone_id: zoneId }, options),
  );
  const { id } = parse(z.object({ id: z.string().min(1) }), zone.account, 'read the zone’s account');
  const page = await readWithRetry(ctx, 'list the pools', (client, options) =>
    client.loadBalancers.pools.list({ account_id: id }, options),
  );
  return new Map(
    parse(z.array(poolSchema), page.result, 'list the pools').map((pool) => [
      pool.id,
      {
        name: pool.name,
        hosts: pool.origins.filter(({ enabled }) => enabled).map(({ address }) => address.toLowerCase()),
      },
    ]),
  );
}

function parse<Schema extends z.ZodType>(schema: Schema, answer: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new OpsError(
    'failed',
    `${what}: the answer is not what the API describes (${issue?.path.join('.') || 'answer'}: ${issue?.message})`,
    { hint: 'look at the load balancer in the dashboard' },
  );
}
