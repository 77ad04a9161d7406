// What checks cost that are made at once. By hand: node test/bench/checks.js [ROUNDS]
//
// The program's own prober and DNS transport against local servers that answer 50 ms late: 50 HTTPS probes at once, each
// with a TLS handshake of its own, and 50 names asked of 4 resolvers; then the same beside a target that never answers.
// Ratios are taken within a round; median and quartiles are printed. Exits with 1 where a bar is missed. docs/cost.md
// says what the numbers mean.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { report } from './measure.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const rounds = Number(process.argv[2] ?? 9);
const hostname = 'api.example.com';
const timeoutMs = 1_500;
const home = mkdtempSync(join(tmpdir(), 'resend-ops-bench-'));

async function bundleTransports() {
  const bundle = await rolldown({ input: here('measured-transports.ts'), platform: 'node' });
  await bundle.write({ file: join(home, 'transports.mjs'), format: 'esm', codeSplitting: false });
  await bundle.close();
  return import(pathToFileURL(join(home, 'transports.mjs')).href);
}

async function startServers(authority) {
  const { keyPem, certPem } = authority.issue({ names: [hostname] });
  writeFileSync(join(home, 'key.pem'), keyPem, { mode: 0o600 });
  writeFileSync(join(home, 'cert.pem'), certPem);
  const child = spawn(process.execPath, [here('slow-servers.js'), join(home, 'key.pem'), join(home, 'cert.pem')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  return { ports: JSON.parse(value), stop: () => child.kill() };
}

/** Targets that take what is sent and never answer: a TCP port, and a UDP port. */
async function startDeadTargets() {
  const sockets = new Set();
  const tcp = createServer((socket) => sockets.add(socket.on('error', () => socket.destroy())));
  tcp.listen(0, '127.0.0.1');
  const udp = createSocket('udp4').bind(0, '127.0.0.1');
  await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
  return {
    tcp: tcp.address().port,
    udp: udp.address().port,
    stop() {
      for (const socket of sockets) socket.destroy();
      tcp.close();
      udp.close();
    },
  };
}

/**
 * Times the whole; `slowest` is by what each probe or question says of its own time, so that what waited for its turn
 * shows. Every answer must be one.
 */
async function together(works) {
  const started = performance.now();
  const each = await Promise.all(
    works.map(async (work) => {
      const result = await work();
      if (!result.answered) throw new Error(`no answer: ${result.message}`);
      return result.timings?.totalMs ?? result.rttMs;
    }),
  );
  return { total: performance.now() - started, slowest: Math.max(...each) };
}

async function oneByOne(works) {
  const started = performance.now();
  for (const work of works) await together([work]);
  return performance.now() - started;
}

async function main() {
  const { createCertificateAuthority, createDnsTransport, createProber } = await bundleTransports();
  const authority = createCertificateAuthority();
  const servers = await startServers(authority);
  const dead = await startDeadTargets();
  const { https, resolvers } = servers.ports;
  const probe = createProber({ ca: authority.caPem });
  const ask = createDnsTransport();
  const probeOf = (host, port) => () =>
    probe({ hostname, connect: { host, port }, method: 'GET', path: '/', headers: {}, timeoutMs });
  const askOf = (port, name) => () =>
    ask({ server: { address: '127.0.0.1', port }, name, type: 'A', recursionDesired: true, timeoutMs });
  const probes = Array.from({ length: 50 }, (_, at) => probeOf(`127.0.0.${at + 2}`, https));
  const questions = Array.from({ length: 50 }, (_, at) => resolvers.map((port) => askOf(port, `n${at}.example.com`)));

  const found = { https: [], speedUp: [], dns: [], deadHttps: [], deadDns: [], httpsMs: [], dnsMs: [] };
  try {
    // The first of each loads what is loaded once, and is not counted.
    await together(probes);
    await together(questions.flat());
    for (let round = 1; round <= rounds; round += 1) {
      const alone = await probeOf('127.0.0.2', https)();
      const all = await together(probes);
      const inTurn = await oneByOne(probes);
      const dns = await together(questions.flat());
      found.https.push(all.total / all.slowest);
      found.speedUp.push(inTurn / all.total);
      found.httpsMs.push(all.total / alone.timings.totalMs);
      found.dns.push(dns.total / dns.slowest);
      found.dnsMs.push(dns.total);
      const beside = async (works, lost) => {
        const ended = lost();
        const live = await together(works);
        const { answered, code } = await ended;
        if (answered) throw new Error(`the dead target answered: ${code}`);
        return live.total;
      };
      found.deadHttps.push((await beside(probes, probeOf('127.0.0.1', dead.tcp))) / all.total);
      found.deadDns.push((await beside(questions.flat(), askOf(dead.udp, 'n.example.com'))) / dns.total);
      process.stderr.write(`\rround ${round} of ${rounds} `);
    }
  } finally {
    servers.stop();
    dead.stop();
    rmSync(home, { recursive: true, force: true });
  }
  process.stderr.write('\n');
  console.log(`${rounds} rounds; medians, with quartiles in brackets\n`);
  const kept = [
    report('50 HTTPS probes at once: all / the slowest', found.https, { atMost: 1.3 }),
    report('50 HTTPS probes: one by one / at once', found.speedUp, { atLeast: 6 }),
    report('50 HTTPS probes at once / one alone', found.httpsMs),
    report('4 resolvers x 50 names: all / the slowest', found.dns, { atMost: 1.25 }),
    report('4 resolvers x 50 names, ms', found.dnsMs, { digits: 0 }),
    report('beside a dead target: HTTPS / without it', found.deadHttps, { atMost: 1.3 }),
    report('beside a dead resolver: DNS / without it', found.deadDns, { atMost: 1.3 }),
  ];
  process.exitCode = kept.every((isKept) => isKept) ? 0 : 1;
}

await main();
