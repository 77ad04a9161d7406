import { durationMs } from './parse-duration.ts';

/**
 * What some inputs must keep to beyond the shape of each value, here by themselves so that lint can hold inputs against
 * them without the actions.
 */

/**
 * A rule of an input. `reads` are the keys whose values it rests on: of all others it asks at most whether they are there,
 * which is known before an expression that stands at one has a value.
 */
export type InputRule<Value> = { holds(value: Value): boolean; reads: readonly string[] };

type LastLook = { 'last-look'?: string | undefined; suite?: string | undefined };

/** A route alone would be looked at with nothing. */
export const lookHasSuite: InputRule<LastLook> = {
  holds: ({ 'last-look': route, suite }) => route === undefined || suite !== undefined,
  reads: [],
};

/** A suite alone would be sent nowhere. */
export const suiteHasLook: InputRule<LastLook> = {
  holds: ({ 'last-look': route, suite }) => suite === undefined || route !== undefined,
  reads: [],
};

/** Each route of a comparison is another one. */
export const routesDiffer: InputRule<{ routes: readonly string[] }> = {
  holds: ({ routes }) => new Set(routes).size === routes.length,
  reads: ['routes'],
};

/** The first route of a comparison is the primary; the fallback is one of the others. */
export const fallbackFollows: InputRule<{ routes: readonly string[]; fallback: string }> = {
  holds: ({ routes, fallback }) => routes.indexOf(fallback) > 0,
  reads: ['routes', 'fallback'],
};

/** Each port is another one. */
export const portsDiffer: InputRule<readonly number[]> = {
  holds: (ports) => new Set(ports).size === ports.length,
  reads: ['ports'],
};

/** The longest look of a comparison: what it saw first is old by its end. */
const longestLookMs = 15 * 60_000;

/** A comparison ends while what it saw first still counts. */
export const lookIsShort: InputRule<{ over: string | number }> = {
  holds: ({ over }) => durationMs(over) <= longestLookMs,
  reads: ['over'],
};

/** PagerDuty answers for 90 days at most, and schedules further ahead than 30 are seldom filled. */
const furthestAheadMs = 720 * 3_600_000;

/** Times in which nobody is on call are looked for no further ahead than schedules are filled. */
export const lookAheadIsNear: InputRule<{ 'on-call-ahead': string | number }> = {
  holds: (asked) => durationMs(asked['on-call-ahead']) <= furthestAheadMs,
  reads: ['on-call-ahead'],
};
