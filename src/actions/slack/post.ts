import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { isPlaceholder } from '../../world/placeholder.ts';
import { type ActionContext, change } from '../action.ts';
import { verifySlackToken, writeSlack } from './call-slack.ts';
import { findOwnMessage, metadataOf } from './own-message.ts';
import { slackCode } from './slack-error.ts';
import { slackText, verbatim } from './slack-text.ts';

const inputSchema = z.strictObject({
  channel: z.string().min(1).describe('id of the channel, e.g. of an opened war room'),
  text: z.string().min(1),
  thread: z.string().min(1).optional().describe('ts of the message to answer'),
});

const stateSchema = z.union([z.null(), z.strictObject({ channel: z.string(), text: z.string() })]);

type Input = z.output<typeof inputSchema>;

/** `slack.post`: posts a message. It cannot be unsent; its metadata holds run and step, so that a lost answer can be looked for. */
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
    const posted = await writeSlack(ctx, 'post the message', (client) =>
      client.chat.postMessage({
        channel: input.channel,
        text: slackText(input.text),
        metadata: metadataOf(ctx),
        ...verbatim,
        ...(input.thread === undefined ? {} : { thread_ts: input.thread }),
      }),
    );
    if (posted.ts === undefined || posted.ts === '') {
      throw new OpsError('lost-answer', 'post the message: the answer holds no ts', { hint: 'look in the channel' });
    }
    return { channel: posted.channel ?? input.channel, ts: posted.ts };
  },
  observe: async ({ input }, ctx) => observe(input, ctx),
  async outputOf({ input }, ctx) {
    const search = await findOwnMessage(ctx, input.channel, input.thread);
    if (search.kind !== 'found') throw new OpsError('failed', 'the message is not in the channel');
    return { channel: input.channel, ts: search.ts };
  },
  preflight: verifySlackToken,
  summarise: (output) => ({ headline: `posted in ${output.channel}`, detail: [] }),
});

async function observe(input: Input, ctx: ActionContext): Promise<'before' | 'after' | 'other'> {
  try {
    const search = await findOwnMessage(ctx, input.channel, input.thread);
    return search.kind === 'found' ? 'after' : search.kind === 'absent' ? 'before' : 'other';
  } catch (error) {
    // Slack's own no (a missing scope, not in the channel) will not go away: the history cannot be read at all.
    if (slackCode(error) !== undefined && error instanceof OpsError && error.code !== 'lost-answer') return 'other';
    throw error;
  }
}
