import type { Environment } from '../world/environment.ts';
import type { Json } from '../world/json.ts';
import { createTypeScope, type TypeScope } from './cel.ts';
import type { ActionFacts, Language } from './language.ts';
import type { NamedKeys } from './named-keys.ts';
import type { Outline, StepNode } from './outline.ts';
import type { InputSpec } from './runbook.ts';
import { anyShape, narrowShape, type Shape, shapeOf, struct } from './shape.ts';

/** What expressions may read, by variable. `outputs` is by step id. */
type ScopeShapes = { inputs: Shape; env: Shape; run: Shape; outputs: ReadonlyMap<string, Shape> };

/** The shapes of everything that a runbook's expressions may read; with an environment, only what that one has. */
export function scopeShapes(
  inputs: Readonly<Record<string, InputSpec>>,
  outline: Outline,
  { actions, environmentOutput }: Language,
  environment: Environment | undefined,
): ScopeShapes {
  const env = shapeOf(environmentOutput());
  const given: Json | undefined = environment && JSON.parse(JSON.stringify(environment));
  return {
    inputs: inputsShape(inputs),
    env: given === undefined ? env : narrowShape(env, given),
    run: struct({
      id: { kind: 'text' },
      shortId: { kind: 'text' },
      runbook: { kind: 'text' },
      mode: { kind: 'text', values: ['live', 'dry-run', 'rehearsal'] },
    }),
    outputs: outputShapes(outline, actions),
  };
}

/** The shapes as the types that expressions are checked against, as far as they name what they read. */
export function scopeTypes(shapes: ScopeShapes, { env, steps: ids }: NamedKeys): TypeScope {
  const ofOutputs = new Map<Shape, Shape>();
  const read = [...shapes.outputs].filter(([id]) => ids === undefined || ids.has(id));
  const steps = read.map(([id, outputs]): [string, Shape] => {
    const step = ofOutputs.get(outputs) ?? struct({ outputs });
    ofOutputs.set(outputs, step);
    return [id, step];
  });
  return createTypeScope({
    inputs: shapes.inputs,
    env: env === undefined ? shapes.env : pick(shapes.env, env),
    run: shapes.run,
    steps: struct(Object.fromEntries(steps)),
  });
}

function pick(shape: Shape, keys: ReadonlySet<string>): Shape {
  if (shape.kind !== 'struct') return shape;
  return { kind: 'struct', fields: Object.fromEntries(Object.entries(shape.fields).filter(([key]) => keys.has(key))) };
}

function inputsShape(inputs: Readonly<Record<string, InputSpec>>): Shape {
  const fields = Object.entries(inputs).map(([name, input]) => {
    const optional = !input.required && input.default === undefined;
    return [name, { shape: inputShape(input), optional }] as const;
  });
  return { kind: 'struct', fields: Object.fromEntries(fields) };
}

/** A duration is a number of milliseconds. */
function inputShape(input: InputSpec): Shape {
  if (input.type === 'boolean') return { kind: 'boolean' };
  if (input.type !== 'string') return { kind: 'number' };
  return input.oneOf ? { kind: 'text', values: input.oneOf } : { kind: 'text' };
}

function outputShapes(outline: Outline, actions: ReadonlyMap<string, ActionFacts>): Map<string, Shape> {
  const byAction = new Map<string, Shape>();
  const shapes = new Map<string, Shape>();
  for (const node of outline.all) {
    if (!shapes.has(node.id)) shapes.set(node.id, outputShape(node, actions, byAction));
  }
  return shapes;
}

function outputShape(node: StepNode, actions: ReadonlyMap<string, ActionFacts>, known: Map<string, Shape>): Shape {
  if (node.kind === 'first-of') return struct({ by: { kind: 'text', values: node.children.map((child) => child.id) } });
  if (node.kind === 'parallel') return struct({});
  const action = actions.get(node.raw.uses ?? '');
  if (!action) return anyShape;
  const shape = known.get(action.name) ?? shapeOf(action.output());
  known.set(action.name, shape);
  return shape;
}
