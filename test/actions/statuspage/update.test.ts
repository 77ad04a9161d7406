import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActionContext, AnyAction } from '../../../src/actions/action.ts';
import { open } from '../../../src/actions/statuspage/open.ts';
import { resolve } from '../../../src/actions/statuspage/resolve.ts';
import { update } from '../../../src/actions/statuspage/update.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import { asChange, failureOf } from '../action-context.ts';
import { startStatusPage } from './status-page-world.ts';

describe.each(['atlassian', 'incident-io'] as const)('messages on a public notice at %s', (provider) => {
  let page: Awaited<ReturnType<typeof startStatusPage>>;
  beforeEach(async () => {
    page = await startStatusPage(provider);
  });
  afterEach(() => page.server.close());

  const plan = async (action: AnyAction, input: object, ctx: ActionContext = page.context()) => {
    const change = asChange(action);
    const parsed = change.input.parse(input);
    const made = await change.plan(parsed, ctx);
    const [before, after] = [change.state.parse(made.before), change.state.parse(made.after)];
    return { plan: made, change: { input: parsed, before, after } };
  };
  const openOne = async (title = 'Errors') => {
    const input = {
      title,
      message: 'api.example.com fails',
      components: { api: 'major-outage', smtp: 'partial-outage' },
    };
    const { change } = await plan(open, input, page.context());
    await asChange(open).apply(change, page.context());
    return page.world.statusPage.incidents.at(-1)?.id ?? '';
  };
  const messages = () =>
    page.world.statusPage.incidents.flatMap(({ updates }) =>
      updates.map(({ phase, message }) => `${phase}: ${message}`),
    );
  const monitoring = { phase: 'monitoring', message: 'Traffic has moved.' };

  test('a message is shown as it was written, and known again, whatever its words mean to the page', async () => {
    const incident = await openOne();
    const message = '# All is *well*: [look](https://evil.test)\u202e';
    const { change } = await plan(update, { phase: 'monitoring', message, incident });
    await asChange(update).apply(change, page.context());
    const sent = {
      atlassian: '# All is *well*: [look](https://evil.test)\\u202e',
      'incident-io': '\\# All is \\*well\\*: \\[look\\](https://evil.test)\\\\u202e',
    };
    expect(messages().at(-1)).toBe(`monitoring: ${sent[provider]}`);
    expect(await asChange(update).observe(change, page.context())).toBe('after');
    expect(await asChange(update).outputOf?.(change, page.context())).toMatchObject({ incident });
  });

  test('a message, then the end: phases move, components become operational', async () => {
    const incident = await openOne();
    const action = asChange(update);
    const { plan: made, change } = await plan(update, {
      ...monitoring,
      incident,
      components: { api: 'degraded-performance' },
    });
    expect(made.diff).toEqual([
      `on Errors (${incident})`,
      '- investigating',
      '+ monitoring: Traffic has moved.',
      '+ component api: degraded performance',
    ]);
    expect(await action.observe(change, page.context())).toBe('before');
    const ctx = page.context();
    const output = action.output.parse(await action.apply(change, ctx));
    expect(output).toMatchObject({ incident, phase: 'monitoring' });
    const later = page.context({ noted: ctx.notes.at(-1) });
    expect([await action.observe(change, later), await action.observe(change, page.context())]).toEqual([
      'after',
      'after',
    ]);
    expect(await action.outputOf?.(change, page.context())).toEqual(output);

    const end = await plan(resolve, { message: 'All is well.' });
    expect(end.plan.diff).toContain('+ component api: operational');
    await asChange(resolve).apply(end.change, page.context());
    expect(await asChange(resolve).observe(end.change, page.context())).toBe('after');
    expect(messages()).toEqual([
      'investigating: api.example.com fails',
      'monitoring: Traffic has moved.',
      'resolved: All is well.',
    ]);
    const statuses = Object.values(page.world.statusPage.components).map(({ status }) => status);
    expect(statuses).toEqual(['operational', 'operational']);
    // incident.io refuses component statuses together with "resolved".
    const last = JSON.stringify(page.sent().at(-1));
    expect(last.includes('component')).toBe(provider === 'atlassian');
  });

  test('without an id it is the only unresolved one, and never a guess', async () => {
    expect((await failureOf(plan(update, monitoring))).message).toBe('no incident is unresolved');
    const first = await openOne('one');
    expect((await plan(update, monitoring)).change.after).toMatchObject({ incident: first });
    // As two runs may have left it that looked at the same moment.
    const [opened] = page.world.statusPage.incidents;
    if (opened === undefined) throw new Error('no incident is there');
    page.world.statusPage.incidents.push({ ...opened, id: `${opened.id.slice(0, -1)}_`, title: 'two' });
    const error = await failureOf(plan(update, monitoring));
    expect([error.code, error.hint]).toEqual(['refused', expect.stringMatching(/one.*two|two.*one/)]);
  });

  test('refuses what is resolved or not there; a colleague’s step forward is drift', async () => {
    const incident = await openOne();
    const { change } = await plan(update, { ...monitoring, incident });
    const end = await plan(resolve, { incident, message: 'done' });
    await asChange(resolve).apply(end.change, page.context());
    const posts = page.sent().length;
    expect((await failureOf(asChange(update).apply(change, page.context()))).code).toBe('drift');
    expect((await failureOf(plan(update, { ...monitoring, incident }))).message).toContain('resolved already');
    expect((await failureOf(plan(update, { ...monitoring, incident: 'nowhere00000' }))).code).toBe('refused');
    expect(page.sent()).toHaveLength(posts);
  });

  test.each([
    ['write-lost-answer', 'after'],
    ['write-lost', 'before'],
    ['write-error-but-done', 'after'],
  ] as const)('%s: sent once, in doubt, then seen as %s', async (kind, seen) => {
    const incident = await openOne();
    const { change } = await plan(update, { ...monitoring, incident });
    const posts = page.sent().length;
    setFault(page.world, 'statuspage-api', { kind }, 0);
    const ctx = page.context({ attemptTimeoutMs: 300 });
    expect((await failureOf(asChange(update).apply(change, ctx))).code).toBe('lost-answer');
    expect(page.sent()).toHaveLength(posts + 1);
    setFault(page.world, 'statuspage-api', undefined, 0);
    expect(await asChange(update).observe(change, page.context())).toBe(seen);
  });

  test('another message of the same phase may be ours in other words: nobody can tell', async () => {
    const incident = await openOne();
    const { change } = await plan(update, { ...monitoring, incident });
    const colleague = await plan(update, { ...monitoring, incident, message: 'We are watching.' });
    await asChange(update).apply(colleague.change, page.context());
    expect(await asChange(update).observe(change, page.context())).toBe('other');
    page.world.statusPage.incidents = [];
    expect(await asChange(update).observe(change, page.context())).toBe('other');
  });

  test('a read-only run posts nothing', async () => {
    const incident = await openOne();
    const { change } = await plan(update, { ...monitoring, incident });
    const blocked = page.context({ access: { mode: 'read-only', why: 'dry run' } });
    expect((await failureOf(asChange(update).apply(change, blocked))).code).toBe('write-blocked');
    expect(messages()).toEqual(['investigating: api.example.com fails']);
  });

  test('takes no message that a page would refuse', () => {
    const { input } = asChange(update);
    for (const bad of [
      { ...monitoring, message: 'x'.repeat(4_097) },
      { ...monitoring, phase: 'resolved' },
      { ...monitoring, message: ' ' },
    ]) {
      expect(input.safeParse(bad).success).toBe(false);
    }
  });
});
