import { randomBytes } from 'node:crypto';
import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { makeDirectory } from './make-directory.ts';

/** What a directory takes: its permission bits, and how long one durable write took. */
export type DirectoryTrial = { mode: number; tookMs: number };

/**
 * Does in a directory what the audit log needs of it: makes it when absent (0700), writes a file, syncs its data, renames
 * it, syncs the directory, and removes it. Throws what `node:fs` throws; nothing stays behind then either.
 */
export async function tryDirectory(directory: string): Promise<DirectoryTrial> {
  makeDirectory(directory);
  const { mode } = await stat(directory);
  const name = join(directory, `.doctor-${randomBytes(6).toString('hex')}`);
  const began = performance.now();
  try {
    const file = await open(name, 'wx', 0o600);
    try {
      await file.write('written by resend-ops doctor; safe to remove\n');
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(name, `${name}.renamed`);
    const folder = await open(directory, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } finally {
    for (const path of [name, `${name}.renamed`]) await rm(path, { force: true });
  }
  return { mode: mode & 0o777, tookMs: performance.now() - began };
}

/** File systems that another machine serves, by the number that statfs tells (Linux, include/uapi/linux/magic.h and fs/). */
const networkKinds: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x47504653, 'GPFS'],
  [0x0bd00bd0, 'Lustre'],
]);

/** The network file system that a path is on; `local` where it is on none; undefined where this system does not tell. */
export async function mountOf(path: string): Promise<string | undefined> {
  if (platform() !== 'linux') return undefined;
  return mountNamed((await statfs(path)).type);
}

/** What a file system's number on Linux means for {@link mountOf}. */
export function mountNamed(type: number): string {
  return networkKinds.get(type >>> 0) ?? 'local';
}
