import { findOpsError } from '../errors.ts';
import { createHttpsFetch } from './https-fetch.ts';

/** What a server says of itself to anyone. Times in milliseconds since the epoch by this machine's clock. */
export type Visit =
  | {
      answered: true;
      status: number;
      /** `Server` and `CF-Ray`, where there are any. */
      server: string | null;
      cfRay: string | null;
      /** `Date`, parsed; null where there is none. A whole second (RFC 9110, section 6.6.1). */
      dateMs: number | null;
      sentMs: number;
      receivedMs: number;
    }
  | { answered: false; message: string };

/** Asks a URL without any credential; redirects are not followed. Never throws for what a server does. */
export type Visitor = (url: URL, signal: AbortSignal) => Promise<Visit>;

/** Time box of one visit: a source that hangs must leave time for the report. */
const attemptTimeoutMs = 5_000;
const maxBodyBytes = 1024 * 1024;

/** Builds a visitor. `ca`: PEM text of an authority to trust besides the built-in ones. Plain http only to loopback. */
export function createVisitor({ ca }: { ca: string | undefined }): Visitor {
  return async (url, signal) => {
    const transport = createHttpsFetch({
      ...(ca === undefined ? {} : { ca }),
      origins: [url.origin],
      access: () => ({ mode: 'read-only', why: 'a visit only reads' }),
      isWrite: (method) => method !== 'GET',
      attemptTimeoutMs,
      maxBodyBytes,
    });
    const sentMs = Date.now();
    try {
      const { status, headers } = await transport(url, {
        method: 'GET',
        headers: { 'user-agent': 'resend-ops' },
        signal,
      });
      const receivedMs = Date.now();
      const dateMs = Date.parse(headers.get('date') ?? '');
      return {
        answered: true,
        status,
        server: headers.get('server'),
        cfRay: headers.get('cf-ray'),
        dateMs: Number.isNaN(dateMs) ? null : dateMs,
        sentMs,
        receivedMs,
      };
    } catch (error) {
      const known = findOpsError(error);
      if (known === undefined) throw error;
      return { answered: false, message: known.message };
    }
  };
}
