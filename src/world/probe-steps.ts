import { isIP, type Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { discard, type Lookup, unlessAborted } from './dial.ts';

/** Why a probe's own time box aborted; told apart from errors by identity. */
export const timedOut = Symbol('timed out');

/**
 * One signal for a whole probe: its time box, and the caller's signal. Derived, not listened for: many probes share
 * a caller's signal, and Node warns of more than ten listeners.
 */
export function boxOf(request: { timeoutMs: number; signal?: AbortSignal }): { signal: AbortSignal; release(): void } {
  const box = new AbortController();
  const timer = setTimeout(() => box.abort(timedOut), request.timeoutMs);
  return {
    signal: request.signal === undefined ? box.signal : AbortSignal.any([box.signal, request.signal]),
    release: () => clearTimeout(timer),
  };
}

/** The addresses to dial for a name; an address is its own. Rejects with `ENODATA` where there are none of the family. */
export async function addressesOf(
  lookup: Lookup,
  { host, family }: { host: string; family?: 4 | 6 },
  signal: AbortSignal,
): Promise<string[]> {
  const found = isIP(host) === 0 ? (await unlessAborted(lookup(host), signal)).map(({ address }) => address) : [host];
  if (found.length === 0) throw systemError('ENODATA', `${host} has no address`);
  const wanted = family === undefined ? found : found.filter((address) => isIP(address) === family);
  if (wanted.length === 0) throw systemError('ENODATA', `${host} has no IPv${family} address`);
  return wanted;
}

/**
 * The TLS handshake on an open connection, with the hostname in SNI and in the certificate check, always verified.
 * Rejects with OpenSSL's or Node's error, or the signal's reason; then the TLS socket is destroyed.
 */
export async function handshake(
  tcp: Socket,
  options: { hostname: string; secureContext: SecureContext; alpn?: string[]; signal: AbortSignal },
): Promise<TLSSocket> {
  const { hostname, secureContext, alpn, signal } = options;
  const { connect } = await import('node:tls');
  signal.throwIfAborted();
  let socket: TLSSocket | undefined;
  try {
    return await unlessAborted(
      new Promise<TLSSocket>((resolve, reject) => {
        // Said outright, because NODE_TLS_REJECT_UNAUTHORIZED=0 would change what is not said.
        const secured = connect({
          socket: tcp,
          servername: hostname,
          secureContext,
          rejectUnauthorized: true,
          ...(alpn === undefined ? {} : { ALPNProtocols: alpn }),
        });
        socket = secured;
        secured.once('secureConnect', () => resolve(secured));
        secured.once('error', reject);
        secured.once('close', () => reject(systemError('ECONNRESET', 'closed during the TLS handshake')));
      }),
      signal,
    );
  } catch (error) {
    if (socket !== undefined) discard(socket);
    throw error;
  }
}

/** TLS 1.2 or newer, with the built-in authorities and the one given. */
export async function trustOf(ca: string | undefined): Promise<SecureContext> {
  const { createSecureContext, rootCertificates } = await import('node:tls');
  // Said outright, because NODE_EXTRA_CA_CERTS would add to authorities that are not said.
  return createSecureContext({ minVersion: 'TLSv1.2', ca: [...rootCertificates, ...(ca === undefined ? [] : [ca])] });
}

/** What a person wants to know of the peer's certificate. `validTo` is ISO 8601 where the certificate's own form can be read. */
export function certificateOf(socket: TLSSocket): { issuer: string; validTo: string; protocol: string } {
  const { issuer, valid_to: validTo } = socket.getPeerCertificate();
  const names = [issuer?.CN, issuer?.O].flat().filter((name) => name !== undefined);
  const until = new Date(validTo);
  return {
    issuer: names.join(', '),
    validTo: Number.isNaN(until.getTime()) ? validTo : until.toISOString(),
    protocol: socket.getProtocol() ?? 'unknown',
  };
}

/** Node's or OpenSSL's code of an error, or `UNKNOWN`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
}

/** An error with a code, as the system's own have one. */
export function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
