import { OpsError } from '../errors.ts';
import { formatDuration, parseDuration } from '../runbook/duration.ts';
import type { InputSpec } from '../runbook/runbook.ts';
import type { OptionSpec } from './command.ts';
import { parseNumber } from './shared-options.ts';

/** A duration as runbooks write it (`500ms`, `5s`, `2m`, `1h`) in milliseconds, or `usage`. */
export function readDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new OpsError('usage', `"${text}" is not a duration`, { hint: 'for example 500ms, 5s, 2m or 1h' });
}

/** The name under which the parser keeps an option: `dry-run` → `dryRun`. */
export function optionKey(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The options of a runbook's inputs, in the runbook's order. */
export function inputOptions(inputs: Readonly<Record<string, InputSpec>>): OptionSpec[] {
  return Object.entries(inputs).flatMap(([name, input]) => optionsOf(name, input));
}

function optionsOf(name: string, input: InputSpec): OptionSpec[] {
  const description = [input.description ?? input.prompt ?? '', note(input)].filter((part) => part !== '').join(' ');
  if (input.type === 'boolean') {
    const off = { flags: `--no-${name}`, description: `not: ${input.description ?? input.prompt ?? name}` };
    const on = { flags: `--${name}`, description };
    return [on, off];
  }
  const flags = `--${name} <${input.type === 'string' ? 'text' : input.type}>`;
  const choices = input.oneOf === undefined ? {} : { choices: input.oneOf };
  if (input.type === 'number') return [{ flags, description, parse: parseNumber, ...choices }];
  if (input.type === 'duration') return [{ flags, description, parse: readDuration, ...choices }];
  return [{ flags, description, ...choices }];
}

function note(input: InputSpec): string {
  if (input.default !== undefined) {
    const value = input.type === 'duration' ? formatDuration(Number(input.default)) : String(input.default);
    return `(default: ${value})`;
  }
  return input.required ? '(required; asked for at a terminal)' : '';
}
