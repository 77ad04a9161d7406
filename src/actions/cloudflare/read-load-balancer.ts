import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { isPlaceholder } from '../../world/environment.ts';
import type { ActionContext } from '../action.ts';
import { readWithRetry } from './read-with-retry.ts';

/** A load balancer, as far as this program looks at it. */
const loadBalancerSchema = z.object({
  id: z.string().min(1),
  name: z.string(),
  // The API leaves `enabled` out where it is the default, true.
  enabled: z.boolean().default(true),
  proxied: z.boolean().default(false),
});

/** A load balancer of the zone. */
export type LoadBalancer = z.output<typeof loadBalancerSchema>;

/** A record at the hostname. TTL 1 is automatic: 300 s. */
const recordSchema = z.object({
  id: z.string().min(1),
  type: z.string(),
  name: z.string(),
  content: z.string().optional(),
  proxied: z.boolean().default(false),
  ttl: z.number(),
});

/** A DNS record of the zone. */
export type ZoneRecord = z.output<typeof recordSchema>;

/** The zone's id, or `invalid` where the environment has none yet. An empty id would call the whole collection. */
export function zoneIdOf(ctx: ActionContext): string {
  return idOf(ctx.env.cloudflare?.['zone-id'], 'cloudflare.zone-id');
}

function idOf(id: string | undefined, place: string): string {
  if (id !== undefined && id !== '' && !isPlaceholder(id)) return id;
  throw new OpsError(
    'refused',
    id === undefined ? `the environment has no ${place}` : `${place} is still a placeholder`,
    {
      hint: `fill in ${place} in the environment file`,
    },
  );
}

/** The hostname's load balancer: by the environment's id, else by its name. Throws `refused` where it is not the hostname's. */
export async function readLoadBalancer(ctx: ActionContext): Promise<LoadBalancer> {
  const zoneId = zoneIdOf(ctx);
  const given = ctx.env.cloudflare?.['load-balancer-id'];
  const client = await ctx.clients.cloudflare();
  const what = `reading the load balancer of ${ctx.env.hostname}`;
  if (given === undefined) return await findByName(ctx, zoneId, what);
  const id = idOf(given, 'cloudflare.load-balancer-id');
  const answer = await readWithRetry(ctx, what, () =>
    client.loadBalancers.get(id, { zone_id: zoneId }, { signal: ctx.signal }),
  );
  const found = parseLoadBalancer(answer, what);
  if (found.id === id && found.name === ctx.env.hostname) return found;
  throw new OpsError('refused', `the load balancer ${id} is ${found.name}’s, not ${ctx.env.hostname}’s`, {
    hint: 'correct cloudflare.load-balancer-id in the environment file',
  });
}

/** Parses an answer that should be a load balancer; `lost-answer` where it is not. */
export function parseLoadBalancer(answer: unknown, what: string): LoadBalancer {
  const parsed = loadBalancerSchema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new OpsError('lost-answer', `${what}: the answer is not a load balancer`, {
    hint: 'look at what is before trying again',
  });
}

async function findByName(ctx: ActionContext, zoneId: string, what: string): Promise<LoadBalancer> {
  const client = await ctx.clients.cloudflare();
  const found = await readWithRetry(ctx, what, async () => {
    const all: LoadBalancer[] = [];
    for await (const one of client.loadBalancers.list({ zone_id: zoneId }, { signal: ctx.signal }))
      all.push(parseLoadBalancer(one, what));
    return all.filter(({ name }) => name === ctx.env.hostname);
  });
  const [only, another] = found;
  if (only !== undefined && another === undefined) return only;
  throw new OpsError('refused', `the zone has ${found.length} load balancers named ${ctx.env.hostname}`, {
    hint: 'name one by cloudflare.load-balancer-id in the environment file, or switch another way',
  });
}

/** Every record at the hostname, of every type: what answers when the load balancer does not. */
export async function readRecordsBeneath(ctx: ActionContext): Promise<ZoneRecord[]> {
  const zoneId = zoneIdOf(ctx);
  const client = await ctx.clients.cloudflare();
  const what = `reading the records of ${ctx.env.hostname}`;
  return await readWithRetry(ctx, what, async () => {
    const records: ZoneRecord[] = [];
    const query = { zone_id: zoneId, name: { exact: ctx.env.hostname }, per_page: 100 };
    // The SDK asks for pages until an empty one; a bound keeps an answer that never ends from holding the switch.
    for await (const one of client.dns.records.list(query, { signal: ctx.signal })) {
      const parsed = recordSchema.safeParse(one);
      if (!parsed.success) throw new OpsError('lost-answer', `${what}: an entry is not a record`);
      records.push(parsed.data);
      if (records.length > 500) throw new OpsError('lost-answer', `${what}: more than 500 records at one name`);
    }
    return records.filter(({ name }) => name.toLowerCase() === ctx.env.hostname);
  });
}
