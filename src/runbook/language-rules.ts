import {
  fallbackFollows,
  type InputRule,
  lookAheadIsNear,
  lookHasSuite,
  lookIsShort,
  portsDiffer,
  routesDiffer,
  suiteHasLook,
} from '../actions/input-rules.ts';
import { accountsDiffer } from '../world/accounts-differ.ts';

/** The rule of a value that may be anything. */
export const isAnything = (): boolean => true;

/** A rule; where it does not say which keys it reads, it may rest on everything. */
type LanguageRule = Pick<InputRule<never>, 'holds'> & Partial<InputRule<never>>;

/** Rules that the definitions hold values against beyond their shape, by name: a prepared schema can only name them. */
export const languageRules = new Map<string, LanguageRule>(
  Object.entries({
    isAnything: { holds: isAnything, reads: [] },
    lookHasSuite,
    suiteHasLook,
    routesDiffer,
    fallbackFollows,
    lookIsShort,
    lookAheadIsNear,
    portsDiffer,
    accountsDiffer: { holds: accountsDiffer },
  }),
);
