import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { isPlaceholder } from '../../world/placeholder.ts';
import type { ActionContext } from '../action.ts';
import { type CallContext, readWithRetry, writeOnce } from './call-cloudflare.ts';

/** An id of Cloudflare's. Never empty: an empty one would address the whole collection. */
export const cloudflareId = z.string().regex(/^[0-9a-f]{32}$/);

const loadBalancerSchema = z.object({
  id: cloudflareId,
  name: z.string().transform((name) => name.toLowerCase()),
  enabled: z.boolean().default(true),
  proxied: z.boolean().default(false),
  ttl: z.number().nullish(),
});

/** A load balancer, as far as it matters here; `name` in lower case, `ttl` in seconds and only where it is not proxied. */
export type LoadBalancer = z.output<typeof loadBalancerSchema>;

/** Where the load balancer is: the environment's ids. `loadBalancerId` may be left out, and is then found by name. */
export type CloudflareIds = { zoneId: string; loadBalancerId: string | undefined };

/** The environment's ids. Throws `invalid` when they are missing or not filled in yet. */
export function cloudflareIds(env: ActionContext['env']): CloudflareIds {
  if (env.cloudflare === undefined) {
    throw new OpsError('invalid', 'the environment has no `cloudflare` section', {
      hint: 'add `cloudflare: { zone-id: … }` to the environment file',
    });
  }
  const { 'zone-id': zoneId, 'load-balancer-id': loadBalancerId } = env.cloudflare;
  for (const [field, id] of Object.entries({ 'zone-id': zoneId, 'load-balancer-id': loadBalancerId })) {
    if (id === undefined || !isPlaceholder(id)) continue;
    throw new OpsError('invalid', `\`cloudflare.${field}\` is still a placeholder (${boundedText(id, 60)})`, {
      hint: 'fill it in in the environment file; the id is in the address of the dashboard’s page',
    });
  }
  return { zoneId, loadBalancerId };
}

/** The load balancer of `hostname`: by id where one is given, else by name. Throws `refused` when there is none, or it has another name. */
export async function readLoadBalancer(ctx: CallContext, ids: CloudflareIds, hostname: string): Promise<LoadBalancer> {
  const found =
    ids.loadBalancerId === undefined
      ? (await listLoadBalancers(ctx, ids.zoneId)).find(({ name }) => name === hostname)
      : await readLoadBalancerById(ctx, ids.zoneId, ids.loadBalancerId);
  if (found === undefined) {
    throw new OpsError('refused', `there is no load balancer named ${hostname} in zone ${ids.zoneId}`, {
      hint: 'without one, what answers is the DNS record itself: this action cannot switch it',
    });
  }
  if (found.name !== hostname) {
    throw new OpsError(
      'refused',
      `load balancer ${found.id} is named ${boundedText(found.name, 260)}, not ${hostname}`,
      {
        hint: 'correct `cloudflare.load-balancer-id` in the environment file, or leave it out',
      },
    );
  }
  return found;
}

/** A load balancer by its id. Throws `refused` when it is gone (the API's 404). */
export async function readLoadBalancerById(ctx: CallContext, zoneId: string, id: string): Promise<LoadBalancer> {
  const what = 'read the load balancer';
  const answer = await readWithRetry(ctx, what, (client, options) =>
    client.loadBalancers.get(id, { zone_id: zoneId }, options),
  );
  return parseLoadBalancer(answer, what);
}

/** All load balancers of the zone; the API has no pages for them. */
export async function listLoadBalancers(ctx: CallContext, zoneId: string): Promise<LoadBalancer[]> {
  const what = 'list the load balancers';
  const page = await readWithRetry(ctx, what, (client, options) =>
    client.loadBalancers.list({ zone_id: zoneId }, options),
  );
  return page.result.map((item) => parseLoadBalancer(item, what));
}

/** Sets `enabled` and nothing else, once. The answer must say what was asked for; else `lost-answer`. */
export async function writeEnabled(
  ctx: CallContext,
  target: { zoneId: string; loadBalancerId: string; name: string },
  enabled: boolean,
): Promise<LoadBalancer> {
  const what = `${enabled ? 'enable' : 'disable'} load balancer ${target.name}`;
  const answer = await writeOnce(ctx, what, (client) =>
    client.loadBalancers.edit(target.loadBalancerId, { zone_id: target.zoneId, enabled }),
  );
  const balancer = parseLoadBalancer(answer, what);
  if (balancer.id === target.loadBalancerId && balancer.enabled === enabled) return balancer;
  throw new OpsError('lost-answer', `${what}: Cloudflare accepted it, but answers enabled: ${balancer.enabled}`, {
    hint: 'look at the load balancer before anything else',
  });
}

function parseLoadBalancer(answer: unknown, what: string): LoadBalancer {
  const parsed = loadBalancerSchema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new OpsError(
    'lost-answer',
    `${what}: the answer is no load balancer (${issue?.path.join('.') || 'answer'}: ${issue?.message})`,
    {
      hint: 'look at the load balancer in the dashboard before anything else',
    },
  );
}
