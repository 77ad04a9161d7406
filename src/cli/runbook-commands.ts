import path from 'node:path';
import type { World } from '../world/world.ts';
import type { CommandSpec, OptionSpec } from './command.ts';
import { inputOptions, withInputs } from './input-options.ts';
import { canBeCommand, namesIn } from './locate.ts';
import { ownCommands } from './own-commands.ts';
import { readRunbook, readRunbooks } from './read-runbooks.ts';
import type { ScannedArguments } from './scan-arguments.ts';
import { runOptions } from './shared-options.ts';

/**
 * The runbooks of a directory as commands. Only what the command line needs is read: names always, titles for an
 * overview, inputs of the one runbook that is meant. A runbook whose name cannot be a command, or is another's, is left
 * out (list and lint say so).
 */
export async function runbookCommands(
  world: World,
  directory: string,
  { operands, overview }: ScannedArguments,
): Promise<{ specs: CommandSpec[]; inputs: OptionSpec[] }> {
  const names = (await namesIn(world, directory)).filter((name) => canBeCommand(name) && !ownCommands.has(name));
  const meant = meantRunbook(names, operands);
  const head = meant === undefined ? undefined : await readHead(world, directory, meant);
  const titles = overview ? await readTitles(world, directory) : new Map<string, string>();
  const specs = names.map(
    (name): CommandSpec => ({
      name,
      summary: (name === meant ? head?.title : titles.get(name)) ?? `run ${name}.yaml`,
      options: name === meant && head !== undefined ? withInputs(head.inputs, runOptions) : runOptions,
      group: 'Runbooks:',
      load: async () => {
        const { runRunbook } = await import('./commands/run-runbook.ts');
        return (invocation) => runRunbook(invocation, name);
      },
    }),
  );
  return { specs, inputs: head?.inputs ?? [] };
}

function meantRunbook(names: readonly string[], operands: readonly string[]): string | undefined {
  const [first, ...rest] = operands;
  if (first === 'rehearse') return rest.find((operand) => names.includes(operand));
  return names.find((name) => name === first);
}

async function readHead(
  world: World,
  directory: string,
  name: string,
): Promise<{ title: string; inputs: OptionSpec[] }> {
  const { title, inputs } = await readRunbook(world, path.join(directory, `${name}.yaml`));
  return { title, inputs: inputOptions(inputs) };
}

async function readTitles(world: World, directory: string): Promise<Map<string, string>> {
  const runbooks = await readRunbooks(world, directory);
  return new Map(
    runbooks.map(({ name, title, problem }) => [
      name,
      problem === undefined ? title : '(its file cannot be read: see `resend-ops lint`)',
    ]),
  );
}
