import { spawnSync } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { type FunctionEvent, type FunctionSandbox, openFunctionSandbox } from '../../src/world/function-sandbox.ts';

const event = (method = 'POST', uri = '/emails'): FunctionEvent => ({
  version: '1.0',
  context: {
    distributionDomainName: 'd1.cloudfront.net',
    distributionId: 'E1EXAMPLE',
    eventType: 'viewer-request',
    requestId: 'r',
  },
  viewer: { ip: '192.0.2.1' },
  request: { method, uri, querystring: {}, headers: { host: { value: 'api.example.com' } }, cookies: {} },
});

describe('the sandbox for CloudFront functions', () => {
  const open: FunctionSandbox[] = [];
  afterEach(() => {
    for (const sandbox of open.splice(0)) sandbox.close();
  });
  const sandboxOf = (code: string) => {
    const sandbox = openFunctionSandbox(code);
    open.push(sandbox);
    return sandbox;
  };
  const run = (code: string) => sandboxOf(code).run(event());

  test('tells the origin that was asked for last, the request, and what was logged', async () => {
    const code = `import cf from 'cloudfront';
      function handler(event) {
        console.log('path', event.request.uri, { a: 1 });
        cf.selectRequestOriginById('first');
        cf.updateRequestOrigin({ domainName: 'email.example.com', timeouts: { readTimeout: 60 } });
        event.request.headers['x-way'] = { value: 'fallback' };
        return event.request;
      }`;
    expect(await run(code)).toMatchObject({
      kind: 'request',
      origin: { by: 'update', changes: { domainName: 'email.example.com', timeouts: { readTimeout: 60 } } },
      request: { method: 'POST', uri: '/emails', headers: { 'x-way': { value: 'fallback' } } },
      logs: ['path /emails {"a":1}'],
    });
  });

  test('runs many events in one process, in order, with no memory of the origin before', async () => {
    const sandbox = sandboxOf(`import cf from "cloudfront"
      let count = 0;
      async function handler({ request }) {
        count += 1;
        if (request.method === 'POST') cf.createRequestOriginGroup({ originIds: ['a', { originId: 'b' }] });
        await Promise.resolve();
        request.uri = '/' + count;
        return request;
      }`);
    const outcomes = await Promise.all([event('POST'), event('GET'), event('POST')].map((one) => sandbox.run(one)));
    expect(outcomes).toMatchObject([
      { origin: { by: 'group', originIds: ['a', 'b'] }, request: { uri: '/1' } },
      { origin: null, request: { uri: '/2' } },
      { origin: { by: 'group' }, request: { uri: '/3' } },
    ]);
  });

  test.each([
    [
      'function handler() { return { statusCode: 503, body: "later" }; }',
      { kind: 'response', response: { statusCode: 503, body: 'later' } },
    ],
    ['function handler() { return 7; }', { kind: 'invalid' }],
    ['function handler() { return new Promise(() => {}); }', { kind: 'invalid', message: 'its promise never settled' }],
    ['function handler() { throw new Error("no such key"); }', { kind: 'threw', message: 'no such key' }],
    ['async function handler() { throw new TypeError("bad"); }', { kind: 'threw', message: 'bad' }],
    ['const other = 1;', { kind: 'threw', message: 'there is no function named handler' }],
    ['function handler( {', { kind: 'threw' }],
    ['function handler() { for (;;) {} }', { kind: 'limit' }],
    ['for (;;) {} function handler() {}', { kind: 'threw' }],
    ['async function handler() { for (;;) await null; }', { kind: 'limit' }],
    ['function handler() { const kept = []; for (;;) kept.push(new Array(1e6).fill(1)); }', { kind: 'limit' }],
    [
      'import crypto from "crypto"; function handler() {}',
      { kind: 'unsupported', message: 'it uses the module crypto' },
    ],
    ['import { kvs } from "cloudfront"; function handler() {}', { kind: 'unsupported' }],
    [
      'import cf from "cloudfront"; function handler() { cf.kvs(); }',
      { kind: 'unsupported', message: 'it uses key value store' },
    ],
    ['function handler() { return Buffer.from("x"); }', { kind: 'unsupported', message: 'it uses Buffer' }],
  ])('%s', async (code, expected) => {
    expect(await run(code)).toMatchObject(expected);
  });

  test('an event after one that was killed is answered again', async () => {
    const sandbox = sandboxOf(`function handler({ request }) {
      const kept = [];
      while (request.method === 'POST') kept.push(new Array(1e6).fill(1));
      return request;
    }`);
    expect(await sandbox.run(event('POST'))).toMatchObject({ kind: 'limit' });
    expect(await sandbox.run(event('GET'))).toMatchObject({ kind: 'request' });
  });

  test.each([
    ['the process', 'typeof process'],
    ['modules', 'typeof require'],
    ['timers', 'typeof setTimeout'],
    ['the network', 'typeof fetch'],
    ['WebAssembly', 'typeof WebAssembly'],
  ])('has no way to %s', async (_what, expression) => {
    expect(await run(`function handler({ request }) { request.uri = ${expression}; return request; }`)).toMatchObject({
      request: { uri: 'undefined' },
    });
  });

  test.each([
    ['this', "this.constructor.constructor('return process')()"],
    ['the global object', "globalThis.constructor.constructor('return process')()"],
    ['an argument', "event.constructor.constructor('return process')()"],
    ['the helper', "__cloudfront.updateRequestOrigin.constructor('return process')()"],
    ['eval', "eval('1')"],
    [
      'a deep stack',
      "(function f() { try { f() } catch (e) { return e.constructor.constructor('return process')() } })()",
    ],
  ])('no code is made from text by way of %s', async (_what, expression) => {
    const outcome = await run(`function handler(event) { return { statusCode: 200, body: String(${expression}) }; }`);
    expect(outcome).toMatchObject({ kind: expect.stringMatching(/^(threw|limit)$/) });
  });

  test('even an escape from the context would find no files, no processes and no variables', async () => {
    // What `openFunctionSandbox` starts its process with, running what code outside of any context could try.
    const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission';
    const attempt = `const tried = (f) => { try { f(); return 'done'; } catch (error) { return error.code; } };
      console.log(JSON.stringify([tried(() => require('fs').readFileSync('/etc/hostname')),
        tried(() => require('child_process').execSync('id')), Object.keys(process.env)]));`;
    const { stdout } = spawnSync(process.execPath, [flag, '--no-warnings', '-e', attempt], {
      env: {},
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toEqual(['ERR_ACCESS_DENIED', 'ERR_ACCESS_DENIED', []]);
  });
});
