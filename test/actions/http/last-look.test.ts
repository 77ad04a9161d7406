import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLastLook } from '../../../src/actions/http/last-look.ts';
import {
  answerAsApi,
  answerAsBrokenEdge,
  contextFor,
  environment,
  marks,
  startRouteServers,
  suite,
} from './route-servers.ts';

let servers: ReturnType<typeof startRouteServers>;
beforeEach(() => {
  servers = startRouteServers();
});
afterEach(() => servers.stop());

type Answering = Parameters<ReturnType<typeof startRouteServers>['serve']>[0];

const requests = [
  { id: 'contacts', method: 'GET', path: '/contacts', expect: { status: 200 } },
  { id: 'emails-bad-key', method: 'POST', path: '/emails', body: {}, critical: true, expect: { status: 403 } },
  { id: 'domains-bad-key', method: 'GET', path: '/domains', critical: true, expect: { status: 403 } },
];

/** A last look at an edge that answers like this; with the number of requests that came to it. */
async function lookAt(answering: Answering, signal?: AbortSignal) {
  let asked = 0;
  const edge = await servers.serve((request, response) => {
    asked += 1;
    answering(request, response);
  });
  const ctx = contextFor({
    probe: servers.probe,
    env: environment({ edge: { provider: 'cloudflare', connect: edge } }),
    suite: suite(requests),
    ...(signal === undefined ? {} : { signal }),
  });
  return { findings: await takeLastLook({ 'last-look': 'edge', suite: 'critical' }, ctx), asked: () => asked };
}

const works = answerAsApi(marks.edge);

test('a primary that meets every critical request in each of three looks may be back', async () => {
  const { findings, asked } = await lookAt(works);
  expect(findings).toEqual([expect.objectContaining({ guard: 'primary-recovering' })]);
  expect(asked(), 'only what is critical is sent').toBe(6);
});

test('the first miss ends the looking, and nothing objects', async () => {
  const { findings, asked } = await lookAt(answerAsBrokenEdge);
  expect(findings).toEqual([]);
  expect(asked()).toBe(2);
});

test('one green look is not enough: it blinks, so nothing objects', async () => {
  let count = 0;
  const { findings, asked } = await lookAt((request, response) => {
    count += 1;
    (count > 2 ? answerAsBrokenEdge : works)(request, response);
  });
  expect(findings).toEqual([]);
  expect(asked()).toBe(4);
});

test('the operator who stops is heard at once', async () => {
  const stop = new Error('stopped');
  await expect(lookAt(works, AbortSignal.abort(stop))).rejects.toBe(stop);
});

test('without a route to look at, nothing is sent', async () => {
  expect(
    await takeLastLook({}, contextFor({ probe: servers.probe, env: environment({}), suite: suite(requests) })),
  ).toEqual([]);
});
