import { readFileSync } from 'node:fs';
import http from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { setRecord } from '../../src/actions/cloudflare/set-record.ts';
import { startCloudflareApi } from '../../src/simulator/cloudflare-api.ts';
import type { RunningServer } from '../../src/simulator/http-server.ts';
import { seedWorld } from '../../src/simulator/seed.ts';
import type { SimulatedWorld } from '../../src/simulator/state.ts';
import { asChange } from '../actions/action-context.ts';
import { cloudflareContext, loadBalancerId, token, zoneId } from '../actions/cloudflare/cloudflare-calls.ts';

const description: { $defs: NonNullable<z.core.JSONSchema.JSONSchema['$defs']> } = JSON.parse(
  readFileSync(new URL('cloudflare-description.json', import.meta.url), 'utf8'),
);

/** A part of Cloudflare's description, as a schema. */
function part(name: string): z.ZodType {
  if (!Object.hasOwn(description.$defs, name)) throw new Error(`the description has no ${name}`);
  return z.fromJSONSchema({ $ref: `#/$defs/${name}`, $defs: description.$defs });
}

/** Problems by the description; none when the document keeps to it. */
function problems(name: string, document: unknown): string[] {
  const parsed = part(name).safeParse(document);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('Cloudflare’s public description of its API', () => {
  let world: SimulatedWorld;
  let server: RunningServer;

  beforeEach(async () => {
    world = seedWorld(cloudflareContext('http://127.0.0.1:1').env, { seed: 1 });
    server = await startCloudflareApi({ world, token, now: () => Date.now() });
  });
  afterEach(() => server.close());

  const call = (method: string, path: string, body?: object): Promise<{ status: number; document: unknown }> =>
    new Promise((resolve, reject) => {
      const request = http.request(
        {
          host: '127.0.0.1',
          port: server.port,
          method,
          path: `/client/v4${path}`,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          agent: false,
        },
        (response) => {
          let text = '';
          response.on('data', (data: Buffer) => {
            text += data.toString();
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, document: JSON.parse(text) }));
        },
      );
      request.on('error', reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const zone = `/zones/${zoneId}`;
  const posted = [
    {
      type: 'A',
      name: 'a.example.com',
      content: '192.0.2.1',
      ttl: 60,
      proxied: false,
      comment: 'c',
      tags: ['team:dns'],
    },
    { type: 'AAAA', name: 'a.example.com', content: '2001:db8::1', ttl: 1, proxied: true },
    { type: 'CNAME', name: 'c.example.com', content: 'd.example.net', ttl: 30, settings: { flatten_cname: true } },
    { type: 'HTTPS', name: 'a.example.com', data: { priority: 1, target: '.', value: 'alpn="h2"' }, ttl: 300 },
    { type: 'TXT', name: 't.example.com', content: '"text"', ttl: 300 },
    { type: 'NS', name: 'sub.example.com', content: 'ns.example.net', ttl: 300 },
  ];

  test('the schema is no rubber stamp', async () => {
    const { document } = await call('GET', `${zone}/dns_records`);
    const list = z.object({ result: z.array(z.record(z.string(), z.unknown())).min(1) }).parse(document).result;
    expect(problems('records-response', document)).toEqual([]);
    for (const [key, value] of Object.entries({
      ttl: 5,
      proxied: 'yes',
      created_on: 'yesterday',
      id: undefined,
      tags: 'a',
    })) {
      const broken = { ...(document as object), result: [{ ...list[0], [key]: value }] };
      expect([key, problems('records-response', broken).length > 0]).toEqual([key, true]);
    }
    expect(problems('failure', document)).not.toEqual([]);
  });

  test('records: listed, made, read, changed, overwritten', async () => {
    for (const body of posted) {
      const { status, document } = await call('POST', `${zone}/dns_records`, body);
      expect([body.type, status, problems('record-single-response', document)]).toEqual([body.type, 200, []]);
    }
    const { document: all } = await call('GET', `${zone}/dns_records?per_page=5&page=1`);
    expect(problems('records-response', all)).toEqual([]);
    expect(problems('records-response', (await call('GET', `${zone}/dns_records?page=9`)).document)).toEqual([]);
    const id = world.records.find(({ type }) => type === 'A')?.id ?? '';
    for (const [method, body] of [
      ['GET', undefined],
      ['PATCH', { ttl: 120, comment: '' }],
      ['PUT', { type: 'A', name: 'a.example.com', content: '192.0.2.9', ttl: 60 }],
    ] as const) {
      const { status, document } = await call(method, `${zone}/dns_records/${id}`, body);
      expect([method, status, problems('record-single-response', document)]).toEqual([method, 200, []]);
    }
  });

  test('a batch', async () => {
    const [first, , third] = posted;
    await call('POST', `${zone}/dns_records`, first);
    await call('POST', `${zone}/dns_records`, third);
    const idOf = (type: string) => world.records.find((record) => record.type === type && record.name < 'd')?.id;
    const { status, document } = await call('POST', `${zone}/dns_records/batch`, {
      deletes: [{ id: idOf('A') }],
      patches: [{ id: idOf('CNAME'), type: 'CNAME', ttl: 120 }],
      posts: [{ type: 'CNAME', name: 'a.example.com', content: 'x.example.net', ttl: 60 }],
    });
    expect([status, problems('batch-response', document)]).toEqual([200, []]);
  });

  test('load balancers, and the token', async () => {
    expect(problems('load-balancers-response', (await call('GET', `${zone}/load_balancers`)).document)).toEqual([]);
    for (const [method, body] of [
      ['GET', undefined],
      ['PATCH', { enabled: false }],
      ['PATCH', { enabled: true, proxied: false }],
    ] as const) {
      const { document } = await call(method, `${zone}/load_balancers/${loadBalancerId}`, body);
      expect(problems('load-balancer-response', document)).toEqual([]);
    }
    expect(problems('token-response', (await call('GET', '/user/tokens/verify')).document)).toEqual([]);
  });

  test.each([
    ['no such record', 'GET', `${zone}/dns_records/${'f'.repeat(32)}`, undefined, 404],
    ['a body that is no record', 'POST', `${zone}/dns_records`, { type: 'A' }, 400],
    [
      'a CNAME beside an A',
      'POST',
      `${zone}/dns_records`,
      { type: 'A', name: 'api', content: '192.0.2.1', ttl: 1 },
      400,
    ],
    ['a batch that fails', 'POST', `${zone}/dns_records/batch`, { deletes: [{ id: 'f'.repeat(32) }] }, 404],
    ['no such zone', 'GET', `/zones/${'f'.repeat(32)}/dns_records`, undefined, 404],
    ['no such path', 'GET', '/moon', undefined, 404],
    ['no such load balancer', 'GET', `${zone}/load_balancers/${'f'.repeat(32)}`, undefined, 404],
  ] as const)('a refusal: %s', async (_what, method, path, body, expected) => {
    const { status, document } = await call(method, path, body);
    expect([status, problems('failure', document)]).toEqual([expected, []]);
  });

  test('what cloudflare.set-record sends', async () => {
    world.loadBalancers = [];
    const action = asChange(setRecord);
    const ctx = cloudflareContext(`http://127.0.0.1:${server.port}/client/v4`, {
      dns: async () => ({ answered: false, code: 'refused', message: 'no DNS here', rttMs: 1 }),
    });
    const apply = async (input: object) => {
      const parsed = action.input.parse(input);
      const plan = await action.plan(parsed, ctx);
      const planned = { input: parsed, before: action.state.parse(plan.before), after: action.state.parse(plan.after) };
      await action.apply(planned, ctx);
      return planned;
    };
    const records = [
      { type: 'A', content: '192.0.2.1', proxied: true },
      { type: 'AAAA', content: '2001:db8::1', proxied: true },
    ];
    const made = await apply({ records });
    await action.revert?.(made, ctx);
    await apply({ route: 'fallback', ttl: 30 });
    const bodies = world.requests
      .filter(({ write }) => write)
      .map(({ method, body }) => ({ method, body: JSON.parse(body) }));
    expect(bodies.map(({ method }) => method)).toEqual(['POST', 'POST', 'PATCH']);
    for (const { method, body } of bodies) {
      expect(problems(method === 'POST' ? 'batch-request' : 'record', body)).toEqual([]);
    }
  });
});
