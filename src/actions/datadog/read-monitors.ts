import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import type { ActionContext } from '../action.ts';

/** Datadog's own default (https://docs.datadoghq.com/api/latest/monitors/get-all-monitors/). */
const pageSize = 100;
const mostPages = 20;

/** The words that Datadog has for the state of a monitor or of a group. */
const stateSchema = z.enum(['Alert', 'Ignored', 'No Data', 'OK', 'Skipped', 'Unknown', 'Warn']).catch('Unknown');

/** A monitor, as far as it is read: https://docs.datadoghq.com/api/latest/monitors/. */
const monitorSchema = z.object({
  id: z.int(),
  name: z.string(),
  type: z.string().default(''),
  query: z.string().default(''),
  /** The notification's text, with mentions. */
  message: z.string().default(''),
  overall_state: stateSchema.default('Unknown'),
  options: z
    .object({
      notify_no_data: z.boolean().nullish(),
      /** Minutes. */
      no_data_timeframe: z.number().nullish(),
      on_missing_data: z.string().nullish(),
      /** Minutes; 0 or null: it tells once. */
      renotify_interval: z.number().nullish(),
      /** Hours without data after which a triggered monitor resolves by itself; 0 or null: never. */
      timeout_h: z.number().nullish(),
      /** Of anomaly monitors: for how long all must be well until it recovers, such as `last_15m`. */
      threshold_windows: z.object({ recovery_window: z.string().nullish() }).nullish(),
    })
    .default({}),
  state: z
    .object({ groups: z.record(z.string(), z.object({ status: stateSchema.default('Unknown') })).default({}) })
    .default({ groups: {} }),
});

/** See {@link readMonitors}. */
export type Monitor = z.output<typeof monitorSchema>;

/**
 * Reads the monitors that carry every one of the tags, with the states of their groups, page by page. Throws `refused`
 * where there are more than 2,000.
 */
export async function readMonitors(tags: readonly string[], ctx: ActionContext): Promise<Monitor[]> {
  const api = await ctx.clients.datadog();
  const found: Monitor[] = [];
  for (let page = 0; page < mostPages; page += 1) {
    const query = new URLSearchParams({ group_states: 'all', page: String(page), page_size: String(pageSize) });
    if (tags.length > 0) query.set('monitor_tags', tags.join(','));
    const call = { what: 'read the monitors', method: 'GET', path: `/api/v1/monitor?${query}` } as const;
    const monitors = await api.call({ ...call, answer: z.array(monitorSchema) }, ctx.signal);
    found.push(...monitors);
    if (monitors.length < pageSize) return found;
  }
  throw new OpsError('refused', `there are more than ${mostPages * pageSize} monitors`, {
    hint: 'give the tags of those that matter: `datadog.monitor-tags` in the environment',
  });
}

/** The monitor tags of the environment. Throws `refused` where it names no Datadog. */
export function monitorTags(ctx: ActionContext): readonly string[] {
  const { datadog } = ctx.env;
  if (datadog !== undefined) return datadog['monitor-tags'];
  throw new OpsError('refused', 'the environment names no Datadog', { hint: 'add `datadog` to the environment file' });
}
