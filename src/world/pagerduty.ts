import { z } from 'zod';
import { assertCredential } from './assert-token.ts';
import type { Fetch } from './https-fetch.ts';
import { createJsonApi, type JsonApi } from './json-api.ts';

/** Where PagerDuty's Events API is, by service region (PagerDuty docs, service regions), unless the environment file names another endpoint. */
export const pagerDutyApis = {
  us: 'https://events.pagerduty.com',
  eu: 'https://events.eu.pagerduty.com',
} as const;

/** An event that was not taken (PagerDuty docs, Events API v2, response codes). */
const errorSchema = z.object({ status: z.string(), message: z.string(), errors: z.array(z.string()).default([]) });

/**
 * Builds the client of PagerDuty's Events API v2. The integration's key travels in the body of each event, and is never
 * masked there. Throws `credentials` for a key that cannot be one.
 */
export function createPagerDutyApi(options: {
  routingKey: string;
  base: string;
  fetch: Fetch;
  mask(text: string): string;
}): JsonApi {
  const { routingKey, base, fetch, mask } = options;
  assertCredential(routingKey, 'PagerDuty routing key');
  return createJsonApi({
    provider: 'PagerDuty',
    base: base.replace(/\/+$/, ''),
    headers: {},
    credentials: { routing_key: routingKey },
    fetch,
    mask,
    errorText(document) {
      const parsed = errorSchema.safeParse(document);
      if (!parsed.success) return undefined;
      return [parsed.data.message, ...parsed.data.errors].join('; ');
    },
    // A wrong key is told as an invalid event (status 400), not as 401.
    aboutCredentials: /routing[_ ]key/i,
  });
}
