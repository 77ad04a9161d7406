import type { Json } from '../world/json.ts';
import type { Path } from './yaml-source.ts';

/** A node of a JSON Schema (2020-12), as far as this program reads it. */
export type JsonSchema = {
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  propertyNames?: JsonSchema;
  items?: boolean | JsonSchema;
  prefixItems?: JsonSchema[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  description?: string;
  default?: Json;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  /** In prepared schemas: the names of rules beyond the shape, and that the schema demands more than it says. */
  'x-rules'?: string[];
  'x-unproven'?: true;
  [keyword: string]: unknown;
};

/** The alternatives that a node stands for: references followed, anyOf/oneOf/allOf opened. */
export function alternativesOf(node: JsonSchema, root: JsonSchema, depth = 0): JsonSchema[] {
  if (depth > 16) return [];
  if (node.$ref !== undefined) {
    const target = node.$ref === '#' ? root : root.$defs?.[node.$ref.replace('#/$defs/', '')];
    return target === undefined ? [] : alternativesOf(target, root, depth + 1);
  }
  const inner = node.anyOf ?? node.oneOf ?? node.allOf;
  return inner ? inner.flatMap((part) => alternativesOf(part, root, depth + 1)) : [node];
}

/** The schemas that may hold at a path. Empty: nothing is allowed there. An empty schema `{}` allows anything. */
export function schemasAt(root: JsonSchema, path: Path): JsonSchema[] {
  let nodes = alternativesOf(root, root);
  for (const step of path) {
    nodes = nodes.flatMap((node) => childrenOf(node, step)).flatMap((child) => alternativesOf(child, root));
  }
  return nodes;
}

/** Every key that a map at the path may have by name, and whether it may also have others. */
export function keysAt(root: JsonSchema, path: Path): { names: string[]; open: boolean } {
  const nodes = schemasAt(root, path);
  const names = new Set(
    nodes.flatMap((node) => [
      ...Object.keys(node.properties ?? {}),
      ...(typeof node.propertyNames === 'object' ? (node.propertyNames.enum ?? []).map(String) : []),
    ]),
  );
  return { names: [...names], open: nodes.some(isOpen) };
}

/** The JSON types that are allowed at a path, or undefined when anything is. */
export function typesAt(root: JsonSchema, path: Path): Set<string> | undefined {
  const types = new Set<string>();
  for (const node of schemasAt(root, path)) {
    const own = typesOf(node);
    if (own === undefined) return undefined;
    for (const type of own) types.add(type);
  }
  return types;
}

/** The JSON types of one node without references, or undefined when it does not limit them. */
export function typesOf(node: JsonSchema): string[] | undefined {
  if (node.type !== undefined) return Array.isArray(node.type) ? node.type : [node.type];
  const values = node.const !== undefined ? [node.const] : node.enum;
  return values?.map((value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value));
}

function childrenOf(node: JsonSchema, step: string | number): JsonSchema[] {
  if (typesOf(node) === undefined && !node.properties && !node.items) return [{}];
  if (typeof step === 'number') {
    const item = node.prefixItems?.[step] ?? node.items;
    return item === true ? [{}] : item ? [item] : [];
  }
  const named =
    node.properties !== undefined && Object.hasOwn(node.properties, step) ? node.properties[step] : undefined;
  if (named) return [named];
  if (typeof node.additionalProperties === 'object') return [node.additionalProperties];
  return isOpen(node) ? [{}] : [];
}

function isOpen(node: JsonSchema): boolean {
  const types = typesOf(node);
  if (types !== undefined && !types.includes('object')) return false;
  return node.additionalProperties !== false;
}
