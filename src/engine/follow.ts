import type { ActionContext, Timeline } from '../actions/action.ts';
import type { RunNews } from '../actions/afterwards.ts';
import { findOpsError } from '../errors.ts';
import type { Json } from '../world/json.ts';
import { actionContext, readOnly, writing } from './context.ts';
import type { Ending } from './ending.ts';
import type { Follower } from './follower.ts';
import { endsDriving, recordedError, surelyNotWritten } from './recorded-error.ts';
import { bannerFor, newsOf, wordFor } from './run-news.ts';
import type { Session } from './session.ts';
import { inTimeBox } from './time-box.ts';
import type { TimelineLine } from './timeline.ts';

/** Time box of one call. */
const callMs = 5_000;
/** Between two rounds, in real milliseconds: Slack takes about one message a second in a channel (docs.slack.dev, rate limits). */
const betweenMs = 1_200;
/** After rounds that failed the next ones wait longer, up to this. */
const longestWaitMs = 30_000;
/** The most text of one message of the timeline. */
const longestText = 3_000;

/** Brings what follows the run up to date, one round at a time, beside the run. Trouble is noted and never reaches the run. */
export function tellFollowers(session: Session): void {
  if (session.followers.size === 0 || session.state.mode === 'dry-run' || session.followUpQueued) return;
  session.followUpQueued = true;
  session.following = session.following
    .then(async () => {
      // What happens from here on is news for the next round.
      session.followUpQueued = false;
      if (session.hurry.signal.aborted) return;
      const { isWell } = await update(session, newsOf(session), [...session.timeline]);
      session.failedRounds = isWell ? 0 : session.failedRounds + 1;
      const { clock } = session.drive;
      const waitMs = Math.min(longestWaitMs, betweenMs * 2 ** session.failedRounds);
      await clock.sleep(waitMs * clock.speed, session.hurry.signal);
    })
    // What the log refuses here it refuses at the run's next entry too, and that ends the drive. A pause that the run's
    // end cuts off is over.
    .catch(() => undefined);
}

/** Takes up what an earlier drive of the run has made and kept up to date. */
export function takeUpFollowers(session: Session): void {
  for (const { id, change, output } of session.state.steps.values()) {
    if (change?.status === 'applied' && output !== null) addFollower(session, id, change.uses, output);
  }
}

/** Keeps what a step has made up to date from here on. */
export function addFollower(session: Session, step: string, uses: string, output: Json): void {
  const action = session.drive.actions.get(uses);
  if (action?.kind !== 'change') return;
  const { follow, timeline } = action;
  if (follow === undefined && timeline === undefined) return;
  const { sentUpTo, toldUpTo } = session.state.steps.get(step)?.timeline ?? { sentUpTo: 0, toldUpTo: 0 };
  const place = session.timeline.findIndex(({ seq }) => seq > toldUpTo);
  const next = place === -1 ? session.timeline.length : place;
  session.followers.set(step, { follow, timeline, output, next, doubted: sentUpTo > toldUpTo ? sentUpTo : null });
}

/** The last round, with how the run ended; waits for it, and once more where nothing was taken, but no longer. */
export async function tellFollowersTheEnd(session: Session, ending: Ending): Promise<void> {
  session.hurry.abort();
  await session.following;
  if (session.followers.size === 0) return;
  const last: TimelineLine = { seq: session.state.lastSeq + 1, text: `${wordFor(ending)}: ${ending.message}` };
  const tell = () => update(session, newsOf(session, ending), [...session.timeline, last]);
  const { isWell, isRefused } = await tell();
  if (isWell || !isRefused) return;
  await session.drive.clock.sleep(betweenMs * session.drive.clock.speed);
  await tell();
}

/** `isRefused`: what did not go well was surely not taken, and can be sent again. */
type Round = { isWell: boolean; isRefused: boolean };

async function update(session: Session, news: RunNews, story: readonly TimelineLine[]): Promise<Round> {
  const round: Round = { isWell: true, isRefused: false };
  for (const [step, follower] of session.followers) {
    // News is a write like any other: none without a log.
    if (session.lease.failure() !== undefined) return round;
    try {
      await tellOne(session, step, { follower, news, story });
    } catch (error) {
      if (endsDriving(error)) throw error;
      round.isWell = false;
      round.isRefused ||= surelyNotWritten(error);
      await session.record({ type: 'follow-up-failed', step, error: recordedError(error) });
    }
  }
  return round;
}

async function tellOne(
  session: Session,
  step: string,
  { follower, news, story }: { follower: Follower; news: RunNews; story: readonly TimelineLine[] },
): Promise<void> {
  const { follow, timeline, output } = follower;
  if (timeline !== undefined && follower.doubted !== null)
    await settleDoubt(session, step, { follower, timeline, story });
  const upTo = story.slice(follower.next).reduce((newest, { seq }) => Math.max(newest, seq), 0);
  const told = timeline === undefined || upTo === 0 ? {} : { upTo };
  await session.record({ type: 'follow-up-intended', step, headline: news.headline, ...told });
  const call = <T>(work: (ctx: ActionContext) => Promise<T>) =>
    inTimeBox(session.drive.clock, callMs, [], (signal) =>
      work(actionContext(session, step, writing(session), signal)),
    );
  let trouble: unknown;
  try {
    await call(async (ctx) => follow?.(output, news, ctx));
  } catch (error) {
    // Its own no about this message says nothing of the next one; silence would be met twice.
    if (findOpsError(error)?.code !== 'refused') throw error;
    trouble = error;
  }
  if (timeline !== undefined && upTo > 0) {
    const lines = linesFor(session, story.slice(follower.next));
    try {
      const isTold = await call((ctx) => timeline.add(output, { lines, mark: upTo }, ctx));
      if (isTold) await session.record({ type: 'timeline-told', step, upTo });
      follower.next = story.length;
    } catch (error) {
      if (!surelyNotWritten(error) && !endsDriving(error)) follower.doubted = upTo;
      throw error;
    }
  }
  if (trouble !== undefined) throw trouble;
}

/** Looks whether the message whose answer was lost is there. Where nobody may look, it is not sent again. */
async function settleDoubt(
  session: Session,
  step: string,
  { follower, timeline, story }: { follower: Follower; timeline: Timeline; story: readonly TimelineLine[] },
): Promise<void> {
  const { doubted, output } = follower;
  if (doubted === null) return;
  const isThere = await inTimeBox(session.drive.clock, callMs, [], (signal) =>
    timeline.holds(output, doubted, actionContext(session, step, readOnly(session, 'looking'), signal)),
  ).catch((error: unknown) => {
    if (findOpsError(error)?.code === 'credentials') return true;
    throw error;
  });
  follower.doubted = null;
  if (!isThere) return;
  await session.record({ type: 'timeline-told', step, upTo: doubted });
  const place = story.findIndex(({ seq }, index) => index >= follower.next && seq > doubted);
  follower.next = place === -1 ? story.length : place;
}

/** The newest lines, as far as one message takes them; the log has all. */
function linesFor(session: Session, story: readonly TimelineLine[]): string[] {
  const lines: string[] = [];
  let length = 0;
  for (const { text } of story.toReversed()) {
    length += text.length + 1;
    if (length > longestText) break;
    lines.unshift(text);
  }
  const missing = story.length - lines.length;
  const banner = bannerFor(session);
  const first = missing === 0 ? [] : [`(${missing} earlier lines: resend-ops audit show ${session.state.run})`];
  return [...(banner === '' ? [] : [banner.replace(/: $/, '')]), ...first, ...lines];
}
