import { OpsError } from '../errors.ts';
import { parseDuration } from '../runbook/duration.ts';
import type { InputSpec, Runbook } from '../runbook/runbook.ts';
import type { Options } from './command.ts';
import { optionKey } from './input-options.ts';
import type { Asked, Prompts } from './operator/prompts.ts';
import { parseNumber } from './shared-options.ts';

type Value = string | number | boolean;

type Sources = {
  options: Options;
  prompts: Prompts | undefined;
  /** Ends the questions: a signal asks to stop. */
  signal: AbortSignal;
  /** Without a terminal a rehearsal fills required inputs itself. */
  rehearsal: boolean;
  tell(text: string): void;
};

/**
 * The inputs of a run: from the options, else the runbook's defaults, else asked at the terminal. Throws `usage`
 * naming the option where a required one is missing and nobody can be asked, `aborted` on Ctrl-C.
 */
export async function resolveInputs(runbook: Runbook, sources: Sources): Promise<Record<string, Value>> {
  const values: Record<string, Value> = {};
  for (const [name, input] of Object.entries(runbook.inputs)) {
    const value = given(name, input, sources.options) ?? input.default ?? (await fill(name, input, sources));
    if (value !== undefined) values[name] = value;
    if (input.required && value === '') throw missing(name, input);
  }
  return values;
}

function given(name: string, input: InputSpec, options: Options): Value | undefined {
  const value = options.value(optionKey(name));
  return input.type === 'duration' && typeof value === 'string' ? readDuration(value, `--${name}: `) : value;
}

/** A duration as runbooks write it, in milliseconds, or `usage`. */
function readDuration(text: string, place = ''): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new OpsError('usage', `${place}"${text}" is not a duration`, { hint: 'for example 500ms, 5s, 2m or 1h' });
}

async function fill(name: string, input: InputSpec, sources: Sources): Promise<Value | undefined> {
  if (!input.required) return undefined;
  if (sources.prompts !== undefined) return ask(sources.prompts, name, input, sources);
  if (sources.rehearsal && input.type === 'string') return input.oneOf?.[0] ?? 'rehearsal';
  throw missing(name, input);
}

async function ask(
  prompts: Prompts,
  name: string,
  input: InputSpec,
  { tell, signal }: Pick<Sources, 'tell' | 'signal'>,
): Promise<Value> {
  const message = input.prompt ?? input.description ?? `${name}?`;
  if (input.type === 'boolean') return answerOf(await prompts.confirm(message, signal));
  if (input.oneOf !== undefined) {
    const options = input.oneOf.map((value) => ({ value, label: value }));
    return answerOf(await prompts.select(message, options, signal));
  }
  for (;;) {
    const text = answerOf(await prompts.input(message, signal)).trim();
    try {
      if (input.type === 'number') return parseNumber(text);
      if (input.type === 'duration') return readDuration(text);
      if (text !== '') return text;
      tell('It is required: a word or two, for the log and the people who read it tomorrow.');
    } catch (error) {
      if (!(error instanceof OpsError)) throw error;
      tell(`${error.message}; ${error.hint ?? ''}`);
    }
  }
}

function answerOf<T>(asked: Asked<T>): T {
  if (asked.kind === 'answered') return asked.value;
  throw new OpsError('aborted', 'stopped before anything was started', {
    hint: 'nothing was written, nothing changed',
  });
}

function missing(name: string, input: InputSpec): OpsError {
  return new OpsError('usage', `--${name} is required${input.prompt === undefined ? '' : `: ${input.prompt}`}`, {
    hint: `give it on the command line: --${name} ${input.type === 'string' ? '"…"' : `<${input.type}>`}`,
  });
}
