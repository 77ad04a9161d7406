import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Which process on which machine, told apart from any later process that gets the same number. `start` is when the
 * process began as the system says it; `boot` is `host/id of this boot/process namespace`. All are plain text.
 */
export type ProcessIdentity = { pid: number; start: string; boot: string };

/** `unknown`: on another machine or in another container, so nothing here can tell. */
export type Liveness = 'alive' | 'dead' | 'unknown';

/** The identity of this process. Throws what the system throws where it cannot tell. */
export function readSelf(): ProcessIdentity {
  const { pid } = process;
  return { pid, start: startOf(pid) ?? 'unreadable', boot: [hostname(), bootId(), processNamespace()].join('/') };
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
  if (other.pid === self.pid) return other.start === self.start ? 'alive' : 'dead';
  return exists(other.pid) && startOf(other.pid) === other.start ? 'alive' : 'dead';
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

/** When the process began, or undefined when it is gone or only waits to be reaped. */
function startOf(pid: number): string | undefined {
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
}

/** proc(5): field 3 is the state, field 22 the start in clock ticks since boot; field 2 may hold spaces and brackets. */
function startFromProc(pid: number): string | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' ? undefined : fields[19];
}

/** ps(1) of POSIX systems without /proc: `Z` is a process that only waits to be reaped. */
function startFromPs(pid: number): string | undefined {
  let text: string;
  try {
    text = execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH ?? '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC' },
    }).trim();
  } catch {
    return undefined;
  }
  const [state = '', ...start] = text.split(/\s+/);
  return state === '' || state.startsWith('Z') ? undefined : start.join(' ');
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
