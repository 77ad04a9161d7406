import { getEventListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { readWithRetry, writeOnce } from '../../../src/actions/cloudflare/call-cloudflare.ts';
import { createCloudflareClient } from '../../../src/world/cloudflare.ts';
import { json, startHttpServer, type TestHttpServer } from '../../world/start-http-server.ts';
import { failureOf, testClock } from '../action-context.ts';
import { cloudflareContext, envelope, loadBalancerId, refusal, token, zoneId } from './cloudflare-calls.ts';

const balancer = { id: loadBalancerId, name: 'api.example.com', enabled: true, proxied: true };
const html = '<html><h1>500 Internal Server Error</h1><hr>cloudflare</html>';
const page = (response: ServerResponse, status: number): void =>
  void response.writeHead(status, { 'content-type': 'text/html', 'cf-ray': 'abc-NRT' }).end(html);

describe('calls of Cloudflare’s API', () => {
  let server: TestHttpServer;
  const start = async (...given: Parameters<typeof startHttpServer>) => {
    server = await startHttpServer(...given);
    return `${server.base}/client/v4`;
  };
  afterEach(async () => {
    vi.unstubAllEnvs();
    await server.close();
  });
  const read = (ctx: ReturnType<typeof cloudflareContext>) =>
    readWithRetry(ctx, 'read it', (client, options) =>
      client.loadBalancers.get(loadBalancerId, { zone_id: zoneId }, options),
    );
  const write = (ctx: ReturnType<typeof cloudflareContext>) =>
    writeOnce(ctx, 'switch it', (client) =>
      client.loadBalancers.edit(loadBalancerId, { zone_id: zoneId, enabled: false }),
    );

  test('carry the token and nothing else from the process’s variables', async () => {
    vi.stubEnv('CLOUDFLARE_API_KEY', 'global-key');
    vi.stubEnv('CLOUDFLARE_EMAIL', 'ops@example.com');
    vi.stubEnv('CLOUDFLARE_API_USER_SERVICE_KEY', 'service-key');
    vi.stubEnv('CLOUDFLARE_API_TOKEN', 'another-token');
    vi.stubEnv('CLOUDFLARE_BASE_URL', 'http://127.0.0.1:1');
    vi.stubEnv('CLOUDFLARE_CUSTOM_HEADERS', 'Authorization: Bearer stolen\nX-Evil: 1');
    const base = await start((_, response) => json(response, 200, envelope(balancer)));
    await read(cloudflareContext(base));
    await write(cloudflareContext(base));
    for (const { headers } of server.arrived) {
      expect(headers.authorization).toBe(`Bearer ${token}`);
      expect(JSON.stringify(headers)).not.toMatch(/global-key|ops@|service-key|another-token|stolen|evil/i);
    }
    expect(server.arrived.map(({ method, body }) => [method, body])).toEqual([
      ['GET', ''],
      ['PATCH', '{"enabled":false}'],
    ]);
  });

  test('a token that cannot be one is refused, and not shown', async () => {
    const base = await start((_, response) => json(response, 200, {}));
    for (const bad of ['', 'top secret', 'secret\n', '"secret"']) {
      const error = await failureOf(
        createCloudflareClient({ token: bad, baseURL: base, fetch: () => Promise.reject(new Error('called')) }),
      );
      expect([error.code, error.message]).toEqual(['credentials', expect.not.stringContaining('secret')]);
    }
  });

  test('a read is tried three times, with pauses', async () => {
    const base = await start((_, response, turn) =>
      turn < 3 ? page(response, 500) : json(response, 200, envelope(balancer)),
    );
    const clock = testClock();
    expect(await read(cloudflareContext(base, { clock }))).toMatchObject(balancer);
    expect(clock.slept).toEqual([250, 750]);
  });

  test('a read fails after the third try, and says with what', async () => {
    const base = await start((_, response) => page(response, 502));
    const error = await failureOf(read(cloudflareContext(base)));
    expect([error.code, server.arrived.length]).toEqual(['failed', 3]);
    expect(error.message).toBe(
      'read it: Cloudflare answered HTTP 502: a page instead of the API’s JSON (cf-ray abc-NRT)',
    );
  });

  test('a read is tried again after a cut connection, and after a slow answer', async () => {
    const base = await start((_, response, turn) => {
      if (turn === 1) response.socket?.destroy();
      else if (turn === 3) json(response, 200, envelope(balancer));
    });
    expect(await read(cloudflareContext(base, { attemptTimeoutMs: 200 }))).toMatchObject(balancer);
  });

  test('Retry-After is honoured where it is short, and never waited out where it is long', async () => {
    const base = await start((_, response, turn) =>
      turn === 2
        ? json(response, 200, envelope(balancer))
        : json(response, 429, refusal(971, 'slow down'), { 'retry-after': turn === 1 ? '1' : '120' }),
    );
    const clock = testClock();
    await read(cloudflareContext(base, { clock }));
    expect(clock.slept).toEqual([1_000]);
    const error = await failureOf(read(cloudflareContext(base, { clock })));
    expect([error.code, error.hint, clock.slept.length]).toEqual(['refused', expect.stringContaining('120 s'), 1]);
  });

  test('a no is not asked again', async () => {
    const base = await start((_, response) =>
      json(response, 404, refusal(1001, 'load balancer not found'), { 'cf-ray': 'abc-NRT' }),
    );
    const error = await failureOf(read(cloudflareContext(base)));
    expect([error.code, server.arrived.length]).toEqual(['refused', 1]);
    expect(error.message).toBe('read it: Cloudflare answered HTTP 404: 1001 load balancer not found (cf-ray abc-NRT)');
  });

  test.each([401, 403])('HTTP %i is about credentials when the API itself says so', async (status) => {
    const base = await start((_, response) => json(response, status, refusal(10000, 'Authentication error')));
    expect((await failureOf(read(cloudflareContext(base)))).code).toBe('credentials');
    expect((await failureOf(write(cloudflareContext(base)))).code).toBe('credentials');
  });

  test('an edge that blocks with a page of its own is no refusal of credentials', async () => {
    const base = await start((_, response) => page(response, 403));
    expect((await failureOf(read(cloudflareContext(base)))).code).toBe('failed');
    expect((await failureOf(write(cloudflareContext(base)))).code).toBe('lost-answer');
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['a page of HTML with status 200', (response) => page(response, 200)],
    ['nothing at all with status 200', (response) => void response.writeHead(200).end()],
    ['success: false with status 200', (response) => json(response, 200, refusal(1002, 'no'))],
    ['HTTP 500 in HTML', (response) => page(response, 500)],
    ['HTTP 500 in JSON', (response) => json(response, 500, refusal(1000, 'internal'))],
    ['a reset', (response) => void response.socket?.destroy()],
    ['silence', () => undefined],
    [
      'a body that stalls',
      (response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
    ],
  ])('a write answered by %s is in doubt, and sent once', async (_, answer) => {
    const base = await start((_request, response) => answer(response));
    const error = await failureOf(write(cloudflareContext(base, { attemptTimeoutMs: 300 })));
    expect([error.code, server.arrived.length]).toEqual(['lost-answer', 1]);
    expect(error.message).toMatch(/^switch it: /);
  });

  test('a write that is refused is refused for sure', async () => {
    const base = await start((_, response, turn) =>
      turn === 1
        ? json(response, 400, refusal(1002, 'invalid'))
        : json(response, 429, refusal(971, 'slow'), { 'retry-after': '300' }),
    );
    expect((await failureOf(write(cloudflareContext(base)))).code).toBe('refused');
    const limited = await failureOf(write(cloudflareContext(base)));
    expect([limited.code, limited.hint]).toEqual(['refused', expect.stringContaining('300 s')]);
    expect(server.arrived).toHaveLength(2);
  });

  test('a write that could not connect was not sent', async () => {
    const base = await start((_, response) => json(response, 200, {}));
    await server.close();
    expect((await failureOf(write(cloudflareContext(base)))).code).toBe('not-sent');
  });

  test('an empty list is believed only in the API’s envelope', async () => {
    const base = await start((_, response) => page(response, 200));
    const list = readWithRetry(cloudflareContext(base), 'list', (client, options) =>
      client.dns.records.list({ zone_id: zoneId }, options),
    );
    expect((await failureOf(list)).code).toBe('lost-answer');
  });

  test('a stop ends a read at once, and keeps a write from being sent', async () => {
    const controller = new AbortController();
    const stop = new Error('stop');
    const base = await start(() => controller.abort(stop));
    const ctx = cloudflareContext(base, { signal: controller.signal });
    await expect(read(ctx)).rejects.toBe(stop);
    expect((await failureOf(write(ctx))).code).toBe('not-sent');
    expect(server.arrived).toHaveLength(1);
  });

  test('leaves nothing behind on the step’s signal, however many the calls', async () => {
    const base = await start((_, response) => json(response, 200, envelope(balancer)));
    const ctx = cloudflareContext(base);
    for (let call = 0; call < 3; call += 1) await read(ctx);
    expect(getEventListeners(ctx.signal, 'abort')).toEqual([]);
  });

  test('a write settles, though the step is stopped while it runs', async () => {
    const controller = new AbortController();
    const base = await start((_, response) => {
      controller.abort(new Error('stop'));
      json(response, 200, envelope({ ...balancer, enabled: false }));
    });
    expect(await write(cloudflareContext(base, { signal: controller.signal }))).toMatchObject({ enabled: false });
  });

  test('a write in read-only access never leaves', async () => {
    const base = await start((_, response) => json(response, 200, envelope(balancer)));
    const error = await failureOf(write(cloudflareContext(base, { access: { mode: 'read-only', why: 'dry run' } })));
    expect([error.code, server.arrived.length]).toEqual(['write-blocked', 0]);
  });

  test('what the provider says is cut and cleaned', async () => {
    const base = await start((_, response) => json(response, 400, refusal(1, `\u001b[31m${'x'.repeat(5_000)}\n`)));
    const { message } = await failureOf(read(cloudflareContext(base)));
    expect(message.length).toBeLessThan(400);
    expect(message).not.toMatch(/[\u0000-\u001f]/);
  });
});
