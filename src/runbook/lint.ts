import type { Environment } from '../world/environment.ts';
import type { TypeScope } from './cel.ts';
import type { ActionFacts } from './language.ts';
import type { Outline } from './outline.ts';
import type { Problem } from './problem.ts';
import type { Shape } from './shape.ts';
import type { Path, YamlSource } from './yaml-source.ts';

/** A suite that a step names, and where. */
export type NamedSuite = { name: string; path: Path };

/** What the checks of one runbook share: the file, what may be referred to, and what was found. */
export type Lint = {
  source: YamlSource;
  actions: ReadonlyMap<string, ActionFacts>;
  environment: Environment | undefined;
  outline: Outline;
  shapes: { inputs: Shape; env: Shape; run: Shape; outputs: ReadonlyMap<string, Shape> };
  types: TypeScope;
  problems: Problem[];
  suites: NamedSuite[];
  /** How many expressions were compiled so far; see {@link maxExpressions}. */
  expressions: number;
};

/** More than a runbook that people read has; each takes its time to check. */
export const maxExpressions = 1_000;

/** Notes a problem at a value (or, with `on: 'key'`, at its key). */
export function report(lint: Lint, path: Path, what: string, remedy: string, on: 'key' | 'value' = 'value'): void {
  const where = on === 'key' ? lint.source.keyPositionOf(path) : lint.source.positionOf(path);
  lint.problems.push({ where, what, remedy });
}
