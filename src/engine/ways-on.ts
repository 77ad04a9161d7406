import type { RunState } from '../journal/run-state.ts';
import { changesInPlace } from './in-place.ts';

/** How a run that a person must finish goes on, in words for its last message; a rehearsal cannot: its world is gone. */
export function wayOn(state: RunState): string {
  const { run, mode, released } = state;
  if (mode === 'rehearsal') return 'nothing real was touched, and its simulator ends with it: rehearse again';
  if (released === null) return `next: \`resend-ops resume ${run}\`, or \`resend-ops rollback ${run}\``;
  return changesInPlace(state).length === 0
    ? 'it had changed nothing: start a new run'
    : `next: look at what it changed, and undo it with \`resend-ops rollback ${run}\` where nobody else has taken over`;
}

/** Who gave up the run's claim, when and why; empty where nobody did. */
export function releasedWords({ released }: RunState): string {
  if (released === null) return '';
  const { by, at, reason } = released;
  return `was released by ${by.user}@${by.host} at ${at}: ${reason}`;
}
