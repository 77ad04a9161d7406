import { advanceStep } from './advance-step.ts';
import type { Entry } from './events.ts';
import type { RunState } from './run-state.ts';

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
    durations: entry.durations ?? [],
    documents: entry.documents,
    resources: entry.resources,
    overrides: entry.overrides,
    version: entry.version,
    leavesNothing: entry.leavesNothing === true,
    startedAtMs: Date.parse(entry.time),
    startedBy: entry.actor,
    phase: 'running',
    rollingBack: false,
    rollbackCause: null,
    steps: new Map(),
    clocks: { goAt: null, switchedMs: null, recoveredMs: null, predictedDrainMs: null },
    guards: [],
    drivenBy: [],
    driver: null,
    released: null,
    ending: null,
    lastSeq: entry.seq,
    head: { seq: entry.seq, hash: entry.hash },
  };
}

/**
 * Moves a driver's state by what somebody else has said to its run, which may stand in the log before entries that the
 * driver has written since: the newest place stays the newest.
 */
export function advanceBySaid(state: RunState, entry: Entry): void {
  const { lastSeq, head } = state;
  advance(state, entry);
  if (entry.seq > lastSeq) return;
  state.lastSeq = lastSeq;
  state.head = head;
}

function goOn(state: RunState): void {
  state.phase = 'running';
  state.ending = null;
  state.released = null;
}

/** Stops a clock that the "go" has started, the first time. */
function reach({ clocks, speed }: RunState, milestone: 'switched' | 'recovered', time: string): void {
  if (clocks.goAt === null) return;
  const ms = Math.max(0, Date.parse(time) - Date.parse(clocks.goAt)) * speed;
  if (milestone === 'switched') clocks.switchedMs ??= ms;
  else clocks.recoveredMs ??= ms;
}

/** Moves a state one entry on, in place: a run's state lives in one fold, and entries come one at a time. */
export function advance(state: RunState, entry: Entry): void {
  state.lastSeq = entry.seq;
  state.head = { seq: entry.seq, hash: entry.hash };
  if ('step' in entry) advanceStep(state, entry);
  switch (entry.type) {
    case 'driver-started':
      if (!state.drivenBy.includes(entry.actor.user)) state.drivenBy = [...state.drivenBy, entry.actor.user];
      state.driver = { epoch: entry.epoch, actor: entry.actor, pid: entry.pid, since: entry.time, released: false };
      return;
    case 'driver-released':
      if (state.driver !== null) state.driver.released = true;
      return;
    case 'go-given':
      state.clocks.goAt ??= entry.time;
      return;
    case 'step-succeeded':
      // The check that proves it is enough: its process may have died before it said so.
      if (entry.summary.milestone !== undefined && entry.knowledge === 'known')
        reach(state, entry.summary.milestone, entry.time);
      return;
    case 'milestone-reached':
      reach(state, entry.milestone, entry.time);
      return;
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
    case 'decided':
      if (entry.choice === 'rollback') state.rollbackCause = entry.cause ?? 'stopped';
      return;
    case 'rollback-started':
      state.phase = 'rolling-back';
      state.rollingBack = true;
      state.rollbackCause = entry.cause;
      return;
    case 'claim-released':
      state.released = { by: entry.actor, at: entry.time, reason: entry.reason };
      return;
    case 'run-reopened':
      // Only to be undone: whoever takes it up from here goes on with that, also where no more than this was written.
      state.rollbackCause = 'asked';
      goOn(state);
      return;
    case 'resumed':
      goOn(state);
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
