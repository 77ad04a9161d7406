import type { StepState } from '../../journal/run-state.ts';
import type { Tone } from './paint.ts';

/** How a state is shown: a symbol, a word (the colour is never alone), and what it means. */
export type Mark = { symbol: string; word: string; tone: Tone };

/** The marks of a step, by what became of it. Words are at most nine characters: they are a column. */
export const marks = {
  running: { symbol: '▶', word: 'running', tone: 'accent' },
  done: { symbol: '✓', word: 'done', tone: 'good' },
  planned: { symbol: '✓', word: 'planned', tone: 'accent' },
  unknown: { symbol: '?', word: 'unknown', tone: 'warning' },
  failed: { symbol: '✗', word: 'failed', tone: 'bad' },
  skipped: { symbol: '–', word: 'skipped', tone: 'quiet' },
  doubt: { symbol: '?', word: 'in doubt', tone: 'warning' },
  undone: { symbol: '↶', word: 'undone', tone: 'warning' },
  byHand: { symbol: '✓', word: 'by hand', tone: 'warning' },
  signal: { symbol: '!', word: 'signal', tone: 'warning' },
  stopped: { symbol: '✗', word: 'stopped', tone: 'bad' },
} as const satisfies Record<string, Mark>;

/** The mark of a step as the journal tells it. A change in doubt or undone says so before anything else. */
export function markOf(step: StepState): Mark {
  switch (step.change?.status) {
    case 'doubted':
    case 'unresolved':
    case 'revert-failed':
      return marks.doubt;
    case 'reverted':
      return marks.undone;
  }
  if (step.markedDone !== null) return marks.byHand;
  switch (step.phase) {
    case 'running':
      return marks.running;
    case 'failed':
      return marks.failed;
    case 'skipped':
      return marks.skipped;
    case 'succeeded':
      if (step.isPlanned) return marks.planned;
      return step.knowledge === 'unknown' ? marks.unknown : marks.done;
  }
}
