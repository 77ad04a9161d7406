import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import type { JsonApi } from '../../world/json-api.ts';
import type { ActionContext } from '../action.ts';

const pageSize = 100;
const mostPages = 10;

/** PagerDuty docs, REST API, services. */
const serviceSchema = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string().default('active'),
  /** Seconds after which an open incident is resolved by itself; null: never. */
  auto_resolve_timeout: z.number().nullish(),
  auto_pause_notifications_parameters: z.object({ enabled: z.boolean(), timeout: z.number().nullish() }).nullish(),
  escalation_policy: z.object({ id: z.string() }),
});

/** PagerDuty docs, REST API, escalation policies. */
const policySchema = z.object({
  id: z.string(),
  name: z.string(),
  num_loops: z.int().nonnegative().default(0),
  escalation_rules: z.array(z.object({ escalation_delay_in_minutes: z.number().nonnegative() })).min(1),
});

/** PagerDuty docs, REST API, on-calls: computed from the schedules; without times, those of this moment. */
const onCallSchema = z.object({
  escalation_policy: z.object({ id: z.string() }),
  escalation_level: z.int().positive(),
  user: z.object({ id: z.string() }).nullish(),
});

/** A service, as far as it is read. */
export type PagerDutyService = z.output<typeof serviceSchema>;

/** An escalation policy, and on which of its levels somebody is on call now. Levels count from 1. */
export type EscalationPolicy = z.output<typeof policySchema> & { staffed: ReadonlySet<number> };

/** What {@link readServices} answers: services, and their policies by id. */
export type Paging = { services: PagerDutyService[]; policies: ReadonlyMap<string, EscalationPolicy> };

/** Reads the services with these ids (all there are where there are none), their escalation policies, and who is on call for them. */
export async function readServices(ids: readonly string[], ctx: ActionContext): Promise<Paging> {
  const api = await ctx.clients.pagerdutyRest();
  const services =
    ids.length === 0 ? await listServices(api, ctx) : await Promise.all(ids.map((id) => readOne(api, id, ctx)));
  const policyIds = [...new Set(services.map(({ escalation_policy }) => escalation_policy.id))];
  const staffed = await readStaffed(api, policyIds, ctx);
  const policies = await Promise.all(
    policyIds.map(async (id): Promise<[string, EscalationPolicy]> => {
      const answer = z.object({ escalation_policy: policySchema });
      const path = `/escalation_policies/${encodeURIComponent(id)}`;
      const read = { what: 'read an escalation policy', method: 'GET', path, answer } as const;
      const { escalation_policy } = await api.call(read, ctx.signal);
      return [id, { ...escalation_policy, staffed: staffed.get(id) ?? new Set() }];
    }),
  );
  return { services, policies: new Map(policies) };
}

async function readOne(api: JsonApi, id: string, ctx: ActionContext): Promise<PagerDutyService> {
  const answer = z.object({ service: serviceSchema });
  const path = `/services/${encodeURIComponent(id)}`;
  return (await api.call({ what: `read the service ${id}`, method: 'GET', path, answer }, ctx.signal)).service;
}

async function listServices(api: JsonApi, ctx: ActionContext): Promise<PagerDutyService[]> {
  const answer = z.object({ services: z.array(serviceSchema), more: z.boolean().default(false) });
  return readPages('the services', async (offset) => {
    const path = `/services?limit=${pageSize}&offset=${offset}`;
    const { services, more } = await api.call({ what: 'list the services', method: 'GET', path, answer }, ctx.signal);
    return { items: services, more };
  });
}

/** Policy → the levels on which somebody is on call. */
async function readStaffed(
  api: JsonApi,
  ids: readonly string[],
  ctx: ActionContext,
): Promise<Map<string, Set<number>>> {
  const staffed = new Map<string, Set<number>>();
  if (ids.length === 0) return staffed;
  const answer = z.object({ oncalls: z.array(onCallSchema), more: z.boolean().default(false) });
  const wanted = ids.map((id) => `escalation_policy_ids[]=${encodeURIComponent(id)}`).join('&');
  const entries = await readPages('who is on call', async (offset) => {
    const path = `/oncalls?${wanted}&limit=${pageSize}&offset=${offset}`;
    const { oncalls, more } = await api.call({ what: 'read who is on call', method: 'GET', path, answer }, ctx.signal);
    return { items: oncalls, more };
  });
  for (const { escalation_policy, escalation_level, user } of entries) {
    if (user === null || user === undefined) continue;
    const levels = staffed.get(escalation_policy.id) ?? new Set();
    staffed.set(escalation_policy.id, levels.add(escalation_level));
  }
  return staffed;
}

async function readPages<T>(
  what: string,
  read: (offset: number) => Promise<{ items: T[]; more: boolean }>,
): Promise<T[]> {
  const found: T[] = [];
  for (let page = 0; page < mostPages; page += 1) {
    const { items, more } = await read(page * pageSize);
    found.push(...items);
    if (!more) return found;
  }
  throw new OpsError('refused', `there is more than ${mostPages * pageSize} of ${what}`, {
    hint: 'name the services that matter: `pagerduty.services` in the environment',
  });
}
