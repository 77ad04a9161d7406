import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { setFault } from '../../src/simulator/faults.ts';
import { apiKey, type DataPlane, startDataPlane } from './data-plane.ts';

describe('the simulated backends', () => {
  let plane: DataPlane;
  let emailApi: number;
  let resendApi: number;
  const key = { authorization: `Bearer ${apiKey}` };
  const mail = { from: 'a@resend.dev', to: 'delivered@resend.dev', subject: 'Hello', text: 'Hi' };
  const post = (body: unknown, headers: Record<string, string> = key) =>
    plane.send(emailApi, { method: 'POST', path: '/emails', headers, body: JSON.stringify(body) });

  beforeAll(async () => {
    plane = await startDataPlane();
    emailApi = plane.backends['email-api'].port;
    resendApi = plane.backends['resend-api'].port;
  });
  afterEach(() => plane.world.faults.clear());
  afterAll(() => plane.close());

  test('the key is looked at before the body, and each refusal has its own error', async () => {
    expect(await post({}, {})).toMatchObject({
      status: 401,
      json: {
        statusCode: 401,
        name: 'missing_api_key',
        message: 'Missing API key in the authorization header',
      },
    });
    expect(await post({}, { authorization: 'Bearer re_bad' })).toMatchObject({
      status: 403,
      json: { statusCode: 403, name: 'invalid_api_key', message: 'API key is invalid' },
    });
    expect(await post({})).toMatchObject({ status: 422, json: { statusCode: 422, name: 'missing_required_field' } });
  });

  test('every answer is signed by the backend that made it, as the environment names it', async () => {
    expect((await post({}, {})).headers['x-api']).toBe('email');
    expect((await plane.send(resendApi, { path: '/domains' })).headers['x-api']).toBe('resend');
  });

  test.each(['/emails?limit=1', '/domains', '/api-keys', '/contacts', '/webhooks'])('GET %s lists', async (path) => {
    const answer = await plane.send(resendApi, { path, headers: key });
    expect(answer).toMatchObject({ status: 200, json: { object: 'list' } });
    expect(answer.headers).toMatchObject({ 'ratelimit-limit': '5', 'content-type': 'application/json; charset=utf-8' });
    expect(await plane.send(resendApi, { path })).toMatchObject({ status: 401 });
  });

  test('an accepted e-mail has an id, and the other backend finds it', async () => {
    const sent = await post(mail);
    expect(sent).toMatchObject({ status: 200, json: { id: expect.stringMatching(/^[0-9a-f-]{36}$/) } });
    const { id } = JSON.parse(sent.body);
    expect(await plane.send(resendApi, { path: `/emails/${id}`, headers: key })).toMatchObject({
      status: 200,
      json: { id, to: ['delivered@resend.dev'], subject: 'Hello' },
    });
    await post(mail);
    expect(await plane.send(resendApi, { path: '/emails?limit=1', headers: key })).toMatchObject({
      json: { has_more: true, data: [{ subject: 'Hello' }] },
    });
    expect(await plane.send(resendApi, { path: '/emails?limit=0', headers: key })).toMatchObject({ status: 422 });
  });

  test('an idempotency key sends once, and refuses another body', async () => {
    const headers = { ...key, 'idempotency-key': 'run-1' };
    const first = await post(mail, headers);
    expect(await post(mail, headers)).toMatchObject({ status: 200, body: first.body });
    expect(await post({ ...mail, subject: 'Other' }, headers)).toMatchObject({
      status: 409,
      json: { name: 'invalid_idempotent_request' },
    });
    expect((await post(mail, { ...key, 'idempotency-key': 'run-2' })).body).not.toBe(first.body);
    expect(await post(mail, { ...key, 'idempotency-key': 'x'.repeat(257) })).toMatchObject({
      status: 400,
      json: { name: 'invalid_idempotency_key' },
    });
  });

  test.each([
    [{ ...mail, to: 'someone@example.com' }, 422, 'validation_error'],
    [{ from: mail.from, to: mail.to, subject: 'x' }, 422, 'missing_required_field'],
    [{ ...mail, subject: 7 }, 422, 'validation_error'],
    [[], 400, 'validation_error'],
  ])('refuses %j', async (body, status, name) => {
    expect(await post(body)).toMatchObject({ status, json: { statusCode: status, name } });
  });

  test('routes of the other backend, and unknown ones, are 404 in the same shape', async () => {
    const wrong = await plane.send(resendApi, { method: 'POST', path: '/emails', headers: key, body: '{}' });
    expect(wrong).toMatchObject({ status: 404, json: { statusCode: 404, name: 'not_found' } });
    expect(await plane.send(emailApi, { path: '/domains', headers: key })).toMatchObject({ status: 404 });
    expect(await plane.send(resendApi, { path: '/nothing', headers: key })).toMatchObject({ status: 404 });
  });

  test('HEAD has no body, OPTIONS names the methods, others are no routes', async () => {
    expect(await plane.send(resendApi, { method: 'HEAD', path: '/domains', headers: key })).toMatchObject({
      status: 200,
      body: '',
    });
    const options = await plane.send(emailApi, { method: 'OPTIONS', path: '/emails' });
    expect(options).toMatchObject({ status: 204, headers: { allow: 'POST, OPTIONS' } });
    expect(await plane.send(emailApi, { path: '/emails', headers: key })).toMatchObject({ status: 404 });
  });

  test('without healthy targets the load balancer answers; a crash of the API is its own JSON', async () => {
    setFault(plane.world, 'email-api', { kind: 'status', status: 503 }, plane.clock.now());
    const unavailable = await post({});
    expect(unavailable).toMatchObject({ status: 503, headers: { server: 'awselb/2.0', 'content-type': 'text/html' } });
    expect(unavailable.headers['x-api']).toBeUndefined();
    setFault(plane.world, 'email-api', { kind: 'status', status: 500 }, plane.clock.now());
    expect(await post({})).toMatchObject({
      status: 500,
      headers: { 'x-api': 'email' },
      json: { statusCode: 500, name: 'internal_server_error' },
    });
  });
});
