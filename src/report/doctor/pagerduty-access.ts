import { z } from 'zod';
import { ask, type Means, withoutAnswer } from './asking.ts';
import { type Finding, fine } from './finding.ts';

/** PagerDuty docs, REST API, list abilities. */
const abilities = z.object({ abilities: z.array(z.string()) });
/** PagerDuty docs, REST API, list services. */
const services = z.object({ services: z.array(z.object({ id: z.string() })) });

const breaks = 'escalations cannot be inspected; neither the switch nor a page waits for that';

/**
 * PagerDuty's REST key. Abilities are the account's, and any key may list them, an account's and a user's alike; who the
 * key is can be asked of a user's only (PagerDuty docs, REST API, get the current user). Whether it sees what is
 * inspected shows in reading one service. The routing key has no such question: only an event tries it.
 */
export async function examinePagerDuty(means: Means): Promise<Finding[]> {
  if (means.env.pagerduty === undefined) return [];
  const [key, read] = await Promise.all([
    ask(means, async ({ clients, signal }) => {
      const call = { what: 'check the REST key', method: 'GET', path: '/abilities', answer: abilities } as const;
      return (await clients.pagerdutyRest()).call(call, signal);
    }),
    ask(means, async ({ clients, signal }) => {
      const call = { what: 'read a service', method: 'GET', path: '/services?limit=1', answer: services } as const;
      return (await clients.pagerdutyRest()).call(call, signal);
    }),
  ]);
  const ofKey =
    'answer' in key
      ? fine('pagerduty-key', 'the REST key is taken')
      : withoutAnswer('pagerduty-key', key, {
          breaks,
          remedy:
            'make a read-only REST key, put it where the environment file says, and check pagerduty.service-region',
        });
  // One cause is told once.
  if (ofKey.state === 'bad') return [ofKey];
  if ('answer' in read) return [ofKey, fine('pagerduty-services', 'the REST key may read services')];
  const remedy = 'make a read-only REST key that sees the services, and put it where the environment file says';
  return [ofKey, withoutAnswer('pagerduty-services', read, { breaks, remedy })];
}
