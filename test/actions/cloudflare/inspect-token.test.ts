import { describe, expect, test } from 'vitest';
import { inspectToken } from '../../../src/actions/cloudflare/inspect-token.ts';
import { OpsError } from '../../../src/errors.ts';
import type { CloudflareClient } from '../../../src/world/cloudflare.ts';
import { failureOf, runCheck, testContext, testEnvironment, uncalledClients } from '../action-context.ts';

const refused = new OpsError('credentials', 'Cloudflare refuses the token: 403');
const page = (result: unknown[]) => ({ result });

/** The test clock stands at the beginning of 2026. */
async function look(
  token: unknown,
  { records, balancers, zone, account }: { records?: Error; balancers?: Error; zone?: Error; account?: unknown } = {},
) {
  const answer = (value: unknown) => (value instanceof Error ? Promise.reject(value) : Promise.resolve(value));
  const client = {
    user: { tokens: { verify: () => answer(token) } },
    accounts: { tokens: { verify: () => answer(account ?? refused) } },
    zones: { get: () => answer(zone ?? { account: { id: 'a' } }) },
    dns: { records: { list: () => answer(records ?? page([])) } },
    loadBalancers: { list: () => answer(balancers ?? page([])) },
  } as unknown as CloudflareClient;
  const ctx = testContext({
    env: testEnvironment({ cloudflare: { 'zone-id': '0123456789abcdef0123456789abcdef' } }),
    clients: { ...uncalledClients, cloudflare: async () => client },
  });
  const { output, summary } = await runCheck(inspectToken, {}, ctx);
  const { findings } = output as { findings: { id: string; severity: string; where: string }[] };
  return { findings: findings.map(({ id, severity, where }) => `${severity} ${id} ${where}`.trim()), output, summary };
}

describe('cloudflare.inspect-token', () => {
  test('an active token that reads all is silent, and says that writing was not tried', async () => {
    const { findings, output, summary } = await look({ id: 't', status: 'active' });
    expect(findings).toEqual([]);
    expect(output).toMatchObject({
      status: 'active',
      daysLeft: null,
      reads: { zone: 'allowed', records: 'allowed', loadBalancers: 'allowed' },
    });
    expect(summary.headline).toBe('the token is active, does not expire; reads 3 of 3; writing not tried');
  });

  test.each([
    ['2026-01-15T00:00:00Z', []],
    ['2026-01-14T23:59:59Z', ['warning cloudflare/token-expiring']],
    ['2026-01-04T00:00:00Z', ['warning cloudflare/token-expiring']],
    ['2026-01-03T23:59:59Z', ['critical cloudflare/token-expiring']],
    ['2026-01-01T06:00:00Z', ['critical cloudflare/token-expiring']],
  ])('one that expires on %s', async (expires_on, expected) => {
    expect((await look({ id: 't', status: 'active', expires_on })).findings).toEqual(expected);
  });

  test('one that the zone’s account owns is verified there, with its end', async () => {
    const account = { id: 't', status: 'active', expires_on: '2026-01-08T00:00:00Z' };
    const { findings, output } = await look(refused, { account });
    expect([findings, output]).toEqual([
      ['warning cloudflare/token-expiring'],
      expect.objectContaining({ status: 'active', daysLeft: 7 }),
    ]);
    const expired = await look(refused, { account: { id: 't', status: 'expired' } });
    expect(expired.findings).toEqual(['critical cloudflare/token-not-active']);
    // Where the zone cannot be read, nobody knows whose account it is.
    const unread = await look(refused, { account, zone: refused });
    expect(unread.findings).toContain('critical cloudflare/token-not-verified');
  });

  test.each(['expired', 'disabled'])('one that is %s', async (status) => {
    expect((await look({ id: 't', status })).findings).toEqual(['critical cloudflare/token-not-active']);
  });

  test('one that may not read what a switch reads', async () => {
    const { findings, output } = await look({ id: 't', status: 'active' }, { records: refused });
    expect(findings).toEqual(['critical cloudflare/read-refused records']);
    expect(output).toMatchObject({ reads: { zone: 'allowed', records: 'refused', loadBalancers: 'allowed' } });
  });

  test('one that an account owns reads, and is not verified', async () => {
    expect((await look(refused)).findings).toEqual(['info cloudflare/token-not-verified']);
  });

  test('one that nobody knows', async () => {
    const all = { records: refused, balancers: refused, zone: refused };
    expect((await look(refused, all)).findings).toEqual([
      'critical cloudflare/read-refused zone',
      'critical cloudflare/read-refused records',
      'critical cloudflare/read-refused load-balancers',
      'critical cloudflare/token-not-verified',
    ]);
  });

  test('an API that does not answer is unknown, not refused', async () => {
    const lost = new OpsError('failed', 'HTTP 500');
    const { findings, output } = await look(lost, { records: lost });
    expect(findings).toEqual(['warning cloudflare/not-looked-at records', 'warning cloudflare/not-looked-at token']);
    expect(output).toMatchObject({ status: null, reads: { records: 'unknown' } });
  });

  test('an answer that is none fails the check', async () => {
    expect(await failureOf(look({ id: 't' }))).toMatchObject({ code: 'failed' });
  });
});
