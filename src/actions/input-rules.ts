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
