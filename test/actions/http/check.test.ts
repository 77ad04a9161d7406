import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { httpCheck } from '../../../src/actions/http/check.ts';
import { userAgent } from '../../../src/actions/http/user-agent.ts';
import {
  answerAsApi,
  answerAsBrokenEdge,
  contextFor,
  environment,
  marks,
  runCheck,
  startRouteServers,
  suite,
} from './route-servers.ts';

let servers: ReturnType<typeof startRouteServers>;
beforeEach(() => {
  servers = startRouteServers();
});
afterEach(() => servers.stop());

const badKey = {
  id: 'emails-bad-key',
  method: 'POST',
  path: '/emails',
  body: {},
  critical: true,
  expect: { status: 403 },
};
const domains = { id: 'domains-bad-key', method: 'GET', path: '/domains', critical: true, expect: { status: 403 } };
const minor = { id: 'contacts', method: 'GET', path: '/contacts', expect: { status: 403 } };

async function check(
  input: object,
  connect: unknown,
  requests: readonly object[],
  more: {
    env?: object;
    suite?: object;
    secrets?: Record<string, string>;
    mayWait?: boolean;
    signal?: AbortSignal;
  } = {},
) {
  const env = environment({ fallback: { provider: 'cloudfront', connect } }, more.env);
  const { env: _env, suite: suiteMore, ...rest } = more;
  const ctx = contextFor({ probe: servers.probe, env, suite: suite(requests, suiteMore), ...rest });
  const result = await runCheck(httpCheck, { suite: 'critical', route: 'fallback', ...input }, ctx);
  for (const line of [result.summary.headline, ...result.summary.detail]) expect(line.length).toBeLessThanOrEqual(76);
  return { ...result, slept: ctx.slept };
}

describe('http.check', () => {
  it('counts what passes and says so in a line', async () => {
    const { output, summary } = await check({}, await servers.serve(answerAsApi(marks.fallback)), [
      badKey,
      domains,
      minor,
    ]);
    expect(output).toMatchObject({
      route: 'fallback',
      passed: 3,
      failed: 0,
      unreachable: 0,
      skipped: 0,
      total: 3,
      criticalPassed: 2,
      criticalTotal: 2,
      rounds: { planned: 1, run: 1, passed: 1 },
    });
    expect(summary.headline).toBe('2/2 critical requests pass over fallback (cloudfront), 1/1 others');
    expect(summary.detail).toHaveLength(4);
    expect(summary.detail.at(-1)).toMatch(/^also slowest \d+ ms$/);
    expect(summary.detail[0]).toMatch(/^ok {3}emails-bad-key {4,}\d+ ms {2}403 from the API$/);
  });

  it('sends method, path, key, JSON body and a User-Agent, to the real hostname', async () => {
    const seen: unknown[] = [];
    const address = await servers.serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        seen.push({ method: request.method, url: request.url, headers: request.headers, body });
        answerAsApi(marks.fallback)(request, response);
      });
    });
    const headers = { Authorization: { secret: 'api-key', prefix: 'Bearer ' } };
    await check({}, address, [{ ...badKey, headers, 'pad-body-to-bytes': 9_000 }], {
      env: { secrets: { 'api-key': 'RESEND_API_KEY' } },
      secrets: { 'api-key': 're_test' },
    });
    await check({}, address, [{ ...domains, headers: { 'User-Agent': '' } }]);
    expect(seen).toMatchObject([
      {
        method: 'POST',
        url: '/emails',
        headers: {
          host: 'api.example.com',
          authorization: 'Bearer re_test',
          'user-agent': userAgent,
          'content-type': 'application/json',
          'content-length': '9000',
        },
        body: `{}${' '.repeat(8_998)}`,
      },
      { method: 'GET', url: '/domains' },
    ]);
    expect(seen[1]).not.toHaveProperty('headers.user-agent');
    expect(userAgent).toContain(`resend-ops/${packageJson.version}`);
  });

  it('puts what fails first, with the reason', async () => {
    const address = await servers.serve((request, response) =>
      request.url === '/domains'
        ? response
            .writeHead(502, { 'content-type': 'text/html', server: 'CloudFront', ...marks.fallback })
            .end('<html>')
        : answerAsApi(marks.fallback)(request, response),
    );
    const { output, summary } = await check({}, address, [badKey, domains, minor]);
    expect(output).toMatchObject({ passed: 2, failed: 1, total: 3, criticalPassed: 1 });
    expect(summary.headline).toMatch(/^1\/2 critical requests pass/);
    expect(summary.detail.slice(0, 2).join(' ')).toMatch(
      /^FAIL domains-bad-key: expected 403, got 502 from CloudFront’s\s+own error page/,
    );
  });

  it('tells unreachable from failed, with the address and the phase', async () => {
    const { output, summary } = await check({}, await servers.refuse(), [badKey]);
    expect(output).toMatchObject({
      passed: 0,
      failed: 0,
      unreachable: 1,
      total: 1,
      slowestMs: null,
      results: [{ outcome: 'unreachable', connected: false, problem: 'tcp', status: null }],
    });
    expect(summary.detail[0]).toMatch(/^FAIL emails-bad-key: no connection: .*ECONNREFUSED/);
  });

  it('never sends a request whose secret is missing, and does not count it', async () => {
    let arrived = 0;
    const address = await servers.serve((request, response) => {
      arrived += 1;
      answerAsApi(marks.fallback)(request, response);
    });
    const withKey = { ...domains, id: 'with-key', headers: { authorization: { secret: 'api-key' } } };
    const secrets = { env: { secrets: { 'api-key': 'RESEND_API_KEY' } } };
    const { output, summary } = await check({}, address, [badKey, withKey], secrets);
    expect(arrived).toBe(1);
    expect(output).toMatchObject({ passed: 1, total: 1, skipped: 1, criticalTotal: 1, criticalSkipped: 1 });
    expect(summary.headline).toMatch(/^1\/1 critical requests pass over fallback, 1 not sent, slowest \d+ ms$/);
    expect(summary.detail.join(' ')).toMatch(
      /^skip with-key: not sent: secret "api-key" is not set\s+\(RESEND_API_KEY\)/,
    );
    await expect(check({}, address, [withKey, minor], secrets)).rejects.toMatchObject({
      code: 'failed',
      message: 'no critical request of suite "critical" could be sent',
    });
  });

  it('dials the target of the backend that must answer, and holds the answer against its signature', async () => {
    const connect = {
      'email-api': await servers.serve(answerAsApi({ ...marks.fallback, 'x-service': 'email' })),
      'resend-api': await servers.serve(answerAsApi({ ...marks.fallback, 'x-service': 'email' })),
    };
    const env = {
      backends: {
        'email-api': { header: 'x-service', value: 'email' },
        'resend-api': { header: 'x-service', value: 'resend' },
      },
    };
    const requests = [
      { ...badKey, expect: { status: 403, backend: 'email-api' } },
      { ...domains, expect: { status: 403, backend: 'resend-api' } },
    ];
    const { output } = await check({}, connect, requests, { env });
    expect(output).toMatchObject({
      passed: 1,
      failed: 1,
      results: [
        { outcome: 'passed', remoteAddress: connect['email-api'] },
        { outcome: 'failed', remoteAddress: connect['resend-api'], why: /expected backend resend-api/ },
      ],
    });
  });

  it.each([
    [{ 'email-api': '127.0.0.1' }, minor, /does not say where to dial for request "contacts"/],
    [{ 'email-api': '127.0.0.1' }, { ...minor, expect: { status: 403, backend: 'x' } }, /does not say where to dial/],
    ['127.0.0.1:70000', minor, /not a place to connect to/],
  ])('refuses an environment that does not say where to dial: %o', async (connect, request, message) => {
    await expect(check({}, connect, [request])).rejects.toMatchObject({ code: 'invalid', message });
  });

  it('refuses a route that the environment does not have, and names those it has', async () => {
    await expect(check({ route: 'edgee' }, '127.0.0.1', [minor])).rejects.toMatchObject({
      code: 'invalid',
      hint: 'its routes are: fallback',
    });
  });

  it('lets no dead place delay another: the silent one is asked first and answers only after all others are done', async () => {
    const many = Array.from({ length: 4 }, (_, n) => ({
      ...minor,
      id: `r${n}`,
      expect: { status: 403, backend: 'live' },
    }));
    const order: string[] = [];
    const { promise, resolve } = deferred();
    const dead = await servers.serve((request, response) => {
      void promise.then(() => {
        order.push('dead');
        answerAsApi(marks.fallback)(request, response);
      });
    });
    const live = await servers.serve((request, response) => {
      order.push('live');
      answerAsApi(marks.fallback)(request, response);
      if (order.length === many.length) resolve();
    });
    const first = { ...minor, id: 'first', expect: { status: 403, backend: 'dead' } };
    const { output } = await check({ 'at-once': 1 }, { dead, live }, [first, ...many]);
    expect(order).toEqual(['live', 'live', 'live', 'live', 'dead']);
    expect(output).toMatchObject({ passed: 5, results: [{ id: 'first' }, { id: 'r0' }, {}, {}, { id: 'r3' }] });
  });

  it('opens at most so many requests at once to one place', async () => {
    let open = 0;
    let most = 0;
    const address = await servers.serve((request, response) => {
      open += 1;
      most = Math.max(most, open);
      setImmediate(() => {
        open -= 1;
        answerAsApi(marks.fallback)(request, response);
      });
    });
    const many = Array.from({ length: 12 }, (_, n) => ({ ...minor, id: `r${n}` }));
    const { output } = await check({ 'at-once': 3 }, address, many);
    expect(output).toMatchObject({ passed: 12 });
    expect(most).toBeLessThanOrEqual(3);
  });

  it('spreads rounds over a window, all of which must pass', async () => {
    const address = await servers.serve(answerAsApi(marks.fallback));
    const { output, summary, slept } = await check({ rounds: 4, over: '3m' }, address, [badKey]);
    expect(output).toMatchObject({ passed: 1, rounds: { planned: 4, run: 4, passed: 4 }, windowMs: 180_000 });
    expect(slept).toEqual([60_000, 60_000, 60_000]);
    expect(summary.headline).toContain('4/4 rounds in 180 s');
  });

  it('ends the window at the first round that does not pass', async () => {
    let asked = 0;
    const address = await servers.serve((request, response) => {
      asked += 1;
      if (asked === 2) response.writeHead(500, marks.fallback).end();
      else answerAsApi(marks.fallback)(request, response);
    });
    const { output, summary } = await check({ rounds: 10, over: 9_000 }, address, [badKey]);
    expect(output).toMatchObject({ passed: 0, failed: 1, total: 1, rounds: { planned: 10, run: 2, passed: 1 } });
    expect(summary.headline).toContain('1/10 rounds in 1 s');
  });

  it('looks once where waiting makes no sense', async () => {
    const address = await servers.serve(answerAsApi(marks.fallback));
    const { output, slept } = await check({ rounds: 10, over: '9m' }, address, [badKey], { mayWait: false });
    expect(output).toMatchObject({ rounds: { planned: 1, run: 1, passed: 1 } });
    expect(slept).toEqual([]);
  });

  it('ends with the reason of the signal when it is stopped', async () => {
    const stop = new AbortController();
    const address = await servers.serve(() => stop.abort(new Error('the step’s time is over')));
    await expect(check({}, address, [badKey, domains], { signal: stop.signal })).rejects.toThrow('time is over');
  });

  it('keeps the table short when all is well', async () => {
    const address = await servers.serve(answerAsApi(marks.fallback));
    const many = Array.from({ length: 30 }, (_, n) => ({ ...minor, id: `request-${n}` }));
    const { summary } = await check({}, address, many);
    expect(summary.detail).toHaveLength(13);
    expect(summary.detail.at(-1)).toBe('     and 18 more pass');
  });

  it('dials the address family that it is told to', async () => {
    const place = await servers.serve(answerAsApi(marks.fallback));
    const over = (family: string) => check({ family }, place, [domains]);
    expect((await over('ipv4')).output).toMatchObject({ passed: 1, results: [{ remoteAddress: place }] });
    expect((await over('ipv6')).output).toMatchObject({
      unreachable: 1,
      results: [{ why: expect.stringContaining('has no IPv6 address') }],
    });
  });

  it('does not take an answer that came by another path', async () => {
    const { output } = await check({}, await servers.serve(answerAsBrokenEdge), [badKey]);
    expect(output).toMatchObject({
      failed: 1,
      results: [{ misrouted: true, why: 'came through cloudflare, not by this path' }],
    });
  });
});

function deferred(): { promise: Promise<void>; resolve(): void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve: () => resolve() };
}
