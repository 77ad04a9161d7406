import type { Json } from '../world/json.ts';
import { advanceApproval } from './advance-approval.ts';
import type { Entry } from './events.ts';
import type { ChangeState, RunState, StepState } from './run-state.ts';

/** Moves the step that an entry speaks of one entry on, in place; a step that begins anew keeps what its change has left in the world. */
export function advanceStep(state: RunState, entry: Extract<Entry, { step: string }>): void {
  const atMs = Date.parse(entry.time);
  let step = state.steps.get(entry.step);
  if (step === undefined || (entry.type === 'step-started' && step.phase !== 'running')) {
    const fresh = newStep(entry.step, atMs);
    step =
      step === undefined
        ? fresh
        : {
            ...fresh,
            change: step.change,
            noted: step.noted,
            confirmed: step.confirmed,
            timeline: step.timeline,
            approvalPlaces: step.approvalPlaces,
            refusals: step.refusals,
          };
    state.steps.set(entry.step, step);
  }
  advanceApproval(step, entry, state.speed);
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
        leavesNothing: entry.leavesNothing === true,
        rollback: entry.rollback,
        appliedSeq: null,
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
      step.isPlanned = entry.knowledge === 'unknown' && (step.plan !== null || isPlannedBy(state, entry.output));
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
    case 'follow-up-intended':
      step.timeline = { ...step.timeline, sentUpTo: entry.upTo ?? step.timeline.sentUpTo };
      return;
    case 'timeline-told':
      step.timeline = { ...step.timeline, toldUpTo: entry.upTo };
      return;
    case 'ending-told':
      step.toldAtEnd = entry.state;
      return;
    case 'marked-done':
      if (entry.undone === true) {
        step.undoneByHand = entry.evidence;
        if (step.change !== null) step.change = { ...step.change, status: 'reverted', error: null };
        return;
      }
      step.phase = 'succeeded';
      step.endedAtMs = atMs;
      step.markedDone = entry.evidence;
      step.error = null;
      if (step.change !== null && step.change.status !== 'reverted' && step.change.status !== 'left-nothing') {
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
      return { status: 'applied', appliedSeq: entry.seq, output: entry.output };
    case 'change-not-applied':
      return { status: 'not-applied', error: entry.error };
    case 'change-unresolved':
      return { status: 'unresolved', error: entry.error };
    case 'revert-intended':
      return { status: 'reverting' };
    case 'change-reverted':
      return { status: 'reverted' };
    case 'change-left-nothing':
      return { status: 'left-nothing' };
    case 'revert-failed':
      return { status: 'revert-failed', error: entry.error };
    default:
      return {};
  }
}

/** Whether the alternative that a group took would make its change: the output of such a group names it. */
function isPlannedBy({ steps }: RunState, output: Json): boolean {
  if (typeof output !== 'object' || output === null || !('by' in output)) return false;
  return typeof output.by === 'string' && steps.get(output.by)?.isPlanned === true;
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
    isPlanned: false,
    summary: null,
    error: null,
    skippedWhy: null,
    plan: null,
    change: null,
    noted: null,
    confirmed: [],
    approval: null,
    approvalPlaces: [],
    refusals: [],
    voided: [],
    markedDone: null,
    undoneByHand: null,
    timeline: { sentUpTo: 0, toldUpTo: 0 },
    toldAtEnd: null,
  };
}
