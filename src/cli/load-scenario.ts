import path from 'node:path';
import { OpsError } from '../errors.ts';
import { suggest } from '../runbook/closest.ts';
import { loadDocument } from '../runbook/document.ts';
import { type Scenario, scenarioSchema } from '../simulator/scenario.ts';
import type { World } from '../world/world.ts';
import { isYaml, namesIn, readIfThere } from './locate.ts';
import { invalidFiles } from './problems.ts';

/** The scenario of a rehearsal, by name or by the path of a .yaml. Throws `usage` or `invalid`. */
export async function loadScenario(world: World, directory: string, name: string): Promise<Scenario> {
  const folder = path.join(directory, 'scenarios');
  const file = isYaml(name) ? path.resolve(world.cwd, name) : path.join(folder, `${name}.yaml`);
  const text = await readIfThere(world, file);
  if (text === undefined) {
    const known = await namesIn(world, folder);
    throw new OpsError('usage', `there is no scenario ${name}: ${file} does not exist`, { hint: suggest(name, known) });
  }
  const loaded = loadDocument(file, text, scenarioSchema);
  if ('problems' in loaded) throw invalidFiles(world, loaded.problems);
  return loaded.value;
}
