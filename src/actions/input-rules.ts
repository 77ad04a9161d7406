import { durationMs } from './parse-duration.ts';

/**
 * What some inputs must keep to beyond the shape of each value, here by themselves so that lint can hold inputs against
 * them without the actions.
 */

type LastLook = { 'last-look'?: string | undefined; suite?: string | undefined };

/** One of the two keys alone would look at nothing. */
export const lastLookIsWhole = ({ 'last-look': route, suite }: LastLook): boolean =>
  (route === undefined) === (suite === undefined);

/** Each route of a comparison is another one. */
export const routesDiffer = ({ routes }: { routes: readonly string[] }): boolean =>
  new Set(routes).size === routes.length;

/** The first route of a comparison is the primary; the fallback is one of the others. */
export const fallbackFollows = ({ routes, fallback }: { routes: readonly string[]; fallback: string }): boolean =>
  routes.indexOf(fallback) > 0;

/** Each port is another one. */
export const portsDiffer = (ports: readonly number[]): boolean => new Set(ports).size === ports.length;

/** The longest look of a comparison: what it saw first is old by its end. */
const longestLookMs = 15 * 60_000;

/** A comparison ends while what it saw first still counts. */
export const lookIsShort = ({ over }: { over: string | number }): boolean => durationMs(over) <= longestLookMs;

/** PagerDuty answers for 90 days at most, and schedules further ahead than 30 are seldom filled. */
const furthestAheadMs = 720 * 3_600_000;

/** Times in which nobody is on call are looked for no further ahead than schedules are filled. */
export const lookAheadIsNear = (asked: { 'on-call-ahead': string | number }): boolean =>
  durationMs(asked['on-call-ahead']) <= furthestAheadMs;
