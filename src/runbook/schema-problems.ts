import type { z } from 'zod';
import type { Json } from '../world/json.ts';
import { quote, suggest } from './closest.ts';
import { describeValue } from './describe-value.ts';
import { durationPattern } from './duration.ts';
import { type JsonSchema, keysAt, schemasAt } from './json-schema.ts';
import { jsonSchemaOf } from './json-schema-of.ts';
import type { Reading, SchemaProblem } from './schema-problem.ts';
import type { Path } from './yaml-source.ts';

type Issue = z.core.$ZodIssue;

/** The data as the schema parses it, or what is wrong with it in plain words, with near names for unknown keys. */
export function parseBySchema<Value>(schema: z.ZodType<Value>, data: Json): Reading<Value> {
  const result = schema.safeParse(data);
  if (result.success) return { value: result.data };
  const shape = jsonSchemaOf(schema, 'input');
  return { problems: result.error.issues.flatMap((issue) => explain(issue, data, shape, [])) };
}

function explain(issue: Issue, data: Json, shape: JsonSchema, prefix: Path): SchemaProblem[] {
  const path: Path = [...prefix, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  const found = valueAt(data, path);
  const name = nameOf(path);
  const value = (what: string, remedy: string): SchemaProblem[] => [{ path, on: 'value', what, remedy }];
  if (issue.code === 'unrecognized_keys') {
    const { names } = keysAt(shape, path);
    const given = isMap(found) ? Object.keys(found) : [];
    return issue.keys.map((key) => ({
      path: [...path, key],
      on: 'key',
      what: `unknown key ${quote(key)}${path.length > 0 ? ` in ${name}` : ''}`,
      remedy: suggest(
        key,
        names.filter((known) => !given.includes(known)),
      ),
    }));
  }
  if (issue.code === 'invalid_key') {
    return [
      { path, on: 'key', what: `${quote(String(path.at(-1)))} cannot be a name here`, remedy: keyRemedy(issue.issues) },
    ];
  }
  if (found === undefined) {
    const hint = describe(shape, path);
    const remedy = `add it${hint ? `: ${hint}` : ''}`;
    return [{ path, on: 'value', what: `the key ${quote(String(path.at(-1)))} is missing`, remedy, rule: 'missing' }];
  }
  switch (issue.code) {
    case 'invalid_type':
      return value(
        `${name} is ${describeValue(found)}`,
        `give ${expectedWord(issue.expected, shape, path)}${inWords(shape, path)}`,
      );
    case 'invalid_value':
      return value(`${name} cannot be ${describeValue(found)}`, pickOne(found, issue.values));
    case 'invalid_union':
      return explainUnion(issue, data, shape, path, found);
    case 'too_small':
    case 'too_big':
      return value(`${name} is ${describeSize(issue, found)}`, sizeRemedy(issue));
    case 'invalid_format':
      return value(`${name} cannot be ${describeValue(found)}`, `give ${formatWord(issue)}${inWords(shape, path)}`);
    default:
      return value(
        isContainer(found) ? `${name} does not fit` : `${name} cannot be ${describeValue(found)}`,
        issue.message,
      ).map((problem) => (issue.code === 'custom' ? { ...problem, rule: 'custom', ...readsOf(issue) } : problem));
  }
}

/** What the schema says of its rule; see `InputRule`. */
function readsOf({ params }: z.core.$ZodIssueCustom): { reads?: readonly string[] } {
  const reads: unknown = params?.reads;
  return Array.isArray(reads) ? { reads: reads.map(String) } : {};
}

/** Only the alternative that was meant is explained; when none is recognisable, what each expects is listed. */
function explainUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  data: Json,
  shape: JsonSchema,
  path: Path,
  found: Json,
): SchemaProblem[] {
  const isOff = (part: Issue) =>
    part.path.length === 0 && (part.code === 'invalid_type' || part.code === 'invalid_value');
  const meant = issue.errors.filter((branch) => !branch.some(isOff)).sort((a, b) => a.length - b.length)[0];
  if (meant) return meant.flatMap((part) => explain(part, data, shape, path));
  const expected = issue.errors.flatMap((branch) =>
    branch.filter(isOff).map((part) => {
      if (part.code === 'invalid_type') return typeWord(part.expected);
      return part.code === 'invalid_value' ? part.values.map(String).join(' or ') : '';
    }),
  );
  const words = [...new Set(expected)].filter((word) => word !== '');
  // A map of one of several kinds: none of the kinds was tried, for the key that tells the kind fits none.
  const kinds = schemasAt(shape, path).flatMap(({ const: one, enum: many }) =>
    one === undefined ? (many ?? []) : [one],
  );
  const remedy =
    words.length > 0 ? `give ${words.join(', or ')}` : kinds.length > 0 ? pickOne(found, kinds) : issue.message;
  return [{ path, on: 'value', what: `${nameOf(path)} cannot be ${describeValue(found)}`, remedy }];
}

function valueAt(data: Json, path: Path): Json | undefined {
  let current: Json | undefined = data;
  for (const step of path) {
    if (Array.isArray(current) && typeof step === 'number') current = current[step];
    else if (isMap(current) && Object.hasOwn(current, step)) current = current[step];
    else return undefined;
  }
  return current;
}

function isMap(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isContainer(value: Json): boolean {
  return typeof value === 'object' && value !== null;
}

function nameOf(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'the file';
  if (typeof last === 'string') return quote(last);
  const list = path.at(-2);
  return `item ${last + 1}${typeof list === 'string' ? ` of ${quote(list)}` : ''}`;
}

function typeWord(expected: string): string {
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a map of keys',
    record: 'a map of keys',
    null: 'null',
  };
  return words[expected] ?? expected;
}

/** Text of a known form is asked for by that form. */
function expectedWord(expected: string, shape: JsonSchema, path: Path): string {
  const isDuration = schemasAt(shape, path).some((node) => node.pattern === durationPattern.source);
  return expected === 'string' && isDuration ? 'a duration such as 250ms, 5s, 10m or 1h' : typeWord(expected);
}

function formatWord(issue: Extract<Issue, { code: 'invalid_format' }>): string {
  if (!issue.message.startsWith('Invalid')) return issue.message;
  if (issue.format === 'url') return 'a URL such as https://example.com';
  if (issue.format === 'starts_with' && 'prefix' in issue)
    return `text that begins with ${quote(String(issue.prefix))}`;
  return issue.pattern === undefined ? `a valid ${issue.format}` : `text of the form ${issue.pattern}`;
}

function keyRemedy(issues: readonly Issue[]): string {
  const first = issues[0];
  if (first?.code !== 'invalid_format') return first?.message ?? 'rename it';
  if (!first.message.startsWith('Invalid')) return `use ${first.message}`;
  if (first.pattern === '/^[a-z][a-z0-9-]*$/')
    return 'use lower-case letters, digits and dashes, beginning with a letter';
  return first.pattern === undefined ? 'rename it' : `use a name of the form ${first.pattern}`;
}

function pickOne(found: Json, values: readonly unknown[]): string {
  const names = values.map(String);
  if (names.length === 1) return `write ${names[0]}`;
  return typeof found === 'string' ? suggest(found, names) : `use one of: ${names.join(', ')}`;
}

type SizeIssue = Extract<Issue, { code: 'too_small' | 'too_big' }>;

function describeSize(issue: SizeIssue, found: Json): string {
  if (issue.origin === 'number' || issue.origin === 'int') return String(found);
  return issue.code === 'too_small' ? 'too short' : 'too long';
}

function sizeRemedy(issue: SizeIssue): string {
  const unit = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' items' : '';
  const bound = issue.code === 'too_small' ? issue.minimum : issue.maximum;
  const side = issue.code === 'too_small' ? 'at least' : 'at most';
  const strictly = issue.inclusive === false ? (issue.code === 'too_small' ? 'more than' : 'less than') : side;
  return `give ${strictly} ${bound}${Number(bound) === 1 ? unit.replace(/s$/, '') : unit}`;
}

/** What the schema says a value is for. */
function describe(shape: JsonSchema, path: Path): string | undefined {
  return schemasAt(shape, path).find((node) => node.description !== undefined)?.description;
}

function inWords(shape: JsonSchema, path: Path): string {
  const words = describe(shape, path);
  return words === undefined ? '' : ` (${words})`;
}
