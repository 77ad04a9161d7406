import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import type { RecordType } from '../../src/world/dns.ts';
import { createDnsTransport } from '../../src/world/dns-transport.ts';
import { createProber } from '../../src/world/prober.ts';
import { createClock } from '../../src/world/system-clock.ts';
import { askByTool, asPlain, hasTool } from '../world/dns-tools.ts';
import { sampleEnvironment } from './sample-environment.ts';

const tools = (['dig', 'kdig'] as const).map((tool) => ({
  tool,
  missing: !hasTool(tool, tool === 'dig' ? '-v' : '-V'),
}));

describe('other people’s tools agree with our own clients on the simulator’s answers', () => {
  let simulator: Simulator;
  let home: string;
  const ask = createDnsTransport();

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'resend-ops-tools-'));
    simulator = await startSimulator({
      environment: sampleEnvironment(),
      directory: home,
      clock: createClock({ speed: 1 }),
      clients: 0,
    });
    const like = simulator.world.records[0];
    if (like === undefined) throw new Error('the seed has no record');
    const long = Array.from({ length: 8 }, (_, index) => `"${String(index).repeat(240)}"`).join(' ');
    simulator.world.records.push(
      { ...like, id: 'long', type: 'TXT', name: 'long.example.com', content: long },
      { ...like, id: 'v4', type: 'A', name: 'both.example.com', content: '192.0.2.7' },
      { ...like, id: 'v6', type: 'AAAA', name: 'both.example.com', content: '2001:db8::7' },
      { ...like, id: 'chain', type: 'CNAME', name: 'chain.example.com', content: 'd111111abcdef8.cloudfront.net' },
    );
  });
  afterAll(async () => {
    await simulator.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const place = (text = '') => ({ address: text.split(':')[0] ?? '', port: Number(text.split(':')[1]) });
  const authoritative = () => place(Object.values(simulator.environment.dns.nameservers)[0]);
  const resolver = () => place(simulator.environment.dns.resolvers[0]);

  const questions: readonly [string, RecordType][] = [
    ['api.example.com', 'A'],
    ['api.example.com', 'AAAA'],
    ['api.example.com', 'CNAME'],
    ['api.example.com', 'HTTPS'],
    ['both.example.com', 'A'],
    ['both.example.com', 'AAAA'],
    ['chain.example.com', 'A'],
    ['example.com', 'NS'],
    ['example.com', 'SOA'],
    ['example.com', 'TXT'],
    ['example.com', 'CAA'],
    ['long.example.com', 'TXT'],
    ['nobody.example.com', 'A'],
    ['example.org', 'A'],
  ];

  for (const { tool, missing } of tools) {
    test.skipIf(missing)(`${tool} and the authoritative server`, async () => {
      for (const [name, type] of questions) {
        const own = await ask({ server: authoritative(), name, type, recursionDesired: false, timeoutMs: 3_000 });
        const theirs = await askByTool(tool, authoritative(), { name, type, flags: ['+norecurse'] });
        const { flags, ...rest } = theirs;
        expect([name, type, rest]).toEqual([name, type, asPlain(own)]);
        expect([name, flags.includes('aa')]).toEqual([name, own.answered && own.authoritative]);
        expect(own.answered && own.overTcp).toBe(name.startsWith('long'));
      }
    });

    test.skipIf(missing)(`${tool} and a caching resolver`, async () => {
      for (const [name, type] of questions.filter(([asked]) => asked !== 'example.org')) {
        const own = await ask({ server: resolver(), name, type, recursionDesired: true, timeoutMs: 3_000 });
        const theirs = await askByTool(tool, resolver(), { name, type, flags: ['+recurse'] });
        const { flags, ...rest } = theirs;
        // A second may pass between the two: the TTLs of a cache count down.
        const ageless = (answer: typeof rest) => JSON.parse(JSON.stringify(answer).replace(/ \d+ ([A-Z]+) /g, ' $1 '));
        expect([name, type, ageless(rest)]).toEqual([name, type, ageless(asPlain(own))]);
        expect(flags).toContain('ra');
      }
    });
  }

  test.skipIf(!hasTool('curl', '--version'))('curl and our prober get the same answers over both paths', async () => {
    const { caFile, environment } = simulator;
    const probe = createProber({ ca: readFileSync(caFile, 'utf8') });
    const requests = [
      {
        method: 'POST',
        path: '/emails',
        headers: { authorization: 'Bearer re_probe', 'content-type': 'application/json' },
        body: '{}',
      },
      { method: 'GET', path: '/domains', headers: { authorization: 'Bearer re_probe' } },
      { method: 'OPTIONS', path: '/emails', headers: {} },
      { method: 'GET', path: '/emails?limit=1', headers: { authorization: 'Bearer re_probe' }, body: '{}' },
    ];
    for (const route of ['edge', 'fallback']) {
      const connect = environment.routes[route]?.connect;
      if (typeof connect !== 'string') throw new Error(`route ${route} has no place to dial`);
      const { address, port } = place(connect);
      for (const { method, path, headers, body } of requests) {
        const own = await probe({
          hostname: 'api.example.com',
          connect: { host: address, port },
          method,
          path,
          headers: { 'user-agent': 'probe', ...headers },
          ...(body === undefined ? {} : { body }),
          timeoutMs: 5_000,
        });
        const { stdout } = await promisify(execFile)('curl', [
          ...['--silent', '--cacert', caFile, '--request', method, '--user-agent', 'probe'],
          ...[
            '--connect-to',
            `api.example.com:443:${address}:${port}`,
            '--write-out',
            '\n%{http_code} %header{cf-ray}|%header{via}',
          ],
          ...Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
          ...(body === undefined ? [] : ['--data', body]),
          `https://api.example.com${path}`,
        ]);
        const [text = '', last = ''] = splitLast(stdout);
        if (!own.answered) throw new Error(`${route} ${method} ${path}: ${own.message}`);
        const what = `${route} ${method} ${path}`;
        // Request ids and rays are made anew for each.
        const bare = (html: string) => html.replace(/(Request ID: ).*/, '$1');
        expect([what, last.split(' ')[0], bare(text)]).toEqual([what, String(own.status), bare(own.body)]);
        expect([what, last.includes('-'), last.includes('CloudFront')]).toEqual([
          what,
          own.headers['cf-ray'] !== undefined,
          own.headers['x-amz-cf-id'] !== undefined,
        ]);
      }
    }
  });
});

function splitLast(text: string): [string, string] {
  const at = text.lastIndexOf('\n');
  return [text.slice(0, at), text.slice(at + 1)];
}
