import slack from '@slack/web-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setFault } from '../../src/simulator/faults.ts';
import type { RunningServer } from '../../src/simulator/http-server.ts';
import { seedWorld } from '../../src/simulator/seed.ts';
import { startSlackApi } from '../../src/simulator/slack-api.ts';
import type { Fault, SimulatedWorld } from '../../src/simulator/state.ts';
import { sampleEnvironment } from './sample-environment.ts';

const token = 'xoxb-simulated-0123456789';

describe('the simulated Slack API', () => {
  let world: SimulatedWorld;
  let server: RunningServer;
  let now: number;
  let client: slack.WebClient;

  const connect = (token_: string | undefined, timeout = 3_000) =>
    new slack.WebClient(token_, {
      slackApiUrl: `http://127.0.0.1:${server.port}/api/`,
      retryConfig: { retries: 0 },
      timeout,
      rejectRateLimitedCalls: true,
      logLevel: slack.LogLevel.ERROR,
    });
  const break_ = (fault: Fault) => setFault(world, 'slack-api', fault, now);
  const errorOf = (call: Promise<unknown>): Promise<Record<string, unknown>> =>
    call.then(
      () => Promise.reject(new Error('not refused')),
      (error: { code?: string; data?: { error?: string }; retryAfter?: number }) => ({
        code: error.code,
        error: error.data?.error,
        retryAfter: error.retryAfter,
      }),
    );
  const openChannel = async (name = 'inc-1') => {
    const { channel } = await client.conversations.create({ name });
    return channel?.id ?? '';
  };

  beforeEach(async () => {
    world = seedWorld(sampleEnvironment(), { seed: 1 });
    now = Date.UTC(2026, 0, 1);
    server = await startSlackApi({ world, token, now: () => now });
    client = connect(token);
  });
  afterEach(() => server.close());

  test('knows its bot, and refuses other tokens and none', async () => {
    expect(await client.auth.test()).toMatchObject({ ok: true, user_id: 'U0SIMBOT01' });
    expect(await errorOf(connect('xoxb-wrong').auth.test())).toMatchObject({ error: 'invalid_auth' });
    expect(await errorOf(connect(undefined).auth.test())).toMatchObject({ error: 'not_authed' });
    expect(await errorOf(client.apiCall('dances.start'))).toMatchObject({ error: 'unknown_method' });
  });

  test('a war room: channel, invitation, topic, pinned message that is updated', async () => {
    const channel = await openChannel('inc-7f3a-edge');
    await client.conversations.invite({ channel, users: 'U024BE7LH,U024BE7LJ' });
    await client.conversations.setTopic({ channel, topic: 'Cloudflare answers 500' });
    const metadata = { event_type: 'resend_ops_status', event_payload: { run: 'r-1' } };
    const posted = await client.chat.postMessage({ channel, text: 'Diagnosing', metadata });
    const ts = posted.ts ?? '';
    await client.pins.add({ channel, timestamp: ts });
    await client.bookmarks.add({ channel_id: channel, title: 'Runbook', type: 'link', link: 'https://example.com/' });
    await client.chat.update({ channel, ts, text: 'Switched' });

    const blind = await client.conversations.history({ channel });
    expect(blind.messages).toMatchObject([{ ts, text: 'Switched', bot_id: 'B0SIMBOT01' }]);
    expect(blind.messages?.[0]).not.toHaveProperty('metadata');
    const seen = await client.conversations.history({ channel, include_all_metadata: true });
    expect(seen.messages).toMatchObject([{ metadata }]);
    const { channel: info } = await client.conversations.info({ channel });
    expect(info).toMatchObject({ name: 'inc-7f3a-edge', topic: { value: 'Cloudflare answers 500' }, num_members: 3 });
    expect(world.channels).toMatchObject([{ pinned: [ts], members: ['U0SIMBOT01', 'U024BE7LH', 'U024BE7LJ'] }]);
    expect(world.channels[0]?.bookmarks).toHaveLength(1);
    const writes = world.requests.filter(({ write }) => write).map(({ path }) => path);
    expect(writes).toEqual([
      '/api/conversations.create',
      '/api/conversations.invite',
      '/api/conversations.setTopic',
      '/api/chat.postMessage',
      '/api/pins.add',
      '/api/bookmarks.add',
      '/api/chat.update',
    ]);
  });

  test('takes JSON bodies as well as forms', async () => {
    const channel = await openChannel();
    const answer = await fetch(`http://127.0.0.1:${server.port}/api/chat.postMessage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify({
        channel,
        blocks: [{ type: 'divider' }],
        metadata: { event_type: 'e', event_payload: {} },
      }),
    });
    expect(await answer.json()).toMatchObject({ ok: true, channel });
    expect(world.channels[0]?.messages).toMatchObject([
      { blocks: [{ type: 'divider' }], metadata: { event_type: 'e' } },
    ]);
  });

  test('threads and pages of history', async () => {
    const channel = await openChannel();
    const first = await client.chat.postMessage({ channel, text: 'first' });
    await client.chat.postMessage({ channel, text: 'reply', thread_ts: first.ts ?? '' });
    for (const text of ['second', 'third']) await client.chat.postMessage({ channel, text });
    const texts: (string | undefined)[] = [];
    for await (const page of client.paginate('conversations.history', { channel, limit: 2 })) {
      const { messages = [] } = page as slack.ConversationsHistoryResponse;
      texts.push(...messages.map(({ text }) => text));
    }
    expect(texts).toEqual(['third', 'second', 'first']);
    const thread = await client.conversations.replies({ channel, ts: first.ts ?? '' });
    expect(thread.messages?.map(({ text }) => text)).toEqual(['first', 'reply']);
  });

  test.each([
    ['Inc-1', 'invalid_name_specials'],
    ['inc 1', 'invalid_name_specials'],
    ['i'.repeat(81), 'invalid_name_maxlength'],
    ['--', 'invalid_name_punctuation'],
    ['taken', 'name_taken'],
  ])('refuses to create the channel %j: %s', async (name, error) => {
    await openChannel('taken');
    expect(await errorOf(client.conversations.create({ name }))).toMatchObject({ error });
    expect(world.channels).toHaveLength(1);
  });

  test('an archived channel keeps its name and takes no messages', async () => {
    const channel = await openChannel();
    await client.conversations.archive({ channel });
    expect(await errorOf(client.conversations.create({ name: 'inc-1' }))).toMatchObject({ error: 'name_taken' });
    expect(await errorOf(client.chat.postMessage({ channel, text: 'hello' }))).toMatchObject({ error: 'is_archived' });
  });

  test('says what is wrong with other calls, in Slack’s words', async () => {
    const channel = await openChannel();
    const { ts = '' } = await client.chat.postMessage({ channel, text: 'hello' });
    await client.pins.add({ channel, timestamp: ts });
    await client.conversations.invite({ channel, users: 'U024BE7LH' });
    const errors = await Promise.all(
      [
        client.chat.postMessage({ channel: 'C0NOWHERE1', text: 'hello' }),
        client.chat.postMessage({ channel, text: '' }),
        client.chat.update({ channel, ts: '1.000001', text: 'hello' }),
        client.pins.add({ channel, timestamp: ts }),
        client.pins.add({ channel, timestamp: '1.000001' }),
        client.conversations.setTopic({ channel, topic: 'x'.repeat(251) }),
        client.conversations.invite({ channel, users: 'U024BE7LH' }),
        client.conversations.invite({ channel, users: 'U0SIMBOT01' }),
        client.conversations.invite({ channel, users: 'nobody' }),
      ].map(async (call) => (await errorOf(call)).error),
    );
    expect(errors).toEqual([
      'channel_not_found',
      'no_text',
      'message_not_found',
      'already_pinned',
      'message_not_found',
      'too_long',
      'already_in_channel',
      'cant_invite_self',
      'user_not_found',
    ]);
    const forced = await client.conversations.invite({ channel, users: 'nobody,U024BE7LK', force: true });
    expect(forced.ok).toBe(true);
    expect(world.channels[0]?.members).toContain('U024BE7LK');
  });

  test('throttles with Retry-After, fails with a status, stays silent', async () => {
    break_({ kind: 'status', status: 429 });
    expect(await errorOf(client.auth.test())).toMatchObject({
      code: 'slack_webapi_rate_limited_error',
      retryAfter: 30,
    });
    break_({ kind: 'status', status: 503 });
    expect(await errorOf(client.auth.test())).toMatchObject({ code: 'slack_webapi_http_error' });
    break_({ kind: 'hang' });
    expect(await errorOf(connect(token, 200).auth.test())).toMatchObject({ code: 'slack_webapi_request_error' });
  });

  test.each([
    ['write-lost-answer', 1],
    ['write-lost', 0],
    ['write-error-but-done', 1],
    ['write-ok-but-not-done', 0],
  ] as const)('%s leaves %i channels behind', async (kind, channels) => {
    break_({ kind });
    const outcome = await connect(token, 300)
      .conversations.create({ name: 'inc-1' })
      .then(
        ({ ok }) => ok,
        () => false,
      );
    expect(outcome).toBe(kind === 'write-ok-but-not-done');
    expect(world.channels).toHaveLength(channels);
    expect(await client.auth.test()).toMatchObject({ ok: true });
  });

  test('never logs a credential', async () => {
    await fetch(`http://127.0.0.1:${server.port}/api/auth.test?token=${token}`);
    await fetch(`http://127.0.0.1:${server.port}/api/auth.test`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token, note: 're_12345678_abcdef and Bearer abc.def' }),
    });
    const logged = JSON.stringify(world.requests);
    expect(world.requests.map(({ status }) => status)).toEqual([200, 200]);
    expect(logged).not.toContain(token);
    expect(logged).not.toContain('abcdef');
    expect(logged).not.toContain('abc.def');
  });
});
