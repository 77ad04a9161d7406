import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { makeVisible } from '../../world/visible-text.ts';
import type { ActionContext } from '../action.ts';
import { writeSlack } from './call-slack.ts';
import { findOwnMessage, metadataOf } from './own-message.ts';
import { slackCode } from './slack-error.ts';
import { slackText, verbatim } from './slack-text.ts';

/** What the plan promises of the room. */
export const roomSchema = z.strictObject({
  name: z.string(),
  topic: z.string(),
  message: z.string(),
  invite: z.array(z.string()),
  private: z.boolean(),
});

/** What the plan promises of the room. */
export type Room = z.output<typeof roomSchema>;

/** Slack's bound for topics (docs.slack.dev, conversations.setTopic). */
export const longestTopic = 250;

const parts = ['message', 'pin', 'topic', 'invitations'] as const;

/** What is kept as soon as it exists: the channel is never looked for by name. `tried` parts are not tried again. */
export const notedRoomSchema = z.strictObject({
  channel: z.string().min(1),
  name: z.string(),
  message: z.string().nullable().describe('ts of the status message'),
  tried: z.array(z.enum(parts)),
  warnings: z.array(z.string()),
});

/** A room that exists, and how far it is furnished. */
export type NotedRoom = z.output<typeof notedRoomSchema>;

/** What one part changes of what is noted. */
type Outcome = { message?: string; warnings?: string[] };

/**
 * Status message, pin, topic, invitations: each once, each noted before the next. What goes wrong is a warning, since
 * the room is there; only what ends the run (or is a bug) is raised. `resumed`: an earlier attempt may have posted the
 * message without living to note it, so it is looked for first.
 */
export async function furnishRoom(
  ctx: ActionContext,
  room: Room,
  { noted, resumed }: { noted: NotedRoom; resumed: boolean },
): Promise<NotedRoom> {
  let now = noted;
  const work: Record<(typeof parts)[number], (now: NotedRoom) => Promise<Outcome>> = {
    message: ({ channel }) => postStatus(ctx, channel, { text: room.message, lookFirst: resumed }),
    pin: (at) => pinStatus(ctx, at),
    topic: ({ channel }) => setTopic(ctx, channel, room.topic),
    invitations: ({ channel }) => invite(ctx, channel, room.invite),
  };
  for (const part of parts) {
    if (now.tried.includes(part)) continue;
    const { message, warnings = [] } = await warnInstead(() => work[part](now));
    now = {
      ...now,
      ...(message === undefined ? {} : { message }),
      tried: [...now.tried, part],
      warnings: [...now.warnings, ...warnings],
    };
    await ctx.note(now);
  }
  return now;
}

async function warnInstead(work: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    const raised = !(error instanceof OpsError) || ['fenced', 'audit', 'write-blocked'].includes(error.code);
    if (raised) throw error;
    return { warnings: [error.message] };
  }
}

async function postStatus(
  ctx: ActionContext,
  channel: string,
  { text, lookFirst }: { text: string; lookFirst: boolean },
): Promise<Outcome> {
  const earlier = lookFirst ? await findOwnMessage(ctx, channel) : undefined;
  if (earlier?.kind === 'found') return { message: earlier.ts };
  try {
    const posted = await writeSlack(ctx, 'post the status message', (client) =>
      client.chat.postMessage({ channel, text: slackText(text), metadata: metadataOf(ctx), ...verbatim }),
    );
    return posted.ts === undefined
      ? { warnings: ['post the status message: no ts in the answer'] }
      : { message: posted.ts };
  } catch (error) {
    if (!(error instanceof OpsError) || error.code !== 'lost-answer') throw error;
    const search = await findOwnMessage(ctx, channel);
    if (search.kind === 'found') return { message: search.ts };
    throw error;
  }
}

async function pinStatus(ctx: ActionContext, { channel, message: timestamp }: NotedRoom): Promise<Outcome> {
  if (timestamp === null) return {};
  await unless('already_pinned', () =>
    writeSlack(ctx, 'pin the status message', (client) => client.pins.add({ channel, timestamp })),
  );
  return {};
}

async function setTopic(ctx: ActionContext, channel: string, topic: string): Promise<Outcome> {
  if (topic === '') return {};
  // A topic has no markup (docs.slack.dev, conversations.setTopic): it is not escaped.
  const text = boundedText(makeVisible(topic), longestTopic);
  await writeSlack(ctx, 'set the topic', (client) => client.conversations.setTopic({ channel, topic: text }));
  return {};
}

const refusedUsers = z.object({ errors: z.array(z.object({ user: z.string(), error: z.string() })).default([]) });
const harmless: ReadonlySet<string> = new Set(['already_in_channel', 'cant_invite_self']);

async function invite(ctx: ActionContext, channel: string, users: readonly string[]): Promise<Outcome> {
  if (users.length === 0) return {};
  // `force`: without it one wrong id keeps everybody out (docs.slack.dev, conversations.invite).
  const answer = await unless('already_in_channel', () =>
    writeSlack(ctx, 'invite', (client) =>
      client.conversations.invite({ channel, users: users.join(','), force: true }),
    ),
  );
  const parsed = refusedUsers.safeParse(answer);
  const errors = parsed.success ? parsed.data.errors : [];
  return {
    warnings: errors
      .filter(({ error }) => !harmless.has(error))
      .map(({ user, error }) => boundedText(`${user} is not invited: Slack says ${error}`, 200)),
  };
}

/** Slack's word that it is so already is as good as having done it. */
async function unless<T>(code: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (slackCode(error) === code) return undefined;
    throw error;
  }
}
