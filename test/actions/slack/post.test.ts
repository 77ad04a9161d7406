import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { post } from '../../../src/actions/slack/post.ts';
import { setFault } from '../../../src/simulator/faults.ts';
import type { RunningServer } from '../../../src/simulator/http-server.ts';
import { seedWorld } from '../../../src/simulator/seed.ts';
import { startSlackApi } from '../../../src/simulator/slack-api.ts';
import type { SimulatedChannel, SimulatedWorld } from '../../../src/simulator/state.ts';
import { isSlackWrite } from '../../../src/world/slack.ts';
import { sampleEnvironment } from '../../simulator/sample-environment.ts';
import { json, startHttpServer } from '../../world/start-http-server.ts';
import { asChange, failureOf } from '../action-context.ts';
import { slackContext, token } from './slack-calls.ts';

const action = asChange(post);
const channel = 'C0SIM00001';
const message = (ts: string, more: Partial<SimulatedChannel['messages'][number]> = {}) => ({
  ts,
  text: 'x',
  blocks: null,
  metadata: null,
  threadTs: null,
  edited: false,
  ...more,
});

describe('slack.post', () => {
  let world: SimulatedWorld;
  let server: RunningServer;
  let room: SimulatedChannel;

  beforeEach(async () => {
    world = seedWorld(sampleEnvironment(), { seed: 1 });
    room = {
      id: channel,
      name: 'inc',
      isPrivate: false,
      archived: false,
      createdMs: 0,
      topic: '',
      members: [],
      pinned: [],
      bookmarks: [],
      messages: [],
    };
    world.channels.push(room);
    server = await startSlackApi({ world, token, now: () => Date.UTC(2026, 0, 1) });
  });
  afterEach(() => server.close());

  const context = (more: Parameters<typeof slackContext>[1] = {}) =>
    slackContext(`http://127.0.0.1:${server.port}/api/`, more);
  const planned = async (input: object) => {
    const parsed = action.input.parse(input);
    const { before, after } = await action.plan(parsed, context());
    return { input: parsed, before: action.state.parse(before), after: action.state.parse(after) };
  };

  test('posts once, and is recognised by run and step only', async () => {
    const change = await planned({ channel, text: 'a <b>' });
    expect(await action.observe(change, context())).toBe('before');
    const output = action.output.parse(await action.apply(change, context()));
    expect(room.messages).toMatchObject([{ text: 'a &lt;b&gt;' }]);
    const [sent = ''] = world.requests.filter(({ path }) => path.endsWith('/chat.postMessage')).map(({ body }) => body);
    expect(Object.fromEntries(new URLSearchParams(sent))).toMatchObject({ mrkdwn: 'false', unfurl_media: 'false' });
    expect(output).toEqual({ channel, ts: room.messages[0]?.ts });
    expect(await action.observe(change, context())).toBe('after');
    expect(await action.outputOf?.(change, context())).toEqual(output);
    expect(await action.observe(change, context({ step: 'another' }))).toBe('before');
  });

  test('answers in a thread, and is found there', async () => {
    room.messages.push(message('1.000000'));
    const change = await planned({ channel, text: 'reply', thread: '1.000000' });
    expect(await action.observe(change, context())).toBe('before');
    await action.apply(change, context());
    expect(room.messages[1]?.threadTs).toBe('1.000000');
    expect(await action.observe(change, context())).toBe('after');
  });

  test('a lost answer is told by looking', async () => {
    const change = await planned({ channel, text: 'x' });
    for (const [kind, seen] of [
      ['write-lost', 'before'],
      ['write-lost-answer', 'after'],
    ] as const) {
      setFault(world, 'slack-api', { kind }, 0);
      expect((await failureOf(action.apply(change, context({ attemptTimeoutMs: 300 })))).code).toBe('lost-answer');
      expect(await action.observe(change, context())).toBe(seen);
    }
  });

  test('looks beyond the first page, and proves nothing where the pages do not end', async () => {
    const change = await planned({ channel, text: 'x' });
    await action.apply(change, context());
    const newer = (count: number) =>
      Array.from({ length: count }, (_, index) => message(`${2_000_000_000 + index}.000000`));
    const own = room.messages.slice(0, 1);
    room.messages = [...own, ...newer(450)];
    expect(await action.observe(change, context())).toBe('after');
    room.messages = [...own, ...newer(1_100)];
    expect(await action.observe(change, context())).toBe('other');
  });

  test('a history that may not be read proves nothing; one that cannot be reached is raised', async () => {
    const change = await planned({ channel, text: 'x' });
    world.channels = [];
    expect(await action.observe(change, context())).toBe('other');
    setFault(world, 'slack-api', { kind: 'refuse' }, 0);
    expect(['not-sent', 'lost-answer']).toContain((await failureOf(action.observe(change, context()))).code);
  });

  test('a rate limit is a definite no, says how long, and is not waited out', async () => {
    const change = await planned({ channel, text: 'x' });
    const busy = await startHttpServer((_, response) =>
      json(response, 429, { ok: false, error: 'ratelimited' }, { 'retry-after': '120' }),
    );
    const error = await failureOf(action.apply(change, slackContext(`${busy.base}/api/`)));
    await busy.close();
    expect([error.code, error.hint, busy.arrived.length]).toEqual(['refused', expect.stringContaining('120'), 1]);
  });

  test('a rate limit without a time is the same', async () => {
    const change = await planned({ channel, text: 'x' });
    const busy = await startHttpServer((_, response) => void response.writeHead(429).end());
    expect((await failureOf(action.apply(change, slackContext(`${busy.base}/api/`)))).code).toBe('refused');
    await busy.close();
  });

  test.each([
    ['HTTP 500', 500],
    ['a page with status 200', 200],
  ])('%s is no definite no, sent once, and its text is no error’s name', async (_, status) => {
    const change = await planned({ channel, text: 'x' });
    const sick = await startHttpServer(
      (_request, response) => void response.writeHead(status, { 'content-type': 'text/html' }).end('<html>sick</html>'),
    );
    const error = await failureOf(action.apply(change, slackContext(`${sick.base}/api/`)));
    await sick.close();
    expect([error.code, sick.arrived.length, error.message]).toEqual([
      'lost-answer',
      1,
      expect.not.stringContaining('<html>'),
    ]);
  });

  test('nothing is printed, whatever goes wrong', async () => {
    const change = await planned({ channel, text: 'x' });
    const printed = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation(() => undefined),
    );
    const odd = await startHttpServer((_, response) =>
      json(response, 200, {
        ok: false,
        error: 'invalid_arguments',
        response_metadata: { messages: ['[ERROR] bad', '[WARN] odd'], warnings: ['superfluous_charset'] },
      }),
    );
    await failureOf(action.apply(change, slackContext(`${odd.base}/api/`)));
    await odd.close();
    const calls = printed.map((spy) => spy.mock.calls.length);
    for (const spy of printed) spy.mockRestore();
    expect(calls).toEqual([0, 0, 0, 0, 0]);
  });

  test('a placeholder is refused in the plan', async () => {
    expect((await failureOf(action.plan({ channel: 'PLACEHOLDER-channel', text: 'x' }, context()))).code).toBe(
      'refused',
    );
  });

  test('only methods known to read count as reads', () => {
    const write = (method: string) => isSlackWrite('POST', new URL(`https://slack.com/api/${method}`));
    expect(
      ['auth.test', 'conversations.history', 'conversations.replies', 'conversations.info', 'reactions.get'].map(write),
    ).toEqual([false, false, false, false, false]);
    expect(['chat.postMessage', 'conversations.create', 'auth.revoke', 'conversations.infoX', ''].map(write)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
  });
});
