import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { setFault } from '../../src/simulator/faults.ts';
import type { Component, Fault } from '../../src/simulator/state.ts';
import { apiKey, type DataPlane, startDataPlane } from './data-plane.ts';

const hasCurl = spawnSync('curl', ['--version']).error === undefined;

describe('the simulated edges', () => {
  let plane: DataPlane;
  const key = { authorization: `Bearer ${apiKey}` };
  const badKey = { authorization: 'Bearer re_bad', 'content-type': 'application/json' };
  const fail = (component: Component, fault: Fault) => setFault(plane.world, component, fault, plane.clock.now());

  beforeAll(async () => {
    plane = await startDataPlane();
  });
  beforeEach(() => {
    for (const balancer of plane.world.loadBalancers) balancer.enabled = true;
    plane.world.distribution.aliases = [plane.world.hostname];
  });
  afterEach(() => plane.world.faults.clear());
  afterAll(() => plane.close());

  describe('Cloudflare', () => {
    const send = (request: Parameters<DataPlane['send']>[1]) => plane.send(plane.edge.port, request);

    test('the load balancer rule parts the two backends', async () => {
      const sending = await send({ method: 'POST', path: '/emails', headers: badKey, body: '{}' });
      expect(sending).toMatchObject({ status: 403, json: { name: 'invalid_api_key' }, headers: { 'x-api': 'email' } });
      const batch = await send({ method: 'POST', path: '/emails/batch', headers: badKey, body: '[]' });
      expect(batch).toMatchObject({ status: 403, headers: { 'x-api': 'resend' } });
      expect(await send({ path: '/emails?limit=1', headers: key })).toMatchObject({
        status: 200,
        headers: { 'x-api': 'resend' },
      });
    });

    test('a changed rule changes the way at once', async () => {
      const rules = plane.world.loadBalancers[0]?.rules ?? [];
      const [rule] = rules.splice(0, 1);
      expect(await send({ method: 'POST', path: '/emails', headers: badKey, body: '{}' })).toMatchObject({
        status: 404,
        headers: { 'x-api': 'resend' },
      });
      if (rule !== undefined) rules.push(rule);
      expect(await send({ method: 'POST', path: '/emails', headers: badKey, body: '{}' })).toMatchObject({
        status: 403,
      });
    });

    test('every answer names Cloudflare and a ray', async () => {
      const answer = await send({ path: '/domains' });
      expect(answer.headers).toMatchObject({
        server: 'cloudflare',
        'cf-ray': expect.stringMatching(/^[0-9a-f]{16}-[A-Z]{3}$/),
        'cf-cache-status': 'DYNAMIC',
      });
      expect(answer.headers['cf-error-type']).toBeUndefined();
    });

    test('a canary name beside the hostname is served while the hostname is switched off', async () => {
      const own = plane.world.loadBalancers.find(({ name }) => name === plane.world.hostname);
      if (own !== undefined) own.enabled = false;
      expect(await send({ path: '/domains' })).toMatchObject({
        status: 409,
        body: expect.stringContaining('error code: 1001'),
      });
      expect(await send({ path: '/domains', hostname: 'canary.example.com' })).toMatchObject({ status: 401 });
    });

    test('a request without User-Agent is error 1010', async () => {
      const answer = await send({ path: '/domains', headers: { ...key, 'user-agent': '' } });
      expect(answer).toMatchObject({ status: 403, body: expect.stringContaining('error code: 1010') });
      expect(answer.headers).toMatchObject({ server: 'cloudflare', 'cf-error-type': '1010' });
    });

    test('a crashed proxy answers its own HTML, and the trace page stays green', async () => {
      fail('edge', { kind: 'status', status: 500 });
      const answer = await send({ path: '/domains', headers: key });
      expect(answer).toMatchObject({ status: 500, headers: { server: 'cloudflare' }, json: undefined });
      expect(answer.headers['cf-ray']).toBeDefined();
      expect(answer.body).toMatch(/cloudflare/i);
      expect(await send({ path: '/cdn-cgi/trace' })).toMatchObject({
        status: 200,
        body: expect.stringContaining('colo='),
      });
    });

    test('origin 502 and 504 pages are replaced, 500 and 503 pass', async () => {
      for (const status of [502, 504]) {
        fail('resend-api', { kind: 'status', status });
        const answer = await send({ path: '/domains' });
        expect(answer).toMatchObject({ status, headers: { server: 'cloudflare', 'cf-error-origin': 'origin' } });
        expect(answer.body).toMatch(/cloudflare/i);
      }
      fail('resend-api', { kind: 'status', status: 500 });
      expect(await send({ path: '/domains' })).toMatchObject({ status: 500, json: { statusCode: 500 } });
      fail('resend-api', { kind: 'status', status: 503 });
      expect((await send({ path: '/domains' })).body).not.toMatch(/cloudflare/i);
    });

    test('an origin that refuses connections is 521', async () => {
      fail('resend-api', { kind: 'refuse' });
      expect(await send({ path: '/domains' })).toMatchObject({ status: 521, headers: { server: 'cloudflare' } });
    });
  });

  describe('CloudFront', () => {
    const send = (request: Parameters<DataPlane['send']>[1]) => plane.send(plane.fallback.port, request);

    test('its function parts the two backends as the load balancer does, with all headers forwarded', async () => {
      expect(await send({ method: 'POST', path: '/emails', headers: badKey, body: '{}' })).toMatchObject({
        status: 403,
        json: { name: 'invalid_api_key' },
        headers: { 'x-api': 'email' },
      });
      expect(await send({ path: '/emails?limit=1', headers: key })).toMatchObject({
        status: 200,
        headers: { 'x-api': 'resend', 'x-cache': 'Miss from cloudfront' },
      });
    });

    test('every answer carries its marks, and an API error keeps its own body', async () => {
      const answer = await send({ path: '/domains' });
      expect(answer).toMatchObject({ status: 401, json: { name: 'missing_api_key' } });
      expect(answer.headers).toMatchObject({
        via: expect.stringMatching(/^1\.1 [0-9a-f]+\.cloudfront\.net \(CloudFront\)$/),
        'x-amz-cf-pop': expect.any(String),
        'x-amz-cf-id': expect.any(String),
        'x-cache': 'Error from cloudfront',
      });
      expect(answer.headers.server).toBeUndefined();
    });

    test('a hostname that is not attached gets the 403 page', async () => {
      plane.world.distribution.aliases = [];
      const answer = await send({ path: '/domains', headers: key });
      expect(answer).toMatchObject({ status: 403, headers: { server: 'CloudFront' } });
      expect(answer.body).toContain('The request could not be satisfied');
      expect(answer.body).toContain(`Request ID: ${answer.headers['x-amz-cf-id']}`);
    });

    test('a GET with a body is refused, where Cloudflare forwards it', async () => {
      const request = { path: '/domains', headers: key, body: '{}' };
      expect(await send(request)).toMatchObject({ status: 403, headers: { server: 'CloudFront' } });
      expect(await plane.send(plane.edge.port, request)).toMatchObject({ status: 200 });
    });

    test('its own fault is its own page; an unreachable origin is 502; origin errors pass', async () => {
      fail('resend-api', { kind: 'status', status: 503 });
      expect(await send({ path: '/domains' })).toMatchObject({ status: 503, headers: { server: 'awselb/2.0' } });
      fail('resend-api', { kind: 'refuse' });
      expect(await send({ path: '/domains' })).toMatchObject({ status: 502, headers: { server: 'CloudFront' } });
      fail('fallback', { kind: 'status', status: 403 });
      expect(await send({ path: '/domains' })).toMatchObject({ status: 403, headers: { server: 'CloudFront' } });
    });

    test('a name that it has no certificate for is not answered with one', async () => {
      await expect(send({ path: '/domains', hostname: 'other.example.com' })).rejects.toThrow(/ALTNAME/);
    });
  });

  test('an origin that stays silent is 524 at Cloudflare after 100 s, 504 at CloudFront after its own timeout', async () => {
    const boxes: number[] = [];
    const impatient = await startDataPlane({
      ...plane.clock,
      timeBox: (ms) => {
        boxes.push(ms);
        return { signal: AbortSignal.timeout(20), cancel: () => undefined };
      },
    });
    try {
      for (const origin of impatient.world.distribution.origins) origin.readTimeout = 30;
      setFault(impatient.world, 'resend-api', { kind: 'hang' }, plane.clock.now());
      expect(await impatient.send(impatient.edge.port, { path: '/domains' })).toMatchObject({ status: 524 });
      expect(await impatient.send(impatient.fallback.port, { path: '/domains' })).toMatchObject({
        status: 504,
        headers: { server: 'CloudFront' },
      });
      expect(boxes).toEqual([100_000, 30_000]);
    } finally {
      await impatient.close();
    }
  });

  test.skipIf(!hasCurl)('curl works as against the real ones, verifying everything', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'edge-test-'));
    try {
      const caFile = join(directory, 'ca.pem');
      await writeFile(caFile, plane.authority.caPem);
      const curl = async (port: number, ...rest: string[]) => {
        const url = `https://${plane.world.hostname}:${port}/emails`;
        const resolve = `${plane.world.hostname}:${port}:127.0.0.1`;
        const args = [
          '-sS',
          '--cacert',
          caFile,
          '--resolve',
          resolve,
          '-X',
          'POST',
          '-d',
          '{}',
          '-w',
          '\n%{http_code}',
          ...rest,
          url,
        ];
        return (await promisify(execFile)('curl', args)).stdout;
      };
      expect(await curl(plane.edge.port, '-H', `Authorization: Bearer ${apiKey}`)).toMatch(
        /missing_required_field.*\n422$/,
      );
      expect(await curl(plane.fallback.port, '-H', 'Authorization: Bearer re_bad')).toMatch(/invalid_api_key.*\n403$/);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
