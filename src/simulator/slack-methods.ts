import {
  botUser,
  type ChannelCall,
  isTrue,
  type SlackArguments,
  type SlackMethod,
  type SlackResult,
} from './slack-call.ts';
import { history, postMessage, reactions, replies, updateMessage } from './slack-messages.ts';
import type { SimulatedChannel, SimulatedWorld } from './state.ts';

/** The methods of Slack's Web API that the simulator answers, by name (docs.slack.dev, methods). */
export const slackMethods: ReadonlyMap<string, SlackMethod> = new Map<string, SlackMethod>([
  ['api.test', () => ({ ok: true })],
  ['auth.test', authTest],
  ['conversations.create', createChannel],
  ['conversations.info', inChannel(({ channel }) => ({ ok: true, channel: channelJson(channel) }))],
  ['conversations.list', listChannels],
  ['conversations.invite', inChannel(invite)],
  ['conversations.setTopic', inChannel(setTopic)],
  ['conversations.history', inChannel(history)],
  ['conversations.replies', inChannel(replies)],
  ['conversations.archive', inChannel(archive)],
  ['chat.postMessage', inChannel(postMessage)],
  ['chat.update', inChannel(updateMessage)],
  ['pins.add', inChannel(pin)],
  ['bookmarks.add', inChannel(bookmark)],
  ['reactions.get', inChannel(reactions)],
]);

const longestName = 80;
const longestTopic = 250;

function authTest(): SlackResult {
  const { id, botId, name, team } = botUser;
  return {
    ok: true,
    url: 'https://simulated.slack.com/',
    team: 'Simulated',
    user: name,
    team_id: team,
    user_id: id,
    bot_id: botId,
  };
}

function createChannel(world: SimulatedWorld, given: SlackArguments, nowMs: number): SlackResult {
  const name = given.name ?? '';
  if (name === '') return { ok: false, error: 'invalid_name_required' };
  if (name.length > longestName) return { ok: false, error: 'invalid_name_maxlength' };
  if (!/^[a-z0-9_-]+$/.test(name)) return { ok: false, error: 'invalid_name_specials' };
  if (!/[a-z0-9]/.test(name)) return { ok: false, error: 'invalid_name_punctuation' };
  if (world.channels.some((channel) => channel.name === name)) return { ok: false, error: 'name_taken' };
  const id = `C0SIM${String(world.channels.length + 1).padStart(5, '0')}`;
  const isPrivate = isTrue(given.is_private);
  const channel: SimulatedChannel = {
    id,
    name,
    isPrivate,
    archived: false,
    createdMs: nowMs,
    topic: '',
    members: [botUser.id],
    pinned: [],
    bookmarks: [],
    messages: [],
  };
  world.channels.push(channel);
  return { ok: true, channel: channelJson(channel) };
}

function listChannels(world: SimulatedWorld): SlackResult {
  const channels = world.channels.filter(({ isPrivate }) => !isPrivate).map(channelJson);
  return { ok: true, channels, response_metadata: { next_cursor: '' } };
}

/** Finds the channel that a call names, by id as Slack demands; messages may name it with `#`. */
function inChannel(run: (call: ChannelCall) => SlackResult): SlackMethod {
  return (world, given, nowMs) => {
    const wanted = given.channel ?? given.channel_id;
    const channel = world.channels.find(({ id, name }) => id === wanted || `#${name}` === wanted);
    if (channel === undefined) return { ok: false, error: 'channel_not_found' };
    return run({ channel, given, nowMs });
  };
}

function invite({ channel, given }: ChannelCall): SlackResult {
  if (channel.archived) return { ok: false, error: 'is_archived' };
  const users = (given.users ?? '').split(',').filter((user) => user !== '');
  if (users.length === 0) return { ok: false, error: 'no_user' };
  const errors = users.flatMap((user) => {
    const error = inviteError(channel, user);
    return error === undefined ? [] : [{ user, ok: false, error }];
  });
  const [first] = errors;
  // Without `force` one bad name spoils the whole invitation (docs.slack.dev, conversations.invite).
  if (first !== undefined && !isTrue(given.force)) return { ok: false, error: first.error, errors };
  const refused = new Set(errors.map(({ user }) => user));
  channel.members.push(...users.filter((user) => !refused.has(user)));
  return { ok: true, channel: channelJson(channel), ...(errors.length > 0 ? { errors } : {}) };
}

function inviteError(channel: SimulatedChannel, user: string): string | undefined {
  if (user === botUser.id) return 'cant_invite_self';
  if (!/^[UW][A-Z0-9]{6,}$/.test(user)) return 'user_not_found';
  return channel.members.includes(user) ? 'already_in_channel' : undefined;
}

function setTopic({ channel, given }: ChannelCall): SlackResult {
  if (channel.archived) return { ok: false, error: 'is_archived' };
  const topic = given.topic ?? '';
  if ([...topic].length > longestTopic) return { ok: false, error: 'too_long' };
  channel.topic = topic;
  return { ok: true, channel: channelJson(channel) };
}

function archive({ channel }: ChannelCall): SlackResult {
  if (channel.archived) return { ok: false, error: 'already_archived' };
  channel.archived = true;
  return { ok: true };
}

function pin({ channel, given }: ChannelCall): SlackResult {
  const ts = given.timestamp ?? '';
  if (!channel.messages.some((message) => message.ts === ts)) return { ok: false, error: 'message_not_found' };
  if (channel.pinned.includes(ts)) return { ok: false, error: 'already_pinned' };
  channel.pinned.push(ts);
  return { ok: true };
}

function bookmark({ channel, given }: ChannelCall): SlackResult {
  const { title, type, link } = given;
  if (title === undefined || type !== 'link') return { ok: false, error: 'invalid_arguments' };
  if (link === undefined || !/^https?:\/\//.test(link)) return { ok: false, error: 'invalid_link' };
  const id = `Bk${channel.id.slice(1)}${channel.bookmarks.length + 1}`;
  channel.bookmarks.push({ id, title, link });
  return { ok: true, bookmark: { id, channel_id: channel.id, title, type, link } };
}

function channelJson(channel: SimulatedChannel): object {
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: !channel.isPrivate,
    is_group: channel.isPrivate,
    is_private: channel.isPrivate,
    is_archived: channel.archived,
    is_member: true,
    creator: botUser.id,
    created: Math.floor(channel.createdMs / 1_000),
    topic: { value: channel.topic, creator: channel.topic === '' ? '' : botUser.id, last_set: 0 },
    purpose: { value: '', creator: '', last_set: 0 },
    num_members: channel.members.length,
  };
}
