import { z } from 'zod';
import { assertCredential } from './assert-token.ts';
import type { Fetch } from './https-fetch.ts';
import { createJsonApi, type JsonApi } from './json-api.ts';

/** Base URL of Globalping's API, unless the environment file names another endpoint (https://globalping.io/docs/api.globalping.io). */
export const globalpingApi = 'https://api.globalping.io';

/** The environment's name of the token; without one the limits of an anonymous address hold. */
export const globalpingSecret = 'globalping';

const errorSchema = z.object({ error: z.object({ type: z.string(), message: z.string() }) });

/**
 * Whether a call changes anything of the operator's: asking probes for a measurement does not, though it is a POST. A
 * dry run asks as well.
 */
export function isGlobalpingWrite(method: string, { pathname }: Pick<URL, 'pathname'>): boolean {
  const reads = method === 'GET' || method === 'HEAD';
  return !reads && !(method === 'POST' && pathname.endsWith('/v1/measurements'));
}

/**
 * Builds a small client of Globalping's API v1: two calls, whose own package brings a fetch of its own and reads its
 * base URL from nowhere else. Throws `credentials` for a token that cannot be any.
 */
export function createGlobalpingApi(options: {
  token: string | undefined;
  base: string;
  fetch: Fetch;
  mask(text: string): string;
}): JsonApi {
  const { token, base, fetch, mask } = options;
  if (token !== undefined) assertCredential(token, 'Globalping token');
  return createJsonApi({
    provider: 'Globalping',
    base: base.replace(/\/+$/, ''),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    fetch,
    mask,
    isWrite: (method, path) => isGlobalpingWrite(method, new URL(path, base)),
    // The hourly limit is told in this header, in seconds; only the limit on looking has Retry-After.
    waitSeconds: (headers) => headers.get('retry-after') ?? headers.get('x-ratelimit-reset'),
    errorText(document) {
      const parsed = errorSchema.safeParse(document);
      return parsed.success ? `${parsed.data.error.message} (${parsed.data.error.type})` : undefined;
    },
  });
}
