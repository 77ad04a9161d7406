import { z } from 'zod';
import { type ActionContext, change } from '../../src/actions/action.ts';
import { OpsError } from '../../src/errors.ts';
import type { Json } from '../../src/world/json.ts';

/** One call of the engine to a room. `nth`: which of these calls to this room it is, from 1. */
type Call = {
  what: 'ask' | 'find' | 'read' | 'close';
  room: string;
  message: number | null;
  nth: number;
  ctx: ActionContext;
};

/** What happens at a call: it throws, takes its time, or (`lost`) shows the message and loses the answer. */
type Happens = (call: Call) => unknown;

type Message = {
  room: string;
  request: number;
  digest: string;
  lines: readonly string[];
  closed: readonly string[] | null;
};

const place = (room: string, message: number): Json => ({ room, message });
const placeSchema = z.object({ room: z.string(), message: z.number() });
const outputSchema = z.object({ name: z.string() });

/** Rooms that `test.room` opens, in which requests are shown and accounts answer. `happens` is told of each call, before it does its work. */
export function createRooms(happens: Happens = () => undefined) {
  const messages: Message[] = [];
  const answers: { message: number; account: string }[] = [];
  const calls: string[] = [];
  const counts = new Map<string, number>();
  const begin = async (what: Call['what'], room: string, message: number | null, ctx: ActionContext) => {
    calls.push(`${what} ${room}${message === null ? '' : ` ${message}`}`);
    const nth = (counts.get(`${what} ${room}`) ?? 0) + 1;
    counts.set(`${what} ${room}`, nth);
    return await happens({ what, room, message, nth, ctx });
  };
  const action = change({
    name: 'test.room',
    summary: 'Open a room',
    input: z.strictObject({ name: z.string() }),
    state: z.string().nullable(),
    output: outputSchema,
    plan: async ({ name }) => ({ before: null, after: name, diff: [`+ ${name}`], notes: [], guards: [] }),
    apply: async ({ input: { name } }) => ({ name }),
    observe: async () => 'after' as const,
    approvals: {
      async ask(output, { request, digest, lines }, ctx) {
        const { name } = outputSchema.parse(output);
        const how = await begin('ask', name, null, ctx);
        messages.push({ room: name, request, digest, lines, closed: null });
        if (how === 'lost') throw new OpsError('lost-answer', 'cut off');
        return place(name, messages.length);
      },
      async find(output, { request, digest }, ctx) {
        const { name } = outputSchema.parse(output);
        await begin('find', name, null, ctx);
        return messages.flatMap((message, index) =>
          message.room === name && message.request === request && message.digest === digest
            ? [place(name, index + 1)]
            : [],
        );
      },
      async read(shown, ctx) {
        const { room, message } = placeSchema.parse(shown);
        await begin('read', room, message, ctx);
        return answers.filter((answer) => answer.message === message).map(({ account }) => account);
      },
      async close(shown, lines, ctx) {
        const { room, message } = placeSchema.parse(shown);
        await begin('close', room, message, ctx);
        messages.splice(
          message - 1,
          1,
          ...messages.slice(message - 1, message).map((of) => ({ ...of, closed: lines })),
        );
      },
    },
    summarise: ({ name }) => ({ headline: `opened ${name}`, detail: [] }),
  });
  return {
    action,
    messages,
    /** Every call so far, as `read war 1`. */
    calls,
    /** How often a call was made. */
    count: (call: string) => calls.filter((made) => made === call).length,
    /** An account answers the message with this number (from 1) with yes. */
    answer: (message: number, account: string) => void answers.push({ message, account }),
    takeBack(message: number, account: string) {
      const at = answers.findIndex((answer) => answer.message === message && answer.account === account);
      answers.splice(at, 1);
    },
  };
}
