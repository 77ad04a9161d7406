import type { AnyAction } from '../actions/action.ts';
import { fullLanguage } from './full-language.ts';
import { type LintedRunbook, lintRunbook, type RunbookText } from './lint-runbook.ts';
import type { Problem } from './problem.ts';
import type { Runbook } from './runbook.ts';

/** A runbook's text, and the actions that its steps may use. */
type RunbookInput = RunbookText & { actions: ReadonlyMap<string, AnyAction> };

/** Loads and lints a runbook: the typed runbook, or every problem that it has, in order of place. Never throws for any text. */
export function loadRunbook(input: RunbookInput): { runbook: Runbook } | { problems: Problem[] } {
  const { runbook, problems } = loadForSuites(input);
  return runbook ? { runbook } : { problems };
}

/** The same, with the suites that it names even where it has problems. */
export function loadForSuites({ actions, ...text }: RunbookInput): LintedRunbook {
  return lintRunbook(fullLanguage(actions), text);
}
