import type { ChangeAction } from '../actions/action.ts';
import type { ActionStep } from '../runbook/runbook.ts';
import type { Json } from '../world/json.ts';
import { readSignals } from './check-step.ts';
import { actionContext, readOnly } from './context.ts';
import { raiseGuard } from './guards.ts';
import { type Session, type StopChoice, safePoint } from './session.ts';
import { inTimeBox, timeoutOf } from './time-box.ts';

/**
 * The last look before a write. A plan is as old as the operator took to decide: what has changed meanwhile may speak
 * against the write. A stop that is asked about during the look is waited for, and what was seen is then old as well.
 * Answers the stop that was asked for; throws `aborted` where the time of an optional step is over.
 */
export async function lookOnceMore(
  session: Session,
  step: ActionStep,
  action: ChangeAction,
  input: Json,
): Promise<StopChoice | null> {
  for (;;) {
    await look(session, step, action, input);
    const isAsked = session.asking !== null;
    const stop = await safePoint(session);
    if (stop !== null) return stop;
    // The end of the run, or its rollback, is no time for an optional change to begin.
    for (const signal of readSignals(session, step)) signal.throwIfAborted();
    if (!isAsked) return null;
  }
}

async function look(session: Session, step: ActionStep, action: ChangeAction, input: Json): Promise<void> {
  const { lastLook } = action;
  if (lastLook === undefined) return;
  const findings = await inTimeBox(session.drive.clock, timeoutOf(step, action), readSignals(session, step), (signal) =>
    lastLook(input, actionContext(session, step.id, readOnly(session, 'a last look'), signal)),
  );
  for (const finding of findings) await raiseGuard(session, step.id, finding);
}
