import { startRun } from '../../engine/start-run.ts';
import type { RunState } from '../../journal/run-state.ts';
import type { CommandRun } from '../command.ts';
import { customerLines } from '../customers.ts';
import { driveOnTerminal } from '../drive-on-terminal.ts';
import { keepSimulator } from '../keep-simulator.ts';
import { loadMaterial } from '../load-material.ts';
import { locateRunbooks } from '../locate.ts';
import { noteSignals, openSimulator } from '../open-simulator.ts';
import { resolveInputs } from '../resolve-inputs.ts';
import { parseOverrides } from '../shared-options.ts';

/** `resend-ops rehearse RUNBOOK`: the very same run, against a simulator that lives as long as this command. */
export const rehearse: CommandRun = async ({ world, args, options }) => {
  const overrides = parseOverrides(options.list('override'));
  const directory = await locateRunbooks(world, options.text('runbooks'));
  // Before any socket is opened, and at the places of the operator's own files.
  const [runbook = ''] = args;
  await loadMaterial(world, directory, { runbook, environment: options.text('env') ?? 'production' });
  const words: string[] = [];
  let say = (text: string): void => void words.push(text);
  // Until the run listens: a signal in the meantime must not leave the simulator's directory behind.
  const early = noteSignals(world);
  const opened = await openSimulator(world, { directory, options, say: (text) => say(text) });
  const { simulator, clock, environmentName } = opened;
  try {
    early.assertNone();
    const environment = simulator.environmentFile;
    const material = { ...(await loadMaterial(world, directory, { runbook, environment })), environmentName };
    const mode = options.flag('dryRun') ? 'dry-run' : 'rehearsal';
    const variables = { ...world.variables, ...simulator.secrets };
    const request = {
      world,
      options,
      material,
      mode,
      clock,
      variables,
      announce(show: (text: string) => void) {
        say = show;
        for (const text of words.splice(0)) show(text);
      },
      customers: (state: RunState) => customerLines(simulator, state, opened, say),
    } as const;
    const code = await driveOnTerminal(request, async (driving) => {
      early.assertNone();
      const { prompts, tell, interrupts } = driving;
      const asking = { options, prompts, tell, signal: interrupts.stopAsked, rehearsal: true };
      const inputs = await resolveInputs(material.runbook, asking);
      return startRun({ ...driving, ...material, inputs, mode, overrides, version: world.version });
    });
    if (options.flag('keep')) await keepSimulator(world, options, simulator);
    return code;
  } finally {
    await opened.close();
    early.silence();
  }
};
