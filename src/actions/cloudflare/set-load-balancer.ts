import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { type ActionContext, change, type Plan, type Planned } from '../action.ts';
import { beforeWriting } from '../before-writing.ts';
import { lastLookGuard, lastLookKeys, takeLastLook, withoutLook, withoutSuite } from '../http/last-look.ts';
import { lookHasSuite, suiteHasLook } from '../input-rules.ts';
import { answeredStatus } from './cloudflare-error.ts';
import {
  cloudflareId,
  cloudflareIds,
  type LoadBalancer,
  readLoadBalancer,
  readLoadBalancerById,
  writeEnabled,
} from './load-balancer.ts';
import { describeRecord } from './records-at-name.ts';
import { readStandbyRecord } from './standby-record.ts';
import { readsLoadBalancer, verifyCredentials } from './verify-credentials.ts';

const input = z
  .strictObject({
    enabled: z.boolean().describe('true: the load balancer answers; false: the DNS record beneath it does'),
    route: z.string().default('fallback').describe('when disabling: the route that the record beneath must point at'),
    ...lastLookKeys,
  })
  .refine(lookHasSuite.holds, withoutSuite)
  .refine(suiteHasLook.holds, withoutLook);
const state = z.strictObject({
  zoneId: cloudflareId,
  loadBalancerId: cloudflareId,
  name: z.string().min(1),
  enabled: z.boolean(),
});
const output = z.strictObject({
  loadBalancer: z.string(),
  enabled: z.boolean(),
  servedBy: z.string().describe('`load-balancer`, or the DNS record that answers now'),
});

type Input = z.output<typeof input>;
type State = z.output<typeof state>;
type Output = z.output<typeof output>;

/** How long resolvers may keep a proxied answer; it cannot be set (Cloudflare docs, dns/proxy-status). */
const proxiedTtlSeconds = 300;

/**
 * `cloudflare.set-load-balancer`: turns the hostname's load balancer on or off. Off, Cloudflare serves the DNS records
 * of the same name (Cloudflare docs, load-balancing, dns-records): one call that keeps pools and rules, and that one
 * call undoes. Refuses to turn it off over anything but a DNS-only CNAME to the wanted route.
 */
export const setLoadBalancer = change<Input, State, Output>({
  name: 'cloudflare.set-load-balancer',
  summary: 'Turn the hostname’s Cloudflare load balancer on or off',
  input,
  state,
  output,
  secrets: ['cloudflare'],
  guards: [lastLookGuard],
  plan,
  lastLook: takeLastLook,
  apply,
  observe,
  outputOf,
  revert,
  preflight: (ctx) => verifyCredentials(ctx, readsLoadBalancer),
  summarise: ({ enabled, servedBy }) => ({
    headline: enabled ? 'the load balancer is on' : 'the load balancer is off',
    detail: [enabled ? 'answered by Cloudflare’s load balancer' : `answered by ${servedBy}`],
  }),
});

async function plan(wanted: Input, ctx: ActionContext): Promise<Plan<State>> {
  const ids = cloudflareIds(ctx.env);
  const { hostname } = ctx.env;
  const [balancer, standby] = await Promise.all([
    readLoadBalancer(ctx, ids, hostname),
    wanted.enabled ? undefined : readStandbyRecord(ctx, ids.zoneId, wanted.route),
  ]);
  const before = { zoneId: ids.zoneId, loadBalancerId: balancer.id, name: balancer.name, enabled: balancer.enabled };
  const changes = before.enabled !== wanted.enabled;
  return {
    before,
    after: { ...before, enabled: wanted.enabled },
    diff: changes
      ? [`  load balancer ${hostname}`, `- enabled: ${before.enabled}`, `+ enabled: ${wanted.enabled}`]
      : [],
    notes: [
      ...(standby === undefined ? [] : [`beneath it: ${describeRecord(standby)}`]),
      ...(changes ? [drainNote(balancer), 'pools and rules stay as they are; one call undoes it'] : []),
    ],
    guards: [],
  };
}

function drainNote({ enabled, proxied, ttl }: LoadBalancer): string {
  if (!enabled) return 'clients keep the record’s answer for up to its TTL';
  if (proxied) return `clients keep the old answer up to ${proxiedTtlSeconds} s (proxied TTL)`;
  return `clients keep the old answer up to ${ttl ?? 30} s (the load balancer’s TTL)`;
}

async function apply(planned: Planned<Input, State>, ctx: ActionContext): Promise<Output> {
  const { input: wanted, before, after } = planned;
  const servedBy = await beforeWriting(ctx, async () => {
    const [now, text] = await Promise.all([readNow(ctx, before), servedByText(ctx, wanted, after)]);
    assertUnchanged(now, before);
    return text;
  });
  await writeEnabled(ctx, before, after.enabled);
  return { loadBalancer: after.loadBalancerId, enabled: after.enabled, servedBy };
}

async function observe({ before, after }: Planned<Input, State>, ctx: ActionContext) {
  try {
    const now = await readNow(ctx, before);
    if (now.name !== before.name) return 'other';
    // Equal where there was nothing to do: then the world is as asked.
    if (now.enabled === after.enabled) return 'after';
    return now.enabled === before.enabled ? 'before' : 'other';
  } catch (error) {
    if (error instanceof OpsError && answeredStatus(error.cause)?.status === 404) return 'other';
    throw error;
  }
}

async function outputOf({ input: wanted, after }: Planned<Input, State>, ctx: ActionContext): Promise<Output> {
  const servedBy = await servedByText(ctx, wanted, after);
  return { loadBalancer: after.loadBalancerId, enabled: after.enabled, servedBy };
}

async function revert({ before, after }: Planned<Input, State>, ctx: ActionContext): Promise<void> {
  await beforeWriting(ctx, async () => assertUnchanged(await readNow(ctx, after), after));
  if (before.enabled !== after.enabled) await writeEnabled(ctx, before, before.enabled);
}

function readNow(ctx: ActionContext, { zoneId, loadBalancerId }: State): Promise<LoadBalancer> {
  return readLoadBalancerById(ctx, zoneId, loadBalancerId);
}

/** Reads the record beneath again when it is about to answer: it may have changed since the plan. */
async function servedByText(ctx: ActionContext, wanted: Input, { zoneId, enabled }: State): Promise<string> {
  return enabled ? 'load-balancer' : describeRecord(await readStandbyRecord(ctx, zoneId, wanted.route));
}

function assertUnchanged(now: LoadBalancer, planned: State): void {
  if (now.name === planned.name && now.enabled === planned.enabled) return;
  const found = now.name === planned.name ? `enabled: ${now.enabled}` : `named ${now.name}`;
  throw new OpsError('drift', `load balancer ${planned.name} is ${found}, not enabled: ${planned.enabled} as planned`, {
    hint: 'someone else changed it meanwhile: find out who, then start again',
  });
}
