import type { SimulatedChannel, SimulatedWorld } from './state.ts';

/** A method's arguments; structured ones (`blocks`, `metadata`) as JSON text. */
export type SlackArguments = Record<string, string>;

/** A method's result, as it goes into the body. */
export type SlackResult = { ok: boolean; error?: string } & Record<string, unknown>;

/** One call of a method that concerns a channel. */
export type ChannelCall = { channel: SimulatedChannel; given: SlackArguments; nowMs: number };

/** A method of the Web API. */
export type SlackMethod = (world: SimulatedWorld, given: SlackArguments, nowMs: number) => SlackResult;

/** The bot that the simulated token belongs to. */
export const botUser = { id: 'U0SIMBOT01', botId: 'B0SIMBOT01', name: 'resend-ops', team: 'T0SIMTEAM1' };

/** Booleans arrive as `true` or `1`, from forms and from JSON. */
export function isTrue(argument: string | undefined): boolean {
  return argument === 'true' || argument === '1';
}
