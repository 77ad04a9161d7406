import path from 'node:path';
import { actions } from '../actions/index.ts';
import type { Material } from '../engine/options.ts';
import { OpsError } from '../errors.ts';
import { suggest } from '../runbook/closest.ts';
import { type LoadRequest, loadAll } from '../runbook/load-all.ts';
import { loadEnvironment } from '../runbook/load-environment.ts';
import type { Problem } from '../runbook/problem.ts';
import type { Authority } from '../runbook/read-environment.ts';
import type { Environment } from '../world/environment.ts';
import type { World } from '../world/world.ts';
import { checkAuthority } from './check-authority.ts';
import { canBeCommand, locateEnvironment, namesIn, readIfThere } from './locate.ts';
import { invalidFiles } from './problems.ts';
import { secretValues } from './secrets.ts';

/** The files of a run, and what does no harm to a rehearsal but stops a live run: placeholders. */
export type LoadedMaterial = Material & { warnings: readonly Problem[]; authority?: Authority };

/**
 * Reads and checks a runbook, the environment and the suites that it uses. Throws `usage` for names that lead to no
 * file, `invalid` with every problem of the files.
 */
export async function loadMaterial(
  world: World,
  directory: string,
  names: { runbook: string; environment: string },
): Promise<LoadedMaterial> {
  const runbookFile = await findRunbook(world, directory, names.runbook);
  const environmentFile = await findEnvironment(world, directory, names.environment);
  const readText = (file: string) => readIfThere(world, file);
  const material = await loadFrom(world, { runbookFile, environmentFile, readText, actions }, names.environment);
  const problems = material.authority === undefined ? [] : await checkAuthority(world, material.authority);
  if (problems.length > 0) throw invalidFiles(world, problems);
  return material;
}

/** The same from any texts: from disk, or as pinned when a run started. */
export async function loadFrom(world: World, request: LoadRequest, environmentName: string): Promise<LoadedMaterial> {
  const loaded = await loadAll(request);
  if ('problems' in loaded) throw invalidFiles(world, loaded.problems);
  world.redactor.learn(secretValues(loaded.environment, world.variables));
  return { ...loaded, environmentName };
}

/** Throws `invalid` where a live run would use an environment that is not filled in yet. */
export function assertNoPlaceholders(world: World, { warnings }: LoadedMaterial): void {
  if (warnings.length === 0) return;
  throw invalidFiles(world, warnings, 'fill them in; `resend-ops rehearse` needs none of them');
}

/** An environment alone, by name or path. Throws `usage` or `invalid`. */
export async function readEnvironment(world: World, directory: string, name: string): Promise<Environment> {
  const file = await findEnvironment(world, directory, name);
  const loaded = loadEnvironment(file, (await readIfThere(world, file)) ?? '');
  if ('problems' in loaded) throw invalidFiles(world, loaded.problems);
  return loaded.environment;
}

async function findEnvironment(world: World, directory: string, name: string): Promise<string> {
  const file = locateEnvironment(world, directory, name);
  if ((await readIfThere(world, file)) !== undefined) return file;
  const known = await namesIn(world, path.join(directory, 'environments'));
  throw new OpsError('usage', `there is no environment ${name}: ${file} does not exist`, {
    hint: suggest(name, known),
  });
}

async function findRunbook(world: World, directory: string, name: string): Promise<string> {
  const known = (await namesIn(world, directory)).filter(canBeCommand);
  if (known.includes(name)) return path.join(directory, `${name}.yaml`);
  throw new OpsError('usage', `there is no runbook ${name} in ${directory}`, { hint: suggest(name, known) });
}
