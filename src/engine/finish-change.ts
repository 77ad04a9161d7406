import type { ChangeAction, Planned, Summary } from '../actions/action.ts';
import { OpsError } from '../errors.ts';
import type { ActionStep } from '../runbook/runbook.ts';
import type { Json } from '../world/json.ts';
import { actionContext, readOnly } from './context.ts';
import { assertExpectation } from './expressions.ts';
import { addFollower } from './follow.ts';
import { endsDriving, recordedError } from './recorded-error.ts';
import type { Session } from './session.ts';
import type { Settled } from './settle.ts';
import type { StepEnd } from './step-end.ts';
import { inTimeBox, timeoutOf } from './time-box.ts';

/** Why nobody can tell, in words. */
export function doubtOf(settled: Settled, trouble?: unknown): string {
  const because = trouble === undefined ? '' : ` (${recordedError(trouble).message})`;
  if (settled.world === 'before') return `its answer was lost${because}; it does not show so far, and may still happen`;
  if (settled.world === 'unobservable') return `nobody can look${because}: ${recordedError(settled.error).message}`;
  return `the world is neither as it was nor as intended${because}`;
}

/** Leaves a change in doubt, in the journal and in words: a person must look. */
export async function unresolved(session: Session, step: ActionStep, why: string): Promise<StepEnd> {
  const error = recordedError(new OpsError('lost-answer', `in doubt: ${why}`, { hint: hintOf(session, step) }));
  await session.record({ type: 'change-unresolved', step: step.id, error });
  await session.record({ type: 'step-failed', step: step.id, error });
  return { kind: 'unresolved', step: step.id, error };
}

/** How a person finds out and finishes; a rehearsal has nothing to be finished. */
function hintOf({ state: { run, mode, steps } }: Session, { id }: ActionStep): string {
  if (mode === 'rehearsal')
    return 'in a live run a person looks at it, and finishes or undoes it; a rehearsal ends here';
  const change = steps.get(id)?.change;
  const undo = change?.undoable === true && !change.leavesNothing ? ` \`resend-ops rollback ${run}\` undoes it,` : '';
  return `look at it by hand; \`resend-ops resume ${run}\` looks again,${undo} \`resend-ops mark-done ${run} ${id} --evidence TEXT\` records that it is done`;
}

/**
 * Ends a change's step well: reads the output that was lost with an answer, and holds it against `expect`. The world shows
 * the change, so an output that cannot be read is lost and no more, unless something was to be held against it.
 */
export async function succeed(
  session: Session,
  step: ActionStep,
  action: ChangeAction,
  planned: Planned<Json, Json>,
  answered: Json,
  already: string | undefined,
): Promise<StepEnd> {
  const { output, trouble } =
    answered === null ? await readOutput(session, step, action, planned) : { output: answered, trouble: undefined };
  const summary: Summary =
    output === null
      ? { headline: 'done; its answer was lost, the world shows it', detail: wordsFor(trouble) }
      : action.summarise(output, planned.input);
  const shown = already === undefined ? summary : { ...summary, headline: already };
  if (output !== null) {
    try {
      await assertExpectation(session, step, action, output, summary.headline);
    } catch (error) {
      if (endsDriving(error)) throw error;
      // What was found stays with the failure, as of a check.
      const recorded = recordedError(error);
      await session.record({ type: 'step-failed', step: step.id, error: recorded, output, summary });
      return { kind: 'failed', step: step.id, error: recorded, cause: error };
    }
  }
  await session.record({ type: 'step-succeeded', step: step.id, output, summary: shown, knowledge: 'known' });
  if (output !== null && already === undefined) addFollower(session, step.id, action.name, output);
  return { kind: 'succeeded' };
}

/** The output as the world tells it; null, with the trouble, where it cannot be read and the step can do without. */
async function readOutput(
  session: Session,
  step: ActionStep,
  action: ChangeAction,
  planned: Planned<Json, Json>,
): Promise<{ output: Json; trouble: unknown }> {
  const { outputOf } = action;
  if (outputOf === undefined) {
    if (step.expect === undefined) return { output: null, trouble: undefined };
    throw new OpsError('failed', `its output cannot be known, and is expected to be: ${step.expect.source}`, {
      hint: 'the world shows the change; look at what it led to by hand',
    });
  }
  try {
    const output = await inTimeBox(session.drive.clock, timeoutOf(step, action), [], (signal) =>
      outputOf(planned, actionContext(session, step.id, readOnly(session, 'reading an output'), signal)),
    );
    return { output, trouble: undefined };
  } catch (trouble) {
    if (endsDriving(trouble) || step.expect !== undefined) throw trouble;
    return { output: null, trouble };
  }
}

function wordsFor(trouble: unknown): string[] {
  return trouble === undefined ? [] : [`its output could not be read: ${recordedError(trouble).message}`];
}
