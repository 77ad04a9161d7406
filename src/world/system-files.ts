import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Files } from './world.ts';

/** Every file that is read as text is written by people: far smaller than this. */
const maxBytes = 8 * 1024 * 1024;

/** The file system of this machine. */
export const systemFiles: Files = {
  readText,
  exists: (path) => stat(path).then(() => true, isAbsent),
  append: appendText,
  replace: replaceText,
  assertReplaceable,
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

/** In the same directory, so that the last step is one rename within a file system; hidden, so that nobody collects it. */
async function replaceText(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o644);
    try {
      // Whatever the umask: a collector that runs as another user must be able to read it.
      await file.chmod(0o644);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function assertReplaceable(path: string): Promise<void> {
  const directory = dirname(path);
  if (!(await stat(directory)).isDirectory()) throw refusal('ENOTDIR', 'it is not a directory', directory);
  await access(directory, constants.W_OK | constants.X_OK);
  const there = await stat(path).catch(isAbsent);
  if (there !== false && !there.isFile()) throw refusal('EINVAL', 'it is not a regular file', path);
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
