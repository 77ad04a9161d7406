import { z } from 'zod';
import { assertCredential } from './assert-token.ts';
import type { Fetch } from './https-fetch.ts';
import { createJsonApi, type JsonApi } from './json-api.ts';

/** Base URL of a site's API, unless the environment file names another endpoint. */
export function datadogApi(site: string): string {
  return `https://api.${site}`;
}

/** The environment's names of Datadog's two keys: the organisation's, and that of who asks. */
export const datadogSecrets = { apiKey: 'datadog-api-key', applicationKey: 'datadog-application-key' } as const;

const errorSchema = z.object({ errors: z.array(z.string()).min(1) });

/**
 * Builds a small client of Datadog's API v1 (its own SDK brings every product with it, for two reads). The application
 * key needs `monitors_read` and nothing else. Throws `credentials` for keys that cannot be any.
 */
export function createDatadogApi(options: {
  apiKey: string;
  applicationKey: string;
  base: string;
  fetch: Fetch;
  mask(text: string): string;
}): JsonApi {
  const { apiKey, applicationKey, base, fetch, mask } = options;
  assertCredential(apiKey, 'Datadog API key');
  assertCredential(applicationKey, 'Datadog application key');
  return createJsonApi({
    provider: 'Datadog',
    base: base.replace(/\/+$/, ''),
    headers: { 'dd-api-key': apiKey, 'dd-application-key': applicationKey },
    fetch,
    mask,
    errorText(document) {
      const parsed = errorSchema.safeParse(document);
      return parsed.success ? parsed.data.errors.join('; ') : undefined;
    },
  });
}
