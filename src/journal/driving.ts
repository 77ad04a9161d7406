import { OpsError } from '../errors.ts';
import { hostOf, type Liveness, type ProcessIdentity } from '../world/process-identity.ts';
import type { LogView } from './log-view.ts';
import type { IndexedDriver, IndexedRun } from './run-index.ts';
import { busyError } from './store.ts';

/** Asks whether a process exists. */
export type AskLiveness = (process: ProcessIdentity) => Liveness;

/** Throws {@link busyError} where a run other than `run` holds one of the resources. */
export function assertFree(view: LogView, run: string, resources: readonly string[], ask: AskLiveness): void {
  for (const holder of view.runs.values()) {
    if (holder.run === run) continue;
    const resource = resources.find((wanted) => holder.claims.includes(wanted));
    if (resource === undefined) continue;
    const { driver, started } = holder;
    throw busyError(resource, {
      run: holder.run,
      actor: driver?.actor ?? started.actor,
      since: started.time,
      ...(driver === undefined ? {} : { pid: driver.process.pid }),
      alive: isDriving(driver, ask),
    });
  }
}

/** Whether a driver still drives, as far as anyone can tell: it has not let go, and is not known to be dead. */
export function isDriving(driver: IndexedDriver | undefined, ask: AskLiveness): boolean {
  return driver !== undefined && !driver.released && ask(driver.process) !== 'dead';
}

/** The run, or `usage` where there is none. */
export function knownRun(view: LogView, run: string): IndexedRun {
  const known = view.runs.get(run);
  if (known !== undefined) return known;
  throw new OpsError('usage', `there is no run ${run}`, { hint: 'list the runs with `resend-ops runs`' });
}

/** Throws `fenced` where nobody may drive the run any more. */
export function assertDrivable(run: IndexedRun): void {
  if (run.ended !== undefined) throw endedError(run.ended);
  if (run.claimReleased) {
    throw new OpsError('fenced', `the claim of run ${run.run} was given up by hand`, {
      hint: `somebody else may hold its resources now; start a new run, or undo this one with \`resend-ops rollback ${run.run}\``,
    });
  }
}

function endedError(ended: { run: string; time: string; outcome: string }): OpsError {
  return new OpsError('fenced', `run ${ended.run} ended at ${ended.time} (${ended.outcome})`, {
    hint: `to undo what it changed: \`resend-ops rollback ${ended.run}\``,
  });
}

/** Throws `fenced` unless `epoch` is the newest of a run that has not ended. */
export function assertEpoch(view: LogView, run: string, epoch: number): void {
  const known = knownRun(view, run);
  if (known.epoch > epoch) {
    const { driver } = known;
    const who = driver === undefined ? 'another process' : describeDriver(driver);
    throw new OpsError('fenced', `run ${run} was taken over by ${who}`, {
      hint: `this process has stopped and writes nothing more; follow the run with \`resend-ops watch ${run}\``,
    });
  }
  if (known.ended !== undefined) throw endedError(known.ended);
}

/** A process that lives, or may live, drives the run: who, where, since when. Exit code 6. */
export function drivenError(run: string, driver: IndexedDriver, liveness: Liveness): OpsError {
  const { pid } = driver.process;
  return new OpsError('busy', `run ${run} is driven by ${describeDriver(driver)}, since ${driver.since}`, {
    hint:
      liveness === 'unknown'
        ? `that process was started on ${hostOf(driver.process)} or in another container, where nothing can be asked from here: make sure that it is gone, then run this again with --take-over`
        : `follow it with \`resend-ops watch ${run}\`; to take over, end it first: \`kill -9 ${pid}\`. A run whose process is dead may be driven at once; one that cannot be ended, with --take-over`,
  });
}

function describeDriver(driver: IndexedDriver): string {
  return `${driver.actor.user}@${driver.actor.host} (pid ${driver.process.pid})`;
}
