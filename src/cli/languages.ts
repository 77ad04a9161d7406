import path from 'node:path';
import type { Language } from '../runbook/language.ts';
import { preparedLanguage } from '../runbook/prepared-language.ts';
import type { World } from '../world/world.ts';
import { readIfThere } from './locate.ts';

/** The definitions to read files by: those prepared at build time, where they are there, and the full ones. */
export type Languages = { prepared: Language | undefined; full(): Promise<Language> };

/** Opens the languages. The full one takes several times as long to load, and is loaded only where it is needed. */
export async function openLanguages(world: World): Promise<Languages> {
  const text = await readIfThere(world, path.join(world.packageDirectory, 'dist', 'language.json'));
  return { prepared: text === undefined ? undefined : preparedLanguage(JSON.parse(text)), full: loadFullLanguage };
}

async function loadFullLanguage(): Promise<Language> {
  const [{ fullLanguage }, { actions }] = await Promise.all([
    import('../runbook/full-language.ts'),
    import('../actions/index.ts'),
  ]);
  return fullLanguage(actions);
}

/**
 * Reads by the prepared language; what that does not prove sound is read once more by the full one, which alone has the
 * words for what is wrong.
 */
export async function readBy<Found extends object>(
  languages: Languages,
  read: (language: Language) => Found,
): Promise<Found> {
  const found = languages.prepared === undefined ? undefined : read(languages.prepared);
  return found !== undefined && isSound(found) ? found : read(await languages.full());
}

function isSound(found: object): boolean {
  return !('problems' in found) || (Array.isArray(found.problems) && found.problems.length === 0);
}
