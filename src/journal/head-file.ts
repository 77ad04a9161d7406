import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { syncDirectory, writeWhole } from './durable-file.ts';
import type { Head } from './store.ts';

/** Where the head is kept: three lines, origin, seq and hash, in the order of a C2SP tlog-checkpoint. */
export function headFile(audit: string): string {
  return join(audit, 'HEAD');
}

/** What the head file says. Absent and empty are one thing: a crash of the machine can leave either. */
type KeptHead = { kind: 'kept'; head: Head } | { kind: 'absent' } | { kind: 'unreadable' };

/** Reads the head file of a log's directory. Throws what the system throws, except where there is no such file. */
export function readHeadFile(audit: string): KeptHead {
  let text: string;
  try {
    text = readStable(headFile(audit));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { kind: 'absent' };
    throw error;
  }
  // Written over in place: a power cut can leave an older text under a newer length, with zeros up to that.
  text = text.replace(/\0+$/, '');
  if (text === '') return { kind: 'absent' };
  const found = /^([0-9a-f]{64})\n([1-9]\d{0,15})\n([0-9a-f]{64})\n$/.exec(text);
  if (found === null) return { kind: 'unreadable' };
  const [, origin = '', seq = '', hash = ''] = found;
  return { kind: 'kept', head: { origin, seq: Number(seq), hash } };
}

/** The file may become the spare one, and be written to, while it is read: what is read twice alike is whole. */
function readStable(file: string): string {
  for (let text = readFileSync(file, 'latin1'); ; ) {
    const again = readFileSync(file, 'latin1');
    if (again === text) return text;
    text = again;
  }
}

/**
 * Keeps a head, once the entry it names is durable: so after any crash it may be behind the log, never ahead of it.
 * The text is written to a spare file that then changes names with the one in force, so readers find one head or the
 * other, whole; that spares the system a new file at each entry, which costs more than the entry itself. With `sync`
 * the head is durable when this returns. Only the holder of the append lock may call this.
 */
export function keepHead(audit: string, head: Head, options: { sync: boolean }): void {
  const file = headFile(audit);
  const next = join(audit, 'HEAD.next');
  const last = join(audit, 'HEAD.last');
  writeOver(next, `${head.origin}\n${head.seq}\n${head.hash}\n`, options.sync);
  const keepsSpare = linkAnew(file, last);
  renameSync(next, file);
  if (keepsSpare) renameSync(last, next);
  if (options.sync) syncDirectory(audit);
}

function writeOver(file: string, text: string, sync: boolean): void {
  const fd = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    const bytes = Buffer.from(text);
    writeWhole(fd, bytes);
    if (fstatSync(fd).size !== bytes.length) ftruncateSync(fd, bytes.length);
    if (sync) fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Gives the file a second name; one that a crash left there is removed. False where there is no such file. */
function linkAnew(file: string, name: string): boolean {
  try {
    linkSync(file, name);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  rmSync(name, { force: true });
  linkSync(file, name);
  return true;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
