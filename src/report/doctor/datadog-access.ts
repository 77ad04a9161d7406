import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { ask, type Means, withoutAnswer } from './asking.ts';
import { type Finding, fine } from './finding.ts';

/** https://docs.datadoghq.com/api/latest/authentication/validate-api-key/ */
const validation = z.object({ valid: z.boolean() });
/** https://docs.datadoghq.com/api/latest/monitors/get-all-monitors/ */
const monitors = z.array(z.object({ id: z.int() }));

const breaks = 'triage does not hear the monitors, and alerts cannot be inspected; the switch does not wait for them';

/**
 * Datadog's two keys. The validation looks at the API key alone; the application key, and what it may do, show in reading
 * one monitor, which needs both. Datadog refuses an unknown application key and one without the permission alike (403).
 */
export async function examineDatadog(means: Means): Promise<Finding[]> {
  if (means.env.datadog === undefined) return [];
  const { site } = means.env.datadog;
  const [key, read] = await Promise.all([
    ask(means, async ({ clients, signal }) => {
      const what = 'check the API key';
      const call = { what, method: 'GET', path: '/api/v1/validate', answer: validation } as const;
      const { valid } = await (await clients.datadog()).call(call, signal);
      if (!valid) throw new OpsError('credentials', `${what}: Datadog says that it is not valid`);
    }),
    ask(means, async ({ clients, signal }) => {
      const path = '/api/v1/monitor?page=0&page_size=1';
      return (await clients.datadog()).call(
        { what: 'read a monitor', method: 'GET', path, answer: monitors } as const,
        signal,
      );
    }),
  ]);
  const ofKey =
    'answer' in key
      ? fine('datadog-api-key', `the API key is valid at ${site}`)
      : withoutAnswer('datadog-api-key', key, {
          breaks,
          remedy: `put an API key of the organisation where the environment file says; check datadog.site (${site})`,
        });
  // One cause is told once.
  if (ofKey.state === 'bad') return [ofKey];
  if ('answer' in read) return [ofKey, fine('datadog-monitors', 'the application key may read monitors')];
  return [
    ofKey,
    withoutAnswer('datadog-monitors', read, {
      breaks,
      remedy: 'make an application key with the scope monitors_read, and put it where the environment file says',
    }),
  ];
}
