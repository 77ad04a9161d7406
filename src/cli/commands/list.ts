import path from 'node:path';
import { exitCodes } from '../../errors.ts';
import type { CommandRun } from '../command.ts';
import { commandTable } from '../command-table.ts';
import { writeJsonLine } from '../json-lines.ts';
import { namesIn } from '../load-material.ts';
import { locateRunbooks } from '../locate.ts';
import { readRunbookHead } from '../runbook-head.ts';
import { openTerminal } from '../terminal/open-terminal.ts';
import { sanitise } from '../terminal/sanitise.ts';

/** `resend-ops list`: the runbooks, with a line on each. One that cannot be started says why. */
export const list: CommandRun = async ({ world, options }) => {
  const directory = await locateRunbooks(world, options.text('runbooks'));
  const { screen } = openTerminal(world, options, { to: 'stdout' });
  const builtIn = new Set(commandTable.map(({ name }) => name.split(' ')[0]));
  const names = await namesIn(world, directory);
  const widest = Math.max(0, ...names.map((name) => name.length));
  let isSound = true;
  for (const name of names) {
    const { title } = await readRunbookHead(world, path.join(directory, `${name}.yaml`));
    const problem = builtIn.has(name)
      ? 'cannot be started: a command has this name; rename the file'
      : title === undefined
        ? 'cannot be read: see `resend-ops lint`'
        : undefined;
    isSound &&= problem === undefined;
    if (options.flag('json')) writeJsonLine(world, { name, title: title ?? null, problem: problem ?? null });
    else {
      const text = problem === undefined ? (title ?? '') : { text: problem, tone: 'bad' as const };
      screen.line(
        [{ text: name.padEnd(widest), tone: 'strong' }, '  ', typeof text === 'string' ? sanitise(text) : text],
        { hanging: widest + 2 },
      );
    }
  }
  if (names.length === 0) screen.line(`there are no runbooks in ${sanitise(directory)}`);
  return isSound ? exitCodes.succeeded : exitCodes.invalid;
};
