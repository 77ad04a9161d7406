import {
  fallbackFollows,
  lastLookIsWhole,
  lookAheadIsNear,
  lookIsShort,
  portsDiffer,
  routesDiffer,
} from '../actions/input-rules.ts';
import { accountsDiffer } from '../world/accounts-differ.ts';

/** The rule of a value that may be anything. */
export const isAnything = (): boolean => true;

/** Rules that the definitions hold values against beyond their shape, by name: a prepared schema can only name them. */
export const languageRules = new Map<string, (value: never) => boolean>(
  Object.entries({
    isAnything,
    lastLookIsWhole,
    routesDiffer,
    fallbackFollows,
    lookIsShort,
    lookAheadIsNear,
    portsDiffer,
    accountsDiffer,
  }),
);
