import type { Problem } from './problem.ts';
import type { Path, YamlSource } from './yaml-source.ts';

/**
 * One problem, before it has a place. `on` tells whether the key or the value is at fault; `rule` that a key is missing,
 * or that a rule of the schema's own found it, which rests on the values of the keys that it `reads`: on any, where it does
 * not say.
 */
export type SchemaProblem = {
  path: Path;
  on: 'key' | 'value';
  what: string;
  remedy: string;
  rule?: 'custom' | 'missing';
  reads?: readonly string[];
};

/** What reading data by a definition gives: the value, or all that is wrong with the data. */
export type Reading<Value> = { value: Value } | { problems: SchemaProblem[] };

/** The problems, placed in the document; `at` is where in the document the data stands. */
export function placeProblems(problems: readonly SchemaProblem[], source: YamlSource, at: Path = []): Problem[] {
  return problems.map(({ path, on, what, remedy }) => ({
    where: on === 'key' ? source.keyPositionOf([...at, ...path]) : source.positionOf([...at, ...path]),
    what,
    remedy,
  }));
}
