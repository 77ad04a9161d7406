import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { OpsError } from '../errors.ts';
import type { Clock } from '../world/clock.ts';
import { hostOf, type Liveness, type ProcessIdentity } from '../world/process-identity.ts';
import { quoteForShell } from '../world/quote-for-shell.ts';

/** Mutual exclusion between processes for the time of one append. */
export type AppendLock = {
  /**
   * Resolves with the function that gives the lock back. A dead holder's lock passes on at once; a living holder is
   * waited for, never robbed, because it may be paused in the middle of a write. Throws `audit` when one keeps it too
   * long, and what the system throws when the lock's directory cannot be written.
   */
  acquire(): Promise<() => void>;
};

/** What a lock needs. `waitMs` bounds the wait for a living holder, in real milliseconds. */
type AppendLockOptions = {
  /** Exists, and holds nothing but the lock. */
  directory: string;
  self: ProcessIdentity;
  isAlive: (other: ProcessIdentity) => Liveness;
  sleep: Clock['sleep'];
  waitMs?: number;
};

/**
 * A lock made of one token: an empty file whose name is `free`, or says who holds it. Taking it and giving it back are
 * renames of the token, of which one at most succeeds, since the name that it had is gone after the first. So there
 * is never a second token, a name that a dead process left stays that process's until somebody takes it, and nothing
 * has to be read, counted or cleared away. The token comes into being with its directory, which is put in place whole:
 * that succeeds only where there is no token. No locking call of the system is needed, and nothing expires: whether a
 * holder is alive is asked of the system. Nothing here has to survive a power cut, which ends every holder.
 */
export function createAppendLock(options: AppendLockOptions): AppendLock {
  const { directory, isAlive, sleep, waitMs = 5000 } = options;
  const free = join(directory, freeName);
  const own = `${nameOf(options.self, randomUUID())}.`;
  let turns = 0;
  const giveBack = (name: string) => () => {
    try {
      renameSync(join(directory, name), free);
    } catch {
      // Nothing is lost: this lock takes itself again next time, and once the process has ended others see it dead.
    }
  };
  return {
    async acquire() {
      // Another name each time: whoever waits can tell a holder that passes it on from one that keeps it.
      turns += 1;
      const mine = `${own}${turns}`;
      const held = join(directory, mine);
      let waited = 0;
      let waitedFor = '';
      for (let pause = 1; ; ) {
        if (move(free, held)) return giveBack(mine);
        const seen = look(directory, own, isAlive);
        if (seen.kind === 'mine') return giveBack(seen.name);
        if (seen.kind === 'dead' && move(join(directory, seen.name), held) && isOnly(directory, mine, isAlive)) {
          return giveBack(mine);
        }
        if (seen.kind === 'none') putInPlace(directory);
        if (seen.kind !== 'held') continue;
        // Whoever passes it on is not paused: only what one holder keeps others waiting counts.
        if (seen.name !== waitedFor) [waitedFor, waited, pause] = [seen.name, 0, 1];
        if (waited >= waitMs) throw heldTooLong(directory, seen.name);
        await sleep(pause);
        waited += pause;
        pause = Math.min(pause * 2, 40);
      }
    },
  };
}

const freeName = 'free';
const heldPrefix = 'held,';

/** What a look at the directory shows. `held`: also where something lies there that is no token, and no token is. */
type Seen = { kind: 'free' | 'none' } | { kind: 'mine' | 'held' | 'dead'; name: string };

function look(directory: string, own: string, isAlive: AppendLockOptions['isAlive']): Seen {
  const names = readdirSync(directory);
  // Giving it back failed before (a full disk), so it is still ours.
  const mine = names.find((name) => name.startsWith(own));
  if (mine !== undefined) return { kind: 'mine', name: mine };
  if (names.includes(freeName)) return { kind: 'free' };
  const [first] = names;
  if (first === undefined) return { kind: 'none' };
  const living = names.find((name) => !isOfDead(name, isAlive));
  return living === undefined ? { kind: 'dead', name: first } : { kind: 'held', name: living };
}

/** What says no holder, or one that nobody here can ask after, is not dead. */
function isOfDead(name: string, isAlive: AppendLockOptions['isAlive']): boolean {
  const holder = parseHolder(name);
  return holder !== undefined && isAlive(holder) === 'dead';
}

/**
 * Whether the token just taken from the dead is the only one. There is another where a file system that does not keep
 * renames whole lost its power: those of the dead are removed, and before any other this one is given up.
 */
function isOnly(directory: string, mine: string, isAlive: AppendLockOptions['isAlive']): boolean {
  const others = readdirSync(directory).filter((name) => name !== mine);
  if (others.every((name) => isOfDead(name, isAlive)) && others.every((name) => remove(directory, name))) return true;
  remove(directory, mine);
  return false;
}

/** False where it is gone already. */
function remove(directory: string, name: string): boolean {
  try {
    unlinkSync(join(directory, name));
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Renames a token. False where it is gone: somebody else was faster. */
function move(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Puts a directory with a free token in the place of an empty one. Where somebody else has, theirs stays. */
function putInPlace(directory: string): void {
  const made = `${directory}.${randomUUID()}`;
  mkdirSync(made, { mode: 0o700 });
  try {
    writeFileSync(join(made, freeName), '', { mode: 0o600 });
    renameSync(made, directory);
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    // ENOENT: somebody who was faster has cleared this one away.
    if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].some((code) => hasCode(error, code))) throw error;
  }
  clearAway(directory);
}

/** What others who were slower, or were killed, have left beside the directory. */
function clearAway(directory: string): void {
  const [parent, prefix] = [dirname(directory), `${basename(directory)}.`];
  try {
    for (const name of readdirSync(parent)) {
      if (name.startsWith(prefix)) rmSync(join(parent, name), { recursive: true, force: true });
    }
  } catch {
    // Nothing is lost: an empty file in a folder that nobody asks for.
  }
}

/** What the token's name begins with while `self` holds it: what tells one process from another, and `tag` one lock of it. */
function nameOf({ pid, start, boot }: ProcessIdentity, tag: string): string {
  return `${heldPrefix}${[String(pid), start, boot, tag].map(encodeURIComponent).join(',')}`;
}

function parseHolder(name: string): ProcessIdentity | undefined {
  if (!name.startsWith(heldPrefix)) return undefined;
  try {
    const [pid, start, boot, tag] = name.slice(heldPrefix.length).split(',').map(decodeURIComponent);
    if (pid === undefined || start === undefined || boot === undefined || tag === undefined) return undefined;
    return /^[1-9]\d{0,9}$/.test(pid) ? { pid: Number(pid), start, boot } : undefined;
  } catch {
    // A stray per cent sign: somebody else's file.
    return undefined;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function heldTooLong(directory: string, name: string): OpsError {
  const holder = parseHolder(name);
  const file = join(directory, name);
  if (holder === undefined) {
    return new OpsError('audit', `the audit log cannot be locked: ${file} is not a lock of this program`, {
      hint: `when no resend-ops is running on this state directory: rm -r ${quoteForShell(directory)}`,
    });
  }
  const host = hostOf(holder);
  const who = `process ${holder.pid} on ${host}`;
  return new OpsError('audit', `the audit log is locked by ${who}, which does not give it back (it may be paused)`, {
    hint: `wake it with \`kill -CONT ${holder.pid}\` or end it with \`kill -9 ${holder.pid}\`: a dead process’s lock passes on at once. When ${host} is another machine that is gone: rm ${quoteForShell(file)}`,
  });
}
