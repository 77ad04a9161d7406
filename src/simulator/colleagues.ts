import type { Clock } from '../world/clock.ts';
import type { Environment } from '../world/environment.ts';
import { slackUserId } from './environment-file.ts';
import type { Scenario } from './scenario.ts';
import type { SimulatedWorld } from './state.ts';

/** What a scenario lets a person do: react `after` milliseconds to the messages that ask. */
type Act = NonNullable<Scenario['approvals']>[number];

type Role = Act['by'];

/** The people of a rehearsal, and what they do. */
type Cast = { environment: Environment; accounts: Readonly<Record<Role, string>>; acts: readonly Act[] };

/** What colleagues do where the scenario does not say: they read, and approve. */
const helpful: readonly Act[] = [{ by: 'colleague', after: 4_000, to: 'each' }];

/** What people approve with where the environment does not say. */
const usualReaction = 'white_check_mark';

const strangersAccount = 'U0STRANGER01';

/**
 * Gives the environment people who may approve, where it has any or the scenario wants some: its own, with an account
 * each, and the one who rehearses. Nobody acts where no approval can be asked for.
 */
export function castOf(
  environment: Environment,
  { operator, acts }: { operator: string; acts: readonly Act[] | undefined },
): Cast {
  const own = environment.approvals;
  if (own === undefined && acts === undefined) {
    return { environment, accounts: { colleague: '', runner: '', stranger: strangersAccount }, acts: [] };
  }
  const named = Object.entries(own?.people ?? {}).map(([name, { slack }]): [string, { slack: string }] => [
    name,
    { slack: slackUserId(slack ?? `PLACEHOLDER-${name}`) },
  ]);
  const people = Object.fromEntries(named);
  const runner = people[operator] ?? { slack: slackUserId(`PLACEHOLDER-${operator}`) };
  if (named.every(([name]) => name === operator)) people.colleague = { slack: slackUserId('PLACEHOLDER-colleague') };
  people[operator] = runner;
  const colleague = Object.entries(people).find(([name]) => name !== operator)?.[1].slack ?? '';
  return {
    environment: { ...environment, approvals: { reaction: own?.reaction ?? usualReaction, people } },
    accounts: { colleague, runner: runner.slack, stranger: strangersAccount },
    acts: acts ?? helpful,
  };
}

/** How often people look at the room, by the rehearsal's clock. */
const lookEveryMs = 500;

type Message = SimulatedWorld['channels'][number]['messages'][number];

/** Lets people react in the simulated workspace, as a message asks them to: `react with :white_check_mark:`. */
export function startColleagues({ world, clock, cast }: { world: SimulatedWorld; clock: Clock; cast: Cast }) {
  const stopped = new AbortController();
  const seen = new Set<Message>();
  const planned: { dueMs: number; reaction: string; account: string; message: Message }[] = [];

  const look = () => {
    for (const message of world.channels.flatMap(({ messages }) => messages)) {
      const [, reaction] = request.exec(message.text) ?? [];
      if (reaction === undefined || seen.has(message)) continue;
      seen.add(message);
      const place = ['first', 'second'][seen.size - 1];
      for (const { by, after, to } of cast.acts) {
        if (to !== 'each' && to !== place) continue;
        planned.push({ dueMs: clock.now() + after, reaction, account: cast.accounts[by], message });
      }
    }
    for (const { reaction, account, message } of planned.filter(({ dueMs }) => dueMs <= clock.now())) {
      react(message, reaction, account);
    }
  };
  const watch = async () => {
    while (!stopped.signal.aborted) {
      look();
      await clock.sleep(lookEveryMs, stopped.signal);
    }
  };
  const done =
    cast.acts.length === 0
      ? Promise.resolve()
      : watch().catch((error: unknown) => {
          if (!stopped.signal.aborted) throw error;
        });
  return {
    async close() {
      stopped.abort();
      await done;
    },
  };
}

/** What a message that asks for approvals says of how to answer. */
const request = /react with :([^:\s]+):/;

/**
 * Lets an account react, or take all its reactions back: to the newest message that asks for approval, as that says, or to
 * the one with this id, whatever has become of it. Answers the message; undefined where there is none.
 */
export function answerMessage(
  world: SimulatedWorld,
  {
    account,
    isTakenBack,
    ts,
    name,
  }: { account: string; isTakenBack: boolean; ts?: string | undefined; name?: string | undefined },
): Message | undefined {
  const all = world.channels.flatMap(({ messages }) => messages);
  const asking = all
    .filter(({ text }) => request.test(text))
    .toSorted((left, right) => Number(left.ts) - Number(right.ts));
  const message = ts === undefined ? asking.at(-1) : all.find((candidate) => candidate.ts === ts);
  if (message === undefined) return undefined;
  if (!isTakenBack) react(message, name ?? request.exec(message.text)?.[1] ?? usualReaction, account);
  else {
    message.reactions = (message.reactions ?? [])
      .map(({ name: of, users }) => ({ name: of, users: users.filter((user) => user !== account) }))
      .filter(({ users }) => users.length > 0);
  }
  return message;
}

function react(message: Message, name: string, account: string): void {
  message.reactions ??= [];
  const known = message.reactions.find((reaction) => reaction.name === name);
  if (known === undefined) message.reactions.push({ name, users: [account] });
  else if (!known.users.includes(account)) known.users.push(account);
}
