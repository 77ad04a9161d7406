import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dnsVerify } from '../../../src/actions/dns/verify.ts';
import { flagBits, response, type TestRecord } from '../../world/start-dns-server.ts';
import { runCheck, testContext } from '../action-context.ts';
import { hostname, startDnsWorld } from './dns-world.ts';

let world: Awaited<ReturnType<typeof startDnsWorld>>;
beforeEach(async () => {
  world = await startDnsWorld();
});
afterEach(() => world.stop());

const caa = (name: string, tag: string, value: string): TestRecord => ({
  name,
  type: 'CAA',
  ttl: 300,
  data: Buffer.concat([Buffer.of(0, tag.length), Buffer.from(tag + value)]),
});
const standby: TestRecord = { name: 'd1.cloudfront.net', type: 'AAAA', ttl: 60, data: '2600:9000::1' };
const ds: TestRecord = {
  name: 'example.com',
  type: 'DS',
  ttl: 3_600,
  data: Buffer.concat([Buffer.of(0x09, 0x43, 13, 2), Buffer.alloc(32, 7)]),
};

/** What the resolvers know beside the name's own addresses and the zone's servers; null: they fail. */
function resolversKnow(records: readonly TestRecord[] | null) {
  for (const { zone } of world.caches) {
    zone.instead = (asked) => {
      if (!['CAA', 'DS'].includes(asked.type) && asked.name !== 'd1.cloudfront.net') return undefined;
      if (records === null) return [response(asked, { flags: flagBits.SERVFAIL })];
      const answers = records.filter(({ name, type }) => name === asked.name && type === asked.type);
      return [response(asked, { answers })];
    };
  }
}

async function look(route = 'fallback') {
  const ctx = testContext({ env: world.env, dns: world.dns });
  const input = { route, ask: 'authoritative', 'must-agree': false, 'before-move': true };
  const { output, summary } = await runCheck(dnsVerify, input, ctx);
  const { findings } = output as unknown as {
    findings: { id: string; breaks: string; remedy: string }[];
  };
  return { ids: findings.map(({ id }) => id), findings, summary };
}

describe('dns.verify before a move', () => {
  it('finds nothing where nothing stands in the way', async () => {
    resolversKnow([standby, caa('example.com', 'issue', 'amazon.com'), caa('example.com', 'issue', 'letsencrypt.org')]);
    expect((await look()).ids).toEqual([]);
    resolversKnow([standby, caa('example.com', 'iodef', 'mailto:x@example.com')]);
    expect((await look()).ids).toEqual([]);
    resolversKnow([standby]);
    expect((await look()).ids).toEqual([]);
  });

  it('CAA that lets only others issue, at the closest name that has any', async () => {
    resolversKnow([
      standby,
      caa(hostname, 'issue', 'letsencrypt.org; validationmethods=dns-01'),
      caa('example.com', 'issue', 'amazon.com'),
    ]);
    const { findings, summary } = await look();
    expect(findings).toMatchObject([
      {
        id: 'dns/caa-excludes-issuer',
        severity: 'warning',
        where: hostname,
        breaks: expect.stringContaining(`CAA at ${hostname} allows letsencrypt.org to issue, and not Amazon`),
        remedy: expect.stringContaining('CAA 0 issue "amazon.com"'),
      },
    ]);
    expect(summary.detail.join(' ')).toContain('dns/caa-excludes-issuer');
    resolversKnow([standby, caa('example.com', 'issue', ';')]);
    expect((await look()).findings[0]?.breaks).toContain('allows nobody');
    // The certificate of another provider's path is not Amazon's.
    expect((await look('edge')).ids).toEqual([]);
  });

  it('DS at the parent, and a standby without IPv6', async () => {
    resolversKnow([ds]);
    const { ids, findings } = await look();
    expect(ids).toEqual(['dns/standby-without-ipv6', 'dns/ds-at-parent']);
    expect(findings[1]?.breaks).toContain('key tag 2371');
  });

  it('what no resolver tells is a finding', async () => {
    resolversKnow(null);
    expect((await look()).ids).toEqual(['dns/caa-unknown', 'dns/ds-unknown', 'dns/ipv6-unknown']);
  });

  it('asks for none of it unless told to', async () => {
    resolversKnow(null);
    const ctx = testContext({ env: world.env, dns: world.dns });
    const { output } = await runCheck(dnsVerify, { route: 'edge', 'must-agree': false }, ctx);
    expect(output).toMatchObject({ findings: [] });
    expect(world.caches.flatMap(({ server }) => server.asked).some(({ type }) => type === 'CAA')).toBe(false);
  });
});
