import type { Summary } from '../actions/action.ts';
import type { ExitCode } from '../errors.ts';
import type { Json } from '../world/json.ts';
import type { Actor, ApprovalRefusal, Outcome, PinnedDocument, RecordedError, RollbackCause } from './events.ts';

/** Where a step is. Steps that have not begun are not in the state; the runbook knows them. */
export type StepPhase = 'running' | 'succeeded' | 'failed' | 'skipped';

/** Where a change is, between its intent and what became of it. */
export type ChangeStatus =
  | 'intended'
  | 'doubted'
  | 'applied'
  | 'not-applied'
  | 'unresolved'
  | 'reverting'
  | 'reverted'
  | 'left-nothing'
  | 'revert-failed';

/** A change as journaled: enough for any process to observe, finish or undo it. */
export type ChangeState = {
  status: ChangeStatus;
  uses: string;
  input: Json;
  before: Json;
  after: Json;
  digest: string;
  undoable: boolean;
  /** It writes what is there already: whatever became of it, nothing of it is to be undone. */
  leavesNothing: boolean;
  rollback: 'auto' | 'none';
  /** Place in the order of application; reverts run from the highest. */
  appliedSeq: number | null;
  output: Json | null;
  error: RecordedError | null;
};

/** Approvals that a step has asked for: of one plan, until a time. */
export type ApprovalState = {
  /** The entry that asked. */
  request: number;
  digest: string;
  count: number;
  from: readonly string[];
  /** Milliseconds since the epoch, real time. */
  expiresAtMs: number;
  /** Everything said since it was asked, whether it counts or not. */
  given: readonly { by: string; digest: string; atMs: number; account: string | null }[];
  status: 'waiting' | 'approved' | 'voided';
  /** Why it is void. */
  voidedWhy: VoidedWhy | null;
};

/** Why approvals that were asked for are asked for no more. */
type VoidedWhy = 'plan-changed' | 'expired' | 'stopped';

/** A step as the journal tells it. */
export type StepState = {
  id: string;
  title: string;
  uses: string | null;
  phase: StepPhase;
  startedAtMs: number;
  endedAtMs: number | null;
  output: Json | null;
  /** Dry run: the output depends on a change that did not happen. */
  knowledge: 'known' | 'unknown';
  /** Dry run: a change that would be made; of a group, that of the alternative which was taken. */
  isPlanned: boolean;
  summary: Summary | null;
  error: RecordedError | null;
  skippedWhy: string | null;
  plan: { before: Json; after: Json; diff: readonly string[]; notes: readonly string[]; digest: string } | null;
  change: ChangeState | null;
  noted: Json | null;
  /** Digests that the operator has confirmed for this step. */
  confirmed: readonly string[];
  /** The newest request for approvals; null where none was made since the step began. */
  approval: ApprovalState | null;
  /** Where requests of this step were shown, oldest first: those of earlier plans, too. */
  approvalPlaces: readonly { request: number; digest: string; room: string; place: Json; isClosed: boolean }[];
  /** What was refused: told and recorded once each. */
  refusals: readonly { by: string; digest: string; account: string | null; why: ApprovalRefusal }[];
  /** Why each request that came to nothing did, oldest first. */
  voided: readonly VoidedWhy[];
  markedDone: string | null;
  /** How a person knows that its change is undone: they did it by hand. */
  undoneByHand: string | null;
  /** How far the run's timeline was sent to what the step has made, and how far it surely is there: numbers of entries. */
  timeline: { sentUpTo: number; toldUpTo: number };
  /** How things stand where people were told of the run's end; null where they were not. */
  toldAtEnd: string | null;
};

/** The two clocks and what they are judged by; milliseconds by the run's own clock (real time × speed). */
export type Clocks = {
  goAt: string | null;
  switchedMs: number | null;
  recoveredMs: number | null;
  predictedDrainMs: number | null;
};

/** A run, folded from its entries. The terminal, `status`, `watch`, `resume` and `rollback` all read this and nothing else. */
export type RunState = {
  run: string;
  runbook: string;
  title: string;
  mode: 'live' | 'dry-run' | 'rehearsal';
  speed: number;
  environment: string;
  hostname: string;
  inputs: Readonly<Record<string, Json>>;
  /** Names of the inputs whose values are milliseconds. */
  durations: readonly string[];
  documents: readonly PinnedDocument[];
  resources: readonly string[];
  overrides: Readonly<Record<string, string>>;
  version: string;
  /** Every change that its runbook can make writes what is there already. */
  leavesNothing: boolean;
  startedAtMs: number;
  startedBy: Actor;
  phase: 'running' | 'rolling-back' | 'suspended' | 'ended';
  /** A rollback has begun: whoever takes the run up goes on undoing it, never forward. */
  rollingBack: boolean;
  /** Who wanted the rollback; null where there is none. Set by the decision, which comes before the rollback begins. */
  rollbackCause: RollbackCause | null;
  /** By id, in the order in which they began. */
  steps: Map<string, StepState>;
  clocks: Clocks;
  guards: { step: string; guard: string; message: string; hint: string; overriddenBecause: string | null }[];
  /** Everybody who has driven it. */
  drivenBy: readonly string[];
  driver: { epoch: number; actor: Actor; pid: number; since: string; released: boolean } | null;
  /** Its claim was given up by hand (`release --force`): nobody goes on with it, and only a rollback takes it up again. */
  released: { by: Actor; at: string; reason: string } | null;
  /** Set while suspended and after the end. */
  ending: { outcome: Outcome; exitCode: ExitCode; message: string; left: readonly string[] } | null;
  lastSeq: number;
  head: { seq: number; hash: string };
};
