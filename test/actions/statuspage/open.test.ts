import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActionContext } from '../../../src/actions/action.ts';
import { open } from '../../../src/actions/statuspage/open.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import type { Fault } from '../../../src/simulator/state.ts';
import { json, startHttpServer } from '../../world/start-http-server.ts';
import { asChange, failureOf } from '../action-context.ts';
import { key, startStatusPage } from './status-page-world.ts';

const action = asChange(open);
const wanted = { title: 'Elevated error rates', message: 'We are investigating.', components: { api: 'major-outage' } };

describe.each(['atlassian', 'incident-io'] as const)('statuspage.open at %s', (provider) => {
  let page: Awaited<ReturnType<typeof startStatusPage>>;
  beforeEach(async () => {
    page = await startStatusPage(provider);
  });
  afterEach(() => page.server.close());

  const planned = async (input: object = wanted, ctx: ActionContext = page.context()) => {
    const parsed = action.input.parse(input);
    const plan = await action.plan(parsed, ctx);
    const [before, after] = [action.state.parse(plan.before), action.state.parse(plan.after)];
    return { plan, planned: { input: parsed, before, after } };
  };
  const break_ = (fault: Fault) => setFault(page.world, 'statuspage-api', fault, 0);
  const repair = () => setFault(page.world, 'statuspage-api', undefined, 0);
  const incidents = () => page.world.statusPage.incidents;
  // Where no marks are kept, the words are what a later run finds it by.
  const first = `We are investigating.${provider === 'atlassian' ? '' : '\n\nAffected: api.example.com'}`;

  test('opens it, keeps its id, and is seen as done', async () => {
    const { plan, planned: change } = await planned();
    expect(plan.diff).toEqual([
      '+ public incident: Elevated error rates',
      `+ investigating: ${first}`,
      '+ impact: major',
      '+ component api: major outage',
    ]);
    expect(plan.notes).toEqual(['public, and cannot be unsent; subscribers are told']);
    expect(page.sent()).toEqual([]);
    expect(await action.observe(change, page.context())).toBe('before');

    const ctx = page.context();
    const output = action.output.parse(await action.apply(change, ctx));
    const [incident] = incidents();
    expect(output).toMatchObject({ incident: incident?.id });
    expect(incident).toMatchObject({
      title: 'Elevated error rates',
      phase: 'investigating',
      updates: [{ message: first, notify: true }],
    });
    const status = provider === 'atlassian' ? 'major_outage' : 'full_outage';
    expect(Object.values(page.world.statusPage.components).map((one) => one.status)).toEqual([status, 'operational']);
    const later = page.context({ noted: ctx.notes.at(-1) });
    expect(await action.observe(change, later)).toBe('after');
    expect(await action.outputOf?.(change, later)).toEqual(output);
    // Without the note, too: as another process sees it after a crash.
    expect(await action.observe(change, page.context())).toBe('after');
    expect(await action.outputOf?.(change, page.context())).toEqual(output);
    expect(action.summarise(output, change.input).headline.length).toBeLessThanOrEqual(76);
    expect(action.kind === 'change' && action.revert).toBeUndefined();
  });

  test('a second open of the same run opens no second incident; one for another hostname does', async () => {
    const first = await planned();
    const output = await action.apply(first.planned, page.context());
    // A change that was planned before the first one was made.
    expect(await action.apply(first.planned, page.context())).toEqual(output);
    const second = await planned({ ...wanted, title: 'The same again' }, page.context({ step: 'another' }));
    if (provider === 'atlassian') {
      expect(second.plan.before).toEqual(second.plan.after);
      expect(second.plan.diff).toEqual([]);
    } else {
      expect(second.plan.after).toMatchObject({ incident: 'taken-over', id: incidents()[0]?.id });
      expect(await action.apply(second.planned, page.context({ step: 'another' }))).toMatchObject({
        incident: incidents()[0]?.id,
      });
    }
    expect(incidents()).toHaveLength(1);

    const run = { id: '20260101-000000-efgh', shortId: 'x', runbook: 'r', title: 't', mode: 'live' } as const;
    const env = { ...page.context().env, hostname: 'smtp.example.com' };
    const other = await planned(wanted, page.context({ run, env }));
    expect(other.plan.notes).toContainEqual(expect.stringMatching(/^unresolved already: Elevated error rates \(/));
    expect(await action.observe(other.planned, page.context({ run, env }))).toBe('before');
    expect(await action.apply(other.planned, page.context({ run, env }))).not.toEqual(output);
    expect(incidents()).toHaveLength(2);
  });

  test.each([
    ['write-lost-answer', 1, 'after'],
    ['write-lost', 0, 'before'],
    ['write-error-but-done', 1, 'after'],
  ] as const)('%s: in doubt, opened %i times, then seen as %s', async (kind, count, seen) => {
    const { planned: change } = await planned();
    break_({ kind });
    expect((await failureOf(action.apply(change, page.context({ attemptTimeoutMs: 300 })))).code).toBe('lost-answer');
    expect(incidents()).toHaveLength(count);
    // An idempotency key lets the same be sent again; a mark does not.
    expect(page.sent()).toHaveLength(provider === 'atlassian' ? 1 : 3);
    repair();
    expect(await action.observe(change, page.context())).toBe(seen);
  });

  test('done, and answered with a rate limit: refused, and looking shows it', async () => {
    const { planned: change } = await planned();
    break_({ kind: 'write-refused-but-done' });
    const error = await failureOf(action.apply(change, page.context()));
    expect([error.code, error.hint]).toEqual(['refused', expect.stringContaining('60 seconds')]);
    repair();
    expect(await action.observe(change, page.context())).toBe('after');
  });

  test('answered as done and not done: it is not there', async () => {
    const { planned: change } = await planned();
    break_({ kind: 'write-ok-but-not-done' });
    const ctx = page.context();
    await action.apply(change, ctx);
    repair();
    expect(await action.observe(change, page.context({ noted: ctx.notes.at(-1) }))).toBe('other');
  });

  test('a page that cannot be read before the write: nothing was sent, so that it may be tried again', async () => {
    const { planned: change } = await planned();
    break_({ kind: 'refuse' });
    expect((await failureOf(planned())).code).toBe('not-sent');
    expect((await failureOf(action.apply(change, page.context()))).code).toBe('not-sent');
    repair();
    expect(page.sent()).toEqual([]);
  });

  test('a wrong key is told as one, in the plan, before the run, and never shown', async () => {
    const token = 'wrong-key-0123456789';
    const error = await failureOf(planned(wanted, page.context({ token })));
    expect([error.code, error.message]).toEqual(['credentials', expect.not.stringContaining(token)]);
    const refused = await failureOf(Promise.resolve(action.preflight?.(page.context({ token }))));
    expect(refused.code).toBe('credentials');
    break_({ kind: 'status', status: 503 });
    await action.preflight?.(page.context({ token }));
    repair();
    expect(page.sent()).toEqual([]);
  });

  test('writes nothing where nothing may be written, and nothing once stopped', async () => {
    const { planned: change } = await planned();
    const blocked = page.context({ access: { mode: 'read-only', why: 'this is a dry run' } });
    expect((await failureOf(action.apply(change, blocked))).code).toBe('write-blocked');
    const stopped = page.context({ signal: AbortSignal.abort(new Error('stop')) });
    expect((await failureOf(action.apply(change, stopped))).code).toBe('not-sent');
    expect([incidents(), page.sent()]).toEqual([[], []]);
  });

  test('secrets in the words are masked, and the key is in no body', async () => {
    const { planned: change } = await planned({ ...wanted, message: 'The password is hunter2.' });
    await action.apply(change, page.context());
    expect(incidents()[0]?.updates[0]?.message).toMatch(/^The password is \*\*\*\./);
    expect(JSON.stringify(page.world.requests)).not.toContain(key);
  });

  test('refuses placeholders and components that the environment does not have', async () => {
    const { components } = page.context().env.statuspage ?? { components: {} };
    const envWith = (more: object) => {
      const { env } = page.context();
      return { env: { ...env, statuspage: env.statuspage && { ...env.statuspage, ...more } } };
    };
    const noPage = { ...page.context().env, statuspage: undefined };
    for (const [more, input, code] of [
      [envWith({ 'page-id': 'PLACEHOLDER-page' }), wanted, 'refused'],
      [envWith({ components: { ...components, api: 'PLACEHOLDER-api' } }), wanted, 'refused'],
      [{}, { ...wanted, components: { web: 'major-outage' } }, 'invalid'],
      [{ env: noPage }, wanted, 'refused'],
    ] as const) {
      expect((await failureOf(planned(input, page.context(more)))).code).toBe(code);
    }
    expect(page.calls()).toEqual([]);
  });

  test.each([
    ['HTTP 500 with a page', 500, 'lost-answer'],
    ['a page with status 200', 200, 'lost-answer'],
    ['a redirect', 302, 'lost-answer'],
    ['a page with status 403', 403, 'lost-answer'],
  ])('%s in place of an answer is no definite no', async (_, status, code) => {
    const { planned: change } = await planned();
    const sick = await startHttpServer((request, response) => {
      if (request.method === 'GET')
        return json(response, 200, provider === 'atlassian' ? [] : { status_page_incidents: [] });
      response
        .writeHead(status, { 'content-type': 'text/html', location: 'https://example.com/' })
        .end('<html>sick</html>');
    });
    const error = await failureOf(action.apply(change, page.context({ base: sick.base })));
    await sick.close();
    expect([error.code, error.message]).toEqual([code, expect.not.stringContaining('<html>')]);
  });
});
