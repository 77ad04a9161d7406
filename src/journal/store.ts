import { OpsError } from '../errors.ts';
import type { Actor, Entry, Event } from './events.ts';

/**
 * The store port: one append-only, hash-chained log; a run is a view of it. Embedded: local files. A team's shared
 * store implements the same port. Claims belong to a run and end only with it; driving belongs to one process at a
 * time and has an epoch.
 */
export type Store = {
  /** Keeps a document under its SHA-256 (hex), durably. Same text, same digest; kept once. */
  pin(text: string): Promise<string>;
  /** The text of a pinned document. Throws `audit` when it is gone or does not match its digest. */
  pinned(sha256: string): Promise<string>;
  /** Records a new run and claims its resources in one atomic act, or throws {@link busyError}. */
  begin(
    run: string,
    by: Actor,
    resources: readonly string[],
    first: Extract<Event, { type: 'run-started' }>,
  ): Promise<void>;
  /**
   * Claims the resources of a run that ended or was released again, in one atomic act, so that it can be driven and rolled
   * back; throws {@link busyError}, and `busy` where a process that lives, or may live, still drives it, unless `force`.
   */
  reopen(
    run: string,
    by: Actor,
    event: Extract<Event, { type: 'run-reopened' }>,
    options?: { force?: boolean },
  ): Promise<void>;
  /** Becomes the driver and raises the epoch. Throws `busy` while another live process drives, unless `force`. */
  drive(run: string, by: Actor, options?: { force?: boolean }): Promise<Lease>;
  /** Anyone, driver or not: comment, approve, ask to cancel, mark done, release. Epoch of the entry is 0. */
  say(run: string, by: Actor, event: Event): Promise<Entry>;
  /** A run's entries in order. Empty for an unknown run. */
  read(run: string, fromSeq?: number): Promise<Entry[]>;
  /** Past and future entries of a run in order, until its `run-ended` entry or abort. */
  watch(run: string, fromSeq?: number, signal?: AbortSignal): AsyncIterable<Entry>;
  /** Every run, oldest first. */
  runs(): Promise<RunListing[]>;
  /** Every entry of the whole chain in order, as lines' exact text; of a damaged one those before the damage, then it throws `audit`. */
  chain(): AsyncIterable<string>;
  /** The newest entry's place: an outside witness of it makes a cut tail visible. */
  head(): Promise<Head | undefined>;
  close(): Promise<void>;
};

/** A place in the chain: `SEQ:HASH` on screens. `origin` names the log (the hash of its first line). */
export type Head = { origin: string; seq: number; hash: string };

/**
 * A run as `runs` lists it. `driver` is the last process that drove; `alive` tells whether it still exists. `intends`: it
 * has set out to change something, or to say something to people. `released`: its claim was given up by hand.
 */
export type RunListing = {
  run: string;
  resources: readonly string[];
  /** What it holds now; none once it has ended or its claim was given up. */
  claims: readonly string[];
  started: Extract<Entry, { type: 'run-started' }>;
  ended: Extract<Entry, { type: 'run-ended' }> | undefined;
  intends: boolean;
  released: boolean;
  driver: { actor: Actor; pid: number; since: string; alive: boolean } | undefined;
};

/** The right to drive a run, until released, ended, or taken over by a later epoch. */
export type Lease = {
  readonly run: string;
  readonly epoch: number;
  /** How long this driver must not write, because the driver before it may still have a call in flight (0: none). */
  readonly quarantineMs: number;
  /**
   * Durable once resolved (unless `sync` is false: then with the next durable one). Throws `fenced` if the run was
   * taken over, `audit` if the log cannot be written: then nothing may be written to the world either. With
   * `keptIsEnough` an entry that the log did not take is kept elsewhere like any other, and counts as appended: what
   * was written may be undone without a log. {@link Lease.failure} tells.
   */
  append(event: Event, options?: { sync?: boolean; key?: string; keptIsEnough?: boolean }): Promise<Entry>;
  /**
   * Called right before every writing call, which may take `ms`: resolves only if this process drives the run now. A store
   * whose leases run out must see to it that this one lasts so long; one that asks for living processes has nothing to do.
   */
  ensure(ms: number): Promise<void>;
  /** Last entry of the run, and release of its claims, atomically. */
  end(event: Extract<Event, { type: 'run-ended' }>, options?: { keptIsEnough?: boolean }): Promise<Entry>;
  /** Stops driving without ending: the claims stay, anyone may drive next. */
  release(): Promise<void>;
  /** Why this process writes nothing more to the log, where its entries since are, and where the log ends without them. */
  failure(): LogFailure | undefined;
};

/** The log failed this process: `error` is the newest word on it, `head` the newest entry that is in the log. */
export type LogFailure = { error: OpsError; head: { seq: number; hash: string } };

/** Another run holds the resource: who, where, since when. Exit code 6. */
export function busyError(
  resource: string,
  holder: { run: string; actor: Actor; since: string; pid?: number; alive: boolean },
): OpsError {
  const who = `${holder.actor.user}@${holder.actor.host}${holder.pid === undefined ? '' : ` (pid ${holder.pid})`}`;
  return new OpsError('busy', `${resource} is held by run ${holder.run} of ${who}, since ${holder.since}`, {
    hint: holder.alive
      ? `it is running: follow it with \`resend-ops watch ${holder.run}\`; to end it, Ctrl-C where it runs, or from here \`resend-ops rollback ${holder.run} --take-over\`, which undoes what it has changed`
      : `its process is gone: finish it with \`resend-ops resume ${holder.run}\`, or undo it with \`resend-ops rollback ${holder.run}\``,
  });
}
