import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { isPlaceholder } from '../../world/placeholder.ts';
import { type ActionContext, change, type Plan, type Planned } from '../action.ts';
import type { RunNews } from '../afterwards.ts';
import { approvalMessages } from './approval-messages.ts';
import { readSlack, verifySlackToken, writeSlack } from './call-slack.ts';
import { furnishRoom, longestTopic, type NotedRoom, notedRoomSchema, type Room, roomSchema } from './furnish-room.ts';
import { roomTimeline } from './room-timeline.ts';
import { slackCode } from './slack-error.ts';
import { channelName, slackLines } from './slack-text.ts';

const inputSchema = z.strictObject({
  name: z.string().min(1).describe('the channel’s name; made to fit Slack’s rules'),
  topic: z.string().optional(),
  message: z.string().optional().describe('the first, pinned message; kept up to date as the run proceeds'),
  invite: z.array(z.string()).optional().describe('user ids; those of the environment unless given'),
});

const stateSchema = z.union([z.null(), roomSchema]);
const outputSchema = z.strictObject({
  channel: z.string(),
  name: z.string(),
  message: z.string().nullable().describe('ts of the pinned message'),
  warnings: z.array(z.string()),
});

type Input = z.output<typeof inputSchema>;
type State = z.output<typeof stateSchema>;
type Output = z.output<typeof outputSchema>;

/** A taken name is tried with -2, -3 … up to this number: archived channels keep their names. */
const mostNames = 5;

/** `slack.open-room`: opens the war room: channel, pinned status message that follows the run, topic, invitations. */
export const openRoom = change<Input, State, Output>({
  name: 'slack.open-room',
  summary: 'Open a channel for the incident, with a pinned status message that follows the run',
  input: inputSchema,
  state: stateSchema,
  output: outputSchema,
  secrets: ['slack'],
  plan: async (input, ctx) => plan(input, ctx),
  apply,
  observe: (_planned, ctx) => observe(ctx),
  async outputOf(_planned, ctx) {
    const noted = notedRoom(ctx);
    if (noted === undefined) throw new OpsError('failed', 'the room’s id was not noted');
    return outputOf(noted);
  },
  follow,
  timeline: roomTimeline,
  approvals: approvalMessages,
  preflight: verifySlackToken,
  summarise: (output) => ({
    headline: boundedText(`#${output.name} is open`, 76),
    detail: output.warnings.map((warning) => boundedText(`warning: ${warning}`, 76)),
  }),
});

function plan(input: Input, ctx: ActionContext): Plan<State> {
  const after = roomOf(input, ctx);
  const skipped = skippedUsers(input, ctx);
  return {
    before: null,
    after,
    diff: [
      `+ ${after.private ? 'private ' : ''}channel #${after.name}`,
      ...(after.topic === '' ? [] : [`+ topic: ${after.topic}`]),
      ...(after.invite.length === 0 ? [] : [`+ invite ${after.invite.join(', ')}`]),
    ],
    notes: [
      'a channel cannot be un-created by this program; messages cannot be unsent',
      ...(skipped.length === 0 ? [] : [`not invited, still placeholders: ${skipped.join(', ')}`]),
    ],
    guards: [],
  };
}

function roomOf(input: Input, ctx: ActionContext): Room {
  return {
    name: channelName(input.name),
    topic: boundedText(input.topic ?? '', longestTopic),
    message: input.message ?? `${ctx.run.title}: run ${ctx.run.id}`,
    invite: usersOf(input, ctx).filter((user) => !isPlaceholder(user)),
    private: ctx.env.slack?.private ?? false,
  };
}

function usersOf(input: Input, ctx: ActionContext): readonly string[] {
  return input.invite ?? ctx.env.slack?.invite ?? [];
}

function skippedUsers(input: Input, ctx: ActionContext): string[] {
  return usersOf(input, ctx)
    .filter(isPlaceholder)
    .map((user) => boundedText(user, 60));
}

/** Goes on from what an earlier attempt noted: never a second channel. */
async function apply({ input, after }: Planned<Input, State>, ctx: ActionContext): Promise<Output> {
  const room = after ?? roomOf(input, ctx);
  const earlier = notedRoom(ctx);
  if (earlier !== undefined) return outputOf(await furnishRoom(ctx, room, { noted: earlier, resumed: true }));
  const created = await createChannel(ctx, room);
  const warnings = skippedUsers(input, ctx).map((user) => `${user} is not invited: still a placeholder`);
  const noted: NotedRoom = { ...created, message: null, tried: [], warnings };
  await ctx.note(noted);
  return outputOf(await furnishRoom(ctx, room, { noted, resumed: false }));
}

async function createChannel(ctx: ActionContext, room: Room): Promise<{ channel: string; name: string }> {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? room.name : `${room.name}-${number}`;
    ctx.progress(`creating #${name}`);
    try {
      const created = await writeSlack(ctx, `create #${name}`, (client) =>
        client.conversations.create({ name, is_private: room.private }),
      );
      const id = created.channel?.id ?? '';
      if (id !== '') return { channel: id, name: created.channel?.name ?? name };
      throw new OpsError('lost-answer', `create #${name}: the answer holds no id`, { hint: 'look for it in Slack' });
    } catch (error) {
      if (slackCode(error) !== 'name_taken' || number >= mostNames) throw error;
    }
  }
}

/** Without a noted id the channel may exist or not: a name is no proof of whose it is. */
async function observe(ctx: ActionContext): Promise<'before' | 'after' | 'other'> {
  const noted = notedRoom(ctx);
  if (noted === undefined) return 'other';
  try {
    await readSlack(ctx, 'look at the war room', (client) => client.conversations.info({ channel: noted.channel }));
    return 'after';
  } catch (error) {
    if (slackCode(error) === 'channel_not_found') return 'other';
    throw error;
  }
}

function notedRoom(ctx: ActionContext): NotedRoom | undefined {
  const parsed = notedRoomSchema.safeParse(ctx.noted);
  return parsed.success ? parsed.data : undefined;
}

function outputOf({ channel, name, message, warnings }: NotedRoom): Output {
  return { channel, name, message, warnings };
}

/** Brings the pinned message up to date; Slack takes about one message a second in a channel. */
async function follow({ channel, message: ts }: Output, news: RunNews, ctx: ActionContext): Promise<void> {
  if (ts === null) return;
  const text = slackLines([news.headline, ...news.lines]);
  await writeSlack(ctx, 'update the status message', (client) => client.chat.update({ channel, ts, text }));
}
