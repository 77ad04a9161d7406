import type { Entry } from '../../journal/events.ts';
import type { RunState } from '../../journal/run-state.ts';
import type { Objective } from '../../runbook/runbook.ts';
import type { Clock } from '../../world/clock.ts';
import { createEntryPrinter } from './entry-printer.ts';
import { printGoScreen } from './go-screen.ts';
import { movingLine } from './moving-line.ts';
import { sanitise } from './sanitise.ts';
import type { Screen } from './screen.ts';
import type { Spinner } from './spinner.ts';

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
    // The spinner itself and the spaces around it take the rest.
    state === undefined ? '' : movingLine({ state, doing, clock, objective, clean: screen.clean }, screen.width() - 4),
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
