import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActionContext } from '../../../src/actions/action.ts';
import type { EmptyEnding } from '../../../src/actions/afterwards.ts';
import { open } from '../../../src/actions/statuspage/open.ts';
import { update } from '../../../src/actions/statuspage/update.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import type { Json } from '../../../src/world/json.ts';
import { asChange, failureOf } from '../action-context.ts';
import { startStatusPage } from './status-page-world.ts';

const action = asChange(open);
const later = { id: '20260101-010000-efgh', shortId: 'efgh', runbook: 'failover', title: 't', mode: 'live' } as const;
const wanted = {
  title: 'Elevated error rates',
  message: 'Requests fail.',
  components: { api: 'partial-outage', smtp: 'partial-outage' },
  'at-end': { unchanged: 'Nothing was moved.', undone: 'All is as before.' },
};

describe.each(['atlassian', 'incident-io'] as const)('a notice that another run has opened at %s', (provider) => {
  let page: Awaited<ReturnType<typeof startStatusPage>>;
  beforeEach(async () => {
    page = await startStatusPage(provider);
    const first = await planned(
      { title: 'Errors', message: 'We are looking.', components: { api: 'major-outage' } },
      page.context(),
    );
    await action.apply(first.change, page.context());
  });
  afterEach(() => page.server.close());

  const planned = async (input: object = wanted, ctx: ActionContext = page.context({ run: later })) => {
    const parsed = action.input.parse(input);
    const plan = await action.plan(parsed, ctx);
    const [before, after] = [action.state.parse(plan.before), action.state.parse(plan.after)];
    return { plan, change: { input: parsed, before, after } };
  };
  const notice = () => {
    const [incident, ...more] = page.world.statusPage.incidents;
    expect(more).toEqual([]);
    if (incident === undefined) throw new Error('no incident is there');
    return incident;
  };
  const said = () =>
    notice()
      .updates.slice(1)
      .map(({ phase, message }) => `${phase}: ${message}`);
  const post = (phase: string, message: string) => {
    const { updates } = notice();
    const newest = updates.at(-1);
    if (newest === undefined) throw new Error('an incident begins with a message');
    const at = new Date(Date.parse(newest.at) + 1_000).toISOString();
    updates.push({ ...newest, id: `${newest.id}${updates.length}`, phase, message, at });
    notice().phase = phase;
  };
  const take = async (input: object = wanted) => {
    const { change } = await planned(input);
    return action.output.parse(await action.apply(change, page.context({ run: later })));
  };
  const sayAtEnd = async (output: Json, ending: EmptyEnding) => {
    const words = action.lastWord?.words(action.input.parse(wanted), ending) ?? '';
    return await action.lastWord?.say({ output, words, ending }, page.context({ run: later }));
  };

  test('is gone on with: the plan says so, one message is posted, and it is seen as done', async () => {
    const { plan, change } = await planned();
    expect([plan.diff, plan.notes]).toEqual([
      [
        `the notice that is open is taken over: Errors (${notice().id})`,
        '+ investigating: Requests fail.',
        '+ component smtp: partial outage',
      ],
      ['no second notice is opened for this hostname', 'public, and cannot be unsent; subscribers are told'],
    ]);
    expect(await action.observe(change, page.context({ run: later }))).toBe('before');
    const ctx = page.context({ run: later });
    const output = action.output.parse(await action.apply(change, ctx));
    expect(output).toMatchObject({ incident: notice().id, 'taken-over': { phase: 'investigating', posted: true } });
    expect(said()).toEqual(['investigating: Requests fail.']);
    // What others said of a component stays.
    const worst = provider === 'atlassian' ? 'major_outage' : 'full_outage';
    const statuses = Object.values(page.world.statusPage.components).map(({ status }) => status);
    expect(statuses).toEqual([worst, 'partial_outage']);
    for (const noted of [ctx.notes.at(-1), undefined]) {
      expect(await action.observe(change, page.context({ run: later, noted }))).toBe('after');
      expect(await action.outputOf?.(change, page.context({ run: later, noted }))).toEqual(output);
    }
    expect(action.leavesOpen?.(output, change.input, later.id)).toMatchObject({
      id: `notice ${notice().id}`,
      isClosed: false,
    });
  });

  test.each([
    ['write-lost-answer', 1, 'after'],
    ['write-lost', 0, 'before'],
  ] as const)('%s: in doubt, posted %i times, then seen as %s', async (kind, count, seen) => {
    const { change } = await planned();
    setFault(page.world, 'statuspage-api', { kind }, 0);
    const ctx = page.context({ run: later, attemptTimeoutMs: 300 });
    expect((await failureOf(action.apply(change, ctx))).code).toBe('lost-answer');
    setFault(page.world, 'statuspage-api', undefined, 0);
    expect(said()).toHaveLength(count);
    expect(await action.observe(change, page.context({ run: later }))).toBe(seen);
  });

  test('keeps the phase that others gave it; a run that defers leaves their words', async () => {
    post('identified', 'It is the provider.');
    const posting = await planned();
    expect(posting.plan.diff).toContain('+ identified: Requests fail.');
    const { plan, change } = await planned({ ...wanted, defers: true });
    expect(plan.diff[1]).toMatch(/^nothing is posted: it is further on \(identified\)/);
    const sent = page.sent().length;
    const output = await action.apply(change, page.context({ run: later }));
    expect(output).toMatchObject({ incident: notice().id, 'taken-over': { phase: 'identified', posted: false } });
    expect(await action.observe(change, page.context({ run: later }))).toBe('after');
    expect(page.sent()).toHaveLength(sent);
  });

  test('is not told what it says already, nor anything once it is full', async () => {
    await take();
    expect((await planned()).plan.diff[1]).toBe('nothing is posted: it says so already');
    const { updates } = notice();
    while (updates.length < 100) post('investigating', `message ${updates.length}`);
    expect((await planned()).plan.diff[1]).toBe('nothing is posted: it has 100 messages, which is all');
  });

  test('resolved before the write: the run stops short, and opens none', async () => {
    const changes = [(await planned()).change];
    post('identified', 'It is the provider.');
    changes.push((await planned({ ...wanted, defers: true })).change);
    post('resolved', 'Over.');
    for (const change of changes) {
      expect(await failureOf(action.apply(change, page.context({ run: later })))).toMatchObject({ code: 'drift' });
    }
    expect(said()).toHaveLength(2);
    // A resolved one is nobody's any more.
    expect((await planned()).plan.after).toMatchObject({ incident: 'open' });
  });

  test('opened between plan and write: no second one', async () => {
    post('resolved', 'Over.');
    const { change } = await planned();
    const first = page.context({ run: { ...later, id: '20260101-005900-ijkl' } });
    const race = await planned({ ...wanted, title: 'Others were first' }, first);
    await action.apply(race.change, first);
    expect(await failureOf(action.apply(change, page.context({ run: later })))).toMatchObject({ code: 'drift' });
    expect(page.world.statusPage.incidents).toHaveLength(2);
  });

  test('the end of the run is told where nobody has spoken since, and no phase of others is turned back', async () => {
    const output = await take();
    expect(await sayAtEnd(output, 'unchanged')).toBe('investigating');
    expect(await sayAtEnd(output, 'unchanged')).toBe('investigating');
    post('identified', 'It is the provider.');
    expect(await failureOf(sayAtEnd(output, 'unchanged').then(() => undefined))).toMatchObject({ code: 'drift' });
    expect(await sayAtEnd(output, 'undone')).toBe('identified');
    post('monitoring', 'Traffic has moved.');
    expect(await sayAtEnd(output, 'undone')).toBe('investigating');
    post('resolved', 'Over.');
    expect(await sayAtEnd(output, 'undone')).toBeUndefined();
    expect(said()).toEqual([
      'investigating: Requests fail.',
      'investigating: Nothing was moved.',
      'identified: It is the provider.',
      'identified: All is as before.',
      'monitoring: Traffic has moved.',
      'investigating: All is as before.',
      'resolved: Over.',
    ]);
  });

  test('a run that left the words says nothing at its end, unless somebody has said that traffic moved', async () => {
    post('identified', 'It is the provider.');
    const output = await take({ ...wanted, defers: true });
    expect(await sayAtEnd(output, 'unchanged')).toBeUndefined();
    expect(await sayAtEnd(output, 'undone')).toBeUndefined();
    post('monitoring', 'Traffic has moved.');
    expect(await sayAtEnd(output, 'unchanged')).toBeUndefined();
    expect(await sayAtEnd(output, 'undone')).toBe('identified');
    expect(said().at(-1)).toBe('identified: All is as before.');
  });

  test('a message without an id goes to the notice of its hostname, not to another’s', async () => {
    const posting = asChange(update);
    const elsewhere = { ...page.context().env, hostname: 'smtp.example.com' };
    const message = posting.input.parse({ phase: 'monitoring', message: 'Traffic has moved.' });
    const other = page.context({ run: later, env: elsewhere });
    // By its words nobody can tell that it is another's.
    if (provider === 'atlassian') {
      expect(await failureOf(posting.plan(message, other))).toMatchObject({
        message: 'no incident is unresolved for smtp.example.com',
      });
    }
    await action.apply((await planned(wanted, other)).change, other);
    const [first, second] = page.world.statusPage.incidents;
    expect(await posting.plan(message, page.context())).toMatchObject({ after: { incident: first?.id } });
    expect(await posting.plan(message, other)).toMatchObject({ after: { incident: second?.id } });
  });
});
