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
