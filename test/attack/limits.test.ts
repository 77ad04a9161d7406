import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, isIP, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, createSecureContext, type SecureVersion, TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { findOpsError } from '../../src/errors.ts';
import { createCertificateAuthority } from '../../src/simulator/certificates.ts';
import { createDnsTransport } from '../../src/world/dns-transport.ts';
import { createHttpsFetch } from '../../src/world/https-fetch.ts';
import { createProber } from '../../src/world/prober.ts';
import { start, startWorld } from '../acceptance/program.ts';
import { createTally, isFull } from './tally.ts';
import { failpoints, readTrace } from './victim.ts';

const hostname = 'api.example.com';
const boxMs = 3_000;
/** A busy machine may be late; an answer without an end must not keep anyone much longer than its box. */
const generousMs = 10_000;
const authority = createCertificateAuthority();
const prober = createProber({ ca: authority.caPem });
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address() as AddressInfo;
  return address.port;
}

/** Speaks bytes of its own over TLS, once it was asked. */
function speaker(speak: (socket: Socket) => void, tls: object = {}): Promise<number> {
  const { keyPem, certPem } = authority.issue({ names: [hostname, 'localhost'] });
  const server = createHttpsServer({ key: keyPem, cert: certPem, ...tls });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => speak(socket));
  });
  server.removeAllListeners('request');
  return listen(server);
}

/** Writes the beginning, and then the same again and again until nobody listens. */
function endlessly(first: string, again: string, everyMs: number): (socket: Socket) => void {
  return (socket) => {
    socket.write(first);
    const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write(again)), everyMs);
    socket.on('close', () => clearInterval(timer));
  };
}

/** What each of the two HTTP clients makes of a server: words, and how long it took. */
async function askBoth(port: number): Promise<{ probe: string; fetch: string; ms: number }> {
  const started = performance.now();
  const probing = prober({
    hostname,
    connect: { host: '127.0.0.1', port },
    method: 'GET',
    path: '/',
    headers: {},
    timeoutMs: boxMs,
  });
  const origin = `https://localhost:${port}`;
  const fetching = createHttpsFetch({
    ca: authority.caPem,
    origins: [origin],
    access: () => ({ mode: 'read-only', why: 'a test' }),
    isWrite: () => false,
    attemptTimeoutMs: boxMs,
    maxBodyBytes: 100_000,
  })(`${origin}/`).then(
    async (response) => `${response.status}, ${(await response.text()).length} bytes`,
    (error: unknown) => findOpsError(error)?.message ?? `a bug: ${String(error)}`,
  );
  const [probed, fetch] = await Promise.all([probing, fetching]);
  const probe = probed.answered
    ? `${probed.status}, ${probed.body.length} bytes${probed.bodyTruncated ? ', cut' : ''}`
    : `${probed.phase}: ${probed.code}: ${probed.message}`;
  return { probe, fetch, ms: performance.now() - started };
}

type Hostile = { name: string; port(): Promise<number>; probe: RegExp; fetch: RegExp };

const big = 'x'.repeat(64 * 1024);
const ok = 'HTTP/1.1 200 OK\r\n';
const hostile: readonly Hostile[] = [
  {
    name: 'a body without end',
    port: () => speaker(endlessly(`${ok}\r\n`, big, 1)),
    probe: /^200, 65536 bytes, cut$/,
    fetch: /longer than 100000 bytes.*\d+ had come and it went on/,
  },
  {
    name: 'a body that is announced too long',
    port: () => speaker(endlessly(`${ok}content-length: 999999999\r\n\r\n`, big, 1)),
    probe: /^200, 65536 bytes, cut$/,
    fetch: /longer than 100000 bytes.*announced 999999999/,
  },
  {
    name: 'a body that drips',
    port: () => speaker(endlessly(`${ok}content-length: 1000\r\n\r\n`, 'x', 20)),
    probe: /^timeout/,
    fetch: /no usable answer: nothing complete within/,
  },
  {
    name: 'headers without end',
    port: () => speaker(endlessly(ok, `x-more: ${'y'.repeat(4000)}\r\n`, 1)),
    probe: /HPE_HEADER_OVERFLOW.*longer than 32768 bytes/,
    fetch: /headers are longer than 32768 bytes/,
  },
  {
    name: 'headers that drip',
    port: () => speaker(endlessly(`${ok}x-slow: `, 'y', 20)),
    probe: /^timeout/,
    fetch: /no usable answer: nothing complete within/,
  },
  {
    name: 'interim answers without end',
    port: () => speaker(endlessly('', 'HTTP/1.1 103 Early Hints\r\n\r\n', 5)),
    probe: /^timeout/,
    fetch: /no usable answer: nothing complete within/,
  },
  {
    name: 'trailers without end',
    port: () => speaker(endlessly(`${ok}transfer-encoding: chunked\r\n\r\n0\r\n`, `x-t: ${'y'.repeat(4000)}\r\n`, 1)),
    probe: /HPE_HEADER_OVERFLOW/,
    fetch: /no usable answer/,
  },
  {
    name: 'silence after the handshake',
    port: () => speaker(() => undefined),
    probe: /^timeout/,
    fetch: /no usable answer: nothing complete within/,
  },
  {
    name: 'silence in place of a handshake',
    port: () => listen(createServer(() => undefined)),
    probe: /^timeout/,
    fetch: /was not sent: nothing complete within/,
  },
  {
    name: 'TLS 1.1 at most',
    port: () =>
      speaker(endlessly(`${ok}\r\n`, 'x', 5), {
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT:@SECLEVEL=0',
      }),
    probe: /^tls: .*(PROTOCOL_VERSION|protocol version|UNSUPPORTED|ECONNRESET)/i,
    fetch: /was not sent: .*(protocol version|unsupported|closed)/i,
  },
];

test('answers that are too long, too slow or too weakly secured', { timeout: 120_000 }, async ({ task }) => {
  const tally = createTally(task);
  const attack = async ({ name, port, probe, fetch }: Hostile) => {
    const told = await askBoth(await port());
    const findings: string[] = [];
    if (!probe.test(told.probe)) findings.push(`${name}: a probe says: ${told.probe}`);
    if (!fetch.test(told.fetch)) findings.push(`${name}: a call says: ${told.fetch}`);
    if (told.ms > boxMs + generousMs) findings.push(`${name}: it took ${Math.round(told.ms)} ms`);
    tally.add(findings);
  };
  await Promise.all(hostile.map(attack));
  tally.close();
});

test('redirects are returned and never followed', { timeout: 30_000 }, async ({ task }) => {
  const tally = createTally(task);
  let visits = 0;
  const elsewhere = await listen(createServer(() => (visits += 1)));
  for (const status of [301, 302, 303, 307, 308]) {
    const answer = `HTTP/1.1 ${status} Moved\r\nlocation: http://127.0.0.1:${elsewhere}/\r\ncontent-length: 0\r\n\r\n`;
    const told = await askBoth(await speaker((socket) => socket.end(answer)));
    tally.add(
      visits === 0 && told.probe.startsWith(`${status}`) && told.fetch.startsWith(`${status}`)
        ? []
        : [`${status}: ${visits} visits elsewhere; ${told.probe}; ${told.fetch}`],
    );
  }
  tally.close();
});

/** A DNS server that answers over UDP with what `answer` makes of the query. */
async function dnsServer(answer: (query: Buffer) => Buffer): Promise<{ address: string; port: number }> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { address, port }) => socket.send(answer(query), port, address));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', () => resolve()));
  closing.push(async () => {
    socket.close();
  });
  const { address, port } = socket.address();
  return { address, port };
}

/** A response of `count` A records, each of the question's own name by a pointer. */
function manyRecords(query: Buffer, count: number): Buffer {
  const question = query.subarray(12, query.indexOf(0, 12) + 5);
  const header = Buffer.from([query[0] ?? 0, query[1] ?? 0, 0x84, 0, 0, 1, count >> 8, count & 0xff, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
  return Buffer.concat([header, question, ...Array.from({ length: count }, () => record)]);
}

/** A response whose one record is named by a pointer to itself. */
function pointerLoop(query: Buffer): Buffer {
  const answer = manyRecords(query, 1);
  const at = answer.length - 16;
  answer.writeUInt16BE(0xc000 | at, at);
  return answer;
}

test('DNS answers that are too long or that loop', { timeout: 30_000 }, async ({ task }) => {
  const tally = createTally(task);
  const ask = async (answer: (query: Buffer) => Buffer) =>
    await createDnsTransport()({
      server: await dnsServer(answer),
      name: hostname,
      type: 'A',
      recursionDesired: true,
      timeoutMs: boxMs,
    });
  const few = await ask((query) => manyRecords(query, 512));
  tally.add(few.answered && few.answers.length === 512 ? [] : ['512 records are not all read']);
  const many = await ask((query) => manyRecords(query, 3000));
  tally.add(
    !many.answered && /3000 records; at most/.test(many.message) ? [] : [`3000 records: ${JSON.stringify(many)}`],
  );
  const loop = await ask(pointerLoop);
  tally.add(!loop.answered && loop.code === 'malformed' ? [] : [`a loop of names: ${JSON.stringify(loop)}`]);
  tally.close();
});

test('only hosts that the environment names are contacted, whatever the process variables say', {
  timeout: 120_000,
}, async ({ task }) => {
  const tally = createTally(task);
  const world = await startWorld();
  closing.push(() => world.stop());
  const home = mkdtempSync(join(tmpdir(), 'resend-ops-limits-'));
  closing.push(async () => rmSync(home, { recursive: true, force: true }));
  let visits = 0;
  const canary = `http://127.0.0.1:${await listen(createServer(() => (visits += 1)))}`;
  const trace = join(home, 'trace');
  const otherAuthority = join(home, 'other.pem');
  writeFileSync(otherAuthority, authority.caPem);
  const misleading = Object.fromEntries(
    ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'https_proxy', 'http_proxy', 'CLOUDFLARE_BASE_URL', 'AWS_ENDPOINT_URL']
      .concat(['AWS_ENDPOINT_URL_CLOUDFRONT', 'SLACK_API_URL', 'CF_API_URL'])
      .map((name) => [name, canary]),
  );
  const variables = {
    ...world.secrets,
    ...misleading,
    NODE_USE_ENV_PROXY: '1',
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
    NODE_EXTRA_CA_CERTS: otherAuthority,
  };
  const environment = readFileSync(world.environmentFile, 'utf8');
  const named = new Set(environment.match(/[\w.-]+:\d+/g));
  const api = world.address(/cloudflare.*api/i).replace(/^\w+:\/\/|\/.*$/g, '');
  const runbooks = fileURLToPath(new URL('./runbooks', import.meta.url));
  const commands: readonly { argv: readonly string[]; codes: readonly number[] }[] = [
    // First, for the next leaves nothing to switch; stopped where it only waits for clients, which takes minutes.
    ...(isFull
      ? [{ argv: ['failover', '--yes', '--confirm', 'api.resend.com', '--reason', 'an attack', '--json'], codes: [3] }]
      : []),
    { argv: ['audit-first', '--runbooks', runbooks, '--yes'], codes: [0] },
    { argv: ['doctor'], codes: [0, 2, 3, 4] },
  ];
  for (const { argv, codes } of commands) {
    const [what = ''] = argv;
    const state = argv.includes('doctor') ? [] : ['--state-dir', join(home, `state-${what}`)];
    const args = [...argv, '--env', world.environmentFile, ...state];
    const running = start(args, { ...variables, ...failpoints({ trace: `${trace}-${what}` }) });
    if (what === 'failover') {
      await running.until(/"type":"step-started"[^\n]*"step":"drained"/);
      running.child.kill('SIGTERM');
    }
    const ended = await running.ended;
    const acts = readTrace(`${trace}-${what}`).filter(
      ({ at, op }) => at === 'begin' && /^(connect|lookup|send)$/.test(op),
    );
    // Node looks up addresses, too, which asks nobody; a send goes where its connection does.
    const connected = acts.filter(({ op }) => op === 'connect').map(({ path }) => path);
    const lookedUp = acts.filter(({ op, path }) => op === 'lookup' && isIP(path) === 0).map(({ path }) => path);
    const findings = [
      ...connected.filter((place) => !named.has(place)),
      ...lookedUp.filter((name) => !environment.includes(name)),
    ].map((place) => `${what}: ${place} was contacted, and the environment does not name it`);
    if (!codes.includes(ended.code ?? -1))
      findings.push(`${what}: ended with ${ended.code}: ${ended.stderr.slice(-400)}`);
    if (!connected.includes(api)) findings.push(`${what}: the trace does not show ${api}: ${[...new Set(connected)]}`);
    if (acts.some(({ op, path }) => op === 'send' && path === 'udp') && !connected.some((place) => /^127/.test(place)))
      findings.push(`${what}: datagrams were sent nowhere that is known`);
    tally.add(visits === 0 ? [] : [`${what}: ${visits} connections went where only process variables point`]);
    for (const _ of new Set([...connected, ...lookedUp])) tally.add([]);
    tally.add([...new Set(findings)]);
  }
  tally.close();
});

test('process variables do not weaken TLS', { timeout: 60_000 }, async ({ task }) => {
  const tally = createTally(task);
  const home = mkdtempSync(join(tmpdir(), 'resend-ops-limits-'));
  closing.push(async () => rmSync(home, { recursive: true, force: true }));
  const world = await startWorld();
  closing.push(() => world.stop());
  const pem = join(home, 'ca.pem');
  writeFileSync(pem, readFileSync(world.caFile, 'utf8'));
  // The same environment, without its own authority: then the simulator's certificates are strangers'.
  const text = readFileSync(world.environmentFile, 'utf8').replace(/^ca: .*$/m, '');
  const environment = join(home, 'environment.yaml');
  writeFileSync(environment, text);
  const runbook = `title: Probe\nsteps:\n  - { id: look, title: Look, uses: http.check, with: { suite: critical-endpoints, route: fallback }, expect: outputs.passed == outputs.total }\n`;
  writeFileSync(join(home, 'probe.yaml'), runbook);
  tally.add(text.includes('ca: ') ? ['the environment still names an authority'] : []);
  const weakening: readonly Record<string, string>[] = [
    {},
    { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
    { NODE_EXTRA_CA_CERTS: pem },
    { SSL_CERT_FILE: pem, NODE_OPTIONS: '--use-openssl-ca --tls-min-v1.0' },
  ];
  const suites = fileURLToPath(new URL('../../runbooks/suites', import.meta.url));
  cpSync(suites, join(home, 'suites'), { recursive: true });
  for (const variables of isFull ? weakening : weakening.slice(2)) {
    const args = ['probe', '--env', environment, '--runbooks', home, '--state-dir', join(home, 'state'), '--json'];
    const ended = await start(args, { ...world.secrets, ...variables }).ended;
    const strangers = /TLS refused/.test(ended.stdout) && !/"outcome":"passed"/.test(ended.stdout);
    tally.add(
      strangers
        ? []
        : [
            `${JSON.stringify(variables)}: a stranger's certificate is taken: ${ended.code} ${(ended.stderr + ended.stdout).slice(-300)}`,
          ],
    );
  }
  tally.close();
});

type Place = { name: string; port: number; connections: number; secured: string[] };

/** A server that speaks TLS up to this version and nothing newer: at once, or after STARTTLS. It counts who came how far. */
async function oldServer(name: string, maxVersion: SecureVersion, starttls: boolean): Promise<Place> {
  const { keyPem, certPem } = authority.issue({ names: ['localhost', 'api.resend.com', 'smtp.resend.com'] });
  const options = {
    key: keyPem,
    cert: certPem,
    minVersion: 'TLSv1',
    maxVersion,
    ciphers: 'DEFAULT:@SECLEVEL=0',
  } as const;
  const secureContext = createSecureContext(options);
  const place: Place = { name, port: 0, connections: 0, secured: [] };
  const secure = (socket: Socket) => {
    const tls = new TLSSocket(socket, { isServer: true, secureContext });
    tls.on('error', () => undefined);
    tls.on('secure', () => {
      place.secured.push(tls.getProtocol() ?? 'unknown');
      tls.end();
    });
  };
  const server = createServer((socket) => {
    place.connections += 1;
    if (!starttls) return secure(socket);
    socket.write('220 old.example.com ESMTP\r\n');
    socket.on('data', (data) => {
      if (/^EHLO/i.test(data.toString())) socket.write('250-old.example.com\r\n250 STARTTLS\r\n');
      else if (/^STARTTLS/i.test(data.toString())) {
        socket.removeAllListeners('data');
        socket.write('220 go\r\n');
        secure(socket);
      }
    });
  });
  place.port = await listen(server);
  return place;
}

/** How far a client gets that takes any version. */
async function askLeniently(port: number): Promise<string> {
  const socket = connectTls({
    ...{ host: '127.0.0.1', port, servername: 'localhost', ca: authority.caPem },
    ...{ minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' },
  });
  try {
    await once(socket, 'secureConnect');
    return socket.getProtocol() ?? 'unknown';
  } finally {
    socket.destroy();
  }
}

const apis = ['cloudflare', 'aws', 'slack', 'statuspage', 'datadog', 'pagerduty-rest', 'globalping'].concat([
  'cloudflare-status',
  'aws-status',
]);
const transports = ['fallback', 'smtp-587', 'smtp-465', ...apis];

test('no transport of the program speaks TLS below 1.2, also where Node is told that it may', {
  timeout: 120_000,
}, async ({ task }) => {
  const tally = createTally(task);
  const home = mkdtempSync(join(tmpdir(), 'resend-ops-limits-'));
  closing.push(async () => rmSync(home, { recursive: true, force: true }));
  const world = await startWorld();
  closing.push(() => world.stop());
  writeFileSync(join(home, 'ca.pem'), authority.caPem);
  cpSync(fileURLToPath(new URL('../../runbooks/suites', import.meta.url)), join(home, 'suites'), { recursive: true });
  writeFileSync(
    join(home, 'talk.yaml'),
    `title: Talk
steps:
  - id: talk
    title: Talk
    parallel:
      - { id: probe, title: Probe, uses: http.check, with: { suite: critical-endpoints, route: fallback }, expect: outputs.passed == outputs.total }
      - { id: vendors, title: Vendors, uses: vendor.status }
      - { id: vantage, title: Vantage, uses: globalping.measure, with: { path: /domains, statuses: [401], within: 5s } }
      - { id: mail, title: Mail, uses: smtp.check, with: { ports: [465, 587] }, expect: outputs.passed == outputs.total }
`,
  );
  // The last one shows that it is the version that is refused.
  const versions: readonly SecureVersion[] = isFull ? ['TLSv1', 'TLSv1.1', 'TLSv1.2'] : ['TLSv1.1', 'TLSv1.2'];
  for (const version of versions) {
    const places = new Map<string, Place>();
    for (const name of transports) places.set(name, await oldServer(name, version, name === 'smtp-587'));
    const portOf = (name: string) => places.get(name)?.port ?? 0;
    const said = await askLeniently(portOf('fallback'));
    tally.add(said === version ? [] : [`${version}: the server speaks ${said}`]);
    for (const place of places.values()) Object.assign(place, { connections: 0, secured: [] });
    const data = parse(readFileSync(world.environmentFile, 'utf8'));
    data.ca = 'ca.pem';
    data.routes.fallback.connect = `127.0.0.1:${portOf('fallback')}`;
    data.smtp.connect = { 465: `127.0.0.1:${portOf('smtp-465')}`, 587: `127.0.0.1:${portOf('smtp-587')}` };
    for (const name of Object.keys(data.endpoints).filter((one) => places.has(one)))
      data.endpoints[name] = `https://localhost:${portOf(name)}`;
    const environment = join(home, `${version}.yaml`);
    writeFileSync(environment, stringify(data));
    const variables = { ...world.secrets, NODE_OPTIONS: '--tls-min-v1.0 --tls-cipher-list=DEFAULT@SECLEVEL=0' };
    const state = ['--state-dir', join(home, 'state')];
    const told = [
      await start(['talk', '--env', environment, '--runbooks', home, ...state, '--json'], variables).ended,
      await start(['doctor', '--env', environment, '--runbooks', home, '--json'], variables).ended,
    ];
    for (const { name, connections, secured } of places.values()) {
      const findings: string[] = [];
      if (connections === 0) findings.push('was never asked');
      if (version === 'TLSv1.2' ? !secured.includes(version) : secured.length > 0) findings.push(`spoke [${secured}]`);
      tally.add(findings.map((finding) => `${version} at most: ${name} ${finding}`));
    }
    // Nothing of it can be well: nobody answered anything.
    for (const { code, stdout, stderr } of told)
      tally.add(
        code !== 0 && code !== null ? [] : [`${version} at most: ended with ${code}: ${(stdout + stderr).slice(-300)}`],
      );
  }
  tally.close();
});
