import { isBeingUndone, isInDoubt } from '../engine/in-place.ts';
import { releasedWords } from '../engine/ways-on.ts';
import { OpsError } from '../errors.ts';
import type { Event } from '../journal/events.ts';
import type { RunState } from '../journal/run-state.ts';
import { suggest } from '../runbook/closest.ts';

/** What to say of the step. Throws `usage` where it has no change of which nobody can tell: then there is nothing to say. */
export function markedByHand(
  state: RunState | undefined,
  { run, step, evidence }: { run: string; step: string; evidence: string },
): Extract<Event, { type: 'marked-done' }> {
  const known = state?.steps.get(step);
  if (state === undefined || known === undefined) {
    throw new OpsError('usage', `run ${run} has begun no step ${step}`, {
      hint: suggest(step, [...(state?.steps.keys() ?? [])]),
    });
  }
  if (state.released !== null) {
    throw new OpsError('usage', `run ${run} ${releasedWords(state)}`, {
      hint: `nobody goes on with it, so nothing would come of it; see \`resend-ops status ${run}\``,
    });
  }
  const { change } = known;
  if (change !== null && isInDoubt(change)) return { type: 'marked-done', step, evidence };
  if (change !== null && isBeingUndone(change)) return { type: 'marked-done', step, evidence, undone: true };
  throw new OpsError('usage', `step ${step} of run ${run} has no change in doubt`, {
    hint: `only what nobody can tell is marked by hand; where the run stands: \`resend-ops status ${run}\``,
  });
}
