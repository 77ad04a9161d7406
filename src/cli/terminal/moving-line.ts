import type { RunState } from '../../journal/run-state.ts';
import type { Objective } from '../../runbook/runbook.ts';
import type { Clock } from '../../world/clock.ts';
import { formatDuration, formatLimit } from './duration.ts';
import { widthOf } from './wrap.ts';

/** What the moving line is made of: the run as it stands, and what each step says that it does. */
type Moving = {
  state: RunState;
  doing: ReadonlyMap<string, string>;
  clock: Pick<Clock, 'timeOfDay'>;
  objective: Objective | undefined;
  /** Makes a text safe to show. */
  clean: (text: string) => string;
};

/** A title that is shortened to less than this says nothing. */
const shortestTitle = 10;

/**
 * The newest step that runs, in a line of at most `room` characters:
 * `go+4.0s of 60s  Authoritative DNS answers with CloudFront  2 of 4 answer so`. Where there is no room for all, the title
 * is shortened, then left out, then the clock; what has come of the step stays.
 */
export function movingLine({ state, doing, clock, objective, clean }: Moving, room: number): string {
  const running = [...state.steps.values()].filter(({ phase, uses }) => phase === 'running' && uses !== null);
  const step = running.at(-1);
  if (step === undefined) return '';
  const others = running.length > 1 ? ` (and ${running.length - 1} more)` : '';
  const since = sinceGo(state, clock, objective);
  const progress = clean(doing.get(step.id) ?? '');
  const title = shorten(clean(step.title), room - widthOf(joined([since, others, progress])) - gap.length);
  const whole = joined([since, title === '' ? '' : title + others, progress]);
  if (widthOf(whole) <= room) return whole;
  return shorten(widthOf(joined([since, progress])) <= room ? joined([since, progress]) : progress || whole, room);
}

const gap = '  ';

function joined(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(gap);
}

/** The text, or its beginning; nothing where there is no room for enough of it. */
function shorten(text: string, room: number): string {
  if (widthOf(text) <= room) return text;
  return room < shortestTitle ? '' : `${[...text].slice(0, room - 1).join('')}…`;
}

function sinceGo(state: RunState, clock: Moving['clock'], objective: Objective | undefined): string {
  const { goAt, switchedMs } = state.clocks;
  if (goAt === null) return '';
  const limit = switchedMs === null ? objective?.switchedWithinMs : objective?.recoveredWithinMs;
  const since = Math.max(0, clock.timeOfDay() - Date.parse(goAt)) * state.speed;
  return `go+${formatDuration(since)}${limit === undefined ? '' : ` of ${formatLimit(limit)}`}`;
}
