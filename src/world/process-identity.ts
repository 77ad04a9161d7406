import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Which process on which machine, told apart from any later process that gets the same number. `start` is when the
 * process began as the system says it, empty where it did not say; `boot` is `host/id of this boot/process namespace`. All are plain text, the host's
 * name cut at 64 characters (Linux has no longer ones), and short enough to stand in the name of a file (255 bytes).
 */
export type ProcessIdentity = { pid: number; start: string; boot: string };

/** `unknown`: on another machine or in another container, so nothing here can tell. */
export type Liveness = 'alive' | 'dead' | 'unknown';

/** The identity of this process. Throws what the system throws where it cannot tell. */
export function readSelf(): ProcessIdentity {
  return readIdentity(process.pid);
}

/** The identity of a process of this machine. */
export function readIdentity(pid: number): ProcessIdentity {
  const start = readStart(pid);
  return {
    pid,
    start: start.kind === 'running' ? start.at : '',
    boot: [hostname().slice(0, 64), bootId(), processNamespace()].join('/'),
  };
}

/**
 * Whether a process still exists, seen from the process `self`. A recycled pid (another start time), an earlier boot
 * of this machine, and a process that has exited and only waits to be reaped all count as dead.
 */
export function isAlive(other: ProcessIdentity, self: ProcessIdentity): Liveness {
  const [otherHost, otherBoot, otherNamespace] = other.boot.split('/');
  const [host, boot, namespace] = self.boot.split('/');
  if (otherBoot !== boot) return otherHost === host ? 'dead' : 'unknown';
  if (otherNamespace !== namespace) return 'unknown';
  if (other.pid === self.pid && other.start === self.start) return 'alive';
  if (!exists(other.pid)) return 'dead';
  if (other.start === '') return 'unknown';
  if (other.pid === self.pid) return self.start === '' ? 'unknown' : 'dead';
  const start = readStart(other.pid);
  if (start.kind === 'running') return start.at === other.start ? 'alive' : 'dead';
  // What can be signalled and not be read may well live: it must not be taken for dead.
  return start.kind === 'ended' ? 'dead' : 'unknown';
}

/** The name of the machine that a process was on. */
export function hostOf(identity: ProcessIdentity): string {
  return identity.boot.split('/', 1)[0] ?? '';
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** When a process began; or that it has ended, which it has also when it only waits to be reaped. */
type Start = { kind: 'running'; at: string } | { kind: 'ended' } | { kind: 'unreadable' };

function readStart(pid: number): Start {
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
}

/** proc(5): field 3 is the state, field 22 the start in clock ticks since boot; field 2 may hold spaces and brackets. */
function startFromProc(pid: number): Start {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return exists(pid) ? { kind: 'unreadable' } : { kind: 'ended' };
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, at] = [fields[0], fields[19]];
  if (state === 'Z' || state === 'X') return { kind: 'ended' };
  return at === undefined ? { kind: 'unreadable' } : { kind: 'running', at };
}

/** ps(1) of POSIX systems without /proc: `Z` is a process that only waits to be reaped. */
function startFromPs(pid: number): Start {
  let text: string;
  try {
    text = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH ?? '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC' },
    }).trim();
  } catch {
    return exists(pid) ? { kind: 'unreadable' } : { kind: 'ended' };
  }
  const [state = '', ...start] = text.split(/\s+/);
  if (state === '' || start.length === 0) return { kind: 'unreadable' };
  return state.startsWith('Z') ? { kind: 'ended' } : { kind: 'running', at: start.join(' ') };
}

function bootId(): string {
  if (process.platform === 'linux') return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return execFileSync('sysctl', ['-n', process.platform === 'darwin' ? 'kern.bootsessionuuid' : 'kern.boottime'], {
    encoding: 'utf8',
  }).trim();
}

/** Containers share the kernel's boot id, and each counts its processes from 1. */
function processNamespace(): string {
  return process.platform === 'linux' ? readlinkSync('/proc/self/ns/pid') : 'pid';
}

/** The version of the Node that runs this, as `v20.19.4`. */
export function runtimeVersion(): string {
  return process.version;
}
