import type { AnyAction, Summary } from '../actions/action.ts';
import type { RecordedError } from '../journal/events.ts';
import type { ActionStep } from '../runbook/runbook.ts';
import type { Json } from '../world/json.ts';
import { actionContext, parseInput, readOnly } from './context.ts';
import { assertExpectation, resolveWith } from './expressions.ts';
import { endsDriving, recordedError } from './recorded-error.ts';
import type { Session } from './session.ts';
import type { StepEnd } from './step-end.ts';
import { inTimeBox } from './time-box.ts';

/** Time box of a check that names none. */
const defaultCheckMs = 60_000;

/** Runs a check, as often as its `retry` allows; a failed expectation counts as a failed try. */
export async function checkStep(
  session: Session,
  step: ActionStep,
  action: Extract<AnyAction, { kind: 'check' }>,
): Promise<StepEnd> {
  const attempts = step.retry?.attempts ?? 1;
  for (let attempt = 1; ; attempt += 1) {
    const end = await tryCheck(session, step, action);
    if (end.kind !== 'failed' || attempt >= attempts || session.stop !== null) return end;
    session.drive.progress?.(step.id, `try ${attempt} of ${attempts} failed; again soon`);
    try {
      await session.drive.clock.sleep(step.retry?.everyMs ?? 0, session.reads.signal);
    } catch {
      return end; // Stopped while waiting: the last try's result stands.
    }
  }
}

async function tryCheck(
  session: Session,
  step: ActionStep,
  action: Extract<AnyAction, { kind: 'check' }>,
): Promise<StepEnd> {
  let seen: { output: Json; summary: Summary } | undefined;
  try {
    const resolved = resolveWith(session, step);
    if (resolved.kind === 'unknown') {
      return await succeedUnknown(session, step, null, {
        headline: `unknown: depends on ${resolved.because}, which did not happen in this dry run`,
        detail: [],
      });
    }
    const input = parseInput(action.input.safeParse(resolved.value), action.name);
    const timeoutMs = step.timeoutMs ?? (action.attended === true ? undefined : defaultCheckMs);
    const output = await inTimeBox(session.drive.clock, timeoutMs, readSignals(session, step), (signal) =>
      action.run(input, actionContext(session, step.id, readOnly(session, 'a check'), signal)),
    );
    const summary = action.summarise(output, input);
    seen = { output, summary };
    if (session.pendingChange) {
      return await succeedUnknown(session, step, output, {
        ...summary,
        headline: `now: ${summary.headline}; after the change: unknown`,
      });
    }
    await assertExpectation(session, step, action, output, summary.headline);
    await session.record({ type: 'step-succeeded', step: step.id, output, summary, knowledge: 'known' });
    if (summary.milestone !== undefined && session.state.clocks.goAt !== null) {
      await session.record({ type: 'milestone-reached', step: step.id, milestone: summary.milestone });
    }
    return { kind: 'succeeded' };
  } catch (error) {
    if (endsDriving(error)) throw error;
    const recorded = recordedError(error);
    if (session.pendingChange && recorded.code !== 'bug') {
      return await succeedUnknown(session, step, null, {
        headline: `now: ${recorded.message}; after the change: unknown`,
        detail: [],
      });
    }
    await session.record({ type: 'step-failed', step: step.id, error: recorded, ...seen });
    return cutShort(session, recorded) ?? { kind: 'failed', step: step.id, error: recorded, cause: error };
  }
}

/** A step that was cut short because the run stops has not failed: it stopped. */
export function cutShort(session: Session, error: RecordedError): StepEnd | undefined {
  return error.code === 'aborted' && session.stop !== null ? { kind: 'stopped', choice: session.stop } : undefined;
}

async function succeedUnknown(session: Session, step: ActionStep, output: Json, summary: Summary): Promise<StepEnd> {
  const { headline, detail } = summary;
  await session.record({
    type: 'step-succeeded',
    step: step.id,
    output,
    summary: { headline, detail },
    knowledge: 'unknown',
  });
  return { kind: 'succeeded' };
}

/** What ends a step's reads early: the run stopping, and for optional steps also its end. */
export function readSignals(session: Session, step: ActionStep): AbortSignal[] {
  const { reads, optional, optionalSteps } = session;
  return optionalSteps.has(step.id) ? [reads.signal, optional.signal] : [reads.signal];
}
