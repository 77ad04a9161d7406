import { join } from 'node:path';
import { OpsError } from '../errors.ts';
import type { Clock } from '../world/clock.ts';
import type { ProcessIdentity } from '../world/process-identity.ts';
import type { Redactor } from '../world/redactor.ts';
import { createAppendLock } from './append-lock.ts';
import { pinDocument, pinnedDocument } from './documents.ts';
import { type AskLiveness, assertDrivable, assertFree, drivenError, isDriving, knownRun } from './driving.ts';
import type { Event } from './events.ts';
import { createLease } from './lease.ts';
import { headOf } from './log-scan.ts';
import { createLogView, refresh } from './log-view.ts';
import { createLogWriter, lockDirectory } from './log-writer.ts';
import { readChain } from './read-chain.ts';
import type { IndexedRun } from './run-index.ts';
import { readRun } from './run-reader.ts';
import type { RunListing, Store } from './store.ts';
import { watchRun } from './watch-run.ts';

/** What the embedded store needs. */
export type FileStoreOptions = {
  /** The state directory: holds `audit/`, `documents/` and `append-lock/`, and fallback files where the log failed. */
  directory: string;
  redact: Redactor;
  /** `now` is the time of day, which entries are stamped with; never a rehearsal's. */
  clock: Pick<Clock, 'now' | 'sleep'>;
  self: ProcessIdentity;
  isAlive: AskLiveness;
  /** A new file of the log begins past this size; 64 MiB unless told. */
  segmentBytes?: number;
  /** How long a driver that took over from a living process by force does not write; 30 s unless told. */
  quarantineMs?: number;
};

/** The log's own directory within a state directory. */
function auditDirectory(directory: string): string {
  return join(directory, 'audit');
}

/**
 * The store in local files, for one machine: any number of processes may use the same directory. Nothing is read or
 * made before it is needed; a log that is damaged makes every method throw `audit`, naming the line.
 */
export function createFileStore(options: FileStoreOptions): Store {
  const { directory, redact, clock, self, isAlive: ask } = options;
  const { segmentBytes = 64 * 1024 * 1024, quarantineMs = 30_000 } = options;
  const view = createLogView(auditDirectory(directory));
  const locks = lockDirectory(directory);
  const lock = createAppendLock({ directory: locks, self, isAlive: ask, sleep: clock.sleep });
  const writer = createLogWriter({
    directory,
    lockDirectory: locks,
    view,
    lock,
    redact,
    now: clock.now,
    segmentBytes,
  });
  const documents = join(directory, 'documents');
  const nothingLost = { evidence: 'none' } as const;
  const stamp = { pid: self.pid, process: self.start, boot: self.boot };

  return {
    async pin(text) {
      if (redact.holds(text)) {
        throw new OpsError('invalid', 'a file of this run holds a secret, and would be kept with the audit log', {
          hint: 'name the process variable under `secrets` of the environment, and take the value out of the file',
        });
      }
      return pinDocument(documents, text);
    },
    async pinned(digest) {
      return pinnedDocument(documents, digest);
    },
    async begin(run, by, resources, first) {
      assertRunId(run);
      await writer.transact(by, nothingLost, (append) => {
        if (view.runs.has(run))
          throw new OpsError('usage', `there is a run ${run} already`, { hint: 'start it again' });
        assertFree(view, run, resources, ask);
        append({ run, epoch: 0, actor: by, event: { ...first, resources, begunBy: stamp } });
      });
    },
    async reopen(run, by, event, { force = false } = {}) {
      await writer.transact(by, nothingLost, (append) => {
        const known = knownRun(view, run);
        if (known.ended === undefined && !known.claimReleased) {
          throw new OpsError('usage', `run ${run} has not ended`, { hint: `go on with \`resend-ops resume ${run}\`` });
        }
        const before = known.ended === undefined && !force ? liveDriver(known, self, ask) : undefined;
        if (before !== undefined) throw drivenError(run, before, ask(before.process));
        assertFree(view, run, event.resources, ask);
        append({ run, epoch: 0, actor: by, event });
      });
    },
    drive(run, by, { force = false } = {}) {
      return writer.transact(by, nothingLost, (append) => {
        const known = knownRun(view, run);
        assertDrivable(known);
        const before = liveDriver(known, self, ask);
        if (before !== undefined && !force) throw drivenError(run, before, ask(before.process));
        const epoch = known.epoch + 1;
        const takenFrom = lingering(known, ask);
        append({ run, epoch, actor: by, event: { type: 'driver-started', ...stamp, forced: before !== undefined } });
        return createLease({
          run,
          epoch,
          by,
          view,
          writer,
          sleep: clock.sleep,
          ask,
          quarantineMs: takenFrom.length === 0 ? 0 : quarantineMs,
          takenFrom,
        });
      });
    },
    say(run, by, event) {
      return writer.transact(by, nothingLost, (append) => {
        assertSayable(event);
        knownRun(view, run);
        return append({ run, epoch: 0, actor: by, event });
      });
    },
    async read(run, fromSeq = 0) {
      refresh(view);
      const known = view.runs.get(run);
      if (known === undefined) return [];
      return readRun(view, run, known.first).entries.filter((entry) => entry.seq >= fromSeq);
    },
    watch(run, fromSeq = 0, signal) {
      return watchRun({ view, run, fromSeq, signal, sleep: clock.sleep });
    },
    async runs() {
      refresh(view);
      return [...view.runs.values()].map((run) => listing(run, ask));
    },
    chain() {
      return readChain(view);
    },
    async head() {
      refresh(view);
      return headOf(view);
    },
    async close() {
      writer.close();
    },
  };
}

/** The process that must be gone before another may drive; the one that began the run may go on to drive it. */
function liveDriver(run: IndexedRun, self: ProcessIdentity, ask: AskLiveness): IndexedRun['driver'] {
  const { driver } = run;
  if (!isDriving(driver, ask)) return undefined;
  const isOwn =
    driver?.process.pid === self.pid && driver.process.start === self.start && driver.process.boot === self.boot;
  return driver?.epoch === 0 && isOwn ? undefined : driver;
}

/** Processes that drove the run, never let go of it, and are not known to be dead. */
function lingering(run: IndexedRun, ask: AskLiveness): ProcessIdentity[] {
  const before = run.driver === undefined ? run.formerDrivers : [...run.formerDrivers, run.driver];
  return before.filter((driver) => driver.epoch > 0 && isDriving(driver, ask)).map((driver) => driver.process);
}

function listing(run: IndexedRun, ask: AskLiveness): RunListing {
  const { driver } = run;
  return {
    run: run.run,
    resources: run.started.resources,
    claims: run.claims,
    started: run.started,
    ended: run.ended,
    intends: run.intends,
    released: run.claimReleased,
    driver: driver && {
      actor: driver.actor,
      pid: driver.process.pid,
      since: driver.since,
      alive: isDriving(driver, ask),
    },
  };
}

function assertRunId(run: string): void {
  if (/^[A-Za-z0-9][\w.-]{0,127}$/.test(run)) return;
  throw new OpsError('usage', `not the id of a run: ${JSON.stringify(run)}`, {
    hint: 'letters, digits, dots, dashes and underscores, beginning with a letter or digit',
  });
}

const sayable: ReadonlySet<Event['type']> = new Set<Event['type']>([
  'commented',
  'cancel-requested',
  'marked-done',
  'claim-released',
  'approval-given',
  'approval-refused',
  // A run that has ended is not driven, and who was asked about it may decline.
  'confirmation-declined',
]);

/** Everything else is what a driver did, and only the driver knows. */
function assertSayable(event: Event): void {
  const isRead = event.type === 'approval-given' && event.how !== 'command';
  if (isRead || !sayable.has(event.type))
    throw new Error(`${event.type} is written by the driver of a run, nobody else`);
}
