import type { RunIdentity } from '../actions/action.ts';
import { OpsError } from '../errors.ts';
import type { Entry, Event } from '../journal/events.ts';
import type { RunState } from '../journal/run-state.ts';
import { advance, advanceBySaid } from '../journal/state.ts';
import type { Lease } from '../journal/store.ts';
import { idsOfOptional } from '../runbook/optional-steps.ts';
import type { Json } from '../world/json.ts';
import { asJson } from './as-json.ts';
import type { Follower } from './follower.ts';
import type { Drive, Material } from './options.ts';
import { endsDriving } from './recorded-error.ts';
import { type TimelineLine, timelineOf } from './timeline.ts';

/** What the operator, a signal or a cancel request asked for, once it has been asked. */
export type StopChoice = 'leave' | 'rollback' | 'declined';

/** Everything one drive of one run shares. It dies with the drive; what must last is in the journal. */
export type Session = {
  readonly drive: Drive;
  readonly material: Material;
  readonly identity: RunIdentity;
  /** The environment as expressions see it. */
  readonly environment: Json;
  readonly lease: Lease;
  readonly state: RunState;
  /** Appends, folds, and tells the subscriber; one at a time, in order. */
  record(event: Event): Promise<Entry>;
  /** Appends the run's last entry and releases its claims. */
  recordEnd(event: Extract<Event, { type: 'run-ended' }>): Promise<void>;
  /** A rollback has begun: an entry that the log does not take is kept elsewhere, and the rollback goes on. */
  undoing: boolean;
  /**
   * How far the drive has come: its steps run; they have ended, and it can still be said that all is to be undone; or
   * what becomes of the changes is decided, and a signal is only noted.
   */
  stage: 'steps' | 'end' | 'decided';
  /** Set when the run is to stop at the next safe point. */
  stop: StopChoice | null;
  /** A question about stopping that is on the screen: safe points wait for its answer. */
  asking: Promise<void> | null;
  /** Aborts reads (never writes) when the run stops. */
  readonly reads: AbortController;
  /** The steps that never fail the run: those that are optional, and all within them. */
  readonly optionalSteps: ReadonlySet<string>;
  /** Aborts optional steps that still run when the run has ended. */
  readonly optional: AbortController;
  /** Optional steps that run beside the run, by step id. */
  readonly background: Map<string, Promise<void>>;
  /** Dry run: a change was planned and not made, so later checks see the world as it is, not as it would be. */
  pendingChange: boolean;
  /** What is kept up to date while the run proceeds (a status message, a thread), by step id. */
  readonly followers: Map<string, Follower>;
  following: Promise<void>;
  /** Rounds of news that failed, one after another. */
  failedRounds: number;
  /** Aborted when the run has come to its end: no news waits for its turn any more. */
  readonly hurry: AbortController;
  /** The run's story so far. */
  readonly timeline: TimelineLine[];
  /** An update of them waits for its turn. */
  followUpQueued: boolean;
  /** When this drive took the run up; and when each of its own attempts to write had ended. By its clock. */
  readonly openedAtMs: number;
  readonly sentByMs: Map<string, number>;
  /** How far the log is known: every entry up to it is the run's own, or has been listened to. */
  heard: { seq: number; hash: string | undefined };
};

/**
 * Events that must be on disk before the run goes on; the others reach the disk with the next of these. So a change costs
 * two syncs: of its intent, and of its result.
 */
const durable: ReadonlySet<Event['type']> = new Set<Event['type']>([
  'change-intended',
  'change-applied',
  'fact-noted',
  'change-doubted',
  'change-not-applied',
  'change-unresolved',
  'follow-up-intended',
  'step-succeeded',
  'step-failed',
  'revert-intended',
  'change-reverted',
  'change-left-nothing',
  'revert-failed',
  'run-suspended',
]);

/**
 * A change's step succeeds on the strength of its result, and a group on that of its steps, which are durable by then:
 * after a crash it is told anew.
 */
function isDurable(event: Event, { steps }: RunState): boolean {
  if (event.type !== 'step-succeeded') return durable.has(event.type);
  const step = steps.get(event.step);
  const isGroup = step?.uses === null;
  return !isGroup && step?.change?.status !== 'applied';
}

/** Opens a session on a lease. `state` is the fold of everything the journal holds so far. */
export function openSession(drive: Drive, material: Material, lease: Lease, state: RunState): Session {
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = (append: () => Promise<Entry>): Promise<Entry> => {
    const appended = queue.then(async () => {
      const entry = await append();
      advance(state, entry);
      if (entry.seq === session.heard.seq + 1) session.heard = entry;
      tellTimeline(session, [entry]);
      drive.subscribe?.(entry, state);
      return entry;
    });
    // The caller gets the failure. Steps beside it that only read stop now; one that writes settles first.
    queue = appended.catch((error: unknown) => {
      if (endsDriving(error)) session.reads.abort(error);
    });
    return appended;
  };
  const session: Session = {
    drive,
    material,
    lease,
    state,
    identity: {
      id: state.run,
      shortId: shortIdOf(state.run),
      runbook: state.runbook,
      title: state.title,
      mode: state.mode,
    },
    environment: asJson(material.environment),
    record: (event) =>
      inTurn(() => lease.append(event, { sync: isDurable(event, state), keptIsEnough: session.undoing })),
    async recordEnd(event) {
      await inTurn(() => lease.end(event, { keptIsEnough: session.undoing }));
    },
    undoing: false,
    stage: 'steps',
    stop: null,
    asking: null,
    reads: new AbortController(),
    optionalSteps: new Set(idsOfOptional(material.runbook.steps)),
    optional: new AbortController(),
    background: new Map(),
    pendingChange: false,
    followers: new Map(),
    following: Promise.resolve(),
    failedRounds: 0,
    hurry: new AbortController(),
    timeline: [],
    followUpQueued: false,
    openedAtMs: drive.clock.now(),
    sentByMs: new Map(),
    heard: { seq: state.lastSeq, hash: undefined },
  };
  return session;
}

/** Adds entries that stand in the log to the run's story. */
export function tellTimeline({ timeline, state }: Session, entries: readonly Entry[]): void {
  timeline.push(...timelineOf(entries, state));
}

/** A name for the run that is safe in channel names: month, day and the id's random end. */
export function shortIdOf(run: string): string {
  return run.replace(/^\d{4}(\d{4})-\d{6}-/, '$1').replace(/[^a-z0-9]/g, '');
}

/** Asks the running drive to stop at the next safe point; reads end now, a running write settles first. */
export function requestStop(session: Session, choice: StopChoice): void {
  session.stop ??= choice;
  if (!session.reads.signal.aborted) {
    session.reads.abort(new OpsError('aborted', 'stopped by the operator'));
  }
}

/**
 * Where the run may stop: before a step, before a question, before an intent. Answers the stop that was asked for; throws
 * what has ended the driving meanwhile, where a step beside the run was the first to hear of it.
 */
export async function safePoint(session: Session): Promise<StopChoice | null> {
  if (session.asking !== null) await session.asking;
  if (session.stop === null) await hear(session);
  // Reads that are aborted without a stop were aborted by the log: who only waits would wait without a pause, for ever.
  if (session.stop === null) session.reads.signal.throwIfAborted();
  return session.stop;
}

/** What others say that the run itself goes by. Everything else that they say is for readers of the log. */
const heeded: ReadonlySet<Entry['type']> = new Set<Entry['type']>(['approval-given', 'approval-refused']);

/**
 * Looks at what others have said since the last look: approvals become part of the state; a cancel request stops the
 * run, to be rolled back.
 */
async function hear(session: Session): Promise<void> {
  const head = await session.drive.store.head();
  // Not the newest entry alone: what others said stands before it where the run has gone on since.
  const { seq, hash = head?.hash } = session.heard;
  if (head === undefined || (head.seq === seq && head.hash === hash)) return;
  // The newest entry that is known may have been cut off since, as one that failed, and another stand in its place.
  const read = await session.drive.store.read(session.state.run, seq);
  const said = read.filter((entry) => entry.seq > seq || (session.heard.hash !== undefined && entry.hash !== hash));
  session.heard = said.findLast((entry) => entry.seq > head.seq) ?? head;
  for (const entry of said) {
    // The driver's own entries are in the state already.
    if (entry.epoch !== 0 || !heeded.has(entry.type)) continue;
    advanceBySaid(session.state, entry);
    tellTimeline(session, [entry]);
    session.drive.subscribe?.(entry, session.state);
  }
  if (!said.some(({ type }) => type === 'cancel-requested')) return;
  await session.record({ type: 'decided', choice: 'rollback', by: 'policy', cause: 'stopped' });
  requestStop(session, 'rollback');
}
