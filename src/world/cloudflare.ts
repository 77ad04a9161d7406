import type { BaseTokens as BaseAccountTokens } from 'cloudflare/resources/accounts/tokens/tokens';
import type { BaseRecords } from 'cloudflare/resources/dns/records';
import type { BaseLoadBalancers } from 'cloudflare/resources/load-balancers/load-balancers';
import type { BasePools } from 'cloudflare/resources/load-balancers/pools/pools';
import type { BaseTokens } from 'cloudflare/resources/user/tokens/tokens';
import type { BaseZones } from 'cloudflare/resources/zones/zones';
import { z } from 'zod';
import { OpsError } from '../errors.ts';
import { assertToken } from './assert-token.ts';
import { boundedText } from './bounded-text.ts';
import type { Fetch } from './https-fetch.ts';
import { parseJson } from './parse-json.ts';

/** The official client, limited to the calls in use. */
export type CloudflareClient = {
  readonly dns: { readonly records: Pick<BaseRecords, 'list' | 'get' | 'edit' | 'batch'> };
  readonly loadBalancers: Pick<BaseLoadBalancers, 'list' | 'get' | 'edit'> & {
    readonly pools: Pick<BasePools, 'list'>;
  };
  readonly zones: Pick<BaseZones, 'get'>;
  readonly user: { readonly tokens: Pick<BaseTokens, 'verify'> };
  readonly accounts: { readonly tokens: Pick<BaseAccountTokens, 'verify'> };
};

/** Where Cloudflare's API is, unless the environment file names another endpoint. */
export const cloudflareApi = 'https://api.cloudflare.com/client/v4';

/** The SDK's own limit; the transport's time box is the one that counts, and it knows whether the request went out. */
const sdkTimeoutMs = 30_000;

/** Whether a call of Cloudflare's API changes anything: all but GET and HEAD do. */
export function isCloudflareWrite(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/**
 * Builds the client. It never retries, never prints, and takes nothing from the process's variables: neither the
 * endpoint nor the global key nor headers (the SDK would read all three). An answer that says success but is not the
 * API's envelope, or whose envelope says `success: false`, becomes `lost-answer` instead of an empty result.
 * Throws `credentials` for a token that cannot be one.
 */
export async function createCloudflareClient(options: {
  token: string;
  baseURL?: string;
  fetch: Fetch;
}): Promise<CloudflareClient> {
  const { token, baseURL = cloudflareApi, fetch } = options;
  assertToken(token, 'Cloudflare');
  const [{ createClient }, accountTokens, dns, loadBalancers, pools, tokens, zones] = await Promise.all([
    import('cloudflare/tree-shakable'),
    import('cloudflare/resources/accounts/tokens/tokens'),
    import('cloudflare/resources/dns/records'),
    import('cloudflare/resources/load-balancers/load-balancers'),
    import('cloudflare/resources/load-balancers/pools/pools'),
    import('cloudflare/resources/user/tokens/tokens'),
    import('cloudflare/resources/zones/zones'),
  ]);
  return createClient({
    resources: [
      accountTokens.BaseTokens,
      dns.BaseRecords,
      loadBalancers.BaseLoadBalancers,
      pools.BasePools,
      tokens.BaseTokens,
      zones.BaseZones,
    ],
    apiToken: token,
    // Left out, they are read from the process's variables and sent beside the token.
    apiKey: null,
    apiEmail: null,
    userServiceKey: null,
    baseURL,
    maxRetries: 0,
    timeout: sdkTimeoutMs,
    logLevel: 'off',
    logger: { error: silent, warn: silent, info: silent, debug: silent },
    fetch: (input, init) => callApi(fetch, token, input, init ?? {}),
  });
}

async function callApi(fetch: Fetch, token: string, input: string | URL | Request, init: RequestInit) {
  try {
    const response = await fetch(input, { ...init, headers: headersOf(init, token) });
    return response.ok ? await withEnvelope(response) : response;
  } catch (error) {
    // The SDK drops the cause of whatever reads like a timeout, in the error's text or in its cause's: hence two
    // plain layers around what the transport knows.
    throw new Error('the call failed', { cause: new Error('in the transport', { cause: error }) });
  }
}

/** The headers of a call, and no others: CLOUDFLARE_CUSTOM_HEADERS would add to them, or replace the token. */
function headersOf(init: RequestInit, token: string): Headers {
  const headers = new Headers({ authorization: `Bearer ${token}`, accept: 'application/json' });
  headers.set('user-agent', 'resend-ops');
  if (init.body !== undefined && init.body !== null) headers.set('content-type', 'application/json');
  return headers;
}

const envelope = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number(), message: z.string() })).catch([]),
});

async function withEnvelope(response: Response): Promise<Response> {
  const text = await response.text();
  const parsed = envelope.safeParse(parseJson(text));
  const place = `HTTP ${response.status}, cf-ray ${boundedText(response.headers.get('cf-ray') ?? 'none', 60)}`;
  if (!parsed.success) {
    const type = boundedText(response.headers.get('content-type') ?? 'no content type', 60);
    throw new OpsError('lost-answer', `the answer is not one of Cloudflare's API (${type}; ${place})`, {
      hint: 'something in front of the API answered in its place; look at what is before trying again',
    });
  }
  if (!parsed.data.success) {
    const said = parsed.data.errors.map(({ code, message }) => `${code} ${message}`).join('; ');
    throw new OpsError('lost-answer', `success: false: ${boundedText(said || 'no reason given', 200)} (${place})`, {
      hint: 'the answer contradicts itself; look at what is before trying again',
    });
  }
  return new Response(text, { status: response.status, headers: { 'content-type': 'application/json' } });
}

function silent(): void {}
