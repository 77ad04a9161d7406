import type { Summary } from '../actions/action.ts';
import type { EmptyEnding } from '../actions/afterwards.ts';
import type { ErrorCode, ExitCode } from '../errors.ts';
import type { Json } from '../world/json.ts';

/** Who wrote an entry: the person, the machine, and the cloud identities in use (never a secret). */
export type Actor = { user: string; host: string; identities?: Readonly<Record<string, string>> };

/** How a run ended. */
export type Outcome = 'succeeded' | 'failed' | 'rolled-back' | 'stopped' | 'needs-attention' | 'refused';

/** An error as journaled: what a person needs, without a stack. */
export type RecordedError = { code: ErrorCode | 'bug'; message: string; hint?: string };

/**
 * Who wanted a rollback, and so what it says of the run: a step `failed`, the operator `stopped` the run, or the rollback
 * was `asked` for by a command of its own. Whoever finishes it must tell the same.
 */
export type RollbackCause = 'failed' | 'stopped' | 'asked';

/** A file that the run depends on, kept by the store under its digest. */
export type PinnedDocument = { kind: 'runbook' | 'environment' | 'suite'; name: string; file: string; sha256: string };

/** Why an approval does not count. */
export type ApprovalRefusal = 'runner' | 'stranger' | 'other-plan' | 'expired' | 'not-asked' | 'given-before';

/** What happened, in the past tense. Fields are plain JSON; times and hashes are added by the store. */
export type Event =
  | {
      type: 'run-started';
      runbook: string;
      title: string;
      mode: 'live' | 'dry-run' | 'rehearsal';
      /** Clock seconds per real second; 1 outside rehearsals. Durations in the fold are real time × speed. */
      speed: number;
      environment: string;
      /** The environment is a simulator's: whoever shows the run says REHEARSAL. Absent otherwise. */
      simulated?: true;
      hostname: string;
      inputs: Readonly<Record<string, Json>>;
      /** Names of the inputs that are durations, whose values are milliseconds. Absent where none is. */
      durations?: readonly string[];
      documents: readonly PinnedDocument[];
      resources: readonly string[];
      overrides: Readonly<Record<string, string>>;
      version: string;
      /** Every change that its runbook can make writes what is there already. Absent where that is not so. */
      leavesNothing?: true;
      /** Added by the store: the process that began the run, so that its claim can be judged before anyone drives. */
      begunBy?: { pid: number; process: string; boot: string };
    }
  /** Written by `drive`: a process begins to drive; `epoch` of this entry is its number. */
  | { type: 'driver-started'; pid: number; process: string; boot: string; forced: boolean }
  | { type: 'driver-released' }
  | { type: 'step-started'; step: string; title: string; uses?: string }
  | {
      type: 'step-planned';
      step: string;
      uses: string;
      before: Json;
      after: Json;
      diff: readonly string[];
      notes: readonly string[];
      digest: string;
    }
  | { type: 'guard-raised'; step: string; guard: string; message: string; hint: string }
  | { type: 'guard-overridden'; step: string; guard: string; reason: string; message: string }
  | {
      type: 'confirmation-given';
      step: string;
      digest: string;
      kind: 'plain' | 'typed';
      by: 'terminal' | 'flag' | 'rehearsal';
    }
  | { type: 'confirmation-declined'; step: string; digest: string; kind: 'plain' | 'typed' }
  /** The step waits until `count` of the people `from`, none of whom runs it, approve of exactly this plan; for `withinMs` by the run's clock. */
  | {
      type: 'approval-requested';
      step: string;
      digest: string;
      count: number;
      from: readonly string[];
      withinMs: number;
    }
  /** The request was shown in a room that the run has opened; reactions there are read as approvals of this digest. */
  | { type: 'approval-posted'; step: string; digest: string; room: string; place: Json }
  /** Said by whoever approves (their own name is the entry's actor), or written by the driver for a reaction that it read. */
  | { type: 'approval-given'; step: string; digest: string; how: 'command' }
  | { type: 'approval-given'; step: string; digest: string; how: 'reaction'; by: string; account: string }
  /** An approval that does not count, and why. `account`: where it was a reaction. */
  | {
      type: 'approval-refused';
      step: string;
      digest: string;
      by: string;
      why: ApprovalRefusal;
      message: string;
      account?: string;
    }
  /** A reaction that was read as an approval has been taken back, while approvals were still waited for. */
  | { type: 'approval-withdrawn'; step: string; digest: string; by: string; account: string }
  /** What the room shows of a request says that it is no longer asked. */
  | { type: 'approval-closed'; step: string; room: string; request: number }
  /** What was asked for is no longer asked: approvals of it count for nothing. */
  | { type: 'approvals-voided'; step: string; digest: string; why: 'plan-changed' | 'expired' | 'stopped' }
  /** Enough people have approved of this plan. */
  | { type: 'step-approved'; step: string; digest: string; by: readonly string[] }
  /** The operator said go: the objective's clocks start. */
  | { type: 'go-given'; step: string }
  /** On disk before the first byte of a write leaves. */
  | {
      type: 'change-intended';
      step: string;
      uses: string;
      input: Json;
      before: Json;
      after: Json;
      digest: string;
      undoable: boolean;
      /** It writes what is there already, so that nothing of it is to be undone. Absent where that is not so. */
      leavesNothing?: true;
      rollback: 'auto' | 'none';
    }
  | { type: 'fact-noted'; step: string; fact: Json }
  /** The answer was lost, late, or not to be believed: only observation can tell. */
  | { type: 'change-doubted'; step: string; error: RecordedError }
  | { type: 'change-applied'; step: string; how: 'answered' | 'observed'; output: Json | null }
  | { type: 'change-not-applied'; step: string; error: RecordedError }
  /** Neither before nor after, or never observable: a person must look. */
  | { type: 'change-unresolved'; step: string; error: RecordedError }
  /** `upTo`: the lines of the run's timeline up to this entry go along. */
  | { type: 'follow-up-intended'; step: string; headline: string; upTo?: number }
  /** The timeline is told up to this entry, in the room that the step has opened. */
  | { type: 'timeline-told'; step: string; upTo: number }
  | { type: 'follow-up-failed'; step: string; error: RecordedError }
  /** People who had been told of the run's beginning were told that it ended, and how. */
  | { type: 'ending-told'; step: string; ending: EmptyEnding; text: string; state: string }
  | { type: 'step-succeeded'; step: string; output: Json; summary: Summary; knowledge: 'known' | 'unknown' }
  | { type: 'step-failed'; step: string; error: RecordedError; output?: Json; summary?: Summary }
  | { type: 'step-skipped'; step: string; why: string }
  | { type: 'milestone-reached'; step: string; milestone: 'switched' | 'recovered' }
  | { type: 'interrupted'; signal: string }
  | {
      type: 'decided';
      choice: 'continue' | 'retry' | 'rollback' | 'leave';
      /** Of a rollback: whose wish it was, so that whoever takes the run up before it begins tells the same. */
      cause?: RollbackCause;
      /** `interrupt`: Ctrl-C at a question, a second one, or a signal that asks nothing. `policy`: nobody was asked. */
      by: 'terminal' | 'flag' | 'rehearsal' | 'interrupt' | 'policy';
    }
  | { type: 'rollback-started'; why: string; cause: RollbackCause }
  | { type: 'revert-intended'; step: string }
  | { type: 'change-reverted'; step: string }
  /** It wrote what was there before: nothing of it is in place, and nothing is to be undone. */
  | { type: 'change-left-nothing'; step: string }
  | {
      type: 'revert-failed';
      step: string;
      error: RecordedError;
      observed: 'before' | 'after' | 'other' | 'unobservable';
    }
  | { type: 'resumed' }
  /** The driver stops with changes left in place or a step in doubt: the claim stays until the run is resumed, rolled back or released. */
  | { type: 'run-suspended'; exitCode: ExitCode; message: string; left: readonly string[] }
  /** An ended run is driven again, to roll it back; its resources are claimed anew. */
  | { type: 'run-reopened'; resources: readonly string[]; why: string }
  | { type: 'run-ended'; outcome: Outcome; exitCode: ExitCode; message: string; left: readonly string[] }
  /** Said by anyone, driver or not. */
  | { type: 'commented'; text: string }
  /** Asks the driver to stop at its next safe point and to roll back. */
  | { type: 'cancel-requested'; text: string }
  /** A person did it, and how they know. `undone`: it was the undoing of a change that they did by hand. */
  | { type: 'marked-done'; step: string; evidence: string; undone?: true }
  /** Written by the store when it repaired a torn last line (a crash in the middle of a write). */
  | { type: 'tail-repaired'; bytes: number; kept: string }
  /** `audit release --force`: the claim of a run that nobody will finish was given up by hand. */
  | { type: 'claim-released'; reason: string };

/** A line of the log: the store's stamp around an event. Field order in the file: seq, time, run, epoch, type, actor, the event's own fields, (key,) prev, hash. */
export type Entry<E extends Event = Event> = {
  seq: number;
  /** UTC, ISO 8601 with milliseconds, real time (never a rehearsal's compressed time). */
  time: string;
  run: string;
  epoch: number;
  actor: Actor;
  prev: string;
  hash: string;
} & E;
