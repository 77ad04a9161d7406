import { startRun } from '../../engine/start-run.ts';
import type { ExitCode } from '../../errors.ts';
import { assertNoPlaceholders } from '../placeholders.ts';
import type { Invocation } from '../command.ts';
import { driveOnTerminal } from '../drive-on-terminal.ts';
import { loadMaterial } from '../load-material.ts';
import { locateRunbooks } from '../locate.ts';
import { resolveInputs } from '../resolve-inputs.ts';
import { parseOverrides } from '../shared-options.ts';

/** `resend-ops NAME`: runs a runbook against the environment. Against a simulator's it is a rehearsal. */
export async function runRunbook({ world, options }: Invocation, name: string): Promise<ExitCode> {
  const overrides = parseOverrides(options.list('override'));
  const directory = await locateRunbooks(world, options.text('runbooks'));
  const environment = options.text('env') ?? 'production';
  const material = await loadMaterial(world, directory, { runbook: name, environment });
  assertNoPlaceholders(world, material);
  const simulated = material.environment.simulated === true;
  const mode = options.flag('dryRun') ? 'dry-run' : simulated ? 'rehearsal' : 'live';
  const { clock, variables } = world;
  return driveOnTerminal({ world, options, material, mode, clock, variables }, async (driving) => {
    const { prompts, tell } = driving;
    const inputs = await resolveInputs(material.runbook, { options, prompts, tell, rehearsal: mode === 'rehearsal' });
    return startRun({ ...driving, ...material, inputs, mode, overrides, version: world.version });
  });
}
