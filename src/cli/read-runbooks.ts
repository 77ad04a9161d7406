import path from 'node:path';
import type { ListedRunbook } from '../runbook/list-runbooks.ts';
import type { World } from '../world/world.ts';
import { isYaml, readIfThere } from './locate.ts';

/** What the build noted of each built-in runbook, and the text that it noted it of. */
type PreparedHeads = Readonly<Record<string, { text: string; head: Omit<ListedRunbook, 'file'> }>>;

/** The runbooks of a directory, read just far enough for names, titles and options. */
export async function readRunbooks(world: World, directory: string): Promise<ListedRunbook[]> {
  const files = (await world.files.list(directory)).filter(isYaml);
  const listed = files.map(async (name) => {
    const file = path.join(directory, name);
    // One file that cannot be read must not take the others away; `lint` names it.
    return (await isReadable(world, file)) ? [await readRunbook(world, file)] : [];
  });
  return (await Promise.all(listed)).flat();
}

async function isReadable(world: World, file: string): Promise<boolean> {
  return world.files.readText(file).then(
    () => true,
    () => false,
  );
}

/**
 * One runbook, read as far. Where the text is still the one that the build saw, what the build noted is used: the YAML
 * parser costs a third of the program's start.
 */
export async function readRunbook(world: World, file: string): Promise<ListedRunbook> {
  const text = (await readIfThere(world, file)) ?? '';
  const prepared = (await preparedHeads(world))[path.basename(file)];
  if (prepared?.text === text) return { ...prepared.head, file };
  const { listRunbook } = await import('../runbook/list-runbooks.ts');
  return listRunbook(file, text);
}

async function preparedHeads(world: World): Promise<PreparedHeads> {
  const text = await readIfThere(world, path.join(world.packageDirectory, 'dist', 'heads.json'));
  return text === undefined ? {} : JSON.parse(text);
}
