import path from 'node:path';
import { OpsError } from '../errors.ts';
import type { World } from '../world/world.ts';

/** Whether a file name is a YAML file's. */
export function isYaml(name: string): boolean {
  return name.endsWith('.yaml');
}

/**
 * The runbooks directory: `--runbooks`, else `./runbooks` if it holds any `*.yaml`, else the package's own. Throws
 * `usage` when the named one does not exist.
 */
export async function locateRunbooks(world: World, given: string | undefined): Promise<string> {
  if (given !== undefined) {
    const directory = path.resolve(world.cwd, given);
    if (await world.files.exists(directory)) return directory;
    throw new OpsError('usage', `there is no directory ${directory}`, {
      hint: 'give the directory that holds your runbooks: --runbooks DIR',
    });
  }
  const local = path.join(world.cwd, 'runbooks');
  if ((await world.files.list(local)).some(isYaml)) return local;
  return path.join(world.packageDirectory, 'runbooks');
}

/** The environment's file: a name means `environments/NAME.yaml` beside the runbooks; a path to a `.yaml` is itself. */
export function locateEnvironment(world: World, runbooks: string, nameOrPath: string): string {
  return isYaml(nameOrPath)
    ? path.resolve(world.cwd, nameOrPath)
    : path.join(runbooks, 'environments', `${nameOrPath}.yaml`);
}

/** Where runs are kept: `--state-dir`, else `$XDG_STATE_HOME/resend-ops`, else `~/.local/state/resend-ops`. */
export function locateState(world: World, given: string | undefined): string {
  if (given !== undefined) return path.resolve(world.cwd, given);
  const base = world.variables.XDG_STATE_HOME;
  // The XDG specification: a relative path is invalid and to be ignored.
  if (base !== undefined && path.isAbsolute(base)) return path.join(base, 'resend-ops');
  return path.join(world.homeDirectory, '.local', 'state', 'resend-ops');
}

/** Whether a runbook of this name can be a command; the files of others are named by `lint` and `list`. */
export function canBeCommand(name: string): boolean {
  return /^[a-z][a-z0-9-]*$/.test(name);
}

/** The names of the `*.yaml` files of a directory, without the ending. */
export async function namesIn(world: World, directory: string): Promise<string[]> {
  return (await world.files.list(directory)).filter(isYaml).map((name) => name.slice(0, -'.yaml'.length));
}

/** A file's text, or undefined where there is no such file. Throws `invalid`, at its beginning, for one that cannot be read. */
export async function readIfThere(world: World, file: string): Promise<string | undefined> {
  try {
    return (await world.files.exists(file)) ? await world.files.readText(file) : undefined;
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw new OpsError('invalid', `cannot be read: ${error.message}`, {
      where: { file, line: 1, column: 1 },
      hint: 'make it a readable file, or remove it',
      cause: error,
    });
  }
}
