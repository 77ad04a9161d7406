import { type ListedRunbook, listRunbooks } from '../runbook/list-runbooks.ts';
import type { World } from '../world/world.ts';
import { readIfThere } from './locate.ts';

/** The runbooks of a directory, read just far enough for names, titles and options. */
export function readRunbooks(world: World, directory: string): Promise<ListedRunbook[]> {
  return listRunbooks({
    directory,
    listFiles: (folder) => world.files.list(folder),
    readText: (file) => readIfThere(world, file),
  });
}
