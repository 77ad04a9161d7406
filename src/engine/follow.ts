import type { RunNews } from '../actions/action.ts';
import type { RunState } from '../journal/run-state.ts';
import { actionContext, writing } from './context.ts';
import { recordedError } from './recorded-error.ts';
import type { Session } from './session.ts';
import { inTimeBox } from './time-box.ts';

/** Time box of one update of a status message. */
const followMs = 5_000;

/** Brings status messages up to date, one update at a time, beside the run. Trouble is noted and never reaches the run. */
export function tellFollowers(session: Session): void {
  if (session.followers.size === 0 || session.state.mode === 'dry-run' || session.followUpQueued) return;
  session.followUpQueued = true;
  session.following = session.following
    .then(() => {
      // What happens from here on is news for the next update.
      session.followUpQueued = false;
      return update(session, newsOf(session.state, false));
    })
    // What the log refuses here it refuses at the run's next entry too, and that ends the drive.
    .catch(() => undefined);
}

/** Takes up what an earlier drive of the run has made and kept up to date. */
export function takeUpFollowers(session: Session): void {
  for (const { id, change, output } of session.state.steps.values()) {
    const action = change === null ? undefined : session.drive.actions.get(change.uses);
    if (change?.status !== 'applied' || output === null || action?.kind !== 'change') continue;
    if (action.follow !== undefined) session.followers.set(id, { follow: action.follow, output });
  }
}

/** The last update, with how the run ended; waits for it, within its time box. */
export async function tellFollowersTheEnd(session: Session, headline: string): Promise<void> {
  await session.following;
  if (session.followers.size > 0) await update(session, { ...newsOf(session.state, true), headline });
}

async function update(session: Session, news: RunNews): Promise<void> {
  for (const [step, { follow, output }] of session.followers) {
    // News is a write like any other: none without a log.
    if (session.lease.failure() !== undefined) return;
    await session.record({ type: 'follow-up-intended', step, headline: news.headline });
    try {
      await inTimeBox(session.drive.clock, followMs, [], (signal) =>
        follow(output, news, actionContext(session, step, writing(session), signal)),
      );
    } catch (error) {
      await session.record({ type: 'follow-up-failed', step, error: recordedError(error) });
    }
  }
}

function newsOf(state: RunState, ended: boolean): RunNews {
  const rehearsal = state.mode === 'rehearsal' ? 'REHEARSAL: ' : '';
  const lines = [...state.steps.values()].map(
    (step) => `${step.phase}: ${step.title}${step.summary === null ? '' : ` (${step.summary.headline})`}`,
  );
  const { goAt, switchedMs, recoveredMs } = state.clocks;
  if (goAt !== null) {
    lines.push(`go at ${goAt}; switched ${inSeconds(switchedMs)}; recovered ${inSeconds(recoveredMs)}`);
  }
  lines.push(`audit log head ${state.head.seq}:${state.head.hash}`);
  return { headline: `${rehearsal}${state.title}: run ${state.run} ${state.phase}`, lines, ended };
}

function inSeconds(ms: number | null): string {
  return ms === null ? 'not yet' : `after ${(ms / 1000).toFixed(1)} s`;
}
