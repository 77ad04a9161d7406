import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { isPlaceholder } from '../../world/environment.ts';
import type { SlackClient } from '../../world/slack.ts';
import { type ActionContext, change, type Planned, type RunNews } from '../action.ts';
import { slackCode, slackError } from './slack-error.ts';
import { channelName, slackText } from './slack-text.ts';

const inputSchema = z.strictObject({
  name: z.string().min(1).describe('the channel’s name; made to fit Slack’s rules'),
  topic: z.string().optional(),
  message: z.string().optional().describe('the first, pinned message; kept up to date as the run proceeds'),
  invite: z.array(z.string()).optional().describe('user ids; those of the environment unless given'),
});

const roomSchema = z.strictObject({
  name: z.string(),
  topic: z.string(),
  message: z.string(),
  invite: z.array(z.string()),
  private: z.boolean(),
});
const stateSchema = z.union([z.null(), roomSchema]);
const outputSchema = z.strictObject({
  channel: z.string(),
  name: z.string(),
  message: z.string().nullable().describe('ts of the pinned message'),
  warnings: z.array(z.string()),
});

/** What is kept as soon as it exists: the channel is never looked for by name. */
const notedSchema = outputSchema;

type Input = z.output<typeof inputSchema>;
type State = z.output<typeof stateSchema>;
type Output = z.output<typeof outputSchema>;

const mostNames = 5;

/** Opens the war room: channel, invitations, topic, and a pinned status message that follows the run. */
export const openRoom = change({
  name: 'slack.open-room',
  summary: 'Open a channel for the incident, with a pinned status message that follows the run',
  input: inputSchema,
  state: stateSchema,
  output: outputSchema,
  secrets: ['slack'],
  async plan(input, ctx) {
    const after = roomOf(input, ctx);
    const skipped = (input.invite ?? ctx.env.slack?.invite ?? []).filter(isPlaceholder).length;
    return {
      before: null,
      after,
      diff: [`+ channel #${after.name}`, ...(after.invite.length === 0 ? [] : [`+ invite ${after.invite.join(', ')}`])],
      notes: [
        'a channel and its messages cannot be taken back by this program',
        ...(skipped === 0 ? [] : [`${skipped} of the users to invite are still placeholders in the environment`]),
      ],
      guards: [],
    };
  },
  apply,
  async observe(_planned, ctx) {
    const noted = notedSchema.safeParse(ctx.noted);
    // Without a noted id the channel may exist or not: names are not proof of whose it is.
    if (!noted.success) return 'other';
    const client = await ctx.clients.slack();
    try {
      await client.conversations.info({ channel: noted.data.channel });
      return 'after';
    } catch (error) {
      if (slackCode(error) === 'channel_not_found') return 'before';
      throw slackError(error, 'looking at the war room');
    }
  },
  async outputOf(_planned, ctx) {
    return notedSchema.parse(ctx.noted);
  },
  follow,
  preflight,
  summarise: (output) => ({
    headline: `#${output.name} is open`,
    detail: output.warnings.map((warning) => `warning: ${warning}`),
  }),
});

function roomOf(input: Input, ctx: ActionContext): z.output<typeof roomSchema> {
  return {
    name: channelName(input.name),
    topic: (input.topic ?? '').slice(0, 250),
    message: input.message ?? `${ctx.run.title}: run ${ctx.run.id}`,
    invite: (input.invite ?? ctx.env.slack?.invite ?? []).filter((user) => !isPlaceholder(user)),
    private: ctx.env.slack?.private ?? false,
  };
}

/** Creates what is not there yet; each thing created is noted before the next, so that a crash leaves no second room. */
async function apply(planned: Planned<Input, State>, ctx: ActionContext): Promise<Output> {
  const room = planned.after ?? roomOf(planned.input, ctx);
  const client = await ctx.clients.slack();
  const noted = notedSchema.safeParse(ctx.noted);
  let output: Output = noted.success ? noted.data : await createChannel(client, room, ctx);
  if (!noted.success) await ctx.note(output);
  const keep = async (change: Partial<Output>) => {
    output = { ...output, ...change };
    await ctx.note(output);
  };
  if (output.message === null) {
    const ts = await attempt(output, 'posting the status message', async () => {
      const posted = await client.chat.postMessage({
        channel: output.channel,
        text: slackText(room.message),
        metadata: metadataOf(ctx),
      });
      return posted.ts ?? null;
    });
    await keep({ ...ts.warned, message: ts.value ?? null });
    const timestamp = output.message;
    if (timestamp !== null) {
      const pinned = await attempt(output, 'pinning it', () => client.pins.add({ channel: output.channel, timestamp }));
      await keep(pinned.warned);
    }
  }
  if (room.topic !== '') {
    const topic = await attempt(output, 'setting the topic', () =>
      client.conversations.setTopic({ channel: output.channel, topic: room.topic }),
    );
    await keep(topic.warned);
  }
  if (room.invite.length > 0) {
    const invited = await attempt(output, 'inviting', () =>
      client.conversations.invite({ channel: output.channel, users: room.invite.join(',') }),
    );
    await keep(invited.warned);
  }
  return output;
}

/** What goes wrong after the channel exists is a warning: the room is there, and that is what counts. */
async function attempt<T>(
  output: Output,
  what: string,
  work: () => Promise<T>,
): Promise<{ value: T | undefined; warned: { warnings: string[] } }> {
  try {
    return { value: await work(), warned: { warnings: output.warnings } };
  } catch (error) {
    const known = slackError(error, what);
    if (known.code === 'fenced' || known.code === 'audit') throw known;
    return { value: undefined, warned: { warnings: [...output.warnings, known.message] } };
  }
}

async function createChannel(
  client: SlackClient,
  room: z.output<typeof roomSchema>,
  ctx: ActionContext,
): Promise<Output> {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? room.name : `${room.name}-${number}`;
    ctx.progress(`creating #${name}`);
    try {
      const created = await client.conversations.create({ name, is_private: room.private });
      const id = created.channel?.id;
      if (id === undefined || id === '')
        throw new OpsError('lost-answer', 'creating the channel: the answer holds no id');
      return { channel: id, name: created.channel?.name ?? name, message: null, warnings: [] };
    } catch (error) {
      if (slackCode(error) !== 'name_taken' || number >= mostNames) throw slackError(error, `creating #${name}`);
    }
  }
}

function metadataOf(ctx: ActionContext) {
  return { event_type: 'resend_ops_run', event_payload: { run: ctx.run.id, step: ctx.step } };
}

/** Brings the pinned message up to date; Slack takes about one message a second in a channel. */
async function follow(output: Output, news: RunNews, ctx: ActionContext): Promise<void> {
  if (output.message === null) return;
  const client = await ctx.clients.slack();
  const text = slackText([news.headline, ...news.lines].join('\n'));
  try {
    await client.chat.update({ channel: output.channel, ts: output.message, text });
  } catch (error) {
    throw slackError(error, 'updating the status message');
  }
}

/** Fails with `credentials` when Slack refuses the token. */
export async function preflight(ctx: ActionContext): Promise<void> {
  const client = await ctx.clients.slack();
  try {
    await client.auth.test();
  } catch (error) {
    throw slackError(error, 'checking the Slack token');
  }
}
