import type { ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { findOpsError, OpsError } from '../../src/errors.ts';
import { createCertificateAuthority } from '../../src/simulator/certificates.ts';
import type { Access } from '../../src/world/access.ts';
import { createHttpsFetch, type HttpsFetchOptions } from '../../src/world/https-fetch.ts';
import { json, startHttpServer, type TestHttpServer } from './start-http-server.ts';

const readOnly: Access = { mode: 'read-only', why: 'dry run' };

describe('the fetch that the SDKs get', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  const start = async (...given: Parameters<typeof startHttpServer>): Promise<TestHttpServer> => {
    const server = await startHttpServer(...given);
    closing.push(server.close);
    return server;
  };
  /** A bare TCP server; answers its port. */
  const listen = async (onSocket: (socket: Socket) => void): Promise<number> => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      onSocket(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return (server.address() as AddressInfo).port;
  };
  const fetchTo = (origin: string, more: Partial<HttpsFetchOptions> = {}) =>
    createHttpsFetch({
      origins: [origin],
      access: () => readOnly,
      isWrite: (method) => method !== 'GET',
      attemptTimeoutMs: 5_000,
      maxBodyBytes: 1_000,
      ...more,
    });
  const failure = async (work: Promise<unknown>): Promise<OpsError> => {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof OpsError)) throw new Error(`no OpsError: ${String(error)}`);
    return error;
  };

  test('sends what it is given, and answers as the platform does', async () => {
    const server = await start((_, response) =>
      json(response, 201, { fine: true }, { 'x-one': 'é', 'set-cookie': ['a', 'b'] }),
    );
    const writes: number[] = [];
    const access = (): Access => ({ mode: 'write', ensure: async (ms) => void writes.push(ms) });
    const response = await fetchTo(server.base, { access })(`${server.base}/a?b=c`, {
      method: 'patch',
      headers: { 'X-Two': '2', host: 'elsewhere', 'content-length': '1' },
      body: '{"ü":1}',
    });
    expect([response.status, await response.json(), response.headers.get('set-cookie')]).toEqual([
      201,
      { fine: true },
      'a, b',
    ]);
    expect(server.arrived).toMatchObject([
      {
        method: 'PATCH',
        path: '/a?b=c',
        body: '{"ü":1}',
        headers: { host: `127.0.0.1:${server.port}`, 'x-two': '2', 'content-length': '8' },
      },
    ]);
    expect(writes, 'asked before connecting and before sending').toEqual([5_000, 5_000]);
  });

  test('opens a connection of its own for each call', async () => {
    const server = await start((_, response) => json(response, 200, {}));
    const fetch = fetchTo(server.base);
    await fetch(server.base);
    await fetch(server.base);
    expect(server.connections()).toBe(2);
  });

  test('returns redirects, and answers without a body', async () => {
    const server = await start((request, response) => {
      response.writeHead(request.path === '/empty' ? 204 : 302, { location: 'http://127.0.0.1:1/' });
      response.end();
    });
    const fetch = fetchTo(server.base);
    expect((await fetch(`${server.base}/moved`)).headers.get('location')).toBe('http://127.0.0.1:1/');
    expect((await fetch(`${server.base}/empty`)).status).toBe(204);
    expect(server.arrived).toHaveLength(2);
  });

  test.each([
    ['another origin', 'https://evil.example/'],
    ['another port', 'http://127.0.0.1:1/'],
    ['a name and password in the address', 'http://user:secret@ORIGIN/'],
  ])('never contacts %s', async (_, address) => {
    const server = await start((_request, response) => json(response, 200, {}));
    const error = await failure(fetchTo(server.base)(address.replace('ORIGIN', `127.0.0.1:${server.port}`)));
    expect([error.code, server.connections()]).toEqual(['refused', 0]);
    expect(error.message).not.toContain('secret');
  });

  test('goes without TLS to loopback only', async () => {
    expect((await failure(fetchTo('http://192.0.2.1')('http://192.0.2.1/'))).code).toBe('refused');
    expect((await failure(fetchTo('http://127.0.0.1.example')('http://127.0.0.1.example/'))).code).toBe('refused');
  });

  test('blocks a write in read-only access before a connection is opened', async () => {
    const server = await start((_, response) => json(response, 200, {}));
    const error = await failure(fetchTo(server.base)(`${server.base}/zones`, { method: 'PATCH', body: '{}' }));
    expect([error.code, server.connections()]).toEqual(['write-blocked', 0]);
    expect(error.message).toContain(`PATCH ${server.base}/zones`);
  });

  test('writes nothing when this process no longer drives the run', async () => {
    const server = await start((_, response) => json(response, 200, {}));
    const fenced = new OpsError('fenced', 'taken over');
    const access = (): Access => ({ mode: 'write', ensure: () => Promise.reject(fenced) });
    const error = await failure(fetchTo(server.base, { access })(server.base, { method: 'POST' }));
    expect([error, server.connections()]).toEqual([fenced, 0]);
  });

  test('a driver that is replaced while it connects sends nothing', async () => {
    let received = 0;
    const port = await listen((socket) =>
      socket.on('data', (data) => {
        received += data.length;
      }),
    );
    const fenced = new OpsError('fenced', 'taken over');
    let asked = 0;
    const ensure = async () => {
      asked += 1;
      if (asked > 1) throw fenced;
    };
    const base = `http://127.0.0.1:${port}`;
    expect(await failure(fetchTo(base, { access: () => ({ mode: 'write', ensure }) })(base, { method: 'POST' }))).toBe(
      fenced,
    );
    expect(received).toBe(0);
  });

  test('not-sent: nobody listens', async () => {
    const server = await startHttpServer((_, response) => json(response, 200, {}));
    await server.close();
    const error = await failure(fetchTo(server.base)(server.base));
    expect([error.code, error.message]).toEqual(['not-sent', expect.stringContaining('ECONNREFUSED')]);
  });

  test('not-sent: a certificate that nobody vouches for, and not one byte of the request arrives', async () => {
    const { keyPem: key, certPem: cert } = createCertificateAuthority().issue({ names: ['127.0.0.1'] });
    const server = await start((_, response) => json(response, 200, {}), { key, cert });
    const error = await failure(
      fetchTo(server.base, { access: () => ({ mode: 'write', ensure: async () => {} }) })(server.base, {
        method: 'POST',
      }),
    );
    expect([error.code, server.arrived.length]).toEqual(['not-sent', 0]);
  });

  test('not-sent: a certificate for another name', async () => {
    const authority = createCertificateAuthority();
    const { keyPem: key, certPem: cert } = authority.issue({ names: ['other.example'] });
    const server = await start((_, response) => json(response, 200, {}), { key, cert });
    const error = await failure(fetchTo(server.base, { ca: authority.caPem })(server.base));
    expect([error.code, error.message]).toEqual(['not-sent', expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID')]);
  });

  test('trusts the authority that the environment adds', async () => {
    const authority = createCertificateAuthority();
    const { keyPem: key, certPem: cert } = authority.issue({ names: ['localhost'] });
    const server = await start((_, response) => json(response, 200, { over: 'tls' }), { key, cert });
    const address = `https://localhost:${server.port}`;
    expect(await (await fetchTo(address, { ca: authority.caPem })(address)).json()).toEqual({ over: 'tls' });
  });

  test('not-sent: a TLS handshake that never ends', async () => {
    const origin = `https://127.0.0.1:${await listen(() => undefined)}`;
    const error = await failure(fetchTo(origin, { attemptTimeoutMs: 150 })(origin));
    expect(error.code).toBe('not-sent');
  });

  test.each([
    ['no answer', (): void => undefined],
    ['a body that stalls', (response: ServerResponse): void => void response.writeHead(200).write('{')],
  ])('lost-answer: %s within the time box', async (_, answer) => {
    const server = await start((_request, response) => answer(response));
    expect((await failure(fetchTo(server.base, { attemptTimeoutMs: 300 })(server.base))).code).toBe('lost-answer');
    expect(server.arrived).toHaveLength(1);
  });

  test.each([
    ['a reset', (response: ServerResponse): void => void response.socket?.destroy()],
    [
      'a cut body',
      (response: ServerResponse): void => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{', () => response.socket?.destroy());
      },
    ],
    ['too long a body', (response: ServerResponse): void => void response.end('x'.repeat(1_001))],
    [
      'a compressed body',
      (response: ServerResponse): void => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    ],
  ])('lost-answer: %s', async (_, answer) => {
    const server = await start((_request, response) => answer(response));
    const error = await failure(fetchTo(server.base)(server.base));
    expect([error.code, error.message]).toEqual(['lost-answer', expect.not.stringContaining('xxx')]);
  });

  test('a connection closed right after it was accepted fails at once', async () => {
    const origin = `http://127.0.0.1:${await listen((socket) => socket.destroy())}`;
    // A time box beyond the test's own limit: only the closed connection can end it.
    const error = await failure(fetchTo(origin, { attemptTimeoutMs: 600_000 })(origin));
    expect(['not-sent', 'lost-answer']).toContain(error.code);
  });

  test('honours the signal: before the call, and while it waits', async () => {
    const controller = new AbortController();
    const server = await start(() => controller.abort(new Error('stop')));
    const fetch = fetchTo(server.base);
    expect((await failure(fetch(server.base, { signal: AbortSignal.abort() }))).code).toBe('not-sent');
    expect(server.connections()).toBe(0);
    const error = await failure(fetch(server.base, { signal: controller.signal }));
    expect([error.code, findOpsError(error)]).toEqual(['lost-answer', error]);
  });
});
