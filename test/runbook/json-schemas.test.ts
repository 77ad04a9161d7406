import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { actions as ownActions } from '../../src/actions/index.ts';
import { publishedSchemas, runbookJsonSchema } from '../../src/runbook/json-schemas.ts';
import { actionKeys, commonKeys } from '../../src/runbook/schema.ts';
import { actions } from './small-actions.ts';

for (const { name, text } of publishedSchemas(ownActions)) {
  test(`runbooks/schemas/${name} is what the definition says (write it with \`resend-ops schema\`)`, () => {
    const file = new URL(`../../runbooks/schemas/${name}`, import.meta.url);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(text));
  });
}

test('the runbook schema knows every key of a step, every action and what it takes', () => {
  const schema = runbookJsonSchema(actions);
  const step = schema.$defs?.step;
  expect(Object.keys(step?.properties ?? {}).sort()).toEqual(
    [...Object.keys(commonKeys), ...Object.keys(actionKeys), 'parallel', 'first-of'].sort(),
  );
  expect(step?.properties?.uses).toMatchObject({ enum: ['test.look', 'test.set'] });
  const [look, set] = step?.allOf ?? [];
  expect(look).toHaveProperty('if', { properties: { uses: { const: 'test.look' } }, required: ['uses'] });
  expect(look).toHaveProperty('then.properties.with.description', 'Look at something');
  expect(look).toHaveProperty('then.properties.with.additionalProperties', false);
  expect(look).toHaveProperty('then.properties.with.properties.route', { type: 'string' });
  expect(look).toHaveProperty('then.properties.with.properties.rounds', {
    anyOf: [
      { type: 'integer', minimum: 1, maximum: 9 },
      { type: 'string', pattern: '\\$\\{\\{' },
    ],
    default: 3,
  });
  expect(look).not.toHaveProperty('then.required');
  expect(set).toHaveProperty('then.required', ['with']);
});

test('every reference in the schema leads somewhere', () => {
  const schema = runbookJsonSchema(actions);
  const references = [...JSON.stringify(schema).matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g)].map(
    ([, name]) => name ?? '',
  );
  expect(references.length).toBeGreaterThan(2);
  for (const name of references) expect(Object.keys(schema.$defs ?? {})).toContain(name);
});

test('texts are the same each time', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...actions], { minLength: 2 }), (entries) => {
      expect(publishedSchemas(new Map(entries))).toEqual(publishedSchemas(actions));
    }),
    { numRuns: 5 },
  );
});
