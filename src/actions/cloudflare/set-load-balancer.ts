import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { type ActionContext, change, type Plan, type Planned } from '../action.ts';
import { cloudflareError } from './cloudflare-error.ts';
import {
  type LoadBalancer,
  parseLoadBalancer,
  readLoadBalancer,
  readRecordsBeneath,
  type ZoneRecord,
  zoneIdOf,
} from './read-load-balancer.ts';

const inputSchema = z.strictObject({
  enabled: z.boolean().describe('false: the records beneath the load balancer answer; true: the load balancer does'),
  route: z.string().default('fallback').describe('the route that the record beneath must lead to before it may answer'),
});

const stateSchema = z.strictObject({
  zoneId: z.string(),
  loadBalancerId: z.string(),
  name: z.string(),
  enabled: z.boolean(),
});

const outputSchema = z.strictObject({ loadBalancer: z.string(), enabled: z.boolean(), servedBy: z.string() });

type Input = z.output<typeof inputSchema>;
type State = z.output<typeof stateSchema>;

/**
 * Enables or disables the hostname's load balancer: one reversible call, no record changes (Cloudflare docs,
 * load-balancers/dns-records: a disabled load balancer lets existing records of its name answer).
 */
export const setLoadBalancer = change({
  name: 'cloudflare.set-load-balancer',
  summary: 'Enable or disable the load balancer of the hostname at Cloudflare',
  input: inputSchema,
  state: stateSchema,
  output: outputSchema,
  secrets: ['cloudflare'],
  plan,
  async apply(planned, ctx) {
    await set(planned, planned.before.enabled, planned.after.enabled, ctx);
    return outputOf(planned);
  },
  async observe({ before, after }, ctx) {
    const now = await readLoadBalancer(ctx);
    if (now.id !== before.loadBalancerId || now.name !== before.name) return 'other';
    if (now.enabled === after.enabled) return 'after';
    return now.enabled === before.enabled ? 'before' : 'other';
  },
  outputOf: async (planned) => outputOf(planned),
  async revert(planned, ctx) {
    await set(planned, planned.after.enabled, planned.before.enabled, ctx);
  },
  preflight,
  summarise: (output) => ({
    headline: `the load balancer is ${output.enabled ? 'enabled' : 'disabled'}; ${output.servedBy} answers`,
    detail: [],
  }),
});

async function plan(input: Input, ctx: ActionContext): Promise<Plan<State>> {
  const [now, beneath] = await Promise.all([readLoadBalancer(ctx), readRecordsBeneath(ctx)]);
  if (!input.enabled) assertBeneathLeadsTo(input.route, beneath, ctx);
  const before = { zoneId: zoneIdOf(ctx), loadBalancerId: now.id, name: now.name, enabled: now.enabled };
  const changes = now.enabled !== input.enabled;
  return {
    before,
    after: { ...before, enabled: input.enabled },
    diff: changes
      ? [`load balancer ${now.name} (${now.id})`, `- enabled: ${now.enabled}`, `+ enabled: ${input.enabled}`]
      : [],
    notes: notesOn(input, now, beneath),
    guards: [],
  };
}

function notesOn(input: Input, now: LoadBalancer, beneath: readonly ZoneRecord[]): string[] {
  const records = beneath.map(describeRecord);
  const answering = input.enabled ? 'the load balancer shadows' : 'will answer';
  return [
    records.length === 0 ? 'no record beneath' : `beneath it (${answering}): ${records.join('; ')}`,
    ...(now.proxied && !input.enabled
      ? ['clients that have the old answer keep it for up to 300 s (the TTL of proxied names)']
      : []),
    'its pools and rules are not touched; one call undoes it',
  ];
}

/** Refuses a switch to nothing, to somewhere else, or back into the provider's own proxy. */
function assertBeneathLeadsTo(route: string, beneath: readonly ZoneRecord[], ctx: ActionContext): void {
  const target = targetOf(route, ctx);
  const addresses = beneath.filter(({ type }) => ['A', 'AAAA', 'CNAME', 'HTTPS', 'SVCB'].includes(type));
  const hint = `stage a DNS-only CNAME ${ctx.env.hostname} → ${target} beneath the load balancer, then run again`;
  if (addresses.length === 0) {
    throw new OpsError(
      'refused',
      `there is no record beneath the load balancer: disabling it would leave ${ctx.env.hostname} without an answer`,
      { hint },
    );
  }
  for (const record of addresses) {
    const leads = record.type === 'CNAME' && record.content?.replace(/\.$/, '').toLowerCase() === target;
    if (!leads)
      throw new OpsError(
        'refused',
        `the record beneath does not lead to ${route}: ${describeRecord(record)} (wanted: CNAME ${target})`,
        { hint },
      );
    if (record.proxied)
      throw new OpsError(
        'refused',
        `the record beneath is proxied: traffic would stay inside Cloudflare (${describeRecord(record)})`,
        { hint },
      );
  }
}

/** The name that the record beneath must hold. */
function targetOf(route: string, ctx: ActionContext): string {
  const found = ctx.env.routes[route];
  const cname =
    found?.answers?.cname ?? (typeof found?.connect === 'string' ? found.connect.replace(/:\d+$/, '') : undefined);
  if (cname !== undefined) return cname.toLowerCase();
  throw new OpsError('invalid', `the environment does not say which name the route ${route} has`, {
    hint: `give routes.${route} an answers.cname`,
  });
}

function describeRecord({ type, content, proxied, ttl }: ZoneRecord): string {
  return `${type} ${content ?? ''}, ${proxied ? 'proxied' : 'DNS only'}, TTL ${ttl === 1 ? 'automatic (300 s)' : `${ttl} s`}`;
}

/** Compare-and-set: Cloudflare has no precondition, so it is read, written and validated, and the engine observes it. */
async function set(planned: Planned<Input, State>, from: boolean, to: boolean, ctx: ActionContext): Promise<void> {
  const { zoneId, loadBalancerId, name } = planned.before;
  const now = await readLoadBalancer(ctx);
  if (now.id !== loadBalancerId || now.name !== name || now.enabled !== from) {
    throw new OpsError(
      'drift',
      `the load balancer is not as it was planned for: ${now.name} (${now.id}), enabled: ${now.enabled}`,
      {
        hint: 'someone else changed it; nothing was written',
      },
    );
  }
  const client = await ctx.clients.cloudflare();
  const what = `${to ? 'enabling' : 'disabling'} the load balancer of ${name}`;
  let answer: unknown;
  try {
    answer = await client.loadBalancers.edit(loadBalancerId, { zone_id: zoneId, enabled: to }, { signal: ctx.signal });
  } catch (error) {
    throw cloudflareError(error, what);
  }
  if (parseLoadBalancer(answer, what).enabled !== to) {
    throw new OpsError('lost-answer', `${what}: the answer shows it unchanged`, {
      hint: 'look at what is before trying again',
    });
  }
}

function outputOf({ after, input }: Planned<Input, State>): z.output<typeof outputSchema> {
  return {
    loadBalancer: after.loadBalancerId,
    enabled: after.enabled,
    servedBy: after.enabled ? 'the load balancer' : `the record beneath (${input.route})`,
  };
}

const tokenSchema = z.object({ status: z.string() });

/** A real read of what the switch needs; and the token's own word, where it is a user's token (an account's has none here). */
async function preflight(ctx: ActionContext): Promise<void> {
  await readLoadBalancer(ctx);
  const client = await ctx.clients.cloudflare();
  const answer: unknown = await client.user.tokens.verify({ signal: ctx.signal });
  const token = tokenSchema.safeParse(answer);
  if (token.success && token.data.status !== 'active') {
    throw new OpsError('credentials', `the Cloudflare API token is ${token.data.status}`, {
      hint: 'make a current token, and set its variable',
    });
  }
}
