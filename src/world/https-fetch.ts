import { isIP, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { OpsError } from '../errors.ts';
import { type Access, assertMayWrite } from './access.ts';
import { boundedText } from './bounded-text.ts';
import { connectToFirst, createLookup, discard, type Lookup, unlessAborted } from './dial.ts';
import { type HttpCall, sendCall } from './http-call.ts';

/** What the official SDKs take as `fetch`. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** How to build the `fetch` of one provider. */
export type HttpsFetchOptions = {
  /** PEM text of certificate authorities to trust besides the built-in ones. */
  ca?: string;
  /** The only origins that are ever contacted, e.g. `https://api.cloudflare.com`. */
  origins: readonly string[];
  /** What may leave at this moment; asked anew before each writing call. */
  access: () => Access;
  /** Tells calls that change the world from those that only read. */
  isWrite: (method: string, url: URL) => boolean;
  /** Time box of one attempt, from name lookup to the last byte of the body. Real milliseconds: networks do not speed up. */
  attemptTimeoutMs: number;
  /** A longer answer is an error, not memory. */
  maxBodyBytes: number;
};

type Means = HttpsFetchOptions & { allowed: ReadonlySet<string>; lookup: Lookup; trust: () => Promise<SecureContext> };

const loopback = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\]|localhost)$/;

/**
 * A `fetch` for the SDKs, on Node's own HTTP: a fresh, verified connection for each call, redirects returned and never
 * followed, the answer read whole within the time box. Plain http only to loopback.
 *
 * Throws `refused` for an origin that is not listed, `write-blocked` (or what `ensure` throws) for a write that may not
 * leave, `not-sent` when it failed before the first byte of the request, and `lost-answer` from then on.
 */
export function createHttpsFetch(options: HttpsFetchOptions): Fetch {
  let trust: Promise<SecureContext> | undefined;
  const means: Means = {
    ...options,
    allowed: new Set(options.origins.map((origin) => new URL(origin).origin)),
    lookup: createLookup(),
    trust: () => {
      trust ??= sharedTrustOf(options.ca);
      return trust;
    },
  };
  return (input, init) => performCall(input, init ?? {}, means);
}

async function performCall(input: string | URL | Request, init: RequestInit, means: Means): Promise<Response> {
  const call = readCall(input, init);
  assertAllowed(call.url, means.allowed);
  const what = `${call.method} ${call.url.origin}${call.url.pathname}`;
  const write = means.isWrite(call.method, call.url);
  // Started before `ensure`, so that the attempt ends no later than the time for which `ensure` vouches.
  const box = startTimeBox(means.attemptTimeoutMs, init.signal ?? undefined);
  let socket: Socket | undefined;
  try {
    if (write) await assertMayWrite(means.access(), what, means.attemptTimeoutMs);
    try {
      socket = await openSocket(call.url, means, box.signal);
    } catch (error) {
      throw new OpsError('not-sent', `${what} was not sent: ${reasonOf(error)}`, {
        hint: 'nothing left this machine; check its network, DNS and clock, or take the other way',
        cause: error,
      });
    }
    // Asked again now that the way is open: a process that was frozen while it connected may have been replaced.
    if (write) await assertMayWrite(means.access(), what, means.attemptTimeoutMs);
    try {
      return await sendCall(socket, call, { maxBodyBytes: means.maxBodyBytes, signal: box.signal });
    } catch (error) {
      throw new OpsError('lost-answer', `${what}: no usable answer: ${reasonOf(error)}`, {
        hint: write ? 'it may have been carried out: look at the world before anything else' : 'try again in a moment',
        cause: error,
      });
    }
  } finally {
    box.cancel();
    if (socket !== undefined) discard(socket);
  }
}

function readCall(input: string | URL | Request, init: RequestInit): HttpCall {
  if (typeof input !== 'string' && !(input instanceof URL)) throw new TypeError('this fetch takes URLs only');
  const body = init.body ?? undefined;
  if (body !== undefined && typeof body !== 'string') throw new TypeError('this fetch takes text bodies only');
  return {
    method: (init.method ?? 'GET').toUpperCase(),
    url: new URL(input),
    headers: new Headers(init.headers),
    body,
  };
}

function assertAllowed(url: URL, allowed: ReadonlySet<string>): void {
  const hint = 'the endpoints of the environment file decide whom this program talks to';
  if (!allowed.has(url.origin) || url.username !== '' || url.password !== '') {
    throw new OpsError('refused', `refused to contact ${url.origin}: it is not the configured endpoint`, { hint });
  }
  if (url.protocol === 'https:') return;
  if (url.protocol === 'http:' && loopback.test(url.hostname)) return;
  throw new OpsError('refused', `refused to contact ${url.origin} without TLS`, { hint: 'use https, or loopback' });
}

async function openSocket(url: URL, means: Means, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const secure = url.protocol === 'https:';
  const found = isIP(host) === 0 ? await unlessAborted(means.lookup(host), signal) : [{ address: host }];
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const tcp = await connectToFirst(
    found.map(({ address }) => address),
    port,
    signal,
  );
  if (!secure) return tcp;
  try {
    return await secureSocket(tcp, host, await means.trust(), signal);
  } catch (error) {
    discard(tcp);
    throw error;
  }
}

async function secureSocket(tcp: Socket, host: string, trust: SecureContext, signal: AbortSignal): Promise<Socket> {
  const { connect } = await import('node:tls');
  const socket = connect({
    socket: tcp,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    secureContext: trust,
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: true,
  });
  try {
    await unlessAborted(
      new Promise<void>((resolve, reject) => {
        socket.once('secureConnect', resolve);
        socket.once('error', reject);
        socket.once('close', () => reject(new Error('the connection was closed during the TLS handshake')));
      }),
      signal,
    );
    return socket;
  } catch (error) {
    discard(socket);
    throw error;
  }
}

/** The built-in authorities take milliseconds to parse, and every step makes clients of its own. */
const contexts = new Map<string | undefined, Promise<SecureContext>>();

function sharedTrustOf(ca: string | undefined): Promise<SecureContext> {
  const known = contexts.get(ca) ?? trustOf(ca);
  contexts.set(ca, known);
  return known;
}

async function trustOf(ca: string | undefined): Promise<SecureContext> {
  const { createSecureContext, rootCertificates } = await import('node:tls');
  // Said outright, because NODE_EXTRA_CA_CERTS would add to authorities that are not said.
  return createSecureContext({ minVersion: 'TLSv1.2', ca: [...rootCertificates, ...(ca === undefined ? [] : [ca])] });
}

/** Aborts after `ms`, or with the caller's signal. */
function startTimeBox(ms: number, outer: AbortSignal | undefined): { signal: AbortSignal; cancel(): void } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new Error(`nothing complete within ${ms / 1_000} s`)), ms);
  const stop = () => controller.abort(new Error('stopped by the caller', { cause: outer?.reason }));
  if (outer?.aborted === true) stop();
  outer?.addEventListener('abort', stop, { once: true });
  return {
    signal: controller.signal,
    cancel: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', stop);
    },
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return boundedText(String(error), 200);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return boundedText(code === '' || error.message.includes(code) ? error.message : `${error.message} (${code})`, 200);
}
