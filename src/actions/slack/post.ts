import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { isPlaceholder } from '../../world/environment.ts';
import { type ActionContext, change } from '../action.ts';
import { preflight } from './open-room.ts';
import { slackError } from './slack-error.ts';
import { slackText } from './slack-text.ts';

const inputSchema = z.strictObject({
  channel: z.string().min(1).describe('id of the channel, e.g. of an opened war room'),
  text: z.string().min(1),
  thread: z.string().optional().describe('ts of the message to answer'),
});

const stateSchema = z.union([z.null(), z.strictObject({ channel: z.string(), text: z.string() })]);

/** Messages of Slack's history, as far as they are looked at. */
const messagesSchema = z.array(
  z.object({
    ts: z.string().optional(),
    metadata: z
      .object({ event_type: z.string().optional(), event_payload: z.record(z.string(), z.unknown()).optional() })
      .optional(),
  }),
);

/** Posts a message. It cannot be unsent; its metadata holds run and step, so that a lost answer can be looked for. */
export const post = change({
  name: 'slack.post',
  summary: 'Post a message to a channel',
  input: inputSchema,
  state: stateSchema,
  output: z.strictObject({ channel: z.string(), ts: z.string() }),
  secrets: ['slack'],
  async plan(input) {
    if (isPlaceholder(input.channel)) {
      throw new OpsError('refused', 'the channel is still a placeholder', {
        hint: 'fill in its id in the environment file',
      });
    }
    return {
      before: null,
      after: { channel: input.channel, text: input.text },
      diff: [`+ message in ${input.channel}: ${input.text}`],
      notes: ['a message cannot be unsent'],
      guards: [],
    };
  },
  async apply({ input }, ctx) {
    const client = await ctx.clients.slack();
    try {
      const posted = await client.chat.postMessage({
        channel: input.channel,
        text: slackText(input.text),
        metadata: { event_type: 'resend_ops_run', event_payload: { run: ctx.run.id, step: ctx.step } },
        ...(input.thread === undefined ? {} : { thread_ts: input.thread }),
      });
      if (posted.ts === undefined) throw new OpsError('lost-answer', 'the answer holds no ts');
      return { channel: posted.channel ?? input.channel, ts: posted.ts };
    } catch (error) {
      throw slackError(error, 'posting the message');
    }
  },
  observe: async ({ input }, ctx) => ((await findOwn(input, ctx)) === undefined ? 'before' : 'after'),
  async outputOf({ input }, ctx) {
    const ts = await findOwn(input, ctx);
    if (ts === undefined) throw new OpsError('failed', 'the message is not in the channel');
    return { channel: input.channel, ts };
  },
  preflight,
  summarise: (output) => ({ headline: `posted in ${output.channel}`, detail: [] }),
});

/** The ts of this step's message, found by its metadata among the channel's newest. */
async function findOwn(input: z.output<typeof inputSchema>, ctx: ActionContext): Promise<string | undefined> {
  const client = await ctx.clients.slack();
  const query = { channel: input.channel, limit: 100, include_all_metadata: true };
  try {
    const answer =
      input.thread === undefined
        ? await client.conversations.history(query)
        : await client.conversations.replies({ ...query, ts: input.thread });
    const messages = messagesSchema.parse(answer.messages ?? []);
    return messages.find(
      ({ metadata }) => metadata?.event_payload?.run === ctx.run.id && metadata.event_payload.step === ctx.step,
    )?.ts;
  } catch (error) {
    throw slackError(error, 'looking for the message');
  }
}
