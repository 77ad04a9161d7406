import { OpsError } from '../errors.ts';
import type { OptionSpec } from './command.ts';

/** A number above zero, or `usage`. */
export function parsePositive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new OpsError('usage', `"${text}" is not a number above zero`, { hint: 'for example 10' });
}

/** A whole number from zero, or `usage`. */
export function parseWhole(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new OpsError('usage', `"${text}" is not a whole number`, { hint: 'for example 42' });
}

/** A number, or `usage`. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new OpsError('usage', `"${text}" is not a number`, { hint: 'for example 3 or 0.5' });
}

/** `--runbooks`, for every command that reads them. */
export const runbooksOption: OptionSpec = {
  flags: '--runbooks <dir>',
  description: 'directory of runbooks (default: ./runbooks if it has any, else the built-in ones)',
};

/** `--env`, for every command that needs an environment. */
export const environmentOption: OptionSpec = {
  flags: '--env <name>',
  description: 'environment: a name, or the path of a .yaml (default: production)',
};

/** `--state-dir`, for every command that reads or writes runs. */
export const stateOption: OptionSpec = {
  flags: '--state-dir <dir>',
  description: 'where runs and the audit log are kept',
};

/** What every command understands that shows something. */
export const showOptions: readonly OptionSpec[] = [
  { flags: '--json', description: 'one JSON object per line on stdout' },
  { flags: '--no-color', description: 'no colours (NO_COLOR and FORCE_COLOR are honoured too)' },
  { flags: '--verbose', description: 'more detail; stack traces of bugs' },
];

/** What answers the questions of a run that is driven. */
export const answerOptions: readonly OptionSpec[] = [
  { flags: '--yes', description: 'answer plain confirmations with yes (never typed ones)' },
  { flags: '--confirm <phrase>', description: 'answer the typed confirmation with this phrase' },
];

/** `--take-over`, for resume and rollback. */
export const takeOverOption: OptionSpec = {
  flags: '--take-over',
  description: 'drive the run although another process seems to; that one can do nothing more',
};

/** The files for machines. */
export const outputOptions: readonly OptionSpec[] = [
  { flags: '--junit <file>', description: 'write the steps and findings as JUnit XML, also when the run fails' },
  { flags: '--metrics <file>', description: 'write them as OpenMetrics text, for a textfile collector (FILE.prom)' },
];

/** Options of every command that starts a run; the runbook's inputs come before them. */
export const runOptions: readonly OptionSpec[] = [
  environmentOption,
  { flags: '--dry-run', description: 'run every check, plan every change, write nothing' },
  ...answerOptions,
  {
    flags: '--override <guard=reason>',
    description: 'pass one named guard, with the reason for the log; may be repeated',
    repeatable: true,
  },
  ...outputOptions,
  ...showOptions,
  stateOption,
  runbooksOption,
];

/** Parses `--override GUARD=REASON` options. Throws `usage` where the reason is missing or a guard comes twice. */
export function parseOverrides(given: readonly string[]): Record<string, string> {
  const overrides: Record<string, string> = {};
  for (const text of given) {
    const [, guard, reason] = /^([a-z][a-z0-9-]*)=(.*)$/s.exec(text) ?? [];
    if (guard === undefined || reason === undefined || reason.trim() === '') {
      throw new OpsError('usage', `--override "${text}" does not say which guard and why`, {
        hint: 'for example --override verdict="error budget is gone, CloudFront serves all requests"',
      });
    }
    if (Object.hasOwn(overrides, guard)) {
      throw new OpsError('usage', `--override ${guard} is given twice`, { hint: 'give one reason for each guard' });
    }
    overrides[guard] = reason.trim();
  }
  return overrides;
}
