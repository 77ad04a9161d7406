import type { AnyAction } from '../actions/action.ts';
import { suiteSchema } from '../actions/http/suite.ts';
import { environmentSchema } from '../world/environment.ts';
import { type JsonSchema, typesOf } from './json-schema.ts';
import { jsonSchemaOf } from './json-schema-of.ts';
import { runbookSchema } from './schema.ts';

/** The JSON Schema of runbooks, for editors: the language, and for each action what its `with` takes. */
export function runbookJsonSchema(actions: ReadonlyMap<string, AnyAction>): JsonSchema {
  const base = jsonSchemaOf(runbookSchema, 'input');
  const names = [...actions.keys()].sort();
  const definitions: Record<string, JsonSchema> = { ...base.$defs };
  const step = definitions.step ?? {};
  const uses = { ...step.properties?.uses, enum: names };
  const conditions = names.flatMap((name) => {
    const action = actions.get(name);
    if (!action) return [];
    const { input, parts } = inputSchemaOf(action);
    Object.assign(definitions, parts);
    const isUsed = { properties: { uses: { const: name } }, required: ['uses'] };
    const requiresWith = (input.required ?? []).length > 0 ? { required: ['with'] } : {};
    // A literal `then` would make the object look like a promise to linters.
    return [
      Object.fromEntries([
        ['if', isUsed],
        ['then', { properties: { with: input }, ...requiresWith }],
      ]),
    ];
  });
  definitions.step = {
    ...step,
    properties: { ...step.properties, uses },
    oneOf: [{ required: ['uses', 'id'] }, { required: ['parallel'] }, { required: ['first-of'] }],
    allOf: conditions,
  };
  return { ...base, title: 'resend-ops runbook', $defs: definitions };
}

/** The JSON Schema of environments, for editors. */
export function environmentJsonSchema(): JsonSchema {
  return { ...jsonSchemaOf(environmentSchema, 'input'), title: 'resend-ops environment' };
}

/** The JSON Schema of suites, for editors. */
export function suiteJsonSchema(): JsonSchema {
  return { ...jsonSchemaOf(suiteSchema, 'input'), title: 'resend-ops suite' };
}

/** The schema files as published in `runbooks/schemas/`: name and exact text. */
export function publishedSchemas(actions: ReadonlyMap<string, AnyAction>): { name: string; text: string }[] {
  const files: [string, JsonSchema][] = [
    ['runbook.schema.json', runbookJsonSchema(actions)],
    ['environment.schema.json', environmentJsonSchema()],
    ['suite.schema.json', suiteJsonSchema()],
  ];
  return files.map(([name, schema]) => ({ name, text: `${JSON.stringify(schema, null, 2)}\n` }));
}

/** An action's input as `with` takes it (text may stand for any value, as an expression), its definitions named apart. */
function inputSchemaOf(action: AnyAction): { input: JsonSchema; parts: Record<string, JsonSchema> } {
  const { $schema: _, $defs = {}, ...schema } = jsonSchemaOf(action.input, 'input');
  const prefix = `${action.name}.`;
  const parts = Object.entries($defs).map(([name, part]) => [
    `${prefix}${name}`,
    allowExpressions(renameReferences(part, prefix)),
  ]);
  const input = renameReferences(schema, prefix);
  return { input: { ...allowInside(input), description: action.summary }, parts: Object.fromEntries(parts) };
}

function renameReferences(node: JsonSchema, prefix: string): JsonSchema {
  const rename = (value: unknown, key: string): unknown => {
    if (key === '$ref' && typeof value === 'string') return value.replace('#/$defs/', `#/$defs/${prefix}`);
    if (Array.isArray(value)) return value.map((item) => rename(item, ''));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, rename(inner, name)]));
  };
  return Object.fromEntries(Object.entries(node).map(([name, inner]) => [name, rename(inner, name)]));
}

const expression: JsonSchema = { type: 'string', pattern: '\\$\\{\\{' };

/** A value, or an expression in its place. */
function allowExpressions(node: JsonSchema): JsonSchema {
  const inside = allowInside(node);
  const isFreeText =
    node.type === 'string' && Object.keys(node).every((key) => /^(type|description|default)$/.test(key));
  const isAnything =
    typesOf(node) === undefined && node.anyOf === undefined && node.oneOf === undefined && node.$ref === undefined;
  if (isFreeText || isAnything) return inside;
  const { description, default: preset, ...rest } = inside;
  return {
    anyOf: [rest, expression],
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
  };
}

function allowInside(node: JsonSchema): JsonSchema {
  const copy: JsonSchema = { ...node };
  if (node.properties) {
    const entries = Object.entries(node.properties).map(([name, property]) => [name, allowExpressions(property)]);
    copy.properties = Object.fromEntries(entries);
  }
  if (typeof node.items === 'object') copy.items = allowExpressions(node.items);
  if (typeof node.additionalProperties === 'object')
    copy.additionalProperties = allowExpressions(node.additionalProperties);
  return copy;
}
