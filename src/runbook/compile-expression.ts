import { explainCelProblem } from './cel-problems.ts';
import { checkRead } from './check-read.ts';
import { type Lint, maxExpressions, report } from './lint.ts';
import type { StepNode } from './outline.ts';
import { type Read, readsOf } from './reads.ts';
import type { Expression } from './runbook.ts';
import type { Shape } from './shape.ts';
import type { Path } from './yaml-source.ts';

/** An expression in its place. `reader` is the step it belongs to; the lock has none, and reads inputs, env and run only. */
type Place = {
  path: Path;
  /** Where the expression begins in the text at `path`. */
  offset: number;
  reader: StepNode | undefined;
  /** The step's own outputs, in `expect`. */
  outputs?: Shape;
};

/** An expression that can be evaluated, and the CEL type of its value. */
export type Compiled = { expression: Expression; type: string };

/** Checks an expression (syntax, names, references, types); problems are noted in the lint, and then there is no result. */
export function compileExpression(lint: Lint, source: string, place: Place): Compiled | undefined {
  const reportAt = (offset: number, what: string, remedy: string): void => {
    lint.problems.push({ where: lint.source.positionInText(place.path, place.offset + offset), what, remedy });
  };
  const before = lint.problems.length;
  lint.expressions += 1;
  if (lint.expressions > maxExpressions) {
    if (lint.expressions === maxExpressions + 1) {
      reportAt(0, `the runbook has more than ${maxExpressions} expressions`, 'split it, or write texts out');
    }
    return undefined;
  }
  if (source.trim() === '') {
    reportAt(0, 'the expression is empty', 'write one, or remove it');
    return undefined;
  }
  const types = place.outputs === undefined ? lint.types : lint.types.and('outputs', place.outputs);
  const parsed = types.parse(source);
  if ('problem' in parsed) {
    const { what, remedy } = explainCelProblem(parsed.problem);
    reportAt(parsed.problem.offset, what, remedy);
    return undefined;
  }
  const { reads, breaches } = readsOf(parsed);
  for (const { offset, what, remedy } of breaches) reportAt(offset, what, remedy);
  for (const read of reads) {
    for (const { offset, what, remedy } of checkRead(lint, read, reads, place)) reportAt(offset, what, remedy);
  }
  if (lint.problems.length > before) return undefined;

  const checked = parsed.check();
  if ('problem' in checked) {
    const { what, remedy } = explainCelProblem(checked.problem);
    reportAt(checked.problem.offset, what, remedy);
    return undefined;
  }
  const stepsRead = keysOf('steps', reads);
  const stepsAsked = keysOf(
    'steps',
    reads.filter(({ inHas }) => inHas),
  );
  const inputsRead = keysOf('inputs', reads);
  const asked = {
    ...(stepsAsked.length === 0 ? {} : { stepsAsked }),
    ...(inputsRead.length === 0 ? {} : { inputsRead }),
  };
  const where = lint.source.positionInText(place.path, place.offset);
  return { expression: { source, where, stepsRead, ...asked }, type: checked.type };
}

function keysOf(variable: 'steps' | 'inputs', reads: readonly Read[]): string[] {
  return [...new Set(reads.flatMap(({ root, steps }) => (root === variable ? [String(steps[0]?.key)] : [])))];
}

/** Compiles a bare condition (`when`, `expect`): it must be true or false. */
export function compileCondition(lint: Lint, source: string, place: Place): Expression | undefined {
  if (source.includes('${{')) {
    report(lint, place.path, 'the condition is wrapped in ${{ }}', 'write the expression bare');
    return undefined;
  }
  const compiled = compileExpression(lint, source, place);
  if (compiled === undefined || compiled.type === 'bool' || compiled.type === 'dyn') return compiled?.expression;
  report(lint, place.path, 'the condition is not true or false', 'compare it, for example with == or >');
  return undefined;
}
