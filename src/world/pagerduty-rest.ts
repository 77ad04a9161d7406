import { z } from 'zod';
import { assertCredential } from './assert-token.ts';
import type { Fetch } from './https-fetch.ts';
import { createJsonApi, type JsonApi } from './json-api.ts';

/** Where PagerDuty's REST API is, by service region (PagerDuty docs, service regions), unless the environment file names another endpoint. */
export const pagerDutyRestApis = {
  us: 'https://api.pagerduty.com',
  eu: 'https://api.eu.pagerduty.com',
} as const;

/** The environment's name of the REST API's key; the Events API has another. */
export const pagerDutyRestSecret = 'pagerduty-rest';

/** PagerDuty docs, REST API, errors. */
const errorSchema = z.object({
  error: z.object({ message: z.string(), errors: z.array(z.string()).default([]) }),
});

/** Builds a small client of PagerDuty's REST API v2. A read-only key is enough. Throws `credentials` for a key that cannot be one. */
export function createPagerDutyRestApi(options: {
  key: string;
  base: string;
  fetch: Fetch;
  mask(text: string): string;
}): JsonApi {
  const { key, base, fetch, mask } = options;
  assertCredential(key, 'PagerDuty REST API key');
  return createJsonApi({
    provider: 'PagerDuty',
    base: base.replace(/\/+$/, ''),
    headers: { authorization: `Token token=${key}`, accept: 'application/vnd.pagerduty+json;version=2' },
    fetch,
    mask,
    errorText(document) {
      const parsed = errorSchema.safeParse(document);
      return parsed.success ? [parsed.data.error.message, ...parsed.data.error.errors].join('; ') : undefined;
    },
  });
}
