import { createServer as createHttpsServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { OpsError } from '../../src/errors.ts';
import { createCertificateAuthority } from '../../src/simulator/certificates.ts';
import type { ProbeRequest } from '../../src/world/probe.ts';
import { createProber } from '../../src/world/prober.ts';

const hostname = 'api.example.com';
const authority = createCertificateAuthority();
const running: (Server | TcpServer)[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await Promise.all(running.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function listen<S extends Server | TcpServer>(server: S): Promise<number> {
  running.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function secure(
  handler: Parameters<typeof createHttpsServer>[1] & {},
  names: readonly string[] = [hostname],
  tls: { maxVersion?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'; minVersion?: 'TLSv1' } = {},
): Promise<number> {
  const { keyPem, certPem } = authority.issue({ names });
  return listen(createHttpsServer({ key: keyPem, cert: certPem, ...tls }, handler));
}

function ask(port: number, more: Partial<ProbeRequest> = {}): ProbeRequest {
  return {
    hostname,
    connect: { host: '127.0.0.1', port },
    method: 'GET',
    path: '/',
    headers: {},
    timeoutMs: 10_000,
    ...more,
  };
}

/** Resolves when every connection that the servers accepted has gone. */
async function allClosed(): Promise<void> {
  await Promise.all(
    [...sockets].map((socket) => socket.closed || new Promise((resolve) => socket.once('close', resolve))),
  );
}

const probe = createProber({ ca: authority.caPem });

describe('a probe', () => {
  it('dials the chosen address while SNI, Host and certificate check use the hostname', async () => {
    const seen: { sni: string | false | null; host: string | undefined }[] = [];
    const port = await secure((request, response) => {
      const { servername } = request.socket as TLSSocket & { servername: string };
      seen.push({ sni: servername, host: request.headers.host });
      response.setHeader('x-trail', ['a', 'b']);
      response.end('hello');
    });
    const result = await probe(ask(port, { headers: { Host: 'elsewhere.example.com' } }));
    expect(result).toMatchObject({
      answered: true,
      status: 200,
      body: 'hello',
      bodyTruncated: false,
      remoteAddress: '127.0.0.1',
      certificate: { issuer: expect.stringContaining('simulator CA'), protocol: 'TLSv1.3' },
    });
    if (!result.answered) throw new Error(result.message);
    expect(result.headers['x-trail']).toBe('a, b');
    expect(new Date(result.certificate.validTo).toISOString()).toBe(result.certificate.validTo);
    expect(seen).toEqual([{ sni: hostname, host: hostname }]);
    const { dnsMs, tcpMs, tlsMs, firstByteMs, totalMs } = result.timings;
    expect(dnsMs).toBeNull();
    const phases = [0, tcpMs, tlsMs, firstByteMs, totalMs];
    expect(phases).toEqual([...phases].sort((a, b) => Number(a) - Number(b)));
  });

  it('resolves a name to dial, and goes on to the next address when one refuses', async () => {
    const port = await secure((_request, response) => response.end('here'));
    const lookup = async () => [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ];
    const result = await createProber({ ca: authority.caPem, lookup })(
      ask(port, { connect: { host: 'dualstack.test', port } }),
    );
    expect(result).toMatchObject({ answered: true, body: 'here', remoteAddress: '127.0.0.1' });
    expect(result.timings.dnsMs).not.toBeNull();
    const bySystem = await probe(ask(port, { connect: { host: 'localhost', port } }));
    expect(bySystem).toMatchObject({ answered: true, body: 'here' });
  });

  it('dials the wanted address family alone', async () => {
    const port = await secure((_request, response) => response.end('here'));
    const lookup = async () => [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ];
    const dual = createProber({ ca: authority.caPem, lookup });
    expect(await dual(ask(port, { connect: { host: 'dualstack.test', port, family: 4 } }))).toMatchObject({
      answered: true,
      remoteAddress: '127.0.0.1',
    });
    // Nothing listens on ::1: an answer would prove that it went to the other family after all.
    expect(await dual(ask(port, { connect: { host: 'dualstack.test', port, family: 6 } }))).toMatchObject({
      answered: false,
      phase: 'tcp',
    });
    expect(await dual(ask(port, { connect: { host: '127.0.0.1', port, family: 6 } }))).toMatchObject({
      answered: false,
      phase: 'dns',
      message: '127.0.0.1 has no IPv6 address',
    });
  });

  it('sends method, path, headers and body as given, and frames them itself', async () => {
    const port = await secure((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () =>
        response.end(
          JSON.stringify({
            method: request.method,
            url: request.url,
            length: request.headers['content-length'],
            key: request.headers.authorization,
            body: Buffer.concat(chunks).toString(),
          }),
        ),
      );
    });
    const result = await probe(
      ask(port, {
        method: 'POST',
        path: '/emails?limit=1',
        headers: { authorization: 'Bearer x', 'Content-Length': '1', 'transfer-encoding': 'chunked' },
        body: '{"a":"é"}',
      }),
    );
    expect(result).toMatchObject({ answered: true, status: 200 });
    expect(JSON.parse(result.answered ? result.body : '')).toEqual({
      method: 'POST',
      url: '/emails?limit=1',
      length: '10',
      key: 'Bearer x',
      body: '{"a":"é"}',
    });
  });

  it('does not follow redirects', async () => {
    const port = await secure((_request, response) =>
      response.writeHead(301, { location: 'https://elsewhere.example.com/' }).end(),
    );
    expect(await probe(ask(port))).toMatchObject({ answered: true, status: 301 });
  });

  it('never shares a socket, neither between routes to one hostname nor between probes of one route', async () => {
    const connections = new Set<number | undefined>();
    const answerAs = (who: string) =>
      secure((request, response) => {
        connections.add(request.socket.remotePort);
        response.end(who);
      });
    const [edge, fallback] = [await answerAs('edge'), await answerAs('fallback')];
    const bodies: string[] = [];
    for (const port of [edge, fallback, edge, fallback]) {
      const result = await probe(ask(port));
      bodies.push(result.answered ? result.body : result.message);
    }
    expect(bodies).toEqual(['edge', 'fallback', 'edge', 'fallback']);
    expect(connections.size).toBe(4);
  });

  it('may share its signal with many others, without a warning of Node about listeners', async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error) => warnings.push(name);
    process.on('warning', note);
    const port = await secure((_request, response) => response.end());
    const { signal } = new AbortController();
    const results = await Promise.all(Array.from({ length: 24 }, () => probe(ask(port, { signal }))));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', note);
    expect(results.every(({ answered }) => answered)).toBe(true);
    expect(warnings).not.toContain('MaxListenersExceededWarning');
  });

  it('leaves no socket open', async () => {
    const port = await secure((_request, response) => response.end('x'.repeat(300_000)));
    await Promise.all([probe(ask(port)), probe(ask(port)), probe(ask(port))]);
    expect(sockets.size).toBe(3);
    await allClosed();
  });
});

describe('the certificate check', () => {
  it('refuses a certificate for another name', async () => {
    const port = await secure((_request, response) => response.end(), ['other.example.com']);
    expect(await probe(ask(port))).toMatchObject({
      answered: false,
      phase: 'tls',
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      remoteAddress: '127.0.0.1',
    });
  });

  it('refuses an authority that it was not told of, also when Node is told to accept everything', async () => {
    const port = await secure((_request, response) => response.end());
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      expect(await createProber()(ask(port))).toMatchObject({ answered: false, phase: 'tls' });
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });

  it('refuses an expired certificate', async () => {
    const { keyPem, certPem } = authority.issue({ names: [hostname], daysValid: -1 });
    const port = await listen(createHttpsServer({ key: keyPem, cert: certPem }));
    expect(await probe(ask(port))).toMatchObject({ answered: false, phase: 'tls', code: 'CERT_HAS_EXPIRED' });
  });

  it('refuses TLS older than 1.2', async () => {
    const port = await secure((_request, response) => response.end(), [hostname], {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
    });
    expect(await probe(ask(port))).toMatchObject({ answered: false, phase: 'tls' });
  });

  it('is given a readable authority, or the prober is not built', () => {
    const cut = authority.caPem.replace(/\n[^-]{20}/, '\n');
    for (const ca of ['', 'not a certificate', cut]) {
      expect(() => createProber({ ca })).toThrow(OpsError);
    }
  });
});

describe('a probe that fails', () => {
  it('says that the name did not resolve', async () => {
    const result = await probe(ask(443, { connect: { host: 'no-such-host.invalid', port: 443 } }));
    expect(result).toMatchObject({ answered: false, phase: 'dns', remoteAddress: null });
    expect(result.timings).toMatchObject({ dnsMs: null, tcpMs: null });
  });

  it('says that the connection was refused', async () => {
    const port = await listen(createTcpServer());
    await new Promise((resolve) => running.pop()?.close(resolve));
    expect(await probe(ask(port))).toMatchObject({ answered: false, phase: 'tcp', code: 'ECONNREFUSED' });
  });

  it('says that the other side speaks no TLS, or hangs up during the handshake', async () => {
    const plain = await listen(createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    const closing = await listen(createTcpServer((socket) => socket.end()));
    expect(await probe(ask(plain))).toMatchObject({ answered: false, phase: 'tls' });
    expect(await probe(ask(closing))).toMatchObject({ answered: false, phase: 'tls', code: 'ECONNRESET' });
  });

  it('is over when its time is over, in whatever phase, and says in which', async () => {
    const mute = await listen(createTcpServer((socket) => socket.resume()));
    const hanging = await secure(() => {});
    const stalled = await secure((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('the beginning');
    });
    const unresolved = createProber({ lookup: () => new Promise(() => {}) });
    const results = await Promise.all([
      unresolved(ask(443, { connect: { host: 'slow.test', port: 443 }, timeoutMs: 300 })),
      probe(ask(mute, { timeoutMs: 300 })),
      probe(ask(hanging, { timeoutMs: 300 })),
      probe(ask(stalled, { timeoutMs: 300 })),
    ]);
    expect(results.map((result) => (result.answered ? 'answered' : [result.phase, result.message]))).toEqual([
      ['timeout', 'the name was not resolved within 300 ms'],
      ['timeout', 'the TLS handshake did not finish within 300 ms'],
      ['timeout', 'no answer within 300 ms'],
      ['timeout', 'the answer did not end within 300 ms'],
    ]);
    await allClosed();
  });

  it('says that the answer was cut in the middle', async () => {
    const reset = await secure((request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half', () => (request.socket as TLSSocket).destroy());
    });
    const empty = await secure((request) => request.socket.destroy());
    const garbled = await secure((request) => request.socket.end('HTTP/9.9 what\r\n\r\n'));
    expect(await probe(ask(reset))).toMatchObject({ answered: false, phase: 'response', code: 'ECONNRESET' });
    expect(await probe(ask(empty))).toMatchObject({ answered: false, phase: 'request', code: 'ECONNRESET' });
    expect(await probe(ask(garbled))).toMatchObject({ answered: false, phase: 'response' });
  });

  it('ends at once when its signal aborts, before or during', async () => {
    const gone = new AbortController();
    gone.abort();
    expect(await probe(ask(1, { signal: gone.signal }))).toMatchObject({ answered: false, phase: 'aborted' });
    const during = new AbortController();
    const port = await secure(() => during.abort());
    expect(await probe(ask(port, { signal: during.signal }))).toMatchObject({ answered: false, phase: 'aborted' });
    await allClosed();
  });

  it('is a value even for a request that cannot be sent', async () => {
    const port = await secure((_request, response) => response.end());
    for (const bad of [{ path: '/a b' }, { headers: { 'x-bad': 'a\nb' } }, { method: 'NO SUCH' }]) {
      expect(await probe(ask(port, bad))).toMatchObject({ answered: false, phase: 'request' });
    }
  });
});

describe('what a probe keeps of an answer', () => {
  it('is bounded, however long the answer is, even an endless one', async () => {
    const port = await secure((_request, response) => {
      const more = () => {
        while (response.write('é'.repeat(8_192)));
        response.once('drain', more);
      };
      more();
    });
    const small = createProber({ ca: authority.caPem, maxBodyBytes: 1_001 });
    expect(await small(ask(port))).toMatchObject({ answered: true, bodyTruncated: true, body: 'é'.repeat(500) });
    await allClosed();
  });

  it('bounds the headers', async () => {
    const port = await secure((_request, response) => response.setHeader('x-long', 'x'.repeat(60_000)).end());
    expect(await probe(ask(port))).toMatchObject({ answered: false, phase: 'response', code: 'HPE_HEADER_OVERFLOW' });
  });

  it('is the whole body up to the bound', async () => {
    let text = '';
    const port = await secure((_request, response) => response.end(text));
    const bound = 64;
    const small = createProber({ ca: authority.caPem, maxBodyBytes: bound });
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 40 }), async (sent) => {
        text = sent.replaceAll('\uFEFF', '');
        const fits = Buffer.byteLength(text) <= bound;
        const result = await small(ask(port));
        expect(result).toMatchObject({ answered: true, bodyTruncated: !fits });
        const body = result.answered ? result.body : '';
        expect(text.startsWith(body)).toBe(true);
        if (fits) expect(body).toBe(text);
      }),
      { numRuns: 40 },
    );
  });
});
