import { startRun } from '../../engine/start-run.ts';
import type { ExitCode } from '../../errors.ts';
import type { Invocation } from '../command.ts';
import { driveOnTerminal } from '../drive-on-terminal.ts';
import { assertNoPlaceholders, loadMaterial } from '../load-material.ts';
import { locateRunbooks } from '../locate.ts';
import { resolveInputs } from '../resolve-inputs.ts';
import { withRunOutputs } from '../run-outputs.ts';
import { parseOverrides } from '../shared-options.ts';

/**
 * `resend-ops NAME`: runs a runbook against the environment. A simulator of another process outlives the run: the screens
 * say REHEARSAL, and the run is asked, resumed and rolled back as a live one.
 */
export async function runRunbook({ world, options }: Invocation, name: string): Promise<ExitCode> {
  const environment = options.text('env') ?? 'production';
  const mode = options.flag('dryRun') ? 'dry-run' : 'live';
  return withRunOutputs(world, options, { runbook: name, environment, mode }, async (witness) => {
    const overrides = parseOverrides(options.list('override'));
    const directory = await locateRunbooks(world, options.text('runbooks'));
    const material = await loadMaterial(world, directory, { runbook: name, environment });
    assertNoPlaceholders(world, material);
    const { clock, variables } = world;
    return driveOnTerminal({ world, options, material, mode, clock, variables, witness }, async (driving) => {
      const { prompts, tell, interrupts } = driving;
      const inputs = await resolveInputs(material.runbook, {
        options,
        prompts,
        tell,
        signal: interrupts.stopAsked,
        rehearsal: false,
      });
      return startRun({ ...driving, ...material, inputs, mode, overrides, version: world.version });
    });
  });
}
