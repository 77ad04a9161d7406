import { createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { createCertificateAuthority } from '../../src/simulator/certificates.ts';
import type { SmtpProbeRequest } from '../../src/world/smtp.ts';
import { createSmtpProber } from '../../src/world/smtp-prober.ts';

const hostname = 'smtp.example.com';
const authority = createCertificateAuthority();
const identity = authority.issue({ names: [hostname], daysValid: 30 });
const login = { user: 'resend', password: 're_secret_0123456789' };

const running: { server: Server; sockets: Set<Socket> }[] = [];
afterEach(async () => {
  for (const { server, sockets } of running.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A server that greets and answers each command as told; `received` is everything that it was sent in the clear. */
async function startServer(
  replies: Readonly<Record<string, string>>,
  { greeting = '220 hello\r\n', certificate = identity }: { greeting?: string; certificate?: typeof identity } = {},
) {
  const received: string[] = [];
  const overTls: string[] = [];
  const sockets = new Set<Socket>();
  const converse = (socket: Socket, log: string[]) => {
    socket.on('data', (data: Buffer) => {
      const line = data.toString('latin1');
      log.push(line);
      const verb = /^[A-Z]*/.exec(line)?.[0] ?? '';
      const reply = replies[log === overTls ? `tls ${verb}` : verb] ?? replies[verb];
      if (verb === 'STARTTLS' && reply?.startsWith('220') === true) {
        socket.removeAllListeners('data');
        socket.write(reply);
        const secureContext = createSecureContext({ key: certificate.keyPem, cert: certificate.certPem });
        const secured = new TLSSocket(socket, { isServer: true, secureContext });
        secured.on('error', () => socket.destroy());
        converse(secured, overTls);
      } else if (reply !== undefined) socket.write(reply);
    });
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    if (greeting !== '') socket.write(greeting);
    converse(socket, received);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push({ server, sockets });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, received, overTls };
}

const good = {
  EHLO: '250-hi\r\n250-STARTTLS\r\n250 8BITMIME\r\n',
  STARTTLS: '220 go\r\n',
  'tls EHLO': '250-hi\r\n250 AUTH LOGIN PLAIN\r\n',
  AUTH: '235 welcome\r\n',
  QUIT: '221 bye\r\n',
};

function probe(port: number, more: Partial<SmtpProbeRequest> = {}) {
  const request = { hostname, connect: { host: '127.0.0.1', port }, security: 'starttls', timeoutMs: 3_000 } as const;
  return createSmtpProber({ ca: authority.caPem })({ ...request, ...more });
}

test('a conversation to its end: the key travels over TLS alone, and nothing is said but four words', async () => {
  const { port, received, overTls } = await startServer(good);
  const result = await probe(port, { login });
  expect(result).toMatchObject({ reached: true, banner: '220 hello', auth: 'accepted', failure: null });
  expect(result.tls).toMatchObject({ protocol: 'TLSv1.3' });
  expect(received).toEqual(['EHLO [127.0.0.1]\r\n', 'STARTTLS\r\n']);
  const credentials = Buffer.from(`\0resend\0${login.password}`).toString('base64');
  expect(overTls).toEqual(['EHLO [127.0.0.1]\r\n', `AUTH PLAIN ${credentials}\r\n`, 'QUIT\r\n']);
  const { tcpMs, bannerMs, tlsMs, authMs, totalMs } = result.timings;
  const inOrder = [tcpMs, bannerMs, tlsMs, authMs, totalMs].map(Number);
  expect(inOrder).toEqual([...inOrder].sort((left, right) => left - right));
});

test.each([
  ['535 5.7.8 no\r\n', 'rejected'],
  ['454 4.7.0 later\r\n', 'unavailable'],
  ['250 odd\r\n', 'unavailable'],
])('the answer %j to a login is: %s', async (reply, auth) => {
  const { port } = await startServer({ ...good, AUTH: reply });
  expect(await probe(port, { login })).toMatchObject({ auth, failure: null });
});

test('a server that repeats the key is not quoted with it', async () => {
  const encoded = Buffer.from(`\0resend\0${login.password}`).toString('base64');
  const { port } = await startServer({ ...good, AUTH: `535 bad ${login.password} in ${encoded}\r\n` });
  const result = await probe(port, { login });
  expect(result.authReply).toBe('535 bad *** in ***');
  expect(JSON.stringify(result)).not.toMatch(/re_secret/);
});

test('a password with line ends injects no command', async () => {
  const { port, overTls } = await startServer(good);
  await probe(port, { login: { user: 'resend', password: 'x\r\nMAIL FROM:<a@example.com>\r\n' } });
  expect(overTls.join('')).not.toContain('MAIL');
  expect(overTls.every((line) => line.split('\r\n').length === 2)).toBe(true);
});

test.each([
  ['no greeting', {}, { greeting: '' }, 'banner', 'TIMEOUT'],
  ['a refusing greeting', {}, { greeting: '421 closed\r\n' }, 'banner', 'SMTP_421'],
  ['another protocol', {}, { greeting: 'HTTP/1.1 400 Bad Request\r\n' }, 'banner', 'SMTP_MALFORMED'],
  ['an endless line', {}, { greeting: `220 ${'x'.repeat(3_000)}` }, 'banner', 'SMTP_TOO_LONG'],
  ['an endless reply', {}, { greeting: '220-more\r\n'.repeat(100) }, 'banner', 'SMTP_TOO_LONG'],
  ['two codes in one reply', { EHLO: '250-a\r\n550 b\r\n' }, {}, 'ehlo', 'SMTP_MALFORMED'],
  ['no EHLO', { EHLO: '502 no\r\n' }, {}, 'ehlo', 'SMTP_502'],
  ['STARTTLS stripped', { EHLO: '250 plain\r\n' }, {}, 'starttls', 'SMTP_NO_STARTTLS'],
  ['STARTTLS refused', { STARTTLS: '454 no\r\n' }, {}, 'starttls', 'SMTP_454'],
  ['a reply slipped in before TLS', { STARTTLS: '220 go\r\n250 injected\r\n' }, {}, 'starttls', 'SMTP_CLEAR_TEXT'],
  ['no AUTH', { 'tls EHLO': '250 hi\r\n' }, {}, 'auth', 'SMTP_NO_AUTH'],
] as const)('%s: told where and why, and no key is sent', async (_, replies, how, phase, code) => {
  const { port, received, overTls } = await startServer({ ...good, ...replies }, how);
  const result = await probe(port, { login, timeoutMs: phase === 'banner' ? 500 : 3_000 });
  expect(result).toMatchObject({ reached: true, auth: 'not-tried', failure: { phase, code } });
  expect([...received, ...overTls].join('')).not.toContain('AUTH');
  expect(result.banner === null || result.banner.length <= 120).toBe(true);
});

test.each([
  ['another name', ['smtp.example.net'], 30, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['one that has ended', [hostname], -2, 'CERT_HAS_EXPIRED'],
])('a certificate for %s ends the conversation before a key is sent', async (_, names, daysValid, code) => {
  const certificate = authority.issue({ names, daysValid });
  const { port, overTls } = await startServer(good, { certificate });
  expect(await probe(port, { login })).toMatchObject({ tls: null, failure: { phase: 'tls', code } });
  expect(overTls).toEqual([]);
});

test('an authority that is not trusted, a closed port, and a caller who stops', async () => {
  const { port } = await startServer(good);
  const untrusting = createSmtpProber();
  const request = { hostname, connect: { host: '127.0.0.1', port }, security: 'starttls', timeoutMs: 3_000 } as const;
  expect((await untrusting(request)).failure).toMatchObject({ phase: 'tls' });
  expect(await probe(1)).toMatchObject({ reached: false, failure: { phase: 'tcp', code: 'ECONNREFUSED' } });
  const stopped = await probe(port, { signal: AbortSignal.abort(new Error('stop')) });
  expect(stopped.failure).toMatchObject({ code: 'ABORTED' });
});

test('control characters of a greeting do not come through', async () => {
  const { port } = await startServer(good, { greeting: '220 \x1b[31mred\x07 \u202eevil\r\n' });
  expect((await probe(port)).banner).toMatch(/^220 \[31mred .*evil$/);
  expect((await probe(port)).banner).not.toMatch(/[\u0000-\u001f\u202e]/);
});
