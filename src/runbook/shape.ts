import type { Json } from '../world/json.ts';
import { alternativesOf, type JsonSchema, typesOf } from './json-schema.ts';

/** What a value may look like, as far as expressions are checked before they run. Numbers are of one kind. */
export type Shape =
  | { kind: 'any' | 'number' | 'boolean' | 'null' }
  /** `values`: the only ones there are. */
  | { kind: 'text'; values?: readonly string[] }
  | { kind: 'list'; item: Shape }
  | { kind: 'map'; value: Shape }
  | { kind: 'struct'; fields: Readonly<Record<string, Field>> };

/** A key of a struct. Optional ones may be missing when the expression runs. */
export type Field = { shape: Shape; optional: boolean };

/** A shape that allows everything and promises nothing. */
export const anyShape: Shape = { kind: 'any' };

/** A struct whose fields are always there. */
export function struct(fields: Readonly<Record<string, Shape>>): Shape {
  return {
    kind: 'struct',
    fields: Object.fromEntries(Object.entries(fields).map(([name, shape]) => [name, { shape, optional: false }])),
  };
}

/** The shape of what a schema's values are. Alternatives that differ become `any`; alternatives that are all maps are merged. */
export function shapeOf(node: JsonSchema, root: JsonSchema = node, depth = 0): Shape {
  if (depth > 12) return anyShape;
  const nodes = alternativesOf(node, root);
  const shapes = nodes.map((alternative) => shapeOfOne(alternative, root, depth));
  return mergeShapes(shapes);
}

function shapeOfOne(node: JsonSchema, root: JsonSchema, depth: number): Shape {
  const types = typesOf(node);
  const kinds = new Set(types?.map((type) => (type === 'integer' ? 'number' : type)));
  if (kinds.size !== 1) return anyShape;
  const [kind] = kinds;
  if (kind === 'string') return textShape(node);
  if (kind === 'number' || kind === 'boolean' || kind === 'null') return { kind };
  if (kind === 'array') {
    const item = typeof node.items === 'object' ? shapeOf(node.items, root, depth + 1) : anyShape;
    return { kind: 'list', item: node.prefixItems ? anyShape : item };
  }
  return shapeOfMap(node, root, depth);
}

function textShape(node: JsonSchema): Shape {
  const values = node.const === undefined ? node.enum : [node.const];
  return values ? { kind: 'text', values: values.map(String) } : { kind: 'text' };
}

function shapeOfMap(node: JsonSchema, root: JsonSchema, depth: number): Shape {
  const rest = node.additionalProperties;
  if (node.properties === undefined) {
    return { kind: 'map', value: typeof rest === 'object' ? shapeOf(rest, root, depth + 1) : anyShape };
  }
  // Parsing with a plain z.object drops unknown keys, and says so by additionalProperties: false.
  if (rest !== false && rest !== undefined) return { kind: 'map', value: anyShape };
  const fields = Object.entries(node.properties).map(([name, property]): [string, Field] => [
    name,
    { shape: shapeOf(property, root, depth + 1), optional: !(node.required ?? []).includes(name) },
  ]);
  return { kind: 'struct', fields: Object.fromEntries(fields) };
}

/** One shape that holds for all of them. */
function mergeShapes(shapes: readonly Shape[]): Shape {
  const [first, ...others] = shapes;
  if (first === undefined) return anyShape;
  return others.reduce(mergeTwo, first);
}

function mergeTwo(a: Shape, b: Shape): Shape {
  if (a.kind === 'list' && b.kind === 'list') return { kind: 'list', item: mergeTwo(a.item, b.item) };
  if (a.kind === 'map' && b.kind === 'map') return { kind: 'map', value: mergeTwo(a.value, b.value) };
  if (a.kind === 'struct' && b.kind === 'struct') {
    const names = new Set([...Object.keys(a.fields), ...Object.keys(b.fields)]);
    const fields = [...names].map((name): [string, Field] => {
      const [left, right] = [a.fields[name], b.fields[name]];
      if (left && right)
        return [name, { shape: mergeTwo(left.shape, right.shape), optional: left.optional || right.optional }];
      return [name, { shape: left?.shape ?? right?.shape ?? anyShape, optional: true }];
    });
    return { kind: 'struct', fields: Object.fromEntries(fields) };
  }
  if (a.kind === 'text' && b.kind === 'text') {
    return a.values && b.values ? { kind: 'text', values: [...new Set([...a.values, ...b.values])] } : { kind: 'text' };
  }
  return a.kind === b.kind ? a : anyShape;
}

/** The shape as a given value fills it: maps get exactly the keys that the value has, so that other names are noticed. */
export function narrowShape(shape: Shape, value: Json | undefined): Shape {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return shape;
  const entries = Object.entries(value);
  if (shape.kind === 'map') {
    return struct(Object.fromEntries(entries.map(([name, inner]) => [name, narrowShape(shape.value, inner)])));
  }
  if (shape.kind !== 'struct') return shape;
  const given = new Map(entries);
  const fields = Object.entries(shape.fields).map(([name, field]): [string, Field] => [
    name,
    { shape: narrowShape(field.shape, given.get(name)), optional: field.optional && !given.has(name) },
  ]);
  return { kind: 'struct', fields: Object.fromEntries(fields) };
}
