import { startRun } from '../engine/start-run.ts';
import type { ExitCode } from '../errors.ts';
import type { RunState } from '../journal/run-state.ts';
import type { World } from '../world/world.ts';
import type { Options } from './command.ts';
import { driveOnTerminal } from './drive-on-terminal.ts';
import { keepSimulator } from './keep-simulator.ts';
import { loadMaterial } from './load-material.ts';
import { locateRunbooks } from './locate.ts';
import { noteSignals, openSimulator } from './open-simulator.ts';
import { resolveInputs } from './resolve-inputs.ts';
import { type RunWitness, withRunOutputs } from './run-outputs.ts';
import { endRefusal, endRehearsal, type PromptsSeen } from './score-rehearsal.ts';
import { parseOverrides } from './shared-options.ts';

/** Rehearses a runbook: the very same run, against a simulator that lives as long as it. Throws what running it throws. */
export function rehearseRunbook(world: World, options: Options, runbook: string): Promise<ExitCode> {
  const environment = options.text('env') ?? 'production';
  const mode = options.flag('dryRun') ? 'dry-run' : 'rehearsal';
  return withRunOutputs(world, options, { runbook, environment, mode }, (witness) =>
    rehearse({ world, options, runbook, mode }, witness),
  );
}

type Rehearsal = { world: World; options: Options; runbook: string; mode: 'dry-run' | 'rehearsal' };

async function rehearse({ world, options, runbook, mode }: Rehearsal, witness: RunWitness): Promise<ExitCode> {
  const overrides = parseOverrides(options.list('override'));
  const directory = await locateRunbooks(world, options.text('runbooks'));
  // Before any socket is opened, and at the places of the operator's own files.
  await loadMaterial(world, directory, { runbook, environment: options.text('env') ?? 'production' });
  const words: string[] = [];
  let say = (text: string): void => void words.push(text);
  // Until the run listens: a signal in the meantime must not leave the simulator's directory behind.
  const early = noteSignals(world);
  const opened = await openSimulator(world, { directory, options, say: (text) => say(text) });
  const { simulator, clock, environmentName } = opened;
  const seed = options.number('seed');
  try {
    early.assertNone();
    const environment = simulator.environmentFile;
    const material = { ...(await loadMaterial(world, directory, { runbook, environment })), environmentName };
    const variables = { ...world.variables, ...simulator.secrets };
    const request = {
      world,
      options,
      material,
      mode,
      clock,
      variables,
      witness,
      announce(show: (text: string) => void) {
        say = show;
        for (const text of words.splice(0)) show(text);
      },
      closing: (state: RunState, prompts: PromptsSeen) =>
        endRehearsal({ world, options, runbook: material.runbook }, opened, { state, ...prompts, say }),
      refused: (error: unknown) => endRefusal({ options, runbook, mode }, opened, error),
    } as const;
    const code = await driveOnTerminal(request, async (driving) => {
      early.assertNone();
      const { prompts, tell, interrupts } = driving;
      const asking = { options, prompts, tell, signal: interrupts.stopAsked, rehearsal: true };
      const inputs = await resolveInputs(material.runbook, asking);
      return startRun({
        ...driving,
        ...material,
        inputs,
        mode,
        overrides,
        version: world.version,
        ...(seed === undefined ? {} : { seed }),
      });
    });
    if (options.flag('keep')) await keepSimulator(world, options, simulator);
    return code;
  } finally {
    await opened.close();
    early.silence();
  }
}
