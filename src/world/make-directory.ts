import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a private directory (0700) and the parents that it lacks. Answers the first that was made, if any; throws what
 * the system throws. Node's own `recursive` is not asked: it never returns where the system refuses a new name with
 * ENOENT although the parent is there (`/proc`), and says ENOENT of a read-only file system.
 */
export function makeDirectory(directory: string): string | undefined {
  const missing: string[] = [];
  let at = resolve(directory);
  for (; statSync(at, { throwIfNoEntry: false }) === undefined; at = dirname(at)) missing.unshift(at);
  // Something is there already: where it is no directory, the system says so in its own words.
  if (missing.length === 0 && !statSync(at).isDirectory()) mkdirSync(at);
  for (const path of missing) makeOne(path);
  return missing[0];
}

function makeOne(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process was faster.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
