import { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { OpsError } from '../errors.ts';
import { connectToFirst, createLookup, discard, type Lookup, unlessAborted } from './dial.ts';
import { exchange } from './exchange.ts';
import type { ProbeRequest, ProbeResult, Prober, ProbeTimings } from './probe.ts';

type Failure = Extract<ProbeResult, { answered: false }>;

/** How to build a prober. */
type ProberOptions = {
  /** PEM text of one or more certificate authorities, trusted besides the built-in ones. */
  ca?: string;
  /** How much of an answer's body is kept; 64 KiB unless given. */
  maxBodyBytes?: number;
  /** Resolves names to dial; the system's resolver unless given. */
  lookup?: Lookup;
};

/**
 * Builds the prober: each probe dials its own connection, whose SNI, Host and certificate check use the real
 * hostname wherever the connection goes, at TLS 1.2 or newer, always verified. Whatever happens to a probe is a
 * value. Throws `invalid` at once when `ca` holds no readable certificate.
 */
export function createProber(options: ProberOptions = {}): Prober {
  const { ca, maxBodyBytes = 64 * 1024, lookup = createLookup() } = options;
  if (ca !== undefined) assertCertificates(ca);
  let trust: Promise<SecureContext> | undefined;
  return async (request) => {
    // One context for all probes (the built-in authorities take milliseconds to parse); sessions are not in it. It and
    // the module are loaded before the clock of the first probe starts, so that its timings are the network's.
    trust ??= trustOf(ca);
    const [secureContext] = await Promise.all([trust, import('node:https')]);
    return runProbe(request, { secureContext, maxBodyBytes, lookup });
  };
}

async function runProbe(
  request: ProbeRequest,
  means: { secureContext: SecureContext; maxBodyBytes: number; lookup: Lookup },
): Promise<ProbeResult> {
  const startedAt = performance.now();
  const elapsedMs = () => Math.round((performance.now() - startedAt) * 10) / 10;
  const timings: ProbeTimings = { dnsMs: null, tcpMs: null, tlsMs: null, firstByteMs: null, totalMs: 0 };
  let phase: Failure['phase'] = 'dns';
  let remoteAddress: string | null = null;
  let tcp: Socket | undefined;
  let tls: TLSSocket | undefined;
  const box = boxOf(request);
  try {
    const { host, port, family } = request.connect;
    let addresses = [host];
    if (isIP(host) === 0) {
      addresses = (await unlessAborted(means.lookup(host), box.signal)).map(({ address }) => address);
      if (addresses.length === 0) throw systemError('ENODATA', `${host} has no address`);
      timings.dnsMs = elapsedMs();
    }
    if (family !== undefined) addresses = addresses.filter((address) => isIP(address) === family);
    if (addresses.length === 0) throw systemError('ENODATA', `${host} has no IPv${family} address`);
    phase = 'tcp';
    tcp = await connectToFirst(addresses, port, box.signal);
    timings.tcpMs = elapsedMs();
    remoteAddress = tcp.remoteAddress ?? null;
    phase = 'tls';
    tls = await handshake(tcp, request.hostname, means.secureContext, box.signal);
    timings.tlsMs = elapsedMs();
    const certificate = certificateOf(tls);
    phase = 'request';
    const answer = await exchange(tls, request, {
      maxBodyBytes: means.maxBodyBytes,
      signal: box.signal,
      onResponse: () => {
        phase = 'response';
        timings.firstByteMs = elapsedMs();
      },
    });
    timings.totalMs = elapsedMs();
    return { answered: true, ...answer, remoteAddress: remoteAddress ?? host, certificate, timings };
  } catch (error) {
    timings.totalMs = elapsedMs();
    return { answered: false, ...explain(error, phase, request), remoteAddress, timings };
  } finally {
    box.release();
    if (tls !== undefined) discard(tls);
    if (tcp !== undefined) discard(tcp);
  }
}

/** Why a probe's own time box aborted; told apart from errors by identity. */
const timedOut = Symbol('timed out');

/**
 * One signal for the whole probe: its time box, and the caller's signal. Derived, not listened for: many probes share
 * a caller's signal, and Node warns of more than ten listeners.
 */
function boxOf(request: ProbeRequest): { signal: AbortSignal; release(): void } {
  const box = new AbortController();
  const timer = setTimeout(() => box.abort(timedOut), request.timeoutMs);
  return {
    signal: request.signal === undefined ? box.signal : AbortSignal.any([box.signal, request.signal]),
    release: () => clearTimeout(timer),
  };
}

async function handshake(
  tcp: Socket,
  hostname: string,
  secureContext: SecureContext,
  signal: AbortSignal,
): Promise<TLSSocket> {
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
          ALPNProtocols: ['http/1.1'],
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

async function trustOf(ca: string | undefined): Promise<SecureContext> {
  const { createSecureContext, rootCertificates } = await import('node:tls');
  // Said outright, because NODE_EXTRA_CA_CERTS would add to authorities that are not said.
  return createSecureContext({ minVersion: 'TLSv1.2', ca: [...rootCertificates, ...(ca === undefined ? [] : [ca])] });
}

/** OpenSSL passes over what it cannot read; then every probe would fail, and the routes would seem to be at fault. */
function assertCertificates(ca: string): void {
  const blocks = ca.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
    if (blocks.length > 0) return;
  } catch (cause) {
    throw new OpsError('invalid', 'the CA file holds a certificate that cannot be read', {
      hint: 'give a PEM file of whole certificates, each between BEGIN CERTIFICATE and END CERTIFICATE',
      cause,
    });
  }
  throw new OpsError('invalid', 'the CA file holds no certificate', {
    hint: 'give a PEM file (text with BEGIN CERTIFICATE), or leave `ca` out of the environment',
  });
}

function certificateOf(socket: TLSSocket): { issuer: string; validTo: string; protocol: string } {
  const { issuer, valid_to: validTo } = socket.getPeerCertificate();
  const names = [issuer?.CN, issuer?.O].flat().filter((name) => name !== undefined);
  const until = new Date(validTo);
  return {
    issuer: names.join(', '),
    validTo: Number.isNaN(until.getTime()) ? validTo : until.toISOString(),
    protocol: socket.getProtocol() ?? 'unknown',
  };
}

const unfinished = {
  dns: 'the name was not resolved',
  tcp: 'no connection',
  tls: 'the TLS handshake did not finish',
  request: 'no answer',
  response: 'the answer did not end',
} as const;

function explain(
  error: unknown,
  phase: keyof typeof unfinished | 'timeout' | 'aborted',
  request: ProbeRequest,
): Pick<Failure, 'phase' | 'code' | 'message'> {
  const state = phase === 'timeout' || phase === 'aborted' ? 'no answer' : unfinished[phase];
  if (error === timedOut) {
    return { phase: 'timeout', code: 'ETIMEDOUT', message: `${state} within ${request.timeoutMs} ms` };
  }
  if (request.signal?.aborted === true)
    return { phase: 'aborted', code: 'ABORT_ERR', message: `stopped: ${state} yet` };
  const code = codeOf(error);
  const message = error instanceof Error && error.message !== '' ? error.message : code;
  // A malformed answer is an answer, though its headers never became whole.
  return { phase: phase === 'request' && code.startsWith('HPE_') ? 'response' : phase, code, message };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
