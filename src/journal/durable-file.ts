import { chmodSync, closeSync, fdatasyncSync, fsyncSync, lstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { OpsError } from '../errors.ts';
import { makeDirectory } from '../world/make-directory.ts';

/** Makes the names in a directory durable: after a file in it was created or renamed. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Creates a private directory (0700) with its parents, durably. One that exists is made private. */
export function ensureDirectory(directory: string): void {
  const first = makeDirectory(directory);
  if (first === undefined) {
    assertOwn(directory);
    chmodSync(directory, 0o700);
    return;
  }
  const top = dirname(resolve(first));
  for (let at = resolve(directory); at !== top; at = dirname(at)) syncDirectory(dirname(at));
}

/** A link could lead the log to where others read or change it. Another user's directory cannot be made private. */
function assertOwn(directory: string): void {
  if (lstatSync(directory).isDirectory()) return;
  throw new OpsError('audit', `${directory} is a link, not a directory of its own`, {
    hint: 'nothing was written. Remove it, or name another state directory with --state-dir',
  });
}

/**
 * Replaces a file whole by a rename within its directory: readers see the old text or the new one, never a part.
 * `via` is the name that the new text gets first; one writer at a time may use it. With `sync` the text and its name
 * are durable when this returns.
 */
export function replaceFile(file: string, text: string, via: string, options: { sync: boolean }): void {
  const fd = openSync(via, 'w', 0o600);
  try {
    writeWhole(fd, Buffer.from(text));
    if (options.sync) fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(via, file);
  if (options.sync) syncDirectory(dirname(file));
}

/** Writes all bytes, or throws what the system threw; some may then be in the file. */
export function writeWhole(fd: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written, bytes.length - written);
}
