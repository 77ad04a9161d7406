import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { OpsError } from '../../src/errors.ts';
import { createHttpsFetch } from '../../src/world/https-fetch.ts';
import { createJsonApi, type JsonCall, refusedStatus } from '../../src/world/json-api.ts';
import { json, startHttpServer } from './start-http-server.ts';

const answer = z.object({ id: z.string() });
const errorSchema = z.object({ error: z.string() });
const read: JsonCall<{ id: string }> = { what: 'look', method: 'GET', path: '/things/1', answer };
const write: JsonCall<{ id: string }> = {
  what: 'make it',
  method: 'POST',
  path: '/things',
  body: { name: 'x' },
  answer,
};

type Answerer = Parameters<typeof startHttpServer>[0];

/** Calls an API that answers so; what it threw is its answer too. */
async function ask(
  answerer: Answerer,
  call: JsonCall<{ id: string }>,
  { signal = new AbortController().signal, attemptTimeoutMs = 2_000 } = {},
) {
  const server = await startHttpServer(answerer);
  const fetch = createHttpsFetch({
    origins: [server.base],
    access: () => ({ mode: 'write', ensure: async () => undefined }),
    isWrite: (method) => method !== 'GET',
    attemptTimeoutMs,
    maxBodyBytes: 2_000,
  });
  const api = createJsonApi({
    provider: 'Example',
    base: `${server.base}/v1`,
    headers: { authorization: 'OAuth key-0123456789' },
    credentials: { routing_key: 'secret' },
    fetch,
    mask: (text) => text.replaceAll('secret', '***'),
    errorText: (document) => errorSchema.safeParse(document).data?.error,
    aboutCredentials: /routing key/,
  });
  try {
    const outcome = await api.call(call, signal).catch((error: unknown) => error);
    return { outcome, arrived: server.arrived };
  } finally {
    await server.close();
  }
}

const failureIn = ({ outcome }: { outcome: unknown }): OpsError => {
  if (outcome instanceof OpsError) return outcome;
  throw new Error(`no OpsError: ${String(outcome)}`);
};

describe('a client of a JSON API', () => {
  test('makes visible what nobody could see in a body', async () => {
    const call = { ...write, body: { 'a\u200b': ['\x1b[2J', { deep: 'one\ntwo\u202e' }] } };
    const { arrived } = await ask((_, response) => json(response, 200, { id: '1' }), call);
    expect(JSON.parse(arrived[0]?.body ?? '')).toEqual({
      'a\\u200b': ['\\x1b[2J', { deep: 'one\ntwo\\u202e' }],
      routing_key: 'secret',
    });
  });

  test('sends the key and the body, every text of it masked but the credentials', async () => {
    const body = { name: 'a secret', list: ['secret', 1, null], inner: { secret: { deep: 'secret' } } };
    const { outcome, arrived } = await ask((_, response) => json(response, 201, { id: 'a', more: 1 }), {
      ...write,
      body,
    });
    expect(outcome).toEqual({ id: 'a' });
    expect(arrived).toMatchObject([
      {
        method: 'POST',
        path: '/v1/things',
        headers: { authorization: 'OAuth key-0123456789', 'content-type': 'application/json' },
      },
    ]);
    expect(JSON.parse(arrived[0]?.body ?? '')).toEqual({
      name: 'a ***',
      list: ['***', 1, null],
      inner: { '***': { deep: '***' } },
      routing_key: 'secret',
    });
  });

  test.each([
    [400, { error: 'bad' }, 'refused', 400],
    [401, { error: 'who?' }, 'credentials', 401],
    [403, { error: 'may not' }, 'credentials', 403],
    [400, { error: 'Invalid routing key' }, 'credentials', 400],
    [404, { error: 'no such' }, 'refused', 404],
    [422, { error: 'not so' }, 'refused', 422],
    [420, 'Enhance your calm', 'refused', 420],
    [429, {}, 'refused', 429],
    [408, { error: 'late' }, 'lost-answer', undefined],
    [500, { error: 'sick' }, 'lost-answer', undefined],
    [503, '<html>', 'lost-answer', undefined],
    [403, '<html>', 'lost-answer', undefined],
    [404, '<html>', 'lost-answer', undefined],
    [302, { error: 'elsewhere' }, 'lost-answer', undefined],
    [200, '<html>', 'lost-answer', undefined],
    [200, { name: 'no id' }, 'lost-answer', undefined],
    [204, undefined, 'lost-answer', undefined],
  ])('status %i with %j is %s', async (status, document, code, refused) => {
    const error = failureIn(
      await ask((_, response) => json(response, status, document, { 'x-request-id': 'req-7' }), write),
    );
    expect([error.code, refusedStatus(error)]).toEqual([code, refused]);
    expect(error.message).toMatch(/^make it: .*request id req-7/);
    expect(error.message).not.toContain('<html>');
    expect(error.hint).toBeDefined();
  });

  test('a rate limit says when, and a request id may be in the body', async () => {
    const limited = failureIn(await ask((_, response) => json(response, 429, {}, { 'retry-after': '17' }), write));
    expect(limited.hint).toContain('17 seconds');
    const told = failureIn(await ask((_, response) => json(response, 422, { error: 'no', request_id: 'abc' }), write));
    expect(told.message).toContain('request id abc');
  });

  test('a long or odd answer is bounded and made one line', async () => {
    const error = failureIn(
      await ask((_, response) => json(response, 422, { error: `a\u001b[31m\n${'b'.repeat(900)}` }), write),
    );
    expect(error.message.length).toBeLessThan(400);
    expect(error.message).not.toMatch(/[\u0000-\u001f]/);
    const endless = failureIn(await ask((_, response) => json(response, 200, { id: 'x'.repeat(5_000) }), read));
    expect(endless.code).toBe('lost-answer');
  });

  test('an aborted signal ends a read at once, stops a write that has not begun, and lets one that has settle', async () => {
    const stop = new AbortController();
    const slow: Answerer = (request, response) => {
      stop.abort(new Error('stopped'));
      if (request.method === 'POST') setTimeout(() => json(response, 200, { id: 'a' }), 50);
    };
    expect((await ask(slow, write, { signal: stop.signal })).outcome).toEqual({ id: 'a' });
    expect(failureIn(await ask(slow, write, { signal: stop.signal })).code).toBe('not-sent');
    const reading = new AbortController();
    const { outcome } = await ask(() => reading.abort(new Error('stopped')), read, { signal: reading.signal });
    expect(outcome).toEqual(new Error('stopped'));
  });
});
