import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ActionContext } from '../../../src/actions/action.ts';
import { httpCompare } from '../../../src/actions/http/compare.ts';
import type { DnsRecord } from '../../../src/world/dns.ts';
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

const requests = [
  { id: 'contacts', method: 'GET', path: '/contacts', expect: { status: 403 } },
  { id: 'emails-bad-key', method: 'POST', path: '/emails', body: {}, critical: true, expect: { status: 403 } },
  { id: 'domains-bad-key', method: 'GET', path: '/domains', critical: true, expect: { status: 403 } },
];

type Answering = Parameters<ReturnType<typeof startRouteServers>['serve']>[0];
type Target = Answering | string;

async function compare(
  targets: { edge: Target; fallback: Target; origin?: Target },
  more: {
    input?: object;
    requests?: readonly object[];
    suite?: object;
    signal?: AbortSignal;
    /** At a compressed clock a round waits for the one before. */
    oneByOne?: boolean;
    /** What every resolver answers, and where these addresses lead. */
    answers?: Record<string, Target>;
  } = {},
) {
  const at = async (target: Target) => (typeof target === 'string' ? target : servers.serve(target));
  const routes = {
    edge: { provider: 'cloudflare', connect: await at(targets.edge) },
    fallback: { provider: 'cloudfront', connect: await at(targets.fallback) },
    ...(targets.origin === undefined
      ? {}
      : { origin: { provider: 'load-balancer', connect: await at(targets.origin) } }),
  };
  const led: [string, string][] = [];
  for (const [address, target] of Object.entries(more.answers ?? {})) led.push([address, await at(target)]);
  const dns = { resolvers: ['127.0.0.1', '127.0.0.2'], addresses: Object.fromEntries(led) };
  const told = led.map(([data]) => ({ name: 'api.example.com', type: 'A', ttl: 60, data }));
  const ctx = contextFor({
    probe: servers.probe,
    ...(more.answers === undefined ? {} : { dns: answering(told) }),
    env: environment(routes, { dns }),
    suite: suite(more.requests ?? requests, more.suite),
    ...(more.signal === undefined ? {} : { signal: more.signal }),
  });
  const sleep = (ms: number) => (ms > 5_000 ? new Promise<void>(() => undefined) : Promise.resolve());
  const clock = more.oneByOne === true ? { ...ctx.clock, speed: 20, sleep } : ctx.clock;
  const input = { suite: 'critical', routes: Object.keys(routes), ...more.input };
  const result = await runCheck(httpCompare, input, { ...ctx, clock });
  for (const line of [result.summary.headline, ...result.summary.detail]) expect(line.length).toBeLessThanOrEqual(76);
  return { ...result, slept: ctx.slept, told: ctx.told };
}

/** The first resolver is silent for good, the second answers these. */
function answering(answers: DnsRecord[]): ActionContext['dns'] {
  const told = { answered: true, rcode: 'NOERROR', authoritative: false, overTcp: false, rttMs: 1 } as const;
  return ({ server, type, recursionDesired }) => {
    expect([type, recursionDesired]).toEqual(['A', true]);
    if (server.address === '127.0.0.1') return new Promise(() => undefined);
    return Promise.resolve({ ...told, answers, authorities: [], additionals: [] });
  };
}

const edge = answerAsApi(marks.edge);
const fallback = answerAsApi(marks.fallback);
const origin = answerAsApi(marks.origin);
const down: Answering = (_request, response) => {
  response.writeHead(503, { 'content-type': 'text/html', server: 'awselb/2.0' }).end('<html>503</html>');
};

describe('http.compare', () => {
  it('finds all well', async () => {
    const { output, summary, slept } = await compare({ edge, fallback, origin });
    expect(output).toMatchObject({
      verdict: 'healthy',
      rounds: 3,
      notes: [],
      routes: {
        edge: { role: 'primary', provider: 'cloudflare', state: 'good', good: 3, bad: 0 },
        fallback: { role: 'fallback', state: 'good' },
        origin: { role: 'origin', state: 'good', rounds: [true, true, true] },
      },
    });
    expect(slept).toEqual([2_500, 5_000]);
    expect(summary.headline).toBe('healthy: both paths serve every critical request');
    expect(summary.detail.slice(0, 4)).toEqual([
      'request          edge    fallback  origin',
      'emails-bad-key   ok 3/3  ok 3/3    ok 3/3',
      'domains-bad-key  ok 3/3  ok 3/3    ok 3/3',
      '(contacts)       ok 3/3  ok 3/3    ok 3/3',
    ]);
  });

  it('blames the provider when only its path fails, and shows how', async () => {
    const { output, summary } = await compare({ edge: answerAsBrokenEdge, fallback, origin });
    expect(output).toMatchObject({ verdict: 'provider-fault', routes: { edge: { state: 'bad', good: 0, bad: 3 } } });
    expect(summary.headline).toMatch(/^provider-fault: /);
    expect(summary.detail[1]).toBe('emails-bad-key   FAIL 0/3 500  ok 3/3    ok 3/3');
    expect(summary.detail.join('\n')).toContain('- only edge fails: emails-bad-key, domains-bad-key');
    expect(summary.detail.join('\n').replaceAll('\n  ', ' ')).toContain(
      'expected 403, got 500 from Cloudflare’s own error page',
    );
  });

  it('blames ourselves when every path fails', async () => {
    const { output } = await compare({ edge: answerAsBrokenEdge, fallback: down, origin: down });
    expect(output).toMatchObject({ verdict: 'own-fault' });
  });

  it('finds the fallback not ready, dead or wrong', async () => {
    const dead = await servers.refuse();
    expect(await compare({ edge, fallback: dead, origin })).toMatchObject({
      output: { verdict: 'fallback-not-ready', matrix: [{ cells: { fallback: { text: 'FAIL 0/3 tcp' } } }, {}, {}] },
    });
    expect(await compare({ edge: answerAsBrokenEdge, fallback: dead, origin })).toMatchObject({
      output: { verdict: 'fallback-not-ready' },
    });
  });

  it('takes an origin that is closed to this machine for no evidence', async () => {
    const { output } = await compare({ edge: answerAsBrokenEdge, fallback, origin: await servers.refuse() });
    expect(output).toMatchObject({ verdict: 'provider-fault', routes: { origin: { state: 'unreachable' } } });
  });

  it('does not blame the provider where only the environment’s own address for it fails', async () => {
    const answers = { '104.18.0.1': edge, '104.18.0.2': edge };
    const { output, summary } = await compare({ edge: await servers.refuse(), fallback, origin }, { answers });
    const addresses = ['104.18.0.1', '104.18.0.2'];
    expect(output).toMatchObject({
      verdict: 'inconclusive',
      routes: { edge: { state: 'bad', bad: 3 } },
      answered: { state: 'asked', addresses, rounds: [true, true, true] },
      matrix: [{ cells: { edge: { passed: 0, unreached: 3, limited: 0 } } }, {}, {}],
    });
    expect(summary.detail.join('\n').replaceAll('\n  ', ' ')).toContain(
      '- edge met everything in 3 of 3 rounds at what DNS answers, 104.18.0.1, 104.18.0.2: only the address that the environment dials fails',
    );
  });

  it('blames the provider where it fails at what DNS answers, too', async () => {
    const answers = { '104.18.0.1': await servers.refuse(), '104.18.0.2': answerAsBrokenEdge };
    const { output } = await compare({ edge: await servers.refuse(), fallback, origin }, { answers });
    expect(output).toMatchObject({
      verdict: 'provider-fault',
      answered: { state: 'asked', rounds: [false, false, false] },
    });
  });

  it.each([
    ['DNS leads to the address that is dialled', '104.18.0.1', 'same'],
    ['DNS leads elsewhere', '13.32.0.1', 'away'],
  ] as const)('asks nothing more where %s', async (_name, address, state) => {
    let asked = 0;
    const counting: Answering = (request, response) => {
      asked += 1;
      answerAsBrokenEdge(request, response);
    };
    const target = await servers.serve(counting);
    const { output } = await compare({ edge: target, fallback, origin }, { answers: { [address]: target } });
    expect(output).toMatchObject({ verdict: 'provider-fault', answered: { state, addresses: [], rounds: [] } });
    expect(asked).toBe(3 * requests.length);
  });

  it('does not blame a provider that limits our own requests', async () => {
    const limiting: Answering = (_request, response) => {
      response.writeHead(429, { 'content-type': 'text/html', ...marks.edge }).end('error code: 1015');
    };
    const { output } = await compare({ edge: limiting, fallback, origin });
    expect(output).toMatchObject({
      verdict: 'inconclusive',
      reasons: [
        'edge answered 429 to 6 requests: it limits who asks it',
        expect.any(String),
        expect.any(String),
        expect.any(String),
      ],
      matrix: [{ cells: { edge: { passed: 0, unreached: 0, limited: 3 } } }, {}, {}],
    });
  });

  it('finds this machine offline when nothing can be reached', async () => {
    const dead = await servers.refuse();
    const { output } = await compare({ edge: dead, fallback: dead, origin: dead });
    expect(output).toMatchObject({ verdict: 'inconclusive', reasons: [expect.stringContaining('may be offline')] });
    // Rounds in which this machine reached nothing speak of no route.
    expect(output).toMatchObject({ rounds: 3, routes: { edge: { rounds: [], good: 0, bad: 0 } } });
  });

  it('refuses to look for longer than 15 minutes, before it sends anything', async () => {
    let asked = 0;
    const counting: Answering = (request, response) => {
      asked += 1;
      edge(request, response);
    };
    await expect(compare({ edge: counting, fallback }, { input: { over: '20m' } })).rejects.toMatchObject({
      issues: [{ path: ['over'], message: expect.stringContaining('more than 15m') }],
    });
    expect(httpCompare.input.safeParse({ suite: 's', routes: ['edge', 'fallback'], over: '15m' }).success).toBe(true);
    expect(asked).toBe(0);
  });

  it('sees a primary that comes back', async () => {
    let asked = 0;
    const returning: Answering = (request, response) => {
      asked += 1;
      (asked <= requests.length ? answerAsBrokenEdge : edge)(request, response);
    };
    const { output } = await compare({ edge: returning, fallback, origin }, { input: { rounds: 1 } });
    expect(output).toMatchObject({ verdict: 'inconclusive' });
    expect(await compare({ edge: returning, fallback, origin }, { input: { rounds: 3 } })).toMatchObject({
      output: { verdict: 'healthy' },
    });
  });

  it('does not let a request that is not critical decide', async () => {
    const contactsFail: Answering = (request, response) =>
      (request.url === '/contacts' ? answerAsBrokenEdge : edge)(request, response);
    const { output, summary } = await compare({ edge: contactsFail, fallback, origin });
    expect(output).toMatchObject({ verdict: 'healthy' });
    expect(summary.detail[3]).toBe('(contacts)       FAIL 0/3 500  ok 3/3    ok 3/3');
  });

  it('does not count an answer by another path as evidence', async () => {
    const { output } = await compare({ edge: fallback, fallback, origin });
    expect(output).toMatchObject({ verdict: 'inconclusive', reasons: [expect.stringContaining('answers over edge')] });
  });

  it('sends every route and round without waiting for a silent one', async () => {
    const total = 3 * requests.length;
    let answered = 0;
    const waiting: (() => void)[] = [];
    const silent: Answering = (request, response) => {
      waiting.push(() => answerAsBrokenEdge(request, response));
      release();
    };
    const counting =
      (answer: Answering): Answering =>
      (request, response) => {
        answered += 1;
        answer(request, response);
        release();
      };
    const release = () => {
      if (answered === 2 * total && waiting.length === total) for (const answer of waiting) answer();
    };
    const { output } = await compare({ edge: silent, fallback: counting(fallback), origin: counting(origin) });
    expect(output).toMatchObject({ verdict: 'provider-fault' });
    expect(answered).toBe(2 * total);
  });

  it('says what it did not send', async () => {
    const secret = { ...requests[1], id: 'with-key', headers: { authorization: { secret: 'api-key' } } };
    const { output, summary } = await compare({ edge, fallback }, { requests: [...requests, secret] });
    expect(output).toMatchObject({ verdict: 'healthy', notes: [/* with-key */ expect.stringContaining('not sent')] });
    expect(summary.detail).toContain('with-key         skipped  skipped');
  });

  it('says at the start what it will not send, and sends nothing where nothing that tells can be sent', async () => {
    const keyed = (request?: object) => ({ ...request, headers: { authorization: { secret: 'api-key' } } });
    const [contacts, ...critical] = requests;
    const { told } = await compare(
      { edge, fallback },
      { requests: [...requests, { ...keyed(contacts), id: 'keyed' }] },
    );
    expect(told[0]).toBe('round 1 of 3 over edge, fallback; not sent, for lack of secrets: 1 of 4');
    const count: { asked: number } = { asked: 0 };
    const counting: Answering = (request, response) => {
      count.asked += 1;
      edge(request, response);
    };
    await expect(
      compare({ edge: counting, fallback: counting }, { requests: [contacts ?? {}, ...critical.map(keyed)] }),
    ).rejects.toMatchObject({
      message: 'no critical request of suite "critical" could be sent',
      hint: expect.stringContaining('the environment names no secret "api-key"'),
    });
    expect(count.asked).toBe(0);
  });

  it('says as it goes what it has seen: who waits for a wide look sees that an outage is steady', async () => {
    const { told } = await compare({ edge: down, fallback }, { input: { rounds: 3, over: '4s' }, oneByOne: true });
    expect(told).toEqual([
      'round 1 of 3 over edge, fallback',
      'round 2 of 3: edge failed in 1 of 1',
      'round 3 of 3: edge failed in 2 of 2',
    ]);
  });

  it('fits long names and many routes in 76 characters', async () => {
    const long = requests.map((request) => ({ ...request, id: `${request.id}-${'very-'.repeat(20)}long` }));
    await compare({ edge: answerAsBrokenEdge, fallback: answerAsBrokenEdge, origin }, { requests: long });
  });

  it.each([
    [{ routes: ['edge'] }],
    [{ routes: ['edge', 'edge'] }],
    [{ routes: ['fallback', 'edge'] }],
    [{ routes: ['edge', 'fallback'], fallback: 'standby' }],
    [{ over: '5 parsecs' }],
    [{ rounds: 0 }],
  ])('refuses the input %o', async (input) => {
    await expect(compare({ edge, fallback }, { input })).rejects.toMatchObject({ name: 'ZodError' });
  });

  it('refuses a suite that could not tell an outage, and routes that are not there', async () => {
    await expect(compare({ edge, fallback }, { requests: requests.slice(0, 1) })).rejects.toMatchObject({
      code: 'invalid',
      message: 'suite "critical" has no critical request, so nothing tells an outage',
    });
    await expect(
      compare({ edge, fallback }, { input: { routes: ['edge', 'fallback', 'orign'] } }),
    ).rejects.toMatchObject({ code: 'invalid', hint: 'its routes are: edge, fallback' });
  });

  it('ends with the reason of the signal when it is stopped', async () => {
    const stop = new AbortController();
    const stopping: Answering = () => stop.abort(new Error('the operator stopped'));
    await expect(compare({ edge: stopping, fallback }, { signal: stop.signal })).rejects.toThrow('operator stopped');
  });
});
