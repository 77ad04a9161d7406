import { exitCodes } from '../../errors.ts';
import type { CommandRun } from '../command.ts';
import { formatJsonLine } from '../json-lines.ts';
import { locateRunbooks } from '../locate.ts';
import { openSimulator, untilStopped } from '../open-simulator.ts';
import { openTerminal } from '../terminal/open-terminal.ts';
import { printEndpoints } from '../terminal/print-endpoints.ts';
import { sanitise } from '../terminal/sanitise.ts';

/** `resend-ops simulate`: the simulator alone, until Ctrl-C. */
export const simulate: CommandRun = async ({ world, options }) => {
  const directory = await locateRunbooks(world, options.text('runbooks'));
  const { screen } = openTerminal(world, options, { banner: 'SIMULATOR' });
  const say = (text: string) => screen.line([{ text: 'scenario: ', tone: 'accent' }, sanitise(text)]);
  const stopped = untilStopped(world);
  const opened = await openSimulator(world, { directory, options, say });
  const { environmentFile, caFile, secrets, endpoints, control } = opened.simulator;
  try {
    if (options.flag('json'))
      world.stdout.write(formatJsonLine({ type: 'simulator', environmentFile, caFile, secrets, endpoints, control }));
    else printEndpoints(screen, world, opened.simulator);
    await stopped;
    return exitCodes.succeeded;
  } finally {
    await opened.close();
  }
};
