import type { AnyAction } from '../actions/action.ts';
import type { Environment } from '../world/environment.ts';
import type { Json } from '../world/json.ts';
import type { JsonSchema } from './json-schema.ts';
import type { LenientStep, RawInput, RawRunbook } from './schema.ts';
import type { Reading, SchemaProblem } from './schema-problem.ts';
import type { Path } from './yaml-source.ts';

/** What lint must know of an action. `findings`: the ids that its output may hold. */
export type ActionFacts = Pick<AnyAction, 'kind' | 'name' | 'summary'> & {
  findings?: readonly string[];
  /** What its `with` may be. */
  input(): JsonSchema;
  /** What its outputs are. */
  output(): JsonSchema;
  /** What is wrong with a `with`; what stands at the paths of `holes` is known only when it runs, and anything may stand there. */
  problemsIn(data: Json, holes: readonly Path[]): SchemaProblem[];
};

/**
 * The definitions that runbooks and environments are read by. There are two: the full one, which has the words for all
 * that can be wrong, and the prepared one, which only tells what is surely sound and is there at once.
 */
export type Language = {
  /** Whether it has the words for all that is wrong; else whatever it says against a file ends the reading. */
  tellsAll: boolean;
  actions: ReadonlyMap<string, ActionFacts>;
  runbook(data: Json): Reading<RawRunbook>;
  /** One input of a runbook. */
  input(data: Json): Reading<RawInput>;
  /** A step's own keys, as far as they are well-formed. */
  stepKeys(item: { readonly [key: string]: Json }): LenientStep;
  environment(data: Json): Reading<Environment>;
  /** What `env` is in expressions. */
  environmentOutput(): JsonSchema;
};
