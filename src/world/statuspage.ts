import { z } from 'zod';
import { assertToken } from './assert-token.ts';
import type { Fetch } from './https-fetch.ts';
import { createJsonApi, type JsonApi } from './json-api.ts';

/** Who runs a status page that can be written to. */
export type StatusPageProvider = 'atlassian' | 'incident-io';

/** What people call the providers. */
export const statusPageNames: Readonly<Record<StatusPageProvider, string>> = {
  atlassian: 'Statuspage',
  'incident-io': 'incident.io',
};

/** Where their APIs are (developer.statuspage.io; docs.incident.io, API reference), unless the environment file names another endpoint. */
export const statusPageApis: Readonly<Record<StatusPageProvider, string>> = {
  atlassian: 'https://api.statuspage.io/v1',
  'incident-io': 'https://api.incident.io',
};

/**
 * Builds the client of a status page's API. Neither provider has an SDK for Node that is kept up: a thin client with
 * checked answers takes their place. Throws `credentials` for a key that cannot be one.
 */
export function createStatusPageApi(options: {
  provider: StatusPageProvider;
  token: string;
  base: string;
  fetch: Fetch;
  mask(text: string): string;
}): JsonApi {
  const { provider, token, base, fetch, mask } = options;
  assertToken(token, statusPageNames[provider]);
  const isAtlassian = provider === 'atlassian';
  return createJsonApi({
    provider: statusPageNames[provider],
    base: base.replace(/\/+$/, ''),
    headers: { authorization: `${isAtlassian ? 'OAuth' : 'Bearer'} ${token}` },
    fetch,
    mask,
    errorText: isAtlassian ? atlassianError : incidentIoError,
  });
}

const atlassianErrorSchema = z.object({ error: z.union([z.string(), z.array(z.string())]) });

function atlassianError(document: unknown): string | undefined {
  const parsed = atlassianErrorSchema.safeParse(document);
  return parsed.success ? [parsed.data.error].flat().join('; ') : undefined;
}

/** The body of incident.io's errors (docs.incident.io, API reference, errors). */
const incidentIoErrorSchema = z.object({
  type: z.string(),
  errors: z.array(z.object({ message: z.string(), source: z.object({ field: z.string() }).optional() })),
});

function incidentIoError(document: unknown): string | undefined {
  const parsed = incidentIoErrorSchema.safeParse(document);
  if (!parsed.success) return undefined;
  const { type, errors } = parsed.data;
  const each = errors.map(({ message, source }) => (source === undefined ? message : `${source.field}: ${message}`));
  return [type, ...each].join('; ');
}
