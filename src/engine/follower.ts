import type { ActionContext, Timeline } from '../actions/action.ts';
import type { RunNews } from '../actions/afterwards.ts';
import type { Json } from '../world/json.ts';

/** Something that is kept up to date while the run proceeds. */
export type Follower = {
  follow: ((output: Json, news: RunNews, ctx: ActionContext) => Promise<void>) | undefined;
  timeline: Timeline | undefined;
  output: Json;
  /** The next line of the timeline, by its place in the session's. */
  next: number;
  /** The mark of a message whose answer was lost: it is looked for before its lines are sent again. */
  doubted: number | null;
};
