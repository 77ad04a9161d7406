import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Files } from './world.ts';

/** The file system of this machine. */
export const systemFiles: Files = {
  readText: (path) => readFile(path, 'utf8'),
  exists: (path) => stat(path).then(() => true, isAbsent),
  list: (directory) =>
    readdir(directory).then(
      (names) => names.sort(),
      (error) => isAbsent(error) || [],
    ),
  makeTemporaryDirectory: (prefix) => mkdtemp(join(tmpdir(), prefix)),
  remove: (path) => rm(path, { recursive: true, force: true }),
};

/** False for "there is no such file", thrown on for anything else. */
function isAbsent(error: unknown): false {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return false;
  throw error;
}
