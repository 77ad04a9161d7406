import type { Event } from '../journal/events.ts';
import type { RunState } from '../journal/run-state.ts';
import type { Answer } from '../world/operator.ts';
import { changesInPlace } from './in-place.ts';

type Decision = Extract<Event, { type: 'decided' }>;

/** Who decided, for the log: whoever answered the question, or the interrupt that ended it. */
export function deciderOf(answer: Answer<unknown>): Decision['by'] {
  if (answer.kind === 'answered') return answer.by;
  return answer.kind === 'interrupted' ? 'interrupt' : 'policy';
}

/** What was decided, in words that follow "decided to". */
export function wordsOfDecision({ choice }: Decision, state: RunState): string {
  switch (choice) {
    case 'continue':
      return 'go on';
    case 'retry':
      return 'look again';
    case 'rollback':
      return 'roll back';
    case 'leave':
      return changesInPlace(state).length === 0 ? 'stop' : 'stop, and leave things as they are';
  }
}
