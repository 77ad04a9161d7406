import { OpsError } from '../errors.ts';
import { loadEnvironment } from '../runbook/load-environment.ts';
import { createEdges, type DoctorEdges } from '../world/edges.ts';
import type { Environment } from '../world/environment.ts';
import type { World } from '../world/world.ts';
import { checkAuthority } from './check-authority.ts';
import { readEnvironment } from './load-material.ts';
import { locateEnvironment, readIfThere } from './locate.ts';
import { invalidFiles } from './problems.ts';
import { secretReader, secretValues } from './secrets.ts';

/** An environment outside any run: what it says, what of it is still a placeholder, and the ways to its providers. */
export type OpenEnvironment = { environment: Environment; placeholders: string[]; edges: DoctorEdges };

/** Reads an environment by name or path, and learns its secrets so that none is shown. Throws `usage` or `invalid`. */
export async function openEnvironment(world: World, directory: string, name: string): Promise<OpenEnvironment> {
  const environment = await readEnvironment(world, directory, name);
  const file = locateEnvironment(world, directory, name);
  const loaded = loadEnvironment(file, (await readIfThere(world, file)) ?? '');
  if ('problems' in loaded) throw invalidFiles(world, loaded.problems);
  const { authority, placeholders } = loaded;
  const problems = authority === undefined ? [] : await checkAuthority(world, authority);
  if (problems.length > 0) throw invalidFiles(world, problems);
  const ca = authority === undefined ? undefined : await readIfThere(world, authority.file);
  if (authority !== undefined && ca === undefined)
    throw new OpsError('invalid', `there is no certificate authority ${authority.file}`, { hint: 'correct `ca`' });
  world.redactor.learn(secretValues(environment, world.variables));
  const edges = createEdges(environment, {
    ca,
    secret: secretReader(environment, world.variables),
    mask: world.redactor.text,
  });
  return { environment, placeholders: placeholders.map(({ path }) => path.join('.')), edges };
}
