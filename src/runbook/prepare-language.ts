import { z } from 'zod';
import type { AnyAction } from '../actions/action.ts';
import { environmentSchema } from '../world/environment.ts';
import type { JsonSchema } from './json-schema.ts';
import { jsonSchemaOf } from './json-schema-of.ts';
import { languageRules } from './language-rules.ts';
import type { PreparedLanguage } from './prepared-language.ts';
import { runbookSchema } from './schema.ts';

/**
 * The definitions as plain data, for {@link preparedLanguage}: each schema as JSON Schema without the words for people,
 * its rules by name (`x-rules`). Whatever a schema demands that this does not say is marked `x-unproven`.
 */
export function prepareLanguage(actions: ReadonlyMap<string, AnyAction>): PreparedLanguage {
  return {
    runbook: prepareSchema(runbookSchema),
    environment: { input: prepareSchema(environmentSchema), output: strip(jsonSchemaOf(environmentSchema, 'output')) },
    actions: [...actions.values()].map((action) => ({
      kind: action.kind,
      name: action.name,
      summary: action.summary,
      ...(action.findings === undefined ? {} : { findings: action.findings }),
      input: prepareSchema(action.input),
      output: strip(jsonSchemaOf(action.output, 'output')),
    })),
  };
}

function prepareSchema(schema: z.ZodType): JsonSchema {
  const made = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const node: JsonSchema = jsonSchema as JsonSchema;
      const { rules, isTold } = demandsOf(zodSchema, node);
      if (!isTold) node['x-unproven'] = true;
      if (rules.length > 0) node['x-rules'] = [...new Set([...(node['x-rules'] ?? []), ...rules])];
    },
  });
  return strip(made as JsonSchema);
}

type Demands = { rules: string[]; isTold: boolean };

/** The kinds of schema, and of checks on one, whose JSON Schema says all that they demand. */
const plainKinds = new Set(
  'object string optional default prefault boolean union array number literal enum record null nullable lazy'.split(
    ' ',
  ),
);
const plainChecks = new Set('min_length max_length greater_than less_than number_format'.split(' '));

/** What a schema demands by functions: the names of known rules, and whether its JSON Schema tells all the rest. */
function demandsOf({ _zod: { def } }: z.core.$ZodTypes, node: JsonSchema): Demands {
  const rules: string[] = [];
  let isTold = plainKinds.has(def.type);
  const addRule = (rule: unknown): boolean => {
    const [name] = [...languageRules].find(([, known]) => known.holds === rule) ?? [];
    if (name !== undefined) rules.push(name);
    return name !== undefined;
  };
  if (def.type === 'custom' && 'fn' in def) isTold = addRule(def.fn);
  // What is only converted, without a word, is accepted as it is written.
  if (def.type === 'pipe') {
    const { def: out } = (def.out as z.core.$ZodTypes)._zod;
    isTold = out.type === 'transform' && out.transform.length < 2;
  }
  if (def.type === 'transform') isTold = true;
  for (const check of def.checks ?? []) {
    const demand = check._zod.def;
    const isPattern =
      demand.check === 'string_format' &&
      'pattern' in demand &&
      demand.pattern instanceof RegExp &&
      demand.pattern.flags === '';
    const isKnown =
      plainChecks.has(demand.check) ||
      isPattern ||
      (demand.check === 'custom' && 'fn' in demand && (addRule(demand.fn) || isToldByPattern(node)));
    isTold &&= isKnown;
  }
  return { rules, isTold };
}

/** A rule on text that has no name tells its pattern itself (by `meta`). */
function isToldByPattern(node: JsonSchema): boolean {
  return node.type === 'string' && typeof node.pattern === 'string';
}

/** The keywords that {@link preparedLanguage} understands, and those that demand nothing. */
const understood = new Set(
  (
    '$ref $defs type properties required additionalProperties propertyNames items anyOf oneOf allOf enum const pattern ' +
    'minLength maxLength minItems maxItems minimum maximum exclusiveMinimum exclusiveMaximum default x-rules x-unproven'
  ).split(' '),
);
const silent = new Set(['$schema', 'description', 'title', 'id', 'examples']);

function strip(node: JsonSchema): JsonSchema {
  const kept = Object.entries(node).filter(([keyword]) => !silent.has(keyword));
  const isUnproven = kept.some(([keyword]) => !understood.has(keyword));
  return {
    ...Object.fromEntries(kept.map(([keyword, value]) => [keyword, stripWithin(keyword, value)])),
    ...(isUnproven ? { 'x-unproven': true } : {}),
  };
}

function stripWithin(keyword: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (keyword === 'properties' || keyword === '$defs') {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, strip(inner)]));
  }
  if (/^(anyOf|oneOf|allOf|prefixItems)$/.test(keyword) && Array.isArray(value))
    return value.map((inner) => strip(inner));
  return /^(additionalProperties|propertyNames|items)$/.test(keyword) ? strip({ ...value }) : value;
}
