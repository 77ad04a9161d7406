import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import type { JsonApi } from '../../world/json-api.ts';
import type { ActionContext } from '../action.ts';
import type { Shift } from './on-call-gaps.ts';

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

/**
 * PagerDuty docs, REST API, on-calls: computed from the schedules, for the time between `since` and `until`. Without a
 * start or an end the user is always on call, or does not go off call.
 */
const onCallSchema = z.object({
  escalation_policy: z.object({ id: z.string() }),
  escalation_level: z.int().positive(),
  user: z.object({ id: z.string() }).nullish(),
  start: z.iso.datetime({ offset: true }).nullish(),
  end: z.iso.datetime({ offset: true }).nullish(),
});

/** A service, as far as it is read. */
export type PagerDutyService = z.output<typeof serviceSchema>;

/** An escalation policy, and when somebody is on call on each of its levels, which count from 1. */
export type EscalationPolicy = z.output<typeof policySchema> & { shifts: ReadonlyMap<number, readonly Shift[]> };

/** What {@link readServices} answers: services, and their policies by id. */
export type Paging = { services: PagerDutyService[]; policies: ReadonlyMap<string, EscalationPolicy> };

/** A time that is asked about, in milliseconds since the epoch. PagerDuty tells up to 90 days ahead. */
export type AskedTime = { fromMs: number; untilMs: number };

/**
 * Reads the services with these ids (all there are where there are none), their escalation policies, and who is on call
 * for them in the time that is asked about.
 */
export async function readServices(ids: readonly string[], asked: AskedTime, ctx: ActionContext): Promise<Paging> {
  const api = await ctx.clients.pagerdutyRest();
  const services =
    ids.length === 0 ? await listServices(api, ctx) : await Promise.all(ids.map((id) => readOne(api, id, ctx)));
  const policyIds = [...new Set(services.map(({ escalation_policy }) => escalation_policy.id))];
  const shifts = await readShifts(api, policyIds, asked, ctx);
  const policies = await Promise.all(
    policyIds.map(async (id): Promise<[string, EscalationPolicy]> => {
      const answer = z.object({ escalation_policy: policySchema });
      const path = `/escalation_policies/${encodeURIComponent(id)}`;
      const read = { what: 'read an escalation policy', method: 'GET', path, answer } as const;
      const { escalation_policy } = await api.call(read, ctx.signal);
      return [id, { ...escalation_policy, shifts: shifts.get(id) ?? new Map() }];
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

/** Policy → level → when somebody is on call there. */
async function readShifts(
  api: JsonApi,
  ids: readonly string[],
  { fromMs, untilMs }: AskedTime,
  ctx: ActionContext,
): Promise<Map<string, Map<number, Shift[]>>> {
  const found = new Map<string, Map<number, Shift[]>>();
  if (ids.length === 0) return found;
  const answer = z.object({ oncalls: z.array(onCallSchema), more: z.boolean().default(false) });
  const wanted = new URLSearchParams(ids.map((id): [string, string] => ['escalation_policy_ids[]', id]));
  wanted.set('since', new Date(fromMs).toISOString());
  wanted.set('until', new Date(untilMs).toISOString());
  const entries = await readPages('who is on call', async (offset) => {
    const path = `/oncalls?${wanted}&limit=${pageSize}&offset=${offset}`;
    const { oncalls, more } = await api.call({ what: 'read who is on call', method: 'GET', path, answer }, ctx.signal);
    return { items: oncalls, more };
  });
  for (const { escalation_policy, escalation_level, user, start, end } of entries) {
    if (user === null || user === undefined) continue;
    const levels = found.get(escalation_policy.id) ?? new Map<number, Shift[]>();
    const shift = { startMs: momentOf(start), endMs: momentOf(end) };
    found.set(escalation_policy.id, levels.set(escalation_level, [...(levels.get(escalation_level) ?? []), shift]));
  }
  return found;
}

function momentOf(time: string | null | undefined): number | null {
  return time === null || time === undefined ? null : Date.parse(time);
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
