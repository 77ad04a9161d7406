import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RecordType } from '../../src/world/dns.ts';
import { createDnsTransport } from '../../src/world/dns-transport.ts';
import { askByTool, asPlain, hasTool } from './dns-tools.ts';
import { hasNamed, startNamed, zoneFiles } from './start-named.ts';

describe.skipIf(!hasNamed)('our DNS client and BIND 9 with a real zone file', () => {
  let named: Awaited<ReturnType<typeof startNamed>>;
  const ask = createDnsTransport();
  const server = () => ({ address: '127.0.0.1', port: named.port });
  const question = (name: string, type: RecordType) =>
    ask({ server: server(), name, type, recursionDesired: false, timeoutMs: 5_000 });

  beforeAll(async () => {
    named = await startNamed(zoneFiles);
  });
  afterAll(() => named.stop());

  test.each([
    [
      'example.test',
      'NS',
      [
        ['NS', 300, 'ns1.example.test'],
        ['NS', 300, 'ns2.example.test'],
      ],
    ],
    ['api.example.test', 'CNAME', [['CNAME', 45, 'edge.example.net']]],
    ['api.example.test', 'A', [['CNAME', 45, 'edge.example.net']]],
    [
      'www.example.test',
      'A',
      [
        ['A', 300, '192.0.2.1'],
        ['A', 300, '192.0.2.2'],
      ],
    ],
    ['www.example.test', 'AAAA', [['AAAA', 300, '2001:db8::1']]],
    ['www.example.test', 'HTTPS', [['HTTPS', 300, '1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1']]],
    ['example.test', 'CAA', [['CAA', 300, '0 issue "letsencrypt.org"']]],
    ['example.test', 'DS', [['DS', 3600, `2371 13 2 ${'07'.repeat(32)}`]]],
  ] as const)('%s %s', async (name, type, expected) => {
    const answer = await question(name, type);
    expect(answer).toMatchObject({ answered: true, rcode: 'NOERROR', authoritative: true, overTcp: false });
    const found = answer.answered ? answer.answers.map((record) => [record.type, record.ttl, record.data]) : [];
    expect(found.sort()).toEqual([...expected].map((each) => [...each]).sort());
  });

  test('an answer that is too long for a datagram comes over TCP, whole', async () => {
    const answer = await question('long.example.test', 'TXT');
    expect(answer).toMatchObject({ answered: true, rcode: 'NOERROR', overTcp: true });
    expect(answer.answered && answer.answers[0]?.data.length).toBeGreaterThan(2_400);
  });

  test('NXDOMAIN and NODATA come with the SOA whose minimum says how long they are kept', async () => {
    for (const [name, rcode] of [
      ['nobody.example.test', 'NXDOMAIN'],
      ['www.example.test', 'NOERROR'],
    ] as const) {
      const answer = await question(name, rcode === 'NXDOMAIN' ? 'A' : 'CNAME');
      expect(answer).toMatchObject({
        rcode,
        authoritative: true,
        answers: [],
        authorities: [{ type: 'SOA', ttl: 120 }],
      });
    }
  });

  test('a name of another zone is refused', async () => {
    expect(await question('example.org', 'A')).toMatchObject({
      answered: true,
      rcode: 'REFUSED',
      authoritative: false,
    });
  });

  for (const tool of ['dig', 'kdig'] as const) {
    test.skipIf(!hasTool(tool, tool === 'dig' ? '-v' : '-V'))(`${tool} reads the same`, async () => {
      const asked: readonly [string, RecordType][] = [
        ['example.test', 'NS'],
        ['example.test', 'SOA'],
        ['api.example.test', 'A'],
        ['www.example.test', 'A'],
        ['www.example.test', 'AAAA'],
        ['www.example.test', 'HTTPS'],
        ['long.example.test', 'TXT'],
        ['nobody.example.test', 'A'],
        ['www.example.test', 'CNAME'],
      ];
      for (const [name, type] of asked) {
        const { flags: _, ...theirs } = await askByTool(tool, server(), { name, type, flags: ['+norecurse'] });
        expect([name, type, theirs]).toEqual([name, type, asPlain(await question(name, type))]);
      }
    });
  }
});
