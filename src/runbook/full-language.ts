import type { AnyAction } from '../actions/action.ts';
import { environmentSchema } from '../world/environment.ts';
import { fillHoles } from './fill-holes.ts';
import { jsonSchemaOf } from './json-schema-of.ts';
import type { ActionFacts, Language } from './language.ts';
import { inputSchema, readLeniently, runbookSchema } from './schema.ts';
import { parseBySchema } from './schema-problems.ts';

/** The language by its definitions, with the actions that steps may use. */
export function fullLanguage(actions: ReadonlyMap<string, AnyAction>): Language {
  return {
    tellsAll: true,
    actions: new Map([...actions].map(([name, action]) => [name, factsOf(action)])),
    runbook: (data) => parseBySchema(runbookSchema, data),
    input: (data) => parseBySchema(inputSchema, data),
    stepKeys: readLeniently,
    environment: (data) => parseBySchema(environmentSchema, data),
    environmentOutput: () => jsonSchemaOf(environmentSchema, 'output'),
  };
}

function factsOf(action: AnyAction): ActionFacts {
  const { kind, name, summary } = action;
  const input = () => jsonSchemaOf(action.input, 'input');
  return {
    kind,
    name,
    summary,
    ...(action.findings === undefined ? {} : { findings: action.findings }),
    input,
    output: () => jsonSchemaOf(action.output, 'output'),
    problemsIn(data, holes) {
      const read = parseBySchema(action.input, fillHoles(data, input(), holes));
      return 'problems' in read ? read.problems : [];
    },
  };
}
