import { constants } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Files } from './world.ts';

/** Every file that is read as text is written by people: far smaller than this. */
const maxBytes = 8 * 1024 * 1024;

/** The file system of this machine. */
export const systemFiles: Files = {
  readText,
  exists: (path) => stat(path).then(() => true, isAbsent),
  append: appendText,
  list: (directory) =>
    readdir(directory).then(
      (names) => names.sort(),
      (error) => isAbsent(error) || [],
    ),
  makeTemporaryDirectory: (prefix) => mkdtemp(join(tmpdir(), prefix)),
  remove: (path) => rm(path, { recursive: true, force: true }),
};

async function appendText(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    await file.write(text);
  } finally {
    await file.close();
  }
}

/** Opens without waiting, for a pipe would keep the program until somebody writes into it. */
async function readText(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    if (found.isDirectory()) throw refusal('EISDIR', 'it is a directory', path);
    if (!found.isFile()) throw refusal('EINVAL', 'it is not a regular file', path);
    if (found.size > maxBytes) throw refusal('EFBIG', `it is larger than ${maxBytes / 1024 / 1024} MB`, path);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

function refusal(code: string, why: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${why}, read '${path}'`), { code, syscall: 'read', path });
}

/** False for "there is no such file", thrown on for anything else. */
function isAbsent(error: unknown): false {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return false;
  throw error;
}
