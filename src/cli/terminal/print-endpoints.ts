import type { Simulator } from '../../simulator/simulator.ts';
import type { World } from '../../world/world.ts';
import { sanitise } from './sanitise.ts';
import type { Screen } from './screen.ts';

/**
 * Prints what a running simulator offers. Lines to be copied are printed whole, without banner and without breaks, on
 * stderr as everything about a rehearsal is.
 */
export function printEndpoints(screen: Screen, world: World, simulator: Simulator): void {
  const copy = (line: string) => world.stderr.write(`  ${sanitise(line)}\n`);
  screen.line();
  screen.line('The simulator runs until Ctrl-C. To run a runbook against it from another terminal:');
  for (const [name, value] of Object.entries(simulator.secrets)) copy(`export ${name}=${value}`);
  copy(`resend-ops failover --env ${simulator.environmentFile}`);
  for (const { name, address, try: line } of simulator.endpoints) {
    screen.line();
    screen.line([{ text: sanitise(name), tone: 'strong' }, `  ${sanitise(address)}`]);
    copy(line);
  }
}
