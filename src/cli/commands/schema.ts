import { actions } from '../../actions/index.ts';
import { exitCodes } from '../../errors.ts';
import { jsonSchemaOf } from '../../runbook/json-schema-of.ts';
import { environmentJsonSchema, runbookJsonSchema, suiteJsonSchema } from '../../runbook/json-schemas.ts';
import { escapeUnseen } from '../../world/visible-text.ts';
import type { CommandRun } from '../command.ts';

/** The schemas of the files that people write, by what they describe. */
const schemas = {
  runbook: async () => runbookJsonSchema(actions),
  environment: async () => environmentJsonSchema(),
  suite: async () => suiteJsonSchema(),
  scenario: async () => jsonSchemaOf((await import('../../simulator/scenario.ts')).scenarioSchema, 'input'),
};

/** `resend-ops schema`: the JSON Schema that editors check against, from the same definition as lint. */
export const schema: CommandRun = async ({ world, options }) => {
  const wanted = options.text('of') ?? 'runbook';
  const [, make = schemas.runbook] = Object.entries(schemas).find(([kind]) => kind === wanted) ?? [];
  world.stdout.write(`${escapeUnseen(JSON.stringify(await make(), null, 2))}\n`);
  return exitCodes.succeeded;
};
