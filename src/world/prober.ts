import { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { OpsError } from '../errors.ts';
import { connectToFirst, createLookup, discard, type Lookup } from './dial.ts';
import { exchange } from './exchange.ts';
import type { ProbeRequest, ProbeResult, Prober, ProbeTimings } from './probe.ts';
import { addressesOf, boxOf, certificateOf, codeOf, handshake, timedOut, trustOf } from './probe-steps.ts';

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
    const { host, port } = request.connect;
    const addresses = await addressesOf(means.lookup, request.connect, box.signal);
    if (isIP(host) === 0) timings.dnsMs = elapsedMs();
    phase = 'tcp';
    tcp = await connectToFirst(addresses, port, box.signal);
    timings.tcpMs = elapsedMs();
    remoteAddress = tcp.remoteAddress ?? null;
    phase = 'tls';
    tls = await handshake(tcp, {
      hostname: request.hostname,
      secureContext: means.secureContext,
      alpn: ['http/1.1'],
      signal: box.signal,
    });
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
