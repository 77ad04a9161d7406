import type { ExitCode } from '../errors.ts';
import type { World } from '../world/world.ts';

/** An option as the command line shows it: `--state-dir <dir>`. */
export type OptionSpec = {
  flags: string;
  description: string;
  /** Turns the text into a value, or throws `usage`. */
  parse?: (text: string) => string | number;
  /** May be given several times; the values are collected. */
  repeatable?: boolean;
  choices?: readonly string[];
};

/** The options that were given, by name in camel case. Reading one by the wrong type is a bug in the command. */
export type Options = {
  text(name: string): string | undefined;
  number(name: string): number | undefined;
  /** True when the flag is set; a `--no-…` option is true unless it is given. */
  flag(name: string): boolean;
  list(name: string): readonly string[];
  /** Whatever was given, typed as its option says. */
  value(name: string): string | number | boolean | undefined;
};

/** One call of a command. */
export type Invocation = {
  world: World;
  /** The positional arguments; undefined where an optional one is left out. */
  args: readonly (string | undefined)[];
  options: Options;
};

/** What a command does; its exit code says what the world is. */
export type CommandRun = (invocation: Invocation) => Promise<ExitCode>;

/** A command as data. Its code is loaded only when it runs. */
export type CommandSpec = {
  /** `list`, or `audit verify` for a command within a group. */
  name: string;
  summary: string;
  /** `<runbook>` is required, `[run]` may be left out, `[file...]` may be several. */
  arguments?: readonly { name: string; description: string }[];
  options: readonly OptionSpec[];
  /** Heading under which help lists it. */
  group: 'Runbooks:' | 'Look:' | 'Rehearse:' | 'Runs:' | 'Audit:';
  load(): Promise<CommandRun>;
};

/** Reads options from the plain record that the parser made. */
export function readOptions(given: Readonly<Record<string, unknown>>): Options {
  const value = (name: string) => {
    const found = given[name];
    return typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean' ? found : undefined;
  };
  return {
    value,
    text(name) {
      const found = value(name);
      return typeof found === 'string' ? found : undefined;
    },
    number(name) {
      const found = value(name);
      return typeof found === 'number' ? found : undefined;
    },
    flag: (name) => value(name) === true,
    list(name) {
      const found = given[name];
      return Array.isArray(found) ? found.filter((item) => typeof item === 'string') : [];
    },
  };
}
