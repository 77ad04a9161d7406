import type { ChangeAction } from '../actions/action.ts';
import { OpsError } from '../errors.ts';
import type { ActionStep } from '../runbook/runbook.ts';
import { actionContext, readOnly } from './context.ts';
import { lackOf } from './preflight.ts';
import type { Session } from './session.ts';

/**
 * In a dry run, says of an optional change what a live run would find out: its credentials are missing or refused, told by
 * nothing but reads. Throws `credentials`, which fails the step and not the run. Of the other steps it was asked before
 * the run started.
 */
export async function foreseeRefusal(session: Session, step: ActionStep, action: ChangeAction): Promise<void> {
  const { drive, material } = session;
  if (!session.optionalSteps.has(step.id)) return;
  const lack = await lackOf(drive, material, action, (signal) =>
    actionContext(session, step.id, readOnly(session, 'a dry run'), signal),
  );
  if (lack === undefined) return;
  throw new OpsError('credentials', `it would fail: ${lack.message}`, { hint: lack.hint });
}
