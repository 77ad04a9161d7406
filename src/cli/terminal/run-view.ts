import type { Entry } from '../../journal/events.ts';
import type { RunState } from '../../journal/run-state.ts';
import type { Objective } from '../../runbook/runbook.ts';
import type { Clock } from '../../world/clock.ts';
import { formatDuration, formatLimit } from './duration.ts';
import { createEntryPrinter } from './entry-printer.ts';
import { printGoScreen } from './go-screen.ts';
import { sanitise } from './sanitise.ts';
import type { Screen } from './screen.ts';
import type { Spinner } from './spinner.ts';
import { widthOf } from './wrap.ts';

/** What a person sees while a run is driven or watched. */
export type RunView = {
  /** Shows an entry, and the state that it led to. */
  entry(entry: Entry, state: RunState): void;
  /** What a step is doing at the moment; only the spinner shows it. */
  progress(step: string, text: string): void;
  /** What happens around the run, in a rehearsal. */
  announce(text: string): void;
  /** Clears the way for a question; `go` shows everything that the decision rests on. */
  beforeQuestion(question: { step?: string; go: boolean }): void;
  /** Takes up the spinner again after a question. */
  afterQuestion(): void;
  /** Ends the moving line; printed lines stay. */
  stop(): void;
};

type RunViewOptions = {
  screen: Screen;
  spinner: (text: () => string) => Promise<Spinner>;
  /** Real time, as the journal's; the state knows how much faster the run's own clock goes. */
  clock: Clock;
  objective: Objective | undefined;
  /** The whole story, for a log file or `--verbose`: starts, and the detail of what went well. */
  full: boolean;
  /** What commands that others are told must repeat, such as ` --state-dir DIR`. */
  flags: string;
};

/** Creates the view. It reads entries and the folded state, and nothing else of the run. */
export async function createRunView(options: RunViewOptions): Promise<RunView> {
  const { screen, clock, objective } = options;
  const printEntry = createEntryPrinter(options);
  const doing = new Map<string, string>();
  let state: RunState | undefined;
  const spinner = await options.spinner(() =>
    state === undefined ? '' : fitMovingLine(movingLine(state, doing, clock, objective), screen),
  );

  const isAnyRunning = () => {
    for (const { phase, uses } of state?.steps.values() ?? []) if (phase === 'running' && uses !== null) return true;
    return false;
  };

  // A question stands on the terminal's last line: what happens meanwhile is shown after it, and no spinner over it.
  let questions = 0;
  const late: (() => void)[] = [];
  const showLate = () => {
    for (const show of late.splice(0)) show();
  };

  return {
    entry(entry, newState) {
      state = newState;
      if (questions > 0) {
        late.push(() => printEntry(entry, newState));
        return;
      }
      spinner.clear();
      printEntry(entry, newState);
      if (newState.phase === 'ended' || newState.phase === 'suspended' || !isAnyRunning()) spinner.stop();
      else spinner.start();
    },
    progress(step, text) {
      doing.set(step, text);
    },
    announce(text) {
      const show = () => screen.line([{ text: '◆ scenario ', tone: 'accent' }, sanitise(text)], { hanging: 11 });
      if (questions > 0) {
        late.push(show);
        return;
      }
      spinner.clear();
      show();
    },
    beforeQuestion({ step, go }) {
      questions += 1;
      spinner.stop();
      if (go && step !== undefined && state !== undefined && isDecision(state, step)) {
        printGoScreen(screen, state, step, objective);
      }
    },
    afterQuestion() {
      questions -= 1;
      if (questions > 0) return;
      showLate();
      if (isAnyRunning()) spinner.start();
    },
    stop() {
      spinner.stop();
      showLate();
    },
  };
}

/** Whether the question is about a planned change (or a group of them), not about what a person sees or does by hand. */
function isDecision(state: RunState, id: string): boolean {
  const step = state.steps.get(id);
  return step === undefined || step.uses === null || (step.plan !== null && step.change === null);
}

/** What moves: the time since "go", the step, how many more run, and what the step does. */
type MovingLine = { since: string; title: string; others: string; text: string };

/** `go+4.0s of 60s  Every authoritative server answers with CloudFront  2 of 4 answer so` */
function movingLine(
  state: RunState,
  doing: ReadonlyMap<string, string>,
  clock: Clock,
  objective: Objective | undefined,
): MovingLine | undefined {
  const running = [...state.steps.values()].filter(({ phase, uses }) => phase === 'running' && uses !== null);
  const step = running.at(-1);
  if (step === undefined) return undefined;
  const others = running.length > 1 ? ` (and ${running.length - 1} more)` : '';
  const text = sanitise(doing.get(step.id) ?? '');
  return { since: sinceGo(state, clock, objective), title: sanitise(step.title), others, text };
}

function sinceGo(state: RunState, clock: Clock, objective: Objective | undefined): string {
  const { goAt, switchedMs } = state.clocks;
  if (goAt === null) return '';
  const limit = switchedMs === null ? objective?.switchedWithinMs : objective?.recoveredWithinMs;
  const since = (clock.now() - Date.parse(goAt)) * state.speed;
  return `go+${formatDuration(since)}${limit === undefined ? '' : ` of ${formatLimit(limit)}`}`;
}

/** So many characters of a title still tell which step it is. */
const leastTitle = 8;

/** The title is known, and what the step does is news: where both do not fit, the title gives way. */
function fitMovingLine(moving: MovingLine | undefined, screen: Screen): string {
  if (moving === undefined) return '';
  const { since, title, others, text } = moving;
  const room = screen.width() - 4;
  const whole = (shown: string) =>
    screen.clean([since, `${shown}${others}`, text].filter((part) => part !== '').join('  '));
  const over = widthOf(whole(title)) - room;
  const left = Math.max(leastTitle, widthOf(title) - over);
  return over <= 0 ? whole(title) : shorten(whole(shorten(title, left)), room);
}

function shorten(text: string, room: number): string {
  return widthOf(text) <= room ? text : `${[...text].slice(0, room - 1).join('')}…`;
}
