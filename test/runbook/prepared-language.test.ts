import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { z } from 'zod';
import { actions } from '../../src/actions/index.ts';
import { fitSchema } from '../../src/runbook/fit-schema.ts';
import { fullLanguage } from '../../src/runbook/full-language.ts';
import type { JsonSchema } from '../../src/runbook/json-schema.ts';
import type { Language } from '../../src/runbook/language.ts';
import { lintRunbook } from '../../src/runbook/lint-runbook.ts';
import { loadEnvironment } from '../../src/runbook/load-environment.ts';
import { prepareLanguage } from '../../src/runbook/prepare-language.ts';
import { preparedLanguage } from '../../src/runbook/prepared-language.ts';
import { readEnvironment } from '../../src/runbook/read-environment.ts';
import { runbookSchema } from '../../src/runbook/schema.ts';
import { type Environment, environmentSchema } from '../../src/world/environment.ts';
import type { Json } from '../../src/world/json.ts';

const folder = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const text = (file: string) => readFileSync(file, 'utf8');
const yamlIn = (directory: string) =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => path.join(directory, name));

const data = prepareLanguage(actions);
// As it comes from the disk.
const prepared = preparedLanguage(JSON.parse(JSON.stringify(data)));
const full = fullLanguage(actions);
const production = path.join(folder('runbooks/environments'), 'production.yaml');
const suites = new Set(['critical-endpoints', 'parity']);

function environment(): Environment {
  const loaded = loadEnvironment(production, text(production));
  if ('problems' in loaded) throw new Error('the environment that ships has problems');
  return loaded.environment;
}

const lint = (language: Language, file: string, source = text(file)) =>
  lintRunbook(language, { file, text: source, suites, environment: environment() });

test.each(yamlIn(folder('runbooks')).map((file) => [path.basename(file), file]))(
  'the prepared language reads %s as the full one does',
  (_, file) => {
    const found = lint(prepared, file);
    expect(found.problems).toEqual([]);
    expect(found).toEqual(lint(full, file));
  },
);

test('the prepared language reads the environment as the full one does', () => {
  const read = readEnvironment(production, text(production), prepared.environment);
  expect(read).not.toHaveProperty('problems');
  expect(JSON.stringify(read)).toBe(JSON.stringify(loadEnvironment(production, text(production))));
});

test('what is wrong by the full language is not sound by the prepared one', () => {
  let wrong = 0;
  for (const file of yamlIn(folder('test/attack/corpus/runbooks'))) {
    if (lint(full, file).problems.length === 0) continue;
    wrong += 1;
    expect(lint(prepared, file).problems, file).not.toEqual([]);
  }
  for (const file of yamlIn(folder('test/attack/corpus/environments'))) {
    if (!('problems' in loadEnvironment(file, text(file)))) continue;
    wrong += 1;
    expect(readEnvironment(file, text(file), prepared.environment), file).toHaveProperty('problems');
  }
  expect(wrong).toBeGreaterThan(50);
});

test('lines left out, doubled and swapped are judged alike', () => {
  const files = yamlIn(folder('runbooks'));
  let wrong = 0;
  const change = fc.record({
    file: fc.constantFrom(...files),
    kind: fc.constantFrom('drop', 'double', 'retype'),
    at: fc.nat(),
  });
  fc.assert(
    fc.property(change, ({ file, kind, at }) => {
      const lines = text(file).split('\n');
      const index = at % lines.length;
      const line = lines[index] ?? '';
      const others = { drop: [], double: [line, line], retype: [line.replace(/: (?=\S)/, ': x')] };
      const source = lines.toSpliced(index, 1, ...others[kind as keyof typeof others]).join('\n');
      const expected = lint(full, file, source);
      if (expected.problems.length > 0) {
        wrong += 1;
        expect(lint(prepared, file, source).problems).not.toEqual([]);
        return;
      }
      const found = lint(prepared, file, source);
      if (found.problems.length === 0) expect(found).toEqual(expected);
    }),
    { numRuns: 150 },
  );
  expect(wrong).toBeGreaterThan(20);
});

/** Values at the edges of what the definitions allow, and beyond. */
const odd: readonly Json[] = [
  ...[
    '',
    ' ',
    'a',
    'A',
    '5s',
    '0s',
    '5 s',
    '1h',
    'api',
    'edge',
    'fallback',
    'origin',
    'api.example.com',
    '192.0.2.1:443',
  ],
  ...['x'.repeat(129), 'PLACEHOLDER-x', 'a/b', '2027-01-31', 'https://example.com', 'none', 'true', '0'.repeat(32)],
  ...[0, 1, -1, 2, 3, 25, 100, 101, 0.5, 5_000, 2 ** 31, true, false, null, [], {}, [''], { a: 'b' }],
];
const anyOdd = fc.constantFrom(...odd);

/** Mostly what the schema asks for, now and then something else. */
function near(node: JsonSchema, root: JsonSchema, depth = 0): fc.Arbitrary<Json> {
  const target = node.$ref === undefined ? node : (root.$defs?.[node.$ref.replace('#/$defs/', '')] ?? root);
  if (depth > 5) return anyOdd;
  const inner = (part: JsonSchema) => near(part, root, depth + 1);
  const { anyOf: choices = target.oneOf, items, properties = {}, additionalProperties: others } = target;
  const values = target.enum ?? (target.const === undefined ? undefined : [target.const]);
  const allows = (kind: string) => [target.type].flat().includes(kind);
  const meant = (): fc.Arbitrary<Json> => {
    if (choices !== undefined) return fc.oneof(...choices.map(inner));
    if (values !== undefined) return fc.constantFrom(...(values as Json[]));
    if (target.type === 'array' && typeof items === 'object') return fc.array(inner(items), { maxLength: 4 });
    if (target.type !== 'object') return fc.constantFrom(...odd.filter((value) => kindsOf(value).some(allows)));
    const required = target.required ?? [];
    const own = Object.entries(properties).map(([name, part]) => {
      const value = inner(part);
      return fc.tuple(fc.constant(name), fc.option(value, { nil: undefined, freq: required.includes(name) ? 20 : 2 }));
    });
    const more =
      typeof others === 'object'
        ? fc.array(fc.tuple(fc.constantFrom('a', 'B', 'edge', '25'), inner(others)), { maxLength: 2 })
        : fc.constant([]);
    return fc.tuple(fc.tuple(...own), more).map(([first, second]) => {
      const given = [...first, ...second].filter((entry): entry is [string, Json] => entry[1] !== undefined);
      return Object.fromEntries(given);
    });
  };
  const wanted = target.type === undefined && choices === undefined && values === undefined ? anyOdd : meant();
  return fc.oneof({ weight: 24, arbitrary: wanted }, { weight: 1, arbitrary: anyOdd });
}

function kindsOf(value: Json): string[] {
  if (value === null) return ['null'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['integer', 'number'] : ['number'];
  return [Array.isArray(value) ? 'array' : typeof value];
}

const definitions: [string, JsonSchema, z.ZodType][] = [
  ['a runbook', data.runbook, runbookSchema],
  ['an environment', data.environment.input, environmentSchema],
  ...data.actions.map(({ name, input }): [string, JsonSchema, z.ZodType] => {
    const action = actions.get(name);
    if (action === undefined) throw new Error(`there is no action ${name}`);
    return [name, input, action.input];
  }),
];

test.each(definitions)('what the prepared schema of %s accepts, the definition accepts', (name, schema, definition) => {
  let accepted = 0;
  const tryMany = () =>
    fc.assert(
      fc.property(near(schema, schema), (value) => {
        const found = fitSchema(schema, value);
        if (found === undefined) return;
        accepted += 1;
        const read = definition.safeParse(value);
        expect(read.error?.issues ?? []).toEqual([]);
        // The values of actions’ inputs are converted further; lint does not look at them.
        if (!actions.has(name)) expect(found.value).toEqual(read.data);
      }),
      { numRuns: 400 },
    );
  tryMany();
  // An input of many keys is seldom sound by chance.
  for (let more = 0; accepted === 0 && actions.has(name) && more < 5; more += 1) tryMany();
  if (actions.has(name)) expect(accepted).toBeGreaterThan(0);
});

test('mutations of the environment that ships are read alike', () => {
  const sound: Json = parse(text(production));
  let accepted = 0;
  fc.assert(
    fc.property(fc.nat(), fc.oneof(anyOdd, fc.constant(undefined)), (at, value) => {
      const changed = changeAt(sound, at, value);
      const found = prepared.environment(changed);
      if ('problems' in found) return;
      accepted += 1;
      const read = environmentSchema.safeParse(changed);
      expect(read.error?.issues ?? []).toEqual([]);
      expect(found.value).toEqual(read.data);
    }),
    { numRuns: 2_000 },
  );
  expect(accepted).toBeGreaterThan(100);
});

/** The data with the `at`th of its parts replaced, or left out where there is no value. */
function changeAt(whole: Json, at: number, value: Json | undefined): Json {
  const copy: Json = JSON.parse(JSON.stringify(whole));
  const places: { parent: { [key: string]: Json }; key: string }[] = [];
  const walk = (node: Json): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, inner] of Object.entries(node)) {
      places.push({ parent: node as { [key: string]: Json }, key });
      walk(inner);
    }
  };
  walk(copy);
  const place = places[at % places.length];
  if (place === undefined) return copy;
  if (value !== undefined) place.parent[place.key] = value;
  else if (!Array.isArray(place.parent)) delete place.parent[place.key];
  return copy;
}

test('every action is proven by its prepared schema alone, but for what has no words in one', () => {
  const unproven = data.actions.filter(({ input }) => JSON.stringify(input).includes('x-unproven'));
  expect(unproven.map(({ name }) => name)).toEqual([]);
});
