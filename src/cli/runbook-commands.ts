import path from 'node:path';
import type { World } from '../world/world.ts';
import type { CommandSpec, OptionSpec } from './command.ts';
import { commandTable } from './command-table.ts';
import { isYaml } from './locate.ts';
import type { ScannedArguments } from './scan-arguments.ts';
import { runOptions } from './shared-options.ts';

/**
 * The runbooks of a directory as commands. Only what the command line needs is read: names always, titles for an
 * overview, inputs of the one runbook that is meant. A runbook named like a built-in command is left out (lint says so).
 */
export async function runbookCommands(
  world: World,
  directory: string,
  { operands, overview }: ScannedArguments,
): Promise<{ specs: CommandSpec[]; inputs: OptionSpec[] }> {
  const builtIn = new Set(commandTable.map(({ name }) => name.split(' ')[0]));
  const names = (await world.files.list(directory))
    .filter(isYaml)
    .map((name) => name.slice(0, -'.yaml'.length))
    .filter((name) => !builtIn.has(name));
  const meant = meantRunbook(names, operands);
  const inputs = meant === undefined ? [] : await readInputs(world, directory, meant);
  const titles = overview ? await readTitles(world, directory, names) : new Map<string, string>();
  const specs = names.map(
    (name): CommandSpec => ({
      name,
      summary: titles.get(name) ?? `run ${path.join(directory, `${name}.yaml`)}`,
      options: name === operands[0] ? [...inputs, ...runOptions] : runOptions,
      group: 'Runbooks:',
      load: async () => {
        const { runRunbook } = await import('./commands/run-runbook.ts');
        return (invocation) => runRunbook(invocation, name);
      },
    }),
  );
  return { specs, inputs };
}

function meantRunbook(names: readonly string[], operands: readonly string[]): string | undefined {
  const [first, ...rest] = operands;
  if (first === 'rehearse') return rest.find((operand) => names.includes(operand));
  return names.find((name) => name === first);
}

async function readInputs(world: World, directory: string, name: string): Promise<OptionSpec[]> {
  const [{ readRunbookHead }, { inputOptions }] = await Promise.all([
    import('./runbook-head.ts'),
    import('./input-options.ts'),
  ]);
  return inputOptions((await readRunbookHead(world, path.join(directory, `${name}.yaml`))).inputs);
}

async function readTitles(world: World, directory: string, names: readonly string[]): Promise<Map<string, string>> {
  const { readRunbookHead } = await import('./runbook-head.ts');
  const heads = names.map(async (name): Promise<[string, string]> => {
    const { title } = await readRunbookHead(world, path.join(directory, `${name}.yaml`));
    return [name, title ?? '(its file has problems: see `resend-ops lint`)'];
  });
  return new Map(await Promise.all(heads));
}
