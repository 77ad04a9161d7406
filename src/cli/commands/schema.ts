import { exitCodes } from '../../errors.ts';
import { jsonSchemaOf } from '../../runbook/json-schema.ts';
import type { CommandRun } from '../command.ts';

/** The schemas of the files that people write, by what they describe. */
const schemas = {
  runbook: async () => (await import('../../runbook/schema.ts')).runbookSchema,
  environment: async () => (await import('../../world/environment.ts')).environmentSchema,
  suite: async () => (await import('../../actions/http/suite.ts')).suiteSchema,
  scenario: async () => (await import('../../simulator/scenario.ts')).scenarioSchema,
};

/** `resend-ops schema`: the JSON Schema that editors check against, from the same definition as lint. */
export const schema: CommandRun = async ({ world, options }) => {
  const wanted = options.text('of') ?? 'runbook';
  const [, load = schemas.runbook] = Object.entries(schemas).find(([kind]) => kind === wanted) ?? [];
  world.stdout.write(`${JSON.stringify(jsonSchemaOf(await load(), 'input'), null, 2)}\n`);
  return exitCodes.succeeded;
};
