import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ActionContext, AnyAction } from '../../../src/actions/action.ts';
import { resolve } from '../../../src/actions/pagerduty/resolve.ts';
import { trigger } from '../../../src/actions/pagerduty/trigger.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import type { RunningServer } from '../../../src/simulator/http-server.ts';
import { startPagerDutyApi } from '../../../src/simulator/pagerduty-api.ts';
import { seedWorld } from '../../../src/simulator/seed.ts';
import type { SimulatedWorld } from '../../../src/simulator/state.ts';
import type { Access } from '../../../src/world/access.ts';
import { createHttpsFetch } from '../../../src/world/https-fetch.ts';
import { isJsonApiWrite } from '../../../src/world/json-api.ts';
import { createPagerDutyApi } from '../../../src/world/pagerduty.ts';
import { sampleEnvironment } from '../../simulator/sample-environment.ts';
import { asChange, failureOf, testContext } from '../action-context.ts';

const routingKey = '0123456789abcdef0123456789abcdef';
const writing: Access = { mode: 'write', ensure: async () => undefined };
let world: SimulatedWorld;
let server: RunningServer;

beforeEach(async () => {
  world = seedWorld(sampleEnvironment(), { seed: 1 });
  server = await startPagerDutyApi({ world, routingKey, now: () => Date.UTC(2026, 0, 1) });
});
afterEach(() => server.close());

function context(more: Partial<ActionContext> & { access?: Access; key?: string; attemptTimeoutMs?: number } = {}) {
  const { access = writing, key = routingKey, attemptTimeoutMs = 2_000, ...given } = more;
  const base = `http://127.0.0.1:${server.port}`;
  const fetch = createHttpsFetch({
    origins: [base],
    access: () => access,
    isWrite: isJsonApiWrite,
    attemptTimeoutMs,
    maxBodyBytes: 100_000,
  });
  const run = { id: '20260101-000000-abcd', shortId: '0101abcd', runbook: 'r', title: 't', mode: 'live' } as const;
  const made = testContext({ run, ...given });
  // The redactor knows the key, as it knows every secret: it must reach PagerDuty all the same.
  const mask = (text: string) => text.replaceAll(routingKey, '***').replaceAll('hunter2', '***');
  made.clients.pagerduty = async () => createPagerDutyApi({ routingKey: key, base, fetch, mask });
  return made;
}

async function planned(action: AnyAction, input: object, ctx: ActionContext = context()) {
  const change = asChange(action);
  const parsed = change.input.parse(input);
  const { before, after, diff } = await change.plan(parsed, ctx);
  return { diff, change: { input: parsed, before: change.state.parse(before), after: change.state.parse(after) } };
}

const page = { summary: 'The edge answers 500', details: { hostname: 'api.example.com', note: 'hunter2' } };

test('a page’s summary is one line, with nothing unseen in it', async () => {
  const { change } = await planned(trigger, { summary: 'The edge\r\nanswers\t500\u202e' });
  await asChange(trigger).apply(change, context());
  expect(world.alerts.map(({ summary }) => summary)).toEqual(['The edge answers 500\\u202e']);
});

test('a run pages once, however often it triggers, and ends its page', async () => {
  const { diff, change } = await planned(trigger, page);
  expect(diff).toEqual(['+ page (critical): The edge answers 500', '+ source: api.example.com']);
  const ctx = context();
  const output = await asChange(trigger).apply(change, ctx);
  expect(output).toEqual({ 'dedup-key': '20260101-000000-abcd' });
  await asChange(trigger).apply(change, context());
  expect(world.alerts).toEqual([
    {
      dedupKey: '20260101-000000-abcd',
      status: 'triggered',
      summary: 'The edge answers 500',
      severity: 'critical',
      source: 'api.example.com',
      events: 2,
    },
  ]);
  expect(await asChange(trigger).observe(change, context({ noted: ctx.notes.at(-1) }))).toBe('after');
  expect(await asChange(trigger).observe(change, context())).toBe('other');

  const end = await planned(resolve, {}, context({ step: 'end' }));
  await asChange(resolve).apply(end.change, context({ step: 'end' }));
  expect(world.alerts).toMatchObject([{ status: 'resolved' }]);
});

test('a later run ends the page by its key', async () => {
  const { change } = await planned(trigger, page);
  await asChange(trigger).apply(change, context());
  const run = { id: '20260102-000000-efgh', shortId: 'x', runbook: 'r', title: 't', mode: 'live' } as const;
  const end = await planned(resolve, { 'dedup-key': '20260101-000000-abcd' }, context({ run }));
  await asChange(resolve).apply(end.change, context({ run }));
  expect(world.alerts).toMatchObject([{ status: 'resolved' }]);
});

test.each([
  ['write-lost-answer', 1],
  ['write-lost', 0],
  ['write-error-but-done', 1],
] as const)('%s: the same event is sent again, is one page at most, and stays in doubt', async (kind, pages) => {
  const { change } = await planned(trigger, page);
  setFault(world, 'pagerduty-api', { kind }, 0);
  const ctx = context({ attemptTimeoutMs: 300 });
  expect((await failureOf(asChange(trigger).apply(change, ctx))).code).toBe('lost-answer');
  const bodies = world.requests.map(({ body }) => body);
  expect([world.alerts.length, bodies.length, new Set(bodies).size]).toEqual([pages, 3, 1]);
  expect([ctx.notes, await asChange(trigger).observe(change, ctx)]).toEqual([[], 'other']);
});

test('an answer that is lost once is told by sending again', async () => {
  const { change } = await planned(trigger, page);
  setFault(world, 'pagerduty-api', { kind: 'write-lost-answer' }, 0);
  const repairing = context({ attemptTimeoutMs: 300, progress: () => setFault(world, 'pagerduty-api', undefined, 0) });
  expect(await asChange(trigger).apply(change, repairing)).toEqual({ 'dedup-key': '20260101-000000-abcd' });
  expect(world.alerts).toMatchObject([{ events: 2 }]);
});

test('a wrong key is told as one, and is never shown', async () => {
  const { change } = await planned(trigger, page);
  const key = 'ffffffffffffffffffffffffffffffff';
  const error = await failureOf(asChange(trigger).apply(change, context({ key })));
  expect([error.code, error.message]).toEqual(['credentials', expect.stringContaining('Invalid routing key')]);
  expect(`${error.message} ${error.hint}`).not.toContain(key);
  expect((await failureOf(asChange(trigger).apply(change, context({ key: 'a b' })))).code).toBe('credentials');
});

test('a rate limit is a definite no; a refused connection sent nothing; a dry run sends nothing', async () => {
  const { change } = await planned(trigger, page);
  const apply = (more: Parameters<typeof context>[0] = {}) => failureOf(asChange(trigger).apply(change, context(more)));
  setFault(world, 'pagerduty-api', { kind: 'status', status: 429 }, 0);
  expect((await apply()).code).toBe('refused');
  setFault(world, 'pagerduty-api', undefined, 0);
  const sent = world.requests.length;
  expect((await apply({ access: { mode: 'read-only', why: 'dry run' } })).code).toBe('write-blocked');
  expect((await apply({ signal: AbortSignal.abort(new Error('stop')) })).code).toBe('not-sent');
  expect([world.requests.length, world.alerts]).toEqual([sent, []]);
});

test('secrets in the words are masked, the key travels, and the simulator’s log shows neither', async () => {
  const { change } = await planned(trigger, { ...page, summary: 'hunter2 is out' });
  await asChange(trigger).apply(change, context());
  expect(world.alerts).toMatchObject([{ summary: '*** is out' }]);
  const logged = JSON.stringify(world.requests);
  expect(logged).not.toContain('hunter2');
  expect(logged).not.toContain(routingKey);
});
