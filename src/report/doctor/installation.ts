import { isBuiltin } from 'node:module';
import path from 'node:path';
import type { Files } from '../../world/world.ts';
import { type Finding, fine, trouble } from './finding.ts';

/** What `bin` needs besides the bundle's own chunks. */
const always = ['main.js', 'package.json', 'version.txt', 'help.txt', 'heads.json'];

/**
 * Whether the installed copy is whole: every chunk that a chunk loads is there, and nothing is loaded from elsewhere, so
 * that it runs while no registry answers. Registries are behind the same edge as much else.
 */
export async function examineInstallation(
  files: Files,
  { packageDirectory, version }: { packageDirectory: string; version: string },
): Promise<Finding> {
  const id = 'installation';
  const dist = path.join(packageDirectory, 'dist');
  const there = new Set(await files.list(dist));
  const missing = new Set(always.filter((name) => !there.has(name)));
  const foreign = new Set<string>();
  for (const name of [...there].filter((file) => file.endsWith('.js'))) {
    for (const wanted of loadedBy(await files.readText(path.join(dist, name)))) {
      if (wanted.startsWith('./')) {
        if (!there.has(wanted.slice(2))) missing.add(wanted.slice(2));
      } else if (!isBuiltin(wanted)) foreign.add(wanted);
    }
  }
  const breaks = 'the program stops in the middle, where it needs what is missing, and no registry may answer then';
  const remedy = 'install it again from the packed file: npm install -g ./resend-ops-*.tgz';
  if (missing.size > 0)
    return trouble(id, 'bad', { found: `dist lacks ${[...missing].sort().join(', ')}`, breaks, remedy });
  if (foreign.size > 0) {
    const found = `dist loads packages that it does not hold: ${[...foreign].sort().join(', ')}`;
    return trouble(id, 'bad', { found, breaks, remedy });
  }
  const built = (await files.readText(path.join(dist, 'version.txt'))).trim();
  if (built !== version) {
    const found = `dist was built as ${built}, the package is ${version}`;
    return trouble(id, 'warn', { found, breaks: 'what runs is not what was reviewed', remedy: 'npm run build' });
  }
  if (packageDirectory.split(path.sep).includes('_npx')) {
    return trouble(id, 'warn', {
      found: 'it runs from npx’s cache',
      breaks: 'npx asks the registry first, which may not answer in an incident',
      remedy: 'npm pack, then npm install -g ./resend-ops-*.tgz; call resend-ops, not npx',
    });
  }
  return fine(id, `${version}, whole; needs no registry`);
}

/** What a chunk loads by a plain `require`, as the bundler writes it. */
function loadedBy(code: string): string[] {
  return [...code.matchAll(/\brequire\(\s*(["'`])([^"'`$\\\s]+)\1\s*\)/g)].map(([, , name = '']) => name);
}
