import {
  closeSync,
  constants,
  promises as fs,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { makeDirectory } from './make-directory.ts';
import type { Files } from './world.ts';

/** Every file that is read as text is written by people: far smaller than this. */
const maxBytes = 8 * 1024 * 1024;

/**
 * The file system of this machine. What every command begins with (is it there, what is in it) is asked for without
 * detours: threads for it cost a start more than the few small files do.
 */
export const systemFiles: Files = {
  readText,
  exists: async (path) => orAbsent(() => statSync(path)) !== undefined,
  append: appendText,
  replace: replaceText,
  assertReplaceable,
  list: async (directory) => orAbsent(() => readdirSync(directory))?.sort() ?? [],
  makeTemporaryDirectory: (prefix) => fs.mkdtemp(join(tmpdir(), prefix)),
  remove: (path) => fs.rm(path, { recursive: true, force: true }),
};

async function appendText(path: string, text: string): Promise<void> {
  makeDirectory(dirname(path));
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const file = await fs.open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  try {
    await file.write(text);
  } finally {
    await file.close();
  }
}

/** In the same directory, so that the last step is one rename within a file system; hidden, so that nobody collects it. */
async function replaceText(path: string, text: string, readers: 'owner' | 'everyone' = 'owner'): Promise<void> {
  const { randomUUID } = await import('node:crypto');
  const temporary = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}.tmp`);
  try {
    const file = await fs.open(temporary, 'wx', 0o600);
    try {
      // Whatever the umask: a collector that runs as another user must be able to read it.
      if (readers === 'everyone') await file.chmod(0o644);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
}

async function assertReplaceable(path: string): Promise<void> {
  const directory = dirname(path);
  if (!(await fs.stat(directory)).isDirectory()) throw refusal('ENOTDIR', 'it is not a directory', directory);
  await fs.access(directory, constants.W_OK | constants.X_OK);
  const there = orAbsent(() => statSync(path));
  if (there !== undefined && !there.isFile()) throw refusal('EINVAL', 'it is not a regular file', path);
}

/** Opens without waiting, for a pipe would keep the program until somebody writes into it. */
async function readText(path: string): Promise<string> {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = fstatSync(file);
    if (found.isDirectory()) throw refusal('EISDIR', 'it is a directory', path);
    if (!found.isFile()) throw refusal('EINVAL', 'it is not a regular file', path);
    if (found.size > maxBytes) throw refusal('EFBIG', `it is larger than ${maxBytes / 1024 / 1024} MB`, path);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function refusal(code: string, why: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${why}, read '${path}'`), { code, syscall: 'read', path });
}

/** What is asked for, or undefined where there is no such file; anything else is thrown on. */
function orAbsent<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw error;
  }
}
