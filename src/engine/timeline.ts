import type { Entry } from '../journal/events.ts';
import type { RunState } from '../journal/run-state.ts';
import { boundedText } from '../world/bounded-text.ts';
import { wordsOfDecision } from './decisions.ts';
import { readerGone } from './interrupts.ts';
import { shortDigest } from './judge-approval.ts';

/** A line of a run's story, and the entry that it tells. */
export type TimelineLine = { seq: number; text: string };

const longestLine = 300;

/** What people who follow a run from elsewhere must know of an entry, with its time (UTC); undefined where it is nothing to them. */
function timelineLine(entry: Entry, state: RunState): TimelineLine | undefined {
  const text = textOf(entry, state);
  if (text === undefined) return undefined;
  return { seq: entry.seq, text: boundedText(`${entry.time.slice(11, 19)} ${text}`, longestLine) };
}

/** The lines of entries, in order. `state` is what they lead to. */
export function timelineOf(entries: readonly Entry[], state: RunState): TimelineLine[] {
  return entries.map((entry) => timelineLine(entry, state)).filter((line) => line !== undefined);
}

function textOf(entry: Entry, state: RunState): string | undefined {
  const step = 'step' in entry ? state.steps.get(entry.step) : undefined;
  const title = step?.title ?? ('step' in entry ? entry.step : '');
  switch (entry.type) {
    case 'run-started':
      return `begun by ${entry.actor.user}: ${entry.title}`;
    case 'driver-started':
      return entry.epoch > 1 ? `driven by ${entry.actor.user} from here on` : undefined;
    case 'step-succeeded':
      return step === undefined || step.uses === null ? undefined : `done: ${title} (${entry.summary.headline})`;
    case 'step-failed':
      return step === undefined || step.uses === null ? undefined : `FAILED: ${title}: ${entry.error.message}`;
    case 'guard-raised':
      return `guard ${entry.guard}: ${entry.message}`;
    case 'guard-overridden':
      return `guard ${entry.guard} passed by ${entry.actor.user}: ${entry.reason}`;
    case 'confirmation-given':
      return `confirmed: ${title}`;
    case 'confirmation-declined':
      return `not confirmed: ${title}`;
    case 'approval-requested':
      return `waits for ${entry.count} of ${entry.from.join(', ')} to approve of plan ${shortDigest(entry.digest)}: ${title}`;
    case 'approval-given':
      return `approved by ${entry.how === 'command' ? entry.actor.user : entry.by}: ${title}`;
    case 'approval-refused':
      return `approval refused: ${entry.message}`;
    case 'approval-withdrawn':
      return `approval taken back by ${entry.by}: ${title}`;
    case 'approvals-voided':
      return `approvals void (${entry.why}): ${title}`;
    case 'go-given':
      return 'GO: the clocks run from here';
    case 'milestone-reached':
      return `${entry.milestone.toUpperCase()}: ${title}`;
    case 'change-doubted':
      return `in doubt, looking at the world: ${title}: ${entry.error.message}`;
    case 'change-unresolved':
      return `IN DOUBT, a person must look: ${title}: ${entry.error.message.replace(/^in doubt: /, '')}`;
    case 'change-not-applied':
      return `not applied: ${title}: ${entry.error.message}`;
    case 'ending-told':
      return `customers were told: ${entry.text}`;
    case 'interrupted':
      return entry.signal === readerGone ? undefined : `${entry.signal} received`;
    case 'decided':
      return `decided to ${wordsOfDecision(entry, state)}`;
    case 'rollback-started':
      return `undoing: ${entry.why}`;
    case 'change-reverted':
      return `undone: ${title}`;
    case 'revert-failed':
      return `NOT UNDONE: ${title}: ${entry.error.message}`;
    case 'marked-done':
      return `${entry.undone === true ? 'undone' : 'done'} by hand, says ${entry.actor.user}: ${title} (${entry.evidence})`;
    default:
      return undefined;
  }
}
