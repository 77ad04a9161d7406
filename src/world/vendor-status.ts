import { OpsError } from '../errors.ts';
import type { Fetch } from './https-fetch.ts';
import { parseJson } from './parse-json.ts';

/** The vendors whose public word on themselves can be read. */
export const vendors = ['cloudflare', 'aws'] as const;

/** One of {@link vendors}. */
export type Vendor = (typeof vendors)[number];

/** What people call the vendors. */
export const vendorNames: Readonly<Record<Vendor, string>> = { cloudflare: 'Cloudflare', aws: 'AWS' };

/**
 * Where they say how they are, unless the environment file names another endpoint. Cloudflare's page is an Atlassian
 * Statuspage (https://www.cloudflarestatus.com/api); AWS's is the feed that its public health page itself reads, which
 * is not documented (https://health.aws.amazon.com/health/status).
 */
export const vendorStatusPages: Readonly<Record<Vendor, string>> = {
  cloudflare: 'https://www.cloudflarestatus.com',
  aws: 'https://health.aws.amazon.com',
};

const paths: Readonly<Record<Vendor, string>> = {
  cloudflare: '/api/v2/summary.json',
  aws: '/public/currentevents',
};

/** What a vendor says in public. Needs no credentials. */
export type VendorStatusPage = {
  /**
   * The JSON document, of whatever shape. Throws `lost-answer` for an answer that is none, and what the transport
   * throws.
   */
  read(signal: AbortSignal): Promise<unknown>;
};

/** Builds the reader of a vendor's public status. */
export function createVendorStatusPage(options: { vendor: Vendor; base: string; fetch: Fetch }): VendorStatusPage {
  const { vendor, base } = options;
  const url = `${base.replace(/\/+$/, '')}${paths[vendor]}`;
  const what = `read what ${vendorNames[vendor]} says of itself`;
  return {
    async read(signal) {
      const headers = { accept: 'application/json', 'user-agent': 'resend-ops' };
      const response = await options.fetch(url, { method: 'GET', headers, signal });
      const document = parseJson(decode(new Uint8Array(await response.arrayBuffer())));
      if (response.status === 200 && document !== undefined) return document;
      const why = response.status === 200 ? 'the answer is not JSON' : `HTTP ${response.status}`;
      throw new OpsError('lost-answer', `${what}: ${why}`, { hint: 'look at the page in a browser' });
    },
  };
}

/** AWS's feed is UTF-16 with a byte order mark; a Response would read it as UTF-8. */
function decode(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const mark =
    first === 0xfe && second === 0xff ? 'utf-16be' : first === 0xff && second === 0xfe ? 'utf-16le' : 'utf-8';
  return new TextDecoder(mark).decode(bytes);
}
