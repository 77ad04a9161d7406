import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ActionContext } from '../../../src/actions/action.ts';
import { openRoom } from '../../../src/actions/slack/open-room.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import type { RunningServer } from '../../../src/simulator/http-server.ts';
import { seedWorld } from '../../../src/simulator/seed.ts';
import { startSlackApi } from '../../../src/simulator/slack-api.ts';
import type { SimulatedWorld } from '../../../src/simulator/state.ts';
import type { Json } from '../../../src/world/json.ts';
import { sampleEnvironment } from '../../simulator/sample-environment.ts';
import { json, startHttpServer } from '../../world/start-http-server.ts';
import { asChange, failureOf } from '../action-context.ts';
import { slackContext, token } from './slack-calls.ts';

const action = asChange(openRoom);

describe('slack.open-room', () => {
  let world: SimulatedWorld;
  let server: RunningServer;

  beforeEach(async () => {
    world = seedWorld(sampleEnvironment(), { seed: 1 });
    server = await startSlackApi({ world, token, now: () => Date.UTC(2026, 0, 1) });
  });
  afterEach(() => server.close());

  const slackEnvironment = { slack: { invite: ['U024BE7LH', 'PLACEHOLDER-lead'], private: true } };
  const context = (more: Parameters<typeof slackContext>[1] = {}) =>
    slackContext(`http://127.0.0.1:${server.port}/api/`, { environment: slackEnvironment, ...more });
  const planned = async (input: object, ctx: ActionContext) => {
    const parsed = action.input.parse(input);
    const plan = await action.plan(parsed, ctx);
    return {
      plan,
      planned: { input: parsed, before: action.state.parse(plan.before), after: action.state.parse(plan.after) },
    };
  };
  const calls = () => world.requests.map(({ path }) => path.replace('/api/', ''));

  test('opens the room, keeps what it made, follows the run, and is seen as done', async () => {
    const ctx = context();
    const { plan, planned: change } = await planned(
      { name: 'INC 1 edge', topic: 'api & edge', message: 'go <now>' },
      ctx,
    );
    expect(plan.before).toBeNull();
    expect(plan.diff).toEqual(['+ private channel #inc-1-edge', '+ topic: api & edge', '+ invite U024BE7LH']);
    expect(plan.notes).toContain('not invited, still placeholders: PLACEHOLDER-lead');
    expect(calls()).toEqual([]);

    const output = action.output.parse(await action.apply(change, ctx));
    const [room] = world.channels;
    expect(room).toMatchObject({ name: 'inc-1-edge', isPrivate: true, topic: 'api & edge' });
    expect(room?.members).toContain('U024BE7LH');
    const [message] = room?.messages ?? [];
    expect(message).toMatchObject({
      text: 'go &lt;now&gt;',
      metadata: { event_type: 'resend_ops_run', event_payload: { run: '01RUN', step: 'step' } },
    });
    expect(room?.pinned).toEqual([message?.ts]);
    expect(output).toEqual({
      channel: room?.id,
      name: 'inc-1-edge',
      message: message?.ts,
      warnings: ['PLACEHOLDER-lead is not invited: still a placeholder'],
    });
    expect(ctx.notes[0]).toMatchObject({ channel: room?.id, message: null });

    const later = context({ noted: ctx.notes.at(-1) });
    expect(await action.observe(change, later)).toBe('after');
    expect(await action.outputOf?.(change, later)).toEqual(output);
    await action.follow?.(output, { headline: 'switched', lines: ['a < b', 'x'.repeat(9_000)], ended: true }, later);
    const text = room?.messages[0]?.text ?? '';
    expect([text.startsWith('switched\na &lt; b\n'), text.length <= 3_500, room?.messages.length]).toEqual([
      true,
      true,
      1,
    ]);
  });

  test('takes the next name while a name is taken, and gives up after five', async () => {
    for (let turn = 1; turn <= 5; turn += 1) {
      const ctx = context();
      const { planned: change } = await planned({ name: 'inc' }, ctx);
      expect(await action.apply(change, ctx)).toMatchObject({ name: turn === 1 ? 'inc' : `inc-${turn}` });
    }
    const ctx = context();
    const { planned: change } = await planned({ name: 'inc' }, ctx);
    expect((await failureOf(action.apply(change, ctx))).code).toBe('refused');
    expect([world.channels.length, ctx.notes]).toEqual([5, []]);
  });

  test('goes on after a crash at any point: one channel, one message, nothing twice', async () => {
    const ctx = context();
    const { planned: change } = await planned({ name: 'inc', topic: 't' }, ctx);
    const done = await action.apply(change, ctx);
    for (const noted of ctx.notes) expect(await action.apply(change, context({ noted }))).toEqual(done);
    const [room] = world.channels;
    expect([world.channels.length, room?.messages.length, room?.pinned.length]).toEqual([1, 1, 1]);
    expect(room?.members.filter((member) => member === 'U024BE7LH')).toHaveLength(1);
  });

  test('a lost answer to the create is in doubt, never repeated, and cannot be told', async () => {
    const ctx = context({ attemptTimeoutMs: 300 });
    const { planned: change } = await planned({ name: 'inc' }, ctx);
    setFault(world, 'slack-api', { kind: 'write-lost-answer' }, 0);
    expect((await failureOf(action.apply(change, ctx))).code).toBe('lost-answer');
    expect([world.channels.length, ctx.notes]).toEqual([1, []]);
    expect(await action.observe(change, context())).toBe('other');
  });

  test('a noted room that is gone is neither before nor after', async () => {
    const ctx = context();
    const { planned: change } = await planned({ name: 'inc' }, ctx);
    await action.apply(change, ctx);
    world.channels = [];
    expect(await action.observe(change, context({ noted: ctx.notes.at(-1) }))).toBe('other');
  });

  test('a write in read-only access is raised, never made a warning', async () => {
    const ctx = context({ access: { mode: 'read-only', why: 'dry run' } });
    const { planned: change } = await planned({ name: 'inc' }, ctx);
    expect((await failureOf(action.apply(change, ctx))).code).toBe('write-blocked');
    const noted: Json = { channel: 'C0SIM00001', name: 'inc', message: null, tried: [], warnings: [] };
    const blocked = context({
      access: { mode: 'read-only', why: 'dry run' },
      noted: { ...noted, tried: ['message', 'pin', 'topic'] },
    });
    expect((await failureOf(action.apply(change, blocked))).code).toBe('write-blocked');
    expect(world.channels).toEqual([]);
  });

  test('a stop before the create sends nothing', async () => {
    const ctx = context({ signal: AbortSignal.abort(new Error('stop')) });
    const { planned: change } = await planned({ name: 'inc' }, ctx);
    expect([(await failureOf(action.apply(change, ctx))).code, calls()]).toEqual(['not-sent', []]);
  });

  /** Slack with a few methods that answer otherwise; the room's id is C0000001. */
  const withSlack = async <T>(
    answers: Record<string, (turn: number) => object | 'reset' | 'html'>,
    run: (ctx: ReturnType<typeof slackContext>, called: () => string[]) => Promise<T>,
  ): Promise<T> => {
    const turns = new Map<string, number>();
    const fake = await startHttpServer(({ path }, response) => {
      const method = path.replace('/api/', '');
      const turn = (turns.get(method) ?? 0) + 1;
      turns.set(method, turn);
      const answer = answers[method]?.(turn) ?? { ok: true, channel: { id: 'C0000001', name: 'inc' }, ts: '1.000001' };
      if (answer === 'reset') response.socket?.destroy();
      else if (answer === 'html') response.writeHead(200, { 'content-type': 'text/html' }).end('<html>sick</html>');
      else json(response, 200, answer);
    });
    try {
      const called = () => fake.arrived.map(({ path }) => path.replace('/api/', ''));
      return await run(
        slackContext(`${fake.base}/api/`, { environment: { slack: { invite: ['U024BE7LH', 'U0WRONG01'] } } }),
        called,
      );
    } finally {
      await fake.close();
    }
  };

  test('what fails once the channel exists is a warning, by name', async () => {
    await withSlack(
      {
        'pins.add': () => ({ ok: false, error: 'missing_scope' }),
        'conversations.setTopic': () => 'html',
        'conversations.invite': () => ({
          ok: true,
          errors: [
            { user: 'U0WRONG01', ok: false, error: 'user_not_found' },
            { user: 'U024BE7LH', ok: false, error: 'already_in_channel' },
          ],
        }),
      },
      async (ctx) => {
        const { planned: change } = await planned({ name: 'inc', topic: 't' }, ctx);
        const output = action.output.parse(await action.apply(change, ctx));
        expect(output).toMatchObject({ channel: 'C0000001', message: '1.000001' });
        expect(output).toMatchObject({
          warnings: [
            'pin the status message: Slack says missing_scope',
            expect.stringMatching(/^set the topic: .*not one of Slack's API/),
            'U0WRONG01 is not invited: Slack says user_not_found',
          ],
        });
        const { headline, detail } = action.summarise(output, change.input);
        for (const line of [headline, ...detail]) expect(line.length).toBeLessThanOrEqual(76);
      },
    );
  });

  test('a message whose answer was lost is looked for, not posted again', async () => {
    const own = {
      ts: '2.000002',
      metadata: { event_type: 'resend_ops_run', event_payload: { run: '01RUN', step: 'step' } },
    };
    await withSlack(
      {
        'chat.postMessage': () => 'reset',
        'conversations.history': () => ({ ok: true, messages: [{ ts: '3.0' }, own] }),
      },
      async (ctx, called) => {
        const { planned: change } = await planned({ name: 'inc' }, ctx);
        expect(await action.apply(change, ctx)).toMatchObject({ message: '2.000002' });
        expect(called().filter((method) => method === 'chat.postMessage')).toHaveLength(1);
      },
    );
  });

  test('a message that was lost for good is a warning; nothing is pinned or followed', async () => {
    await withSlack(
      { 'chat.postMessage': () => 'reset', 'conversations.history': () => ({ ok: true, messages: [] }) },
      async (ctx, called) => {
        const { planned: change } = await planned({ name: 'inc' }, ctx);
        const output = await action.apply(change, ctx);
        expect(output).toMatchObject({ message: null, warnings: [expect.stringContaining('post the status message')] });
        await action.follow?.(output, { headline: 'h', lines: [], ended: false }, ctx);
        expect(called()).not.toContain('pins.add');
        expect(called()).not.toContain('chat.update');
      },
    );
  });

  test.each(['internal_error', 'fatal_error'])('%s of the create is no definite no', async (error) => {
    await withSlack({ 'conversations.create': () => ({ ok: false, error }) }, async (ctx) => {
      const { planned: change } = await planned({ name: 'inc' }, ctx);
      expect((await failureOf(action.apply(change, ctx))).code).toBe('lost-answer');
    });
  });

  test('preflight: a refused token is credentials; a sick Slack is no finding', async () => {
    await action.preflight?.(context());
    await withSlack({ 'auth.test': () => ({ ok: false, error: 'invalid_auth' }) }, async (ctx) => {
      expect((await failureOf(action.preflight?.(ctx) ?? Promise.resolve())).code).toBe('credentials');
    });
    for (const answer of ['reset', 'html'] as const) {
      await withSlack({ 'auth.test': () => answer }, async (ctx) =>
        expect(await action.preflight?.(ctx)).toBeUndefined(),
      );
    }
  });
});
