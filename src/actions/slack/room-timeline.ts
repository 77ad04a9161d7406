import { z } from 'zod';
import type { Timeline } from '../action.ts';
import { writeSlack } from './call-slack.ts';
import { findMessage } from './own-message.ts';
import { slackLines, verbatim } from './slack-text.ts';

/** What marks a reply as a part of a run's timeline; nobody sees it. */
const eventType = 'resend_ops_timeline';

const roomSchema = z.object({ channel: z.string().min(1), message: z.string().nullable() });

/** The run's timeline: replies in the thread of the pinned message, so that the channel itself stays for people. */
export const roomTimeline: Timeline = {
  async add(output, { lines, mark }, ctx) {
    const { channel, message } = roomSchema.parse(output);
    if (message === null) return false;
    await writeSlack(ctx, 'add to the timeline', (client) =>
      client.chat.postMessage({
        channel,
        thread_ts: message,
        text: slackLines(lines),
        metadata: { event_type: eventType, event_payload: { run: ctx.run.id, step: ctx.step, mark } },
        ...verbatim,
      }),
    );
    return true;
  },
  async holds(output, wanted, ctx) {
    const { channel, message } = roomSchema.parse(output);
    if (message === null) return true;
    const found = await findMessage(ctx, { channel, thread: message }, ({ event_type, event_payload }) => {
      const { run, step, mark } = event_payload;
      return event_type === eventType && run === ctx.run.id && step === ctx.step && mark === wanted;
    });
    return found.kind !== 'absent';
  },
};
