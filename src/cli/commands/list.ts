import { exitCodes } from '../../errors.ts';
import type { CommandRun } from '../command.ts';
import { writeJsonLine } from '../json-lines.ts';
import { canBeCommand, locateRunbooks } from '../locate.ts';
import { ownCommands } from '../own-commands.ts';
import { readRunbooks } from '../read-runbooks.ts';
import { openTerminal } from '../terminal/open-terminal.ts';
import { sanitise } from '../terminal/sanitise.ts';

/** `resend-ops list`: the runbooks, with a line on each. One that cannot be started says why. */
export const list: CommandRun = async ({ world, options }) => {
  const directory = await locateRunbooks(world, options.text('runbooks'));
  const { screen } = openTerminal(world, options, { to: 'stdout' });
  const runbooks = await readRunbooks(world, directory);
  const widest = Math.max(0, ...runbooks.map(({ name }) => sanitise(name).length));
  let isSound = true;
  for (const runbook of runbooks) {
    const { name, title, problem: unreadable } = runbook;
    const problem = whyNoCommand(name) ?? unreadable;
    isSound &&= problem === undefined;
    if (options.flag('json')) writeJsonLine(world, { ...runbook, ...(problem === undefined ? {} : { problem }) });
    else {
      const text = problem === undefined ? title : { text: sanitise(problem), tone: 'bad' as const };
      screen.line(
        [
          { text: sanitise(name).padEnd(widest), tone: 'strong' },
          '  ',
          typeof text === 'string' ? sanitise(text) : text,
        ],
        { hanging: widest + 2 },
      );
    }
  }
  if (runbooks.length === 0 && !options.flag('json')) screen.line(`there are no runbooks in ${sanitise(directory)}`);
  return isSound ? exitCodes.succeeded : exitCodes.invalid;
};

function whyNoCommand(name: string): string | undefined {
  if (ownCommands.has(name)) return 'cannot be started: a command has this name; rename the file';
  return canBeCommand(name)
    ? undefined
    : 'cannot be started: name the file with lower-case letters, digits and dashes, beginning with a letter';
}
