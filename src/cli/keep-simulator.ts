import type { Simulator } from '../simulator/simulator.ts';
import type { World } from '../world/world.ts';
import type { Options } from './command.ts';
import { untilStopped } from './open-simulator.ts';
import { openTerminal } from './terminal/open-terminal.ts';
import { printEndpoints } from './terminal/print-endpoints.ts';

/** Leaves the simulator of a rehearsal open after its end, and says where it is, until Ctrl-C. */
export async function keepSimulator(world: World, options: Options, simulator: Simulator): Promise<void> {
  const { screen } = openTerminal(world, options, { banner: 'REHEARSAL' });
  printEndpoints(screen, world, simulator);
  await untilStopped(world);
}
