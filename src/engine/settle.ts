import type { ChangeAction, Planned } from '../actions/action.ts';
import { OpsError } from '../errors.ts';
import type { Json } from '../world/json.ts';
import { actionContext, readOnly } from './context.ts';
import type { Session } from './session.ts';
import { inTimeBox } from './time-box.ts';

/** What observation made of a write. `proven` is false where the request may still be on its way. */
export type Settled =
  | { world: 'after' }
  | { world: 'before'; proven: boolean }
  | { world: 'other' }
  | { world: 'unobservable'; error: unknown };

/** How long a write whose answer was lost is watched for while the run goes on; then it is in doubt. */
const lostAnswerWindowMs = 5_000;
/** How long after it can have left a write may still land; past that, a world that shows `before` is believed. */
const lateWriteMs = 30_000;
/** How long an odd or silent world is looked at after an answer. */
const answeredWindowMs = 3_000;
const lookEveryMs = 500;
const lookTimeoutMs = 5_000;

/** What is known of a write before anyone looks: its answer, or how an earlier drive of the run left it. */
export type Answer = 'answered' | 'surely-not' | 'lost' | 'left-behind' | 'was-applied';

/** One look at the world; never throws anything but what ends driving. */
export async function look(
  session: Session,
  step: string,
  action: ChangeAction,
  planned: Planned<Json, Json>,
): Promise<'before' | 'after' | 'other' | { unobservable: unknown }> {
  try {
    return await inTimeBox(session.drive.clock, action.attended === true ? undefined : lookTimeoutMs, [], (signal) =>
      action.observe(planned, actionContext(session, step, readOnly(session, 'an observation'), signal)),
    );
  } catch (error) {
    if (error instanceof OpsError && (error.code === 'audit' || error.code === 'fenced')) throw error;
    return { unobservable: error };
  }
}

/**
 * Tells what became of a write by looking at the world. `after` is believed at once. `before` is believed at once when
 * the write surely did not happen, and otherwise only after it has stayed so through the window, in which a late write
 * would land. An answer that says "done" makes that window no shorter: it may have been a promise. `other` and "cannot
 * look" must last through the window too: providers answer oddly while they settle.
 */
export async function settle(
  session: Session,
  step: string,
  action: ChangeAction,
  planned: Planned<Json, Json>,
  answer: Answer,
): Promise<Settled> {
  const { clock } = session.drive;
  const windowMs = windowOf(session, step, answer);
  // Measured in looks, not in time: compressed or busy clocks must not shorten what is seen.
  // A person is asked once: asking again does not change what they know.
  const looks = action.attended === true ? 1 : Math.ceil(windowMs / lookEveryMs);
  for (let turn = 1; ; turn += 1) {
    const seen = await look(session, step, action, planned);
    if (seen === 'after') return { world: 'after' };
    if (seen === 'before' && answer === 'surely-not') return { world: 'before', proven: true };
    const promised = answer === 'answered' && seen === 'before' && action.attended !== true;
    if (promised && turn < lateWriteMs / lookEveryMs) {
      // Who stops the run does not wait that long for a promise; it is told as what it is, in doubt.
      if (turn >= looks && session.stop !== null) return { world: 'before', proven: false };
    } else if (turn >= looks) {
      if (seen === 'before') return { world: 'before', proven: answer !== 'lost' };
      return seen === 'other' ? { world: 'other' } : { world: 'unobservable', error: seen.unobservable };
    }
    session.drive.progress?.(
      step,
      answer === 'answered' ? 'waiting for the change to show' : 'the answer was lost: looking at what became of it',
    );
    await clock.sleep(lookEveryMs);
  }
}

function windowOf(session: Session, step: string, answer: Answer): number {
  if (answer === 'lost') return lostAnswerWindowMs;
  if (answer !== 'left-behind') return answeredWindowMs;
  const { clock } = session.drive;
  // The journal's times are no measure: the time of day may have been corrected since. A write of another process has
  // left by the time this one took the run up. What a compressed clock measures says nothing of what is under way.
  const ageMs = clock.speed === 1 ? clock.now() - (session.sentByMs.get(step) ?? session.openedAtMs) : 0;
  return Math.max(lostAnswerWindowMs, lateWriteMs - ageMs);
}
