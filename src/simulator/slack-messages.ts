import { botUser, type ChannelCall, isTrue, type SlackArguments, type SlackResult } from './slack-call.ts';
import type { SimulatedChannel } from './state.ts';

const longestText = 40_000;

/** `chat.postMessage`: appends a message, or a reply with `thread_ts`. */
export function postMessage({ channel, given, nowMs }: ChannelCall): SlackResult {
  if (channel.archived) return { ok: false, error: 'is_archived' };
  const content = messageContent(given);
  if ('error' in content) return { ok: false, error: content.error };
  const ts = timestampAfter(channel, nowMs);
  const message = { ts, ...content.value, threadTs: given.thread_ts ?? null, edited: false };
  channel.messages.push(message);
  return { ok: true, channel: channel.id, ts, message: messageJson(message) };
}

/** `chat.update`: replaces the text; blocks and metadata only where given. */
export function updateMessage({ channel, given }: ChannelCall): SlackResult {
  const message = channel.messages.find(({ ts }) => ts === given.ts);
  if (message === undefined) return { ok: false, error: 'message_not_found' };
  const content = messageContent(given);
  if ('error' in content) return { ok: false, error: content.error };
  message.text = content.value.text;
  if (given.blocks !== undefined) message.blocks = content.value.blocks;
  if (given.metadata !== undefined) message.metadata = content.value.metadata;
  message.edited = true;
  return { ok: true, channel: channel.id, ts: message.ts, text: message.text, message: messageJson(message) };
}

type Content = { text: string; blocks: unknown; metadata: unknown };

function messageContent(given: SlackArguments): { value: Content } | { error: string } {
  const blocks = readJson(given.blocks);
  const metadata = readJson(given.metadata);
  if (blocks === undefined) return { error: 'invalid_blocks_format' };
  if (metadata === undefined) return { error: 'invalid_metadata_format' };
  const text = given.text ?? '';
  if (text === '' && blocks === null) return { error: 'no_text' };
  return { value: { text: text.slice(0, longestText), blocks, metadata } };
}

/** Null for a missing argument, undefined for one that is no JSON. */
function readJson(text: string | undefined): unknown {
  if (text === undefined || text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `conversations.history`: newest first, without replies; pages by `cursor`. */
export function history({ channel, given }: ChannelCall): SlackResult {
  const { oldest = '0', latest = '99999999999', inclusive } = given;
  const both = isTrue(inclusive);
  const found = channel.messages
    .filter(({ ts, threadTs }) => {
      if (threadTs !== null && threadTs !== ts) return false;
      return (Number(ts) > Number(oldest) && Number(ts) < Number(latest)) || (both && (ts === oldest || ts === latest));
    })
    .reverse();
  const limit = Math.min(999, Math.max(1, Number(given.limit ?? 100) || 100));
  const start = Number(given.cursor ?? 0) || 0;
  const more = start + limit < found.length;
  return {
    ok: true,
    messages: found.slice(start, start + limit).map((message) => messageJson(message, given)),
    has_more: more,
    pin_count: channel.pinned.length,
    ...(more ? { response_metadata: { next_cursor: String(start + limit) } } : {}),
  };
}

/** `conversations.replies`: a message and what answers it, oldest first. */
export function replies({ channel, given }: ChannelCall): SlackResult {
  const thread = channel.messages.filter(({ ts, threadTs }) => ts === given.ts || threadTs === given.ts);
  if (thread.length === 0) return { ok: false, error: 'thread_not_found' };
  return { ok: true, messages: thread.map((message) => messageJson(message, given)), has_more: false };
}

/** `reactions.get`: the message with who has reacted; the key is absent where nobody has (docs.slack.dev, reactions.get). */
export function reactions({ channel, given }: ChannelCall): SlackResult {
  const message = channel.messages.find(({ ts }) => ts === given.timestamp);
  if (message === undefined) return { ok: false, error: 'message_not_found' };
  const found = (message.reactions ?? []).map(({ name, users }) => ({ name, users, count: users.length }));
  const withReactions = { ...messageJson(message), ...(found.length === 0 ? {} : { reactions: found }) };
  return { ok: true, type: 'message', channel: channel.id, message: withReactions };
}

/** Message ids are times in seconds with six decimals, and unique within their channel. */
function timestampAfter(channel: SimulatedChannel, nowMs: number): string {
  const last = channel.messages.at(-1)?.ts.replace('.', '') ?? '0';
  const micros = Math.max(Math.floor(nowMs * 1_000), Number(last) + 1);
  const digits = String(micros).padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

function messageJson(message: SimulatedChannel['messages'][number], given: SlackArguments = {}): object {
  // Readers get metadata only when they ask for it (docs.slack.dev, message-metadata).
  const withMetadata = isTrue(given.include_all_metadata);
  return {
    type: 'message',
    user: botUser.id,
    bot_id: botUser.botId,
    team: botUser.team,
    ts: message.ts,
    text: message.text,
    ...(message.blocks === null ? {} : { blocks: message.blocks }),
    ...(message.threadTs === null ? {} : { thread_ts: message.threadTs }),
    ...(message.metadata === null || !withMetadata ? {} : { metadata: message.metadata }),
    ...(message.edited ? { edited: { user: botUser.id, ts: message.ts } } : {}),
  };
}
