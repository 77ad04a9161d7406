import { exitCodes } from '../../errors.ts';
import { showRunbook } from '../../runbook/show.ts';
import type { CommandRun } from '../command.ts';
import { writeJsonLine } from '../json-lines.ts';
import { loadMaterial } from '../load-material.ts';
import { locateRunbooks } from '../locate.ts';
import { openTerminal } from '../terminal/open-terminal.ts';
import { sanitise } from '../terminal/sanitise.ts';

/** `resend-ops show RUNBOOK`: the steps as one would brief a colleague. */
export const show: CommandRun = async ({ world, args, options }) => {
  const directory = await locateRunbooks(world, options.text('runbooks'));
  const environment = options.text('env') ?? 'production';
  const { runbook } = await loadMaterial(world, directory, { runbook: args[0] ?? '', environment });
  if (options.flag('json')) {
    writeJsonLine(world, runbook);
    return exitCodes.succeeded;
  }
  const { screen } = openTerminal(world, options, { to: 'stdout' });
  for (const line of showRunbook(runbook)) screen.line(sanitise(line));
  return exitCodes.succeeded;
};
