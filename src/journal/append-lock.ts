import { randomUUID } from 'node:crypto';
import { existsSync, linkSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OpsError } from '../errors.ts';
import type { Clock } from '../world/clock.ts';
import { hostOf, type Liveness, type ProcessIdentity } from '../world/process-identity.ts';

/** Mutual exclusion between processes for the time of one append. */
export type AppendLock = {
  /**
   * Resolves with the function that gives the lock back. A dead holder's lock passes on at once; a living holder is
   * waited for, never robbed, because it may be paused in the middle of a write. Throws `audit` when one keeps it too
   * long, and what the system throws when the lock's directory cannot be written.
   */
  acquire(): Promise<() => void>;
  /** Removes what this process keeps beside the lock. */
  close(): void;
};

/** What a lock needs. `waitMs` bounds the wait for a living holder, in real milliseconds. */
type AppendLockOptions = {
  directory: string;
  self: ProcessIdentity;
  isAlive: (other: ProcessIdentity) => Liveness;
  sleep: Clock['sleep'];
  waitMs?: number;
};

/**
 * A lock made of numbered generations. Each is a hard link: to its holder's own file, which says who that is, or to an
 * empty file, which says that the lock is free. Linking is atomic and fails where the name exists, so one process at
 * most makes a generation. The highest number counts, and it never goes down: taking the lock makes the next number,
 * giving it back makes one more, and only the holder removes, lowest first, what lies below its own. No locking call
 * of the system is needed, and nothing expires: whether a holder is alive is asked of the system. Nothing here has to
 * survive a power cut, which ends every holder.
 */
export function createAppendLock(options: AppendLockOptions): AppendLock {
  const { directory, self, isAlive, sleep, waitMs = 5000 } = options;
  const token = randomUUID();
  let own: OwnFiles | undefined;
  return {
    async acquire() {
      const again = own === undefined ? undefined : takeAgain(directory, own);
      if (again !== undefined) return again;
      let waited = 0;
      let waitedFor = 0;
      for (let pause = 1; ; pause = Math.min(pause * 2, 40)) {
        // Made again where somebody has cleared the directory.
        if (own === undefined || !existsSync(own.holder)) own = makeOwnFiles(directory, token, self, isAlive);
        const attempt = take(directory, own, isAlive);
        if (attempt.kind === 'taken') return giveBackOf(directory, own, attempt.generation);
        if (attempt.kind === 'raced') continue;
        // Whoever passes it on is not paused: only what one holder keeps others waiting counts.
        if (attempt.generation !== waitedFor) {
          [waitedFor, waited, pause] = [attempt.generation, 0, 1];
        }
        if (waited >= waitMs) throw heldTooLong(directory, attempt);
        await sleep(pause);
        waited += pause;
      }
    },
    close() {
      const files = own === undefined ? [] : [own.free, own.holder];
      own = undefined;
      try {
        for (const file of files) rmSync(file, { force: true });
      } catch {
        // Nothing is lost: the next process removes what a dead one left. It must not hide how this one ended.
      }
    },
  };
}

type Attempt =
  | { kind: 'taken'; generation: number }
  | { kind: 'raced' }
  | { kind: 'held'; generation: number; says: string };

function take(directory: string, own: OwnFiles, isAlive: AppendLockOptions['isAlive']): Attempt {
  const top = highest(directory);
  // Held by this very lock: giving it back failed before (a full disk), so it is still ours.
  if (top > 0 && isLinkTo(directory, top, own.inode)) return { kind: 'taken', generation: top };
  const says = top === 0 ? '' : read(directory, top);
  if (says === undefined) return { kind: 'raced' };
  if (says !== '') {
    const holder = parseHolder(says);
    if (holder === undefined || isAlive(holder) !== 'dead') return { kind: 'held', generation: top, says };
  }
  const mine = top + 1;
  if (!link(own.holder, directory, mine)) return { kind: 'raced' };
  // Between the look and the link others may have gone further and removed this number: then it is not the highest,
  // or, where the list was read while they did so, it is gone by now.
  if (highest(directory) !== mine || !isLinkTo(directory, mine, own.inode)) {
    remove(directory, mine);
    return { kind: 'raced' };
  }
  clean(directory, mine);
  return { kind: 'taken', generation: mine };
}

/**
 * Takes a lock that nobody has taken since this one gave it back, without listing the directory; undefined where that
 * is not so, or cannot be seen this way. The number after our own free one may be there to be linked because nobody
 * made it, or because others went further and removed it. They remove the lowest first: while ours is there, it is the
 * former.
 */
function takeAgain(directory: string, own: OwnFiles): (() => void) | undefined {
  const { given } = own;
  own.given = undefined;
  if (given === undefined) return undefined;
  const mine = given + 1;
  try {
    if (!link(own.holder, directory, mine)) return undefined;
  } catch (error) {
    // Somebody has cleared the directory.
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  if (!isLinkTo(directory, given, own.freeInode)) {
    remove(directory, mine);
    return undefined;
  }
  remove(directory, given - 1);
  remove(directory, given);
  return giveBackOf(directory, own, mine);
}

function giveBackOf(directory: string, own: OwnFiles, mine: number): () => void {
  return () => {
    try {
      if (link(own.free, directory, mine + 1)) own.given = mine + 1;
    } catch {
      // Nothing is lost: this lock takes itself again next time, and once the process has ended others see it dead.
    }
  };
}

/** Files that the links of one lock point to. `given` is the generation by which it gave the lock back last. */
type OwnFiles = { holder: string; inode: number; free: string; freeInode: number; given: number | undefined };

function makeOwnFiles(
  directory: string,
  token: string,
  self: ProcessIdentity,
  isAlive: AppendLockOptions['isAlive'],
): OwnFiles {
  removeLeftovers(directory, isAlive);
  const holder = join(directory, `holder-${token}`);
  const free = join(directory, `free-${token}`);
  writeFileSync(free, '', { mode: 0o600 });
  writeFileSync(holder, JSON.stringify(self), { mode: 0o600 });
  return { holder, free, inode: statSync(holder).ino, freeInode: statSync(free).ino, given: undefined };
}

/** A process that was killed leaves its own two files. */
function removeLeftovers(directory: string, isAlive: AppendLockOptions['isAlive']): void {
  for (const name of readdirSync(directory)) {
    const [, token] = /^holder-([0-9a-f-]{36})$/.exec(name) ?? [];
    const says = token === undefined ? undefined : readName(directory, name);
    const holder = says === undefined ? undefined : parseHolder(says);
    if (holder === undefined || isAlive(holder) !== 'dead') continue;
    rmSync(join(directory, `free-${token}`), { force: true });
    rmSync(join(directory, name), { force: true });
  }
}

function link(file: string, directory: string, generation: number): boolean {
  try {
    linkSync(file, join(directory, String(generation)));
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function isLinkTo(directory: string, generation: number, inode: number): boolean {
  return statSync(join(directory, String(generation)), { throwIfNoEntry: false })?.ino === inode;
}

function generations(directory: string): number[] {
  return readdirSync(directory)
    .filter((name) => /^[1-9]\d{0,15}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

function highest(directory: string): number {
  return generations(directory).at(-1) ?? 0;
}

/**
 * What a generation says of its holder: nothing when the lock is free, and where a power cut left the name and took the
 * content. Undefined when it has been removed.
 */
function read(directory: string, generation: number): string | undefined {
  return readName(directory, String(generation))?.replaceAll('\0', '');
}

function readName(directory: string, name: string): string | undefined {
  try {
    return readFileSync(join(directory, name), 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Lowest first: whoever still sees the higher of two removed generations has not lost the lower one yet. */
function clean(directory: string, below: number): void {
  for (const generation of generations(directory)) if (generation < below) remove(directory, generation);
}

function remove(directory: string, generation: number): void {
  try {
    unlinkSync(join(directory, String(generation)));
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function parseHolder(says: string): ProcessIdentity | undefined {
  try {
    const { pid, start, boot } = JSON.parse(says);
    return Number.isInteger(pid) ? { pid, start: String(start), boot: String(boot) } : undefined;
  } catch {
    return undefined;
  }
}

function heldTooLong(directory: string, held: { generation: number; says: string }): OpsError {
  const holder = parseHolder(held.says);
  const file = join(directory, String(held.generation));
  if (holder === undefined) {
    return new OpsError('audit', `the audit log cannot be locked: ${file} is not a lock of this program`, {
      hint: `when no resend-ops is running on this state directory: rm -r '${directory}'`,
    });
  }
  const host = hostOf(holder);
  const who = `process ${holder.pid} on ${host}`;
  return new OpsError('audit', `the audit log is locked by ${who}, which does not give it back (it may be paused)`, {
    hint: `wake it with \`kill -CONT ${holder.pid}\` or end it with \`kill -9 ${holder.pid}\`: a dead process’s lock passes on at once. When ${host} is another machine that is gone: rm '${file}'`,
  });
}
