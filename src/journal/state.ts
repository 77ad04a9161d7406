import type { Summary } from '../actions/action.ts';
import type { ExitCode } from '../errors.ts';
import type { Json } from '../world/json.ts';
import type { Actor, Entry, Outcome, PinnedDocument, RecordedError } from './events.ts';

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
  rollback: 'auto' | 'none';
  /** Place in the order of application; reverts run from the highest. */
  appliedSeq: number | null;
  /** Its request may have left although the world did not show it: looked at again at the end. */
  lookAgain: boolean;
  output: Json | null;
  error: RecordedError | null;
};

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
  summary: Summary | null;
  error: RecordedError | null;
  skippedWhy: string | null;
  plan: { before: Json; after: Json; diff: readonly string[]; notes: readonly string[]; digest: string } | null;
  change: ChangeState | null;
  noted: Json | null;
  /** Digests that the operator has confirmed for this step. */
  confirmed: readonly string[];
  markedDone: string | null;
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
  documents: readonly PinnedDocument[];
  resources: readonly string[];
  overrides: Readonly<Record<string, string>>;
  version: string;
  startedAtMs: number;
  startedBy: Actor;
  phase: 'running' | 'rolling-back' | 'suspended' | 'ended';
  /** By id, in the order in which they began. */
  steps: Map<string, StepState>;
  clocks: Clocks;
  guards: { step: string; guard: string; message: string; hint: string; overriddenBecause: string | null }[];
  driver: { epoch: number; actor: Actor; pid: number; since: string; released: boolean } | null;
  interrupted: string | null;
  /** Set while suspended and after the end. */
  ending: { outcome: Outcome; exitCode: ExitCode; message: string; left: readonly string[] } | null;
  lastSeq: number;
  head: { seq: number; hash: string };
};

/** Folds a run's entries. Returns undefined where there are none, or they do not begin with `run-started`. */
export function foldRun(entries: Iterable<Entry>): RunState | undefined {
  let state: RunState | undefined;
  for (const entry of entries) {
    if (state === undefined) state = entry.type === 'run-started' ? begin(entry) : undefined;
    else advance(state, entry);
  }
  return state;
}

/** The state after a run's first entry. */
export function begin(entry: Extract<Entry, { type: 'run-started' }>): RunState {
  return {
    run: entry.run,
    runbook: entry.runbook,
    title: entry.title,
    mode: entry.mode,
    speed: entry.speed,
    environment: entry.environment,
    hostname: entry.hostname,
    inputs: entry.inputs,
    documents: entry.documents,
    resources: entry.resources,
    overrides: entry.overrides,
    version: entry.version,
    startedAtMs: Date.parse(entry.time),
    startedBy: entry.actor,
    phase: 'running',
    steps: new Map(),
    clocks: { goAt: null, switchedMs: null, recoveredMs: null, predictedDrainMs: null },
    guards: [],
    driver: null,
    interrupted: null,
    ending: null,
    lastSeq: entry.seq,
    head: { seq: entry.seq, hash: entry.hash },
  };
}

/** Moves a state one entry on, in place: a run's state lives in one fold, and entries come one at a time. */
export function advance(state: RunState, entry: Entry): void {
  state.lastSeq = entry.seq;
  state.head = { seq: entry.seq, hash: entry.hash };
  if ('step' in entry) advanceStep(state, entry);
  switch (entry.type) {
    case 'driver-started':
      state.driver = { epoch: entry.epoch, actor: entry.actor, pid: entry.pid, since: entry.time, released: false };
      return;
    case 'driver-released':
      if (state.driver !== null) state.driver.released = true;
      return;
    case 'go-given':
      state.clocks.goAt ??= entry.time;
      return;
    case 'milestone-reached': {
      if (state.clocks.goAt === null) return;
      const ms = (Date.parse(entry.time) - Date.parse(state.clocks.goAt)) * state.speed;
      if (entry.milestone === 'switched') state.clocks.switchedMs ??= ms;
      else state.clocks.recoveredMs ??= ms;
      return;
    }
    case 'guard-raised':
      state.guards.push({
        step: entry.step,
        guard: entry.guard,
        message: entry.message,
        hint: entry.hint,
        overriddenBecause: null,
      });
      return;
    case 'guard-overridden':
      state.guards.push({
        step: entry.step,
        guard: entry.guard,
        message: entry.message,
        hint: '',
        overriddenBecause: entry.reason,
      });
      return;
    case 'interrupted':
      state.interrupted = entry.signal;
      return;
    case 'rollback-started':
      state.phase = 'rolling-back';
      return;
    case 'resumed':
    case 'run-reopened':
      state.phase = 'running';
      state.ending = null;
      state.interrupted = null;
      return;
    case 'run-suspended':
      state.phase = 'suspended';
      state.ending = { outcome: 'needs-attention', exitCode: entry.exitCode, message: entry.message, left: entry.left };
      return;
    case 'run-ended':
      state.phase = 'ended';
      state.ending = { outcome: entry.outcome, exitCode: entry.exitCode, message: entry.message, left: entry.left };
      return;
  }
}

function advanceStep(state: RunState, entry: Extract<Entry, { step: string }>): void {
  const atMs = Date.parse(entry.time);
  let step = state.steps.get(entry.step);
  if (step === undefined || (entry.type === 'step-started' && step.phase !== 'running')) {
    const fresh = newStep(entry.step, atMs);
    step = step === undefined ? fresh : { ...fresh, change: step.change, noted: step.noted, confirmed: step.confirmed };
    state.steps.set(entry.step, step);
  }
  switch (entry.type) {
    case 'step-started':
      step.title = entry.title;
      step.uses = entry.uses ?? null;
      return;
    case 'step-planned':
      step.plan = {
        before: entry.before,
        after: entry.after,
        diff: entry.diff,
        notes: entry.notes,
        digest: entry.digest,
      };
      return;
    case 'confirmation-given':
      step.confirmed = [...step.confirmed, entry.digest];
      return;
    case 'change-intended':
      step.change = {
        status: 'intended',
        uses: entry.uses,
        input: entry.input,
        before: entry.before,
        after: entry.after,
        digest: entry.digest,
        undoable: entry.undoable,
        rollback: entry.rollback,
        appliedSeq: null,
        lookAgain: false,
        output: null,
        error: null,
      };
      return;
    case 'fact-noted':
      step.noted = entry.fact;
      return;
    case 'step-succeeded':
      step.phase = 'succeeded';
      step.endedAtMs = atMs;
      step.output = entry.output;
      step.summary = entry.summary;
      step.knowledge = entry.knowledge;
      step.error = null;
      if (entry.summary.predictedDrainMs !== undefined && state.clocks.goAt === null) {
        state.clocks.predictedDrainMs = entry.summary.predictedDrainMs;
      }
      return;
    case 'step-failed':
      step.phase = 'failed';
      step.endedAtMs = atMs;
      step.error = entry.error;
      if (entry.output !== undefined) step.output = entry.output;
      if (entry.summary !== undefined) step.summary = entry.summary;
      return;
    case 'step-skipped':
      step.phase = 'skipped';
      step.endedAtMs = atMs;
      step.skippedWhy = entry.why;
      return;
    case 'marked-done':
      step.phase = 'succeeded';
      step.endedAtMs = atMs;
      step.markedDone = entry.evidence;
      step.error = null;
      if (step.change !== null && step.change.status !== 'reverted') {
        step.change = { ...step.change, status: 'applied', appliedSeq: step.change.appliedSeq ?? entry.seq };
      }
      return;
    default:
      if (step.change !== null) step.change = { ...step.change, ...changeAfter(entry) };
  }
}

function changeAfter(entry: Extract<Entry, { step: string }>): Partial<ChangeState> {
  switch (entry.type) {
    case 'change-doubted':
      return { status: 'doubted', error: entry.error };
    case 'change-applied':
      return { status: 'applied', appliedSeq: entry.seq, output: entry.output, lookAgain: false };
    case 'change-not-applied':
      return { status: 'not-applied', error: entry.error, lookAgain: entry.lookAgain };
    case 'change-unresolved':
      return { status: 'unresolved', error: entry.error };
    case 'revert-intended':
      return { status: 'reverting' };
    case 'change-reverted':
      return { status: 'reverted', lookAgain: false };
    case 'revert-failed':
      return { status: entry.observed === 'before' ? 'reverted' : 'revert-failed', error: entry.error };
    default:
      return {};
  }
}

function newStep(id: string, startedAtMs: number): StepState {
  return {
    id,
    title: id,
    uses: null,
    phase: 'running',
    startedAtMs,
    endedAtMs: null,
    output: null,
    knowledge: 'known',
    summary: null,
    error: null,
    skippedWhy: null,
    plan: null,
    change: null,
    noted: null,
    confirmed: [],
    markedDone: null,
  };
}
