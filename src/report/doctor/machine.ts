import { mountOf, tryDirectory } from '../../world/try-directory.ts';
import { type Finding, fine, trouble } from './finding.ts';

/** Whether this Node runs the program: `running` as `process.version` has it, `wanted` as `engines` (`>=20.19`) does. */
export function examineNode(running: string, wanted: string): Finding {
  const id = 'node-version';
  const numbers = (text: string) => (text.match(/\d+/g) ?? []).map(Number);
  const [major = 0, minor = 0] = numbers(running);
  const [leastMajor = 0, leastMinor = 0] = numbers(wanted);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return fine(id, running);
  return trouble(id, 'bad', {
    found: `${running}, and the program needs ${wanted}`,
    breaks: 'the program may stop in the middle of a switch',
    remedy: `install Node ${wanted.replace(/[^\d.]/g, '')} or newer`,
  });
}

/** Whether the directory of the audit log takes writes durably, for nobody else to read, on a disk of this machine. */
export async function examineStateDirectory(directory: string): Promise<Finding> {
  const id = 'state-directory';
  const breaks = 'no run can start: nothing is written to a provider before its intent is on disk';
  let trial: Awaited<ReturnType<typeof tryDirectory>>;
  let mount: string | undefined;
  try {
    trial = await tryDirectory(directory);
    mount = await mountOf(directory);
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    const remedy = `make ${directory} writable for this user, or give another with --state-dir`;
    return trouble(id, 'bad', { found: error.message, breaks, remedy });
  }
  if ((trial.mode & 0o077) !== 0) {
    return trouble(id, 'warn', {
      found: `${directory} is open to others (mode ${trial.mode.toString(8).padStart(4, '0')})`,
      breaks: 'others of this machine can read, or change, the audit log',
      remedy: `chmod 700 ${directory}`,
    });
  }
  if (mount !== undefined && mount !== 'local') {
    return trouble(id, 'warn', {
      found: `${directory} is on a network mount (${mount})`,
      breaks: 'a run stops when the mount does, and its locks may not hold between machines',
      remedy: 'keep it on a disk of this machine: --state-dir, or XDG_STATE_HOME',
    });
  }
  return fine(id, `${directory} takes synced writes (${Math.max(1, Math.round(trial.tookMs))} ms)`);
}

/** Whether the runbooks lie on a disk of this machine; where the system does not tell, that is said. */
export async function examineRunbooksMount(directory: string): Promise<Finding> {
  const id = 'runbooks-local';
  const mount = await mountOf(directory);
  if (mount === undefined) return fine(id, `${directory} (this system does not tell whether it is a network mount)`);
  if (mount === 'local') return fine(id, directory);
  return trouble(id, 'warn', {
    found: `${directory} is on a network mount (${mount})`,
    breaks: 'no runbook can be read when the mount is gone',
    remedy: 'copy the runbooks to a disk of this machine, and name it with --runbooks',
  });
}
