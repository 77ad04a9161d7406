import type { ProcessIdentity } from '../world/process-identity.ts';
import { parseEntry } from './chain.ts';
import type { Opening } from './check-line.ts';
import type { Actor, Entry } from './events.ts';

/** Where a line begins in the log. */
export type Place = { segment: number; offset: number };

/** What the store itself must know of a run: its claim, its driver, and where its entries lie. */
export type IndexedRun = {
  run: string;
  started: Extract<Entry, { type: 'run-started' }>;
  ended: Extract<Entry, { type: 'run-ended' }> | undefined;
  /** What the run holds now; none once it has ended or its claim was given up. */
  claims: readonly string[];
  claimReleased: boolean;
  /** It has set out to change something, or to say something to people. */
  intends: boolean;
  epoch: number;
  driver: IndexedDriver | undefined;
  /** Drivers before it that never let go: where one still lives, a call of it may be in flight. */
  formerDrivers: readonly IndexedDriver[];
  /** The place of its first entry. */
  first: Place;
};

/** The process that drove last. Before anyone drove it is the one that began the run, with epoch 0. */
export type IndexedDriver = {
  epoch: number;
  actor: Actor;
  process: ProcessIdentity;
  since: string;
  released: boolean;
};

/** Every run of a log by id, oldest first: the store's own small fold over the chain. */
export type RunIndex = Map<string, IndexedRun>;

/** The `run` of entries that belong to none. */
export const noRun = '-';

/** Takes one more line into the index. Only the entries that move claims or drivers are parsed. */
export function indexLine(index: RunIndex, opening: Opening, place: Place, text: () => string): void {
  const known = index.get(opening.run);
  if (known !== undefined && opening.type === 'change-intended') known.intends = true;
  if (!moving.has(opening.type)) return;
  const entry = parseEntry(text());
  if (entry.type === 'run-started') {
    if (known === undefined) index.set(entry.run, indexedRun(entry, place));
  } else if (known !== undefined) {
    move(known, entry);
  }
}

const moving: ReadonlySet<string> = new Set<Entry['type']>([
  'run-started',
  'run-reopened',
  'run-ended',
  'driver-started',
  'driver-released',
  'claim-released',
]);

function indexedRun(started: Extract<Entry, { type: 'run-started' }>, place: Place): IndexedRun {
  const { run, resources, actor, time, begunBy } = started;
  return {
    run,
    started,
    ended: undefined,
    claims: resources,
    claimReleased: false,
    intends: false,
    epoch: 0,
    driver: begunBy && { epoch: 0, actor, process: identityOf(begunBy), since: time, released: false },
    formerDrivers: [],
    first: place,
  };
}

function move(run: IndexedRun, entry: Entry): void {
  switch (entry.type) {
    case 'driver-started':
      // Whoever only began the run has called nobody.
      if (run.driver !== undefined && !run.driver.released && run.driver.epoch > 0) {
        run.formerDrivers = [...run.formerDrivers, run.driver];
      }
      run.epoch = entry.epoch;
      run.driver = {
        epoch: entry.epoch,
        actor: entry.actor,
        process: identityOf(entry),
        since: entry.time,
        released: false,
      };
      return;
    case 'driver-released':
      if (run.driver?.epoch === entry.epoch) run.driver.released = true;
      return;
    case 'run-ended':
      run.ended = entry;
      run.claims = [];
      return;
    case 'run-reopened':
      // Whoever ended it has let go; the driver of a run that was released by hand may still have a call in flight.
      if (run.driver !== undefined && run.ended !== undefined) run.driver.released = true;
      run.ended = undefined;
      run.claims = entry.resources;
      run.claimReleased = false;
      return;
    case 'claim-released':
      run.claims = [];
      run.claimReleased = true;
      return;
  }
}

function identityOf(process: { pid: number; process: string; boot: string }): ProcessIdentity {
  return { pid: process.pid, start: process.process, boot: process.boot };
}
