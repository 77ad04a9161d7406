import { OpsError } from '../errors.ts';
import type { Clock } from '../world/clock.ts';
import type { ProcessIdentity } from '../world/process-identity.ts';
import type { StoredEntry } from './chain.ts';
import { type AskLiveness, assertEpoch, knownRun } from './driving.ts';
import type { Actor } from './events.ts';
import { type LogView, refresh } from './log-view.ts';
import type { LogWriter } from './log-writer.ts';
import type { Place } from './run-index.ts';
import { readRun } from './run-reader.ts';
import type { Lease } from './store.ts';

/** What a lease is made of. `takenFrom` are processes that may still have a call in flight. */
type LeaseOptions = {
  run: string;
  epoch: number;
  by: Actor;
  view: LogView;
  writer: LogWriter;
  sleep: Clock['sleep'];
  ask: AskLiveness;
  quarantineMs: number;
  takenFrom: readonly ProcessIdentity[];
};

/** The right to drive a run that has just been given the epoch. */
export function createLease(options: LeaseOptions): Lease {
  const { run, epoch, by, view, writer, quarantineMs } = options;
  const keyed = createKeyMemory(view, run);
  let quarantine: Promise<void> | undefined;
  let released = false;

  function assertDriving(): void {
    if (released) throw new OpsError('fenced', `this process has let go of run ${run}`, { hint: 'drive it again' });
    assertEpoch(view, run, epoch);
  }

  function assertHeld(): void {
    refresh(view);
    assertDriving();
    if (!knownRun(view, run).claimReleased) return;
    throw new OpsError('fenced', `the claim of run ${run} was given up by hand while it was running`, {
      hint: `nothing more is written; see who did it with \`resend-ops audit show ${run}\``,
    });
  }

  /** Until the drivers before are gone, or any call of theirs has surely ended, nothing is written. */
  async function sitOutQuarantine(): Promise<void> {
    for (let leftMs = quarantineMs; leftMs > 0; leftMs -= 200) {
      if (options.takenFrom.every((process) => options.ask(process) === 'dead')) return;
      await options.sleep(Math.min(200, leftMs));
    }
  }

  return {
    run,
    epoch,
    quarantineMs,
    append(event, { sync = true, key, keptIsEnough = false } = {}) {
      return writer.transact(by, { evidence: keptIsEnough ? 'enough' : 'kept' }, (append) => {
        // The epoch first: a woken driver that finds its key taken would believe that its own step succeeded.
        assertDriving();
        const before = key === undefined ? undefined : keyed.find(key);
        return before ?? append({ run, epoch, actor: by, event, sync, ...(key === undefined ? {} : { key }) });
      });
    },
    async ensure() {
      assertHeld();
      if (quarantineMs === 0) return;
      quarantine ??= sitOutQuarantine();
      await quarantine;
      assertHeld();
    },
    end(event, { keptIsEnough = false } = {}) {
      return writer.transact(by, { evidence: keptIsEnough ? 'enough' : 'kept' }, (append) => {
        assertDriving();
        return append({ run, epoch, actor: by, event });
      });
    },
    async release() {
      // Where the log cannot be written there is nothing to record: the process is soon gone, and seen to be.
      if (released || writer.failure() !== undefined) return;
      await writer.transact(by, { evidence: 'none' }, (append) => {
        const known = knownRun(view, run);
        if (known.epoch === epoch && known.ended === undefined) {
          append({ run, epoch, actor: by, event: { type: 'driver-released' } });
        }
        released = true;
      });
    },
    failure: () => writer.failure(),
  };
}

/** Finds the run's entry with a key, whichever driver wrote it. Reads each entry of the run at most once. */
function createKeyMemory(view: LogView, run: string): { find(key: string): StoredEntry | undefined } {
  const byKey = new Map<string, StoredEntry>();
  let next: Place | undefined;
  return {
    find(key) {
      const read = readRun(view, run, next ?? knownRun(view, run).first);
      next = read.next;
      for (const entry of read.entries) if (entry.key !== undefined) byKey.set(entry.key, entry);
      return byKey.get(key);
    },
  };
}
