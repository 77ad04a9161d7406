import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const searched = { PATH: `${process.env.PATH ?? ''}:/usr/sbin` };

/** Whether BIND 9 is on this machine. */
export const hasNamed = spawnSync('named', ['-v'], { env: searched }).error === undefined;

/** A running BIND that serves the zone files, on UDP and TCP of one port of 127.0.0.1; updates from there are taken. */
export async function startNamed(
  zones: Readonly<Record<string, string>>,
): Promise<{ port: number; stop(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'resend-ops-named-'));
  const port = await freePort();
  for (const [zone, text] of Object.entries(zones)) writeFileSync(join(directory, `${zone}.zone`), text);
  const config = [
    `options { directory "${directory}"; pid-file none; session-keyfile none; lock-file none;`,
    `  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };`,
    '  recursion no; dnssec-validation no; notify no; empty-zones-enable no; minimal-responses yes; };',
    'controls { };',
    ...Object.keys(zones).map(
      (zone) => `zone "${zone}" { type primary; file "${zone}.zone"; allow-update { 127.0.0.1; }; };`,
    ),
  ];
  writeFileSync(join(directory, 'named.conf'), `${config.join('\n')}\n`);
  const child = spawn('named', ['-g', '-n', '1', '-c', join(directory, 'named.conf')], {
    env: searched,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  let said = '';
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.stderr.on('data', (data: Buffer) => {
        said += data.toString();
        if (/ running\s*$/m.test(said)) resolve();
      });
      child.once('close', () => reject(new Error(`named ended: ${said}`)));
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/** Two zone files: a parent that delegates with a DS record, and the zone itself, with one of each kind of record. */
export const zoneFiles = {
  test: [
    '$TTL 3600',
    '@ IN SOA ns.test. hostmaster.test. 1 7200 900 1209600 300',
    '@ IN NS ns.test.',
    'ns IN A 127.0.0.1',
    'example IN NS ns1.example.test.',
    'example IN NS ns2.example.test.',
    `example IN DS 2371 13 2 ${'07'.repeat(32)}`,
    'ns1.example IN A 127.0.0.1',
    'ns2.example IN A 127.0.0.1',
    '',
  ].join('\n'),
  'example.test': [
    '$TTL 300',
    '@ IN SOA ns1.example.test. hostmaster.example.test. 2026010101 7200 900 1209600 120',
    '@ IN NS ns1.example.test.',
    '@ IN NS ns2.example.test.',
    '@ IN CAA 0 issue "letsencrypt.org"',
    'ns1 IN A 127.0.0.1',
    'ns2 IN A 127.0.0.1',
    'api 45 IN CNAME edge.example.net.',
    'www IN A 192.0.2.1',
    'www IN A 192.0.2.2',
    'www IN AAAA 2001:db8::1',
    'www IN HTTPS 1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1',
    `long IN TXT ${Array.from({ length: 12 }, (_, index) => `"${String.fromCharCode(97 + index).repeat(200)}"`).join(' ')}`,
    '',
  ].join('\n'),
};
