import { OpsError } from '../errors.ts';
import type { Json } from '../world/json.ts';
import { runExpression } from './cel.ts';
import { explainCelProblem } from './cel-problems.ts';
import type { Evaluated, Expression, Scope, Template } from './runbook.ts';

/**
 * The value of a checked expression. Reading a step whose outputs are unknown makes it unknown; reading one that has
 * none makes it unavailable, unless it asks by `has(steps.ID.outputs)` whether there are any. Throws `failed`, naming the place, where a value is not as expected (a missing key).
 */
export function evaluate(expression: Expression, scope: Scope): Evaluated {
  const missing = missingStep(expression, scope);
  if (missing) return missing;
  const steps: Record<string, Json> = {};
  for (const [id, step] of Object.entries(scope.steps)) {
    if (step.kind === 'value') steps[id] = { outputs: step.outputs };
  }
  const result = runExpression(expression.source, {
    inputs: scope.inputs,
    env: scope.env,
    run: scope.run,
    steps,
    ...(scope.outputs === undefined ? {} : { outputs: scope.outputs }),
  });
  if ('value' in result) return { kind: 'value', value: result.value };
  const { what, remedy } = explainCelProblem(result.problem);
  throw new OpsError('failed', `cannot work out ${expression.source}: ${what}`, {
    where: expression.where,
    hint: `${remedy}; correct the expression in the runbook`,
  });
}

/** The value of a template: a lone expression keeps its type, text with expressions is joined. See {@link evaluate}. */
export function resolveTemplate(template: Template, scope: Scope): Evaluated {
  switch (template.kind) {
    case 'literal':
      return { kind: 'value', value: template.value };
    case 'expression':
      return evaluate(template.expression, scope);
    case 'text':
      return combine(
        template.parts.map((part) =>
          typeof part === 'string' ? { kind: 'value', value: part } : evaluate(part, scope),
        ),
        (values) => values.map(asText).join(''),
      );
    case 'list':
      return combine(
        template.items.map((item) => resolveTemplate(item, scope)),
        (values) => values,
      );
    case 'map': {
      const names = Object.keys(template.entries);
      return combine(
        Object.values(template.entries).map((entry) => resolveTemplate(entry, scope)),
        (values) => Object.fromEntries(values.map((value, index) => [names[index] ?? '', value])),
      );
    }
  }
}

function missingStep({ stepsRead, stepsAsked = [] }: Expression, scope: Scope): Evaluated | undefined {
  const unknown = stepsRead.find((id) => stepOf(scope, id)?.kind === 'unknown');
  if (unknown !== undefined) return { kind: 'unknown', because: unknown };
  for (const id of stepsRead.filter((read) => !stepsAsked.includes(read))) {
    const step = stepOf(scope, id);
    if (step === undefined) return { kind: 'unavailable', because: id, why: 'it has not run' };
    if (step.kind === 'unavailable') return { kind: 'unavailable', because: id, why: step.why };
  }
  return undefined;
}

function stepOf(scope: Scope, id: string) {
  return Object.hasOwn(scope.steps, id) ? scope.steps[id] : undefined;
}

/** Unknown if any part is, else unavailable if any part is, else the whole made of the parts' values. */
function combine(parts: readonly Evaluated[], whole: (values: Json[]) => Json): Evaluated {
  const off = parts.find((part) => part.kind === 'unknown') ?? parts.find((part) => part.kind === 'unavailable');
  return off ?? { kind: 'value', value: whole(parts.flatMap((part) => (part.kind === 'value' ? [part.value] : []))) };
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
