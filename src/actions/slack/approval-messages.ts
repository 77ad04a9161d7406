import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import type { Json } from '../../world/json.ts';
import type { ActionContext, ApprovalDesk } from '../action.ts';
import { readSlack, writeSlack } from './call-slack.ts';
import { findMessages } from './own-message.ts';
import { slackLines, verbatim } from './slack-text.ts';

/** What marks a message as a request for approval; nobody sees it. */
const approvalEventType = 'resend_ops_approval';

/** The reaction that approves where the environment names none. */
const defaultReaction = 'white_check_mark';

const roomSchema = z.object({ channel: z.string().min(1) });
const placeSchema = z.object({ channel: z.string().min(1), ts: z.string().min(1) });
/** The bot's own message, with who has reacted (docs.slack.dev, reactions.get; `full` so that the users are not cut off). */
const answerSchema = z.object({
  message: z.object({
    user: z.string().optional(),
    reactions: z.array(z.object({ name: z.string(), users: z.array(z.string()) })).default([]),
  }),
});

/** Approvals in a war room: a message that shows the plan and its digest, and the reactions of people to it. */
export const approvalMessages: ApprovalDesk = {
  async ask(output, { digest, request, lines }, ctx): Promise<Json> {
    const room = roomSchema.parse(output);
    const reaction = reactionOf(ctx);
    const how = `react with :${reaction}: to approve of exactly this plan`;
    const posted = await writeSlack(ctx, 'ask for approval', (client) =>
      client.chat.postMessage({
        channel: room.channel,
        text: slackLines([...lines, how]),
        metadata: {
          event_type: approvalEventType,
          event_payload: { run: ctx.run.id, step: ctx.step, digest, request },
        },
        ...verbatim,
      }),
    );
    if (posted.ts !== undefined && posted.ts !== '') return { channel: room.channel, ts: posted.ts };
    throw new OpsError('lost-answer', 'ask for approval: the answer holds no ts', { hint: 'look in the channel' });
  },
  async find(output, wanted, ctx) {
    const { channel } = roomSchema.parse(output);
    const found = await findMessages(ctx, channel, ({ event_type, event_payload }) => {
      const { run, step, request } = event_payload;
      return event_type === approvalEventType && run === ctx.run.id && step === ctx.step && request === wanted.request;
    });
    return found.map((ts) => ({ channel, ts }));
  },
  async read(place, ctx) {
    const { channel, ts: timestamp } = placeSchema.parse(place);
    const answer = answerSchema.safeParse(
      await readSlack(ctx, 'read the approvals', (client) => client.reactions.get({ channel, timestamp, full: true })),
    );
    if (!answer.success) throw new OpsError('failed', 'read the approvals: the answer is no message with reactions');
    const { user: bot, reactions } = answer.data.message;
    const wanted = reactionOf(ctx);
    // A skin tone is part of the name: `thumbsup::skin-tone-2` (docs.slack.dev, reactions.add).
    const users = reactions.filter(({ name }) => name.split('::')[0] === wanted).flatMap((reaction) => reaction.users);
    return [...new Set(users)].filter((user) => user !== bot);
  },
  async close(place, lines, ctx) {
    const { channel, ts } = placeSchema.parse(place);
    const text = slackLines(lines);
    await writeSlack(ctx, 'close the request for approval', (client) => client.chat.update({ channel, ts, text }));
  },
};

function reactionOf(ctx: ActionContext): string {
  return ctx.env.approvals?.reaction ?? defaultReaction;
}
