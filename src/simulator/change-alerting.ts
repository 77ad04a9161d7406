import { z } from 'zod';
import type { SimulatedAlerting } from './alerting-state.ts';

const count = z.number().nonnegative();
const moment = z.iso.datetime({ offset: true });

const monitorSchema = z.strictObject({
  id: z.int(),
  name: z.string().exactOptional(),
  tags: z.array(z.string()).exactOptional(),
  type: z.string().exactOptional(),
  query: z.string().exactOptional(),
  message: z.string().exactOptional(),
  options: z
    .strictObject({
      notify_no_data: z.boolean().exactOptional(),
      no_data_timeframe: count.nullable().exactOptional(),
      on_missing_data: z.string().nullable().exactOptional(),
      renotify_interval: count.nullable().exactOptional(),
      timeout_h: count.nullable().exactOptional(),
      threshold_windows: z.strictObject({ recovery_window: z.string().nullable() }).nullable().exactOptional(),
    })
    .exactOptional(),
});

const serviceSchema = z.strictObject({
  id: z.string(),
  name: z.string().exactOptional(),
  status: z.enum(['active', 'warning', 'critical', 'maintenance', 'disabled']).exactOptional(),
  auto_resolve_timeout: count.nullable().exactOptional(),
  acknowledgement_timeout: count.nullable().exactOptional(),
  auto_pause_notifications_parameters: z
    .strictObject({ enabled: z.boolean(), timeout: count.nullable() })
    .exactOptional(),
});

const policySchema = z.strictObject({
  id: z.string(),
  name: z.string().exactOptional(),
  num_loops: z.int().nonnegative().exactOptional(),
  levels: z
    .array(
      z.strictObject({
        delayMinutes: count,
        onCall: z.array(z.string()),
        shifts: z.array(z.strictObject({ user: z.string(), start: moment, end: moment })).exactOptional(),
      }),
    )
    .min(1)
    .exactOptional(),
});

/** A change of how alerts travel: each entry changes the one with its id. What is left out stays, of a monitor's options too. */
export const alertingChangeSchema = z.strictObject({
  monitors: z.array(monitorSchema).default([]),
  services: z.array(serviceSchema).default([]),
  policies: z.array(policySchema).default([]),
});

/**
 * Changes monitors, services and escalation policies, as somebody with the consoles would. Answers what there is then, or
 * why the change cannot be, in which case nothing was changed.
 */
export function changeAlerting(
  world: SimulatedAlerting,
  change: unknown,
): { status: number; text: string } | { status: number; json: unknown } {
  const parsed = alertingChangeSchema.safeParse(change);
  if (!parsed.success) {
    const reasons = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'change'}: ${issue.message}`);
    return { status: 400, text: `not a change: ${reasons.join('; ')}\n` };
  }
  const { monitors, services, policies } = parsed.data;
  const unknown = [
    ...without('monitor', monitors, world.monitors),
    ...without('service', services, world.services),
    ...without('policy', policies, world.policies),
  ];
  if (unknown.length > 0) return { status: 404, text: `there is no ${unknown.join(', ')}; see /state\n` };
  world.monitors = world.monitors.map((monitor) => {
    const { options, ...more } = monitors.find(({ id }) => id === monitor.id) ?? {};
    return { ...monitor, ...more, options: { ...monitor.options, ...options } };
  });
  world.services = merge(world.services, services);
  world.policies = merge(world.policies, policies);
  return { status: 200, json: { monitors: world.monitors, services: world.services, policies: world.policies } };
}

type Named = { id: string | number };

function without(what: string, changes: readonly Named[], known: readonly Named[]): string[] {
  return changes.filter(({ id }) => !known.some((one) => one.id === id)).map(({ id }) => `${what} ${id}`);
}

function merge<T extends Named>(known: readonly T[], changes: readonly Partial<T>[]): T[] {
  return known.map((one) => ({ ...one, ...changes.find(({ id }) => id === one.id) }));
}
