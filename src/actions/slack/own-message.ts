import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import type { ActionContext } from '../action.ts';
import { readSlack } from './call-slack.ts';

const eventType = 'resend_ops_run';
const perPage = 200;
/** Beyond this the search ends without an answer. */
const mostPages = 5;

const pageSchema = z.object({
  messages: z
    .array(
      z.object({
        ts: z.string().min(1),
        metadata: z
          .object({ event_type: z.string().optional(), event_payload: z.record(z.string(), z.unknown()).optional() })
          .optional(),
      }),
    )
    .default([]),
  has_more: z.boolean().optional(),
  response_metadata: z.object({ next_cursor: z.string().optional() }).optional(),
});

/** Marks a message as this step's of this run, so that it can be found when the answer was lost. Nobody sees it. */
export function metadataOf(ctx: ActionContext) {
  return { event_type: eventType, event_payload: { run: ctx.run.id, step: ctx.step } };
}

/** What nobody sees of a message. */
type Metadata = { event_type: string; event_payload: Readonly<Record<string, unknown>> };

/** What a search for this step's message found. `unknown`: the pages did not end in time, so nothing is proven. */
type Search = { kind: 'found'; ts: string } | { kind: 'absent' } | { kind: 'unknown' };

/** Looks for this step's message by its metadata: in a channel, newest first, or in a thread. Throws what a read throws. */
export function findOwnMessage(ctx: ActionContext, channel: string, thread?: string): Promise<Search> {
  return findMessage(ctx, { channel, thread }, ({ event_type, event_payload: { run, step } }) => {
    return event_type === eventType && run === ctx.run.id && step === ctx.step;
  });
}

/** Looks for a message by what `isWanted` says of its metadata: in a channel, newest first, or in a thread. Throws what a read throws. */
export async function findMessage(
  ctx: ActionContext,
  where: { channel: string; thread?: string | undefined },
  isWanted: (metadata: Metadata) => boolean,
): Promise<Search> {
  for await (const page of pagesOf(ctx, where, isWanted)) {
    const [ts] = page.found;
    if (ts !== undefined) return { kind: 'found', ts };
    if (page.isLast) return { kind: 'absent' };
  }
  return { kind: 'unknown' };
}

/** Every such message of a channel, newest first. Throws `failed` where there are too many pages to read. */
export async function findMessages(
  ctx: ActionContext,
  channel: string,
  isWanted: (metadata: Metadata) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  for await (const page of pagesOf(ctx, { channel }, isWanted)) {
    found.push(...page.found);
    if (page.isLast) return found;
  }
  throw new OpsError('failed', 'look for the message: the channel holds more than can be read');
}

async function* pagesOf(
  ctx: ActionContext,
  { channel, thread }: { channel: string; thread?: string | undefined },
  isWanted: (metadata: Metadata) => boolean,
): AsyncGenerator<{ found: string[]; isLast: boolean }> {
  let cursor: string | undefined;
  for (let page = 1; page <= mostPages; page += 1) {
    const query = { channel, limit: perPage, include_all_metadata: true, ...(cursor === undefined ? {} : { cursor }) };
    const answer = await readSlack(
      ctx,
      'look for the message',
      async (client): Promise<unknown> =>
        thread === undefined
          ? await client.conversations.history(query)
          : await client.conversations.replies({ ...query, ts: thread }),
    );
    const parsed = pageSchema.safeParse(answer);
    if (!parsed.success) throw new OpsError('failed', 'look for the message: the answer is no list of messages');
    const { messages, has_more, response_metadata } = parsed.data;
    const found = messages
      .filter(({ metadata: { event_type = '', event_payload = {} } = {} }) => isWanted({ event_type, event_payload }))
      .map(({ ts }) => ts);
    const next = response_metadata?.next_cursor ?? '';
    yield { found, isLast: next === '' && has_more !== true };
    if (next === '') return;
    cursor = next;
  }
}
