import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changeCloudFront } from '../../src/simulator/change-cloudfront.ts';
import { seedWorld } from '../../src/simulator/seed.ts';
import { apiKey, type DataPlane, type SentRequest, startDataPlane } from './data-plane.ts';
import { sampleEnvironment } from './sample-environment.ts';

const router = readFileSync(fileURLToPath(new URL('../../runbooks/fallback/edge-router.js', import.meta.url)), 'utf8');

describe('the simulated CloudFront edge', () => {
  let plane: DataPlane;
  const key = { authorization: `Bearer ${apiKey}` };
  const send = (request: SentRequest) => plane.send(plane.fallback.port, request);
  const change = (wanted: object) => {
    const answer = changeCloudFront(plane.world, wanted);
    expect(answer, JSON.stringify(answer)).toMatchObject({ status: 200 });
  };
  const behavior = () => {
    const [only] = plane.world.distribution.behaviors;
    if (only === undefined) throw new Error('the seed has a behavior');
    return only;
  };

  beforeAll(async () => {
    plane = await startDataPlane();
  });
  beforeEach(() => {
    const { distribution, functions, cachePolicies, originRequestPolicies } = seedWorld(sampleEnvironment(), {
      seed: 1,
    });
    Object.assign(plane.world, { distribution, functions, cachePolicies, originRequestPolicies });
    plane.world.requests.length = 0;
  });
  afterAll(() => plane.close());

  test('a name whose alias is missing is 403, and a disabled distribution too', async () => {
    change({ distribution: { aliases: [] } });
    expect(await send({ path: '/domains', headers: key })).toMatchObject({
      status: 403,
      headers: { server: 'CloudFront', 'x-cache': 'Error from cloudfront' },
      body: expect.stringContaining('Bad request'),
    });
    change({ distribution: { aliases: [plane.world.hostname], enabled: false } });
    expect(await send({ path: '/domains', headers: key })).toMatchObject({ status: 403 });
  });

  test('without its policy, Authorization is stripped: a good key is a missing one', async () => {
    change({
      distribution: { behaviors: [{ ...behavior(), originRequestPolicyId: 'acba4595-bd28-49b8-b9fe-13317c0390fa' }] },
    });
    // Host is not forwarded either, and the origin's certificate is for the hostname only.
    expect(await send({ path: '/domains', headers: key })).toMatchObject({
      status: 502,
      headers: { server: 'CloudFront' },
    });
    const id = '11111111-2222-4333-8444-555555555555';
    const none = { include: 'none', names: [] };
    const headers = { include: 'listed', names: ['host'] };
    change({
      policies: [{ id, name: 'host-only', headers, queries: none, cookies: none, ttl: null }],
      distribution: { behaviors: [{ ...behavior(), originRequestPolicyId: id }] },
    });
    expect(await send({ path: '/domains', headers: key })).toMatchObject({
      status: 401,
      json: { name: 'missing_api_key' },
    });
    // Query strings are stripped as well: the bad limit is not seen.
    change({
      policies: [
        { id, name: 'no query', headers: { include: 'all', names: [] }, queries: none, cookies: none, ttl: null },
      ],
    });
    expect(await send({ path: '/domains?limit=0', headers: key })).toMatchObject({ status: 200 });
    change({
      distribution: { behaviors: [{ ...behavior(), originRequestPolicyId: '216adef6-5c7f-47e4-b989-5492eafa07d3' }] },
    });
    expect(await send({ path: '/domains?limit=0', headers: key })).toMatchObject({ status: 422 });
  });

  test('a method that the behavior does not allow is 403 HTML', async () => {
    change({ distribution: { behaviors: [{ ...behavior(), allowedMethods: ['GET', 'HEAD'] }] } });
    expect(await send({ method: 'POST', path: '/emails', headers: key, body: '{}' })).toMatchObject({
      status: 403,
      headers: { server: 'CloudFront' },
      body: expect.stringContaining('not configured to allow the HTTP request method'),
    });
  });

  test('behaviors are chosen by path, in order', async () => {
    const batch = { ...behavior(), pathPattern: '/emails/*', allowedMethods: ['GET', 'HEAD'], functions: [] };
    change({ distribution: { behaviors: [batch, behavior()] } });
    const post = (path: string) => send({ method: 'POST', path, headers: key, body: '{}' });
    expect(await post('/emails/batch')).toMatchObject({ status: 403, headers: { server: 'CloudFront' } });
    expect(await post('/emails')).toMatchObject({ status: 422, headers: { 'x-api': 'email' } });
  });

  test('AWS WAF blocks a large body, and lets a small one pass', async () => {
    change({
      distribution: { webAcl: { arn: 'arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b', maxBodyBytes: 8192 } },
    });
    const post = (body: string) => send({ method: 'POST', path: '/emails', headers: key, body });
    expect(await post('{}')).toMatchObject({ status: 422 });
    expect(await post(`{}${' '.repeat(9000)}`)).toMatchObject({
      status: 403,
      body: expect.stringContaining('Request blocked'),
    });
  });

  test('error pages of the distribution replace the API’s own errors', async () => {
    change({ distribution: { errorPages: [401] } });
    expect(await send({ path: '/domains' })).toMatchObject({ status: 401, json: undefined });
  });

  describe('runs the LIVE code', () => {
    const live = (code: string | null) => change({ function: { live: code } });
    const sent = { method: 'POST', path: '/emails', headers: key, body: '{}' };

    test('a changed function changes the way; the code in DEVELOPMENT does not', async () => {
      change({ function: { development: 'function handler() { throw new Error("draft"); }' } });
      expect(await send(sent)).toMatchObject({ status: 422, headers: { 'x-api': 'email' } });
      live('function handler(event) { return event.request; }');
      expect(await send(sent)).toMatchObject({ status: 404, headers: { 'x-api': 'resend' } });
      live(
        `import cf from 'cloudfront'; function handler(event) { cf.selectRequestOriginById('email-api'); return event.request; }`,
      );
      expect(await send(sent)).toMatchObject({ status: 422, headers: { 'x-api': 'email' } });
    });

    test.each([
      ['throws', 'function handler() { throw new Error("x"); }', 503, 'FunctionExecutionError from cloudfront'],
      ['never ends', 'function handler() { for (;;) {} }', 503, 'FunctionExecutionError from cloudfront'],
      ['returns nothing', 'function handler() {}', 502, 'Error from cloudfront'],
      [
        'changes Host',
        'function handler(e) { e.request.headers.host.value = "x"; return e.request; }',
        502,
        'Error from cloudfront',
      ],
      [
        'answers itself',
        'function handler() { return { statusCode: 418, headers: { "x-own": { value: "1" } } }; }',
        418,
        'FunctionGeneratedResponse from cloudfront',
      ],
      [
        'names an unknown origin',
        'import cf from "cloudfront"; function handler(e) { cf.updateRequestOrigin({ domainName: "gone.example.com" }); return e.request; }',
        502,
        'Error from cloudfront',
      ],
    ])('a function that %s', async (_what, code, status, cache) => {
      live(code);
      expect(await send(sent)).toMatchObject({ status, headers: { 'x-cache': cache } });
    });

    test('one that was never published, and one that takes too much of its time, are 503', async () => {
      live(null);
      expect(await send(sent)).toMatchObject({
        status: 503,
        headers: { 'x-cache': 'FunctionExecutionError from cloudfront' },
      });
      live(router);
      change({ function: { utilization: 100 } });
      expect(await send(sent)).toMatchObject({
        status: 503,
        headers: { 'x-cache': 'FunctionThrottledError from cloudfront' },
      });
    });

    test('changes of path, query and headers are what goes on', async () => {
      live(`function handler({ request }) {
        if (request.uri !== '/old') return request;
        request.uri = '/domains';
        request.querystring.limit = { value: '0' };
        request.headers.authorization = { value: 'Bearer ${apiKey}' };
        return request;
      }`);
      expect(await send({ path: '/old?a=1' })).toMatchObject({ status: 422 });
      expect(plane.world.requests.find(({ server }) => server === 'resend-api')?.path).toBe('/domains?a=1&limit=0');
    });
  });

  test('the function that is shipped parts the backends as the load balancer rule does', async () => {
    const shipped = await startDataPlane(undefined, { functionCode: router });
    try {
      const api = async (method: string, path: string) => {
        const request = { method, path, headers: key, ...(method === 'POST' ? { body: '{}' } : {}) };
        const [edge, fallback] = [
          await shipped.send(shipped.edge.port, request),
          await shipped.send(shipped.fallback.port, request),
        ];
        expect([fallback.status, fallback.headers['x-api']], `${method} ${path}`).toEqual([
          edge.status,
          edge.headers['x-api'],
        ]);
        return fallback.headers['x-api'];
      };
      const email = ['/emails', '/emails?dry=1', '//emails', '/%65mails', '/x/../emails', '/./emails'];
      for (const path of email) expect(await api('POST', path), path).toBe('email');
      for (const path of ['/emails/', '/emails/batch', '/Emails', '/emails%2F', '/emails/.', '/email', '/']) {
        expect(await api('POST', path), path).toBe('resend');
      }
      for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        expect(await api(method, '/emails'), method).toBe('resend');
      }
    } finally {
      await shipped.close();
    }
  });
});
