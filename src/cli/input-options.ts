import type { ListedInput } from '../runbook/list-runbooks.ts';
import type { OptionSpec } from './command.ts';
import { parseNumber } from './shared-options.ts';

/** The name under which the parser keeps an option: `dry-run` → `dryRun`. */
export function optionKey(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The options of a runbook's inputs, in the runbook's order. Durations stay text until the run is prepared. */
export function inputOptions(inputs: readonly ListedInput[]): OptionSpec[] {
  return inputs.flatMap(optionsOf);
}

/**
 * A command's options with those of a runbook's inputs before them. An input whose name is taken or cannot be an option
 * is left out: the runbook is refused when it is loaded, and must not keep the program from saying so.
 */
export function withInputs(inputs: readonly OptionSpec[], own: readonly OptionSpec[]): OptionSpec[] {
  const taken = new Set(['--help', '--version', ...own.map(flagOf)]);
  const free = inputs.filter((input) => {
    const flag = flagOf(input);
    const isFree = /^--[a-z][a-z0-9-]*$/.test(flag) && !taken.has(flag);
    taken.add(flag);
    return isFree;
  });
  return [...free, ...own];
}

function flagOf({ flags }: OptionSpec): string {
  return flags.replace(/ <[^<>]*>$/, '');
}

function optionsOf(input: ListedInput): OptionSpec[] {
  const { name, type, oneOf } = input;
  const about = input.description ?? input.prompt ?? '';
  const description = [about, note(input)].filter((part) => part !== '').join(' ');
  if (type === 'boolean') {
    return [
      { flags: `--${name}`, description },
      { flags: `--no-${name}`, description: `the opposite of --${name}` },
    ];
  }
  const flags = `--${name} <${type === 'string' ? 'text' : type}>`;
  return [
    {
      flags,
      description,
      ...(type === 'number' ? { parse: parseNumber } : {}),
      ...(oneOf === undefined ? {} : { choices: oneOf }),
    },
  ];
}

function note(input: ListedInput): string {
  if (input.default !== undefined) return `(default: ${String(input.default)})`;
  return input.required ? '(required; asked for at a terminal)' : '';
}
