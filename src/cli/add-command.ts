import { type Command, Option } from 'commander';
import { type ExitCode, OpsError } from '../errors.ts';
import type { World } from '../world/world.ts';
import { type CommandSpec, type OptionSpec, readOptions } from './command.ts';
import { sanitise } from './terminal/sanitise.ts';

/** Adds a command to the program. A name of two words goes into a group, which is made when first needed. */
export function addCommand(root: Command, spec: CommandSpec, world: World, finish: (code: ExitCode) => void): void {
  const [first = spec.name, second] = spec.name.split(' ');
  const parent = second === undefined ? root : groupOf(root, first, spec.group);
  const command = parent.command(second ?? first).description(sanitise(spec.summary));
  if (parent === root) command.helpGroup(spec.group);
  for (const { name, description } of spec.arguments ?? []) command.argument(name, description);
  for (const option of spec.options) command.addOption(createOption(option));
  command.action(async (...received: unknown[]) => {
    // Commander hands over the arguments, then the options, then the command itself.
    const args = received
      .slice(0, -2)
      .flat()
      .map((value) => (typeof value === 'string' ? value : undefined));
    const run = await spec.load();
    finish(await run({ world, args, options: readOptions(command.opts()) }));
  });
}

function groupOf(root: Command, name: string, heading: string): Command {
  const found = root.commands.find((command) => command.name() === name);
  if (found !== undefined) return found;
  return root.command(name).summary('show, verify and export the audit log').helpGroup(heading);
}

function createOption({ flags, description, parse, repeatable, choices }: OptionSpec): Option {
  const option = new Option(flags, sanitise(description));
  if (choices !== undefined) option.choices(choices);
  if (parse !== undefined) option.argParser((text: string) => parseNamed(flags, text, parse));
  if (repeatable === true) option.argParser((text: string, before: string[] = []) => [...before, text]);
  return option;
}

/** A value that does not parse is told with the option it was given for. */
function parseNamed(flags: string, text: string, parse: (text: string) => string | number): string | number {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    throw new OpsError('usage', `${flags.split(' ')[0]}: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}
