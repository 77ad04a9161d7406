import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloudFrontTestRouting } from '../../../src/actions/cloudfront/test-routing.ts';
import { runCheck } from '../action-context.ts';
import { router, type Standby, startStandby } from './standby-world.ts';

type Output = {
  rules: string[];
  total: number;
  same: number;
  different: number;
  undecided: number;
  differences: { method: string; path: string; cloudfront: string; cloudflare: string }[];
  reasons: string[];
  testErrors: { message: string }[];
  computeUtilization: number | null;
};

describe('cloudfront.test-routing', () => {
  let standby: Standby;
  beforeAll(async () => {
    standby = await startStandby();
  });
  beforeEach(() => standby.reset());
  afterAll(() => standby.close());

  const compare = async (input: { backends?: Record<string, string[]> } = {}) => {
    const { output, summary } = await runCheck(
      cloudFrontTestRouting,
      { suite: 'critical-endpoints', ...input },
      standby.context(),
    );
    for (const line of summary.detail) expect(line.length, line).toBeLessThanOrEqual(64);
    return { ...(cloudFrontTestRouting.output.parse(output) as Output), summary };
  };
  const rule = () => {
    const found = standby.world.loadBalancers.find(({ name }) => name === standby.world.hostname)?.rules[0];
    if (found === undefined) throw new Error('the seed has a rule');
    return found;
  };
  const requests = ({ differences }: Output) => differences.map(({ method, path }) => `${method} ${path}`);

  test('the function that is shipped agrees with the rule for every request', async () => {
    const result = await compare();
    expect(result).toMatchObject({ different: 0, undecided: 0, reasons: [], testErrors: [], computeUtilization: 21 });
    expect(result.total).toBeGreaterThan(200);
    expect(result.same).toBe(result.total);
    expect(result.summary).toMatchObject({ detail: [] });
  });

  test('rules and pools are told in words, which change with them and with nothing else', async () => {
    const { rules } = await compare();
    expect(rules).toEqual([
      expect.stringMatching(/^rule .*: http\.request\.method .* to email-api/),
      expect.stringMatching(/^else to resend-api.*; if all are down to /),
      expect.stringMatching(/^pool email-api.*: \S+$/),
      expect.stringMatching(/^pool resend-api.*: \S+$/),
    ]);
    standby.world.pools = new Map([...standby.world.pools].reverse());
    expect((await compare()).rules).toEqual(rules);
    rule().condition = rule().condition.replace('/emails', '/mails');
    const changed = (await compare()).rules;
    expect(changed.filter((line) => !rules.includes(line))).toEqual([expect.stringContaining('/mails')]);
    rule().disabled = true;
    expect((await compare()).rules[0]).toContain(', disabled');
  });

  test.each<[string, string, string[]]>([
    [
      'forgets the method',
      "event.request.uri === '/emails'",
      ['GET /emails', 'HEAD /emails', 'PUT /emails', 'PATCH /emails', 'DELETE /emails', 'OPTIONS /emails'],
    ],
    [
      'takes the batch path too',
      "event.request.method === 'POST' && event.request.uri.startsWith('/emails')",
      ['POST /emails/batch', 'POST /emails/'],
    ],
    [
      'compares the path as it was sent',
      "event.request.method === 'POST' && event.request.uri === '/emails'",
      ['POST //emails', 'POST /%65mails', 'POST /./emails', 'POST /x/../emails'],
    ],
    [
      'ignores capitals',
      "event.request.method === 'POST' && event.request.uri.toLowerCase() === '/emails'",
      ['POST /Emails'],
    ],
  ])('a function that %s', async (_what, condition, expected) => {
    standby.change({
      function: { live: router.replace(/const isSending = [^;]+;/, `const isSending = ${condition};`) },
    });
    const result = await compare();
    expect(requests(result)).toEqual(expect.arrayContaining(expected));
    expect(result.undecided).toBe(0);
    expect(result.summary.detail.join('\n')).toMatch(/^DIFF CloudFront:/);
  });

  test('the rule is read from the API: another rule makes the same function differ', async () => {
    rule().condition = 'http.request.method eq "POST" and starts_with(http.request.uri.path, "/emails")';
    const batch = await compare();
    expect(requests(batch)).toEqual(expect.arrayContaining(['POST /emails/batch', 'POST /emails/']));
    expect(requests(batch)).not.toContain('POST /emails');
    rule().disabled = true;
    expect(requests(await compare())).toContain('POST /emails');
  });

  test.each<[string, () => void, RegExp]>([
    [
      'an expression beyond what is known',
      () => {
        rule().condition = 'ip.src in $office';
      },
      /cannot read the load balancer rule/,
    ],
    [
      'a regular expression',
      () => {
        rule().condition = 'http.request.uri.path matches "^/emails"';
      },
      /cannot read the load balancer rule/,
    ],
    [
      'a pool that is gone',
      () => {
        standby.world.pools.clear();
      },
      /does not see the pool/,
    ],
  ])('%s is said, not guessed', async (_what, change, reason) => {
    change();
    const result = await compare();
    expect(result).toMatchObject({ same: 0, different: 0, undecided: result.total });
    expect(result.reasons).toEqual([expect.stringMatching(reason)]);
    expect(result.summary.detail.join(' ').replace(/\s+/g, ' ')).toMatch(reason);
  });

  test.each<[string, string, object]>([
    [
      'uses what only the real runtime has',
      'import crypto from "crypto"; function handler(e) { return e.request; }',
      { different: 0, reasons: [expect.stringContaining('cannot be run here: it uses the module crypto')] },
    ],
    [
      'throws',
      'function handler() { throw new Error("no map"); }',
      { same: 0, undecided: 0, testErrors: [{ message: expect.stringContaining('no map') }, {}, {}] },
    ],
    [
      'never ends',
      'function handler() { for (;;) {} }',
      { same: 0, different: 1, reasons: ['not run: the function does not end'] },
    ],
    ['answers itself', 'function handler() { return { statusCode: 200 }; }', { same: 0, undecided: 0, testErrors: [] }],
    [
      'names an origin that is not there',
      'import cf from "cloudfront"; function handler(e) { cf.selectRequestOriginById("gone"); return e.request; }',
      { same: 0, undecided: 0 },
    ],
  ])('a function that %s', async (_what, live, expected) => {
    standby.change({ function: { live } });
    expect(await compare()).toMatchObject(expected);
  });

  test('the origin of the behavior counts where no function runs or none is chosen', async () => {
    standby.change({
      distribution: { behaviors: [{ ...standby.behavior(), functions: [], targetOriginId: 'email-api' }] },
    });
    const result = await compare();
    expect(requests(result)).toContain('GET /emails');
    expect(requests(result)).not.toContain('POST /emails');
  });

  test('a backend with two names is the same when the input says so', async () => {
    standby.change({
      function: { live: router.replace(/PLACEHOLDER-email-api[a-z0-9.-]+/, 'email.internal.example.com') },
    });
    expect((await compare()).different).toBeGreaterThan(0);
    const [pool] = [...standby.world.pools.values()].filter(({ backend }) => backend === 'email-api');
    const backends = { 'email-api': ['email.internal.example.com', pool?.domain ?? ''] };
    expect(await compare({ backends })).toMatchObject({ different: 0, undecided: 0 });
  });

  test('a function near its limit is told', async () => {
    standby.change({ function: { utilization: 85 } });
    const { summary, computeUtilization } = await compare();
    expect(computeUtilization).toBe(85);
    expect(summary.detail.join(' ')).toContain('85 %');
  });

  test('a function without LIVE code, and a zone without a load balancer, end it with a reason', async () => {
    standby.change({ function: { live: null } });
    await expect(compare()).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining('no LIVE code') });
    standby.reset();
    standby.world.loadBalancers = [];
    await expect(compare()).rejects.toMatchObject({ code: 'refused' });
  });
});
