import type { Json } from '../world/json.ts';
import { replaceAt } from './fill-holes.ts';
import { fitSchema, hole } from './fit-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import type { ActionFacts, Language } from './language.ts';
import type { LenientStep, RawInput } from './schema.ts';
import type { Reading, SchemaProblem } from './schema-problem.ts';

/** The definitions as plain data: made when the program is built, read when it starts. */
export type PreparedLanguage = {
  runbook: JsonSchema;
  environment: { input: JsonSchema; output: JsonSchema };
  actions: (Pick<ActionFacts, 'kind' | 'name' | 'summary' | 'findings'> & { input: JsonSchema; output: JsonSchema })[];
};

/** Not for people: whoever reads by a prepared language reads once more by the full one where there is any problem. */
const unproven: SchemaProblem = {
  path: [],
  on: 'key',
  what: 'it is not surely sound',
  remedy: 'read it by the full language',
};

/**
 * A language that says of what is surely sound that it is, and of everything else only that it is not proven. What it
 * accepts, the full language accepts, with the same value; a test holds the two together.
 */
export function preparedLanguage({ runbook, environment, actions }: PreparedLanguage): Language {
  return {
    tellsAll: false,
    actions: new Map(actions.map((action) => [action.name, factsOf(action)])),
    runbook: (data) => read(runbook, data),
    // Asked for only where the runbook is sound as a whole.
    input: (data) => ({ value: data as RawInput }),
    stepKeys: (item) => item as LenientStep,
    environment: (data) => read(environment.input, data),
    environmentOutput: () => environment.output,
  };
}

/** The value is of the type that the schema was made from: there is no other way to say so of data. */
function read<Value>(schema: JsonSchema, data: Json): Reading<Value> {
  const found = fitSchema(schema, data);
  return found === undefined ? { problems: [unproven] } : { value: found.value as Value };
}

function factsOf({ input, output, ...facts }: PreparedLanguage['actions'][number]): ActionFacts {
  return {
    ...facts,
    input: () => input,
    output: () => output,
    problemsIn(data, holes) {
      const open = holes.reduce((filled, path) => replaceAt(filled, path, hole), data);
      return fitSchema(input, open) === undefined ? [unproven] : [];
    },
  };
}
