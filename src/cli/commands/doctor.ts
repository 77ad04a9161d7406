import { exitCodes } from '../../errors.ts';
import { examineProviders } from '../../report/doctor/examine.ts';
import { countStates } from '../../report/doctor/finding.ts';
import type { CommandRun } from '../command.ts';
import { examineMachine } from '../examine-machine.ts';
import { writeJsonLine } from '../json-lines.ts';
import { locateRunbooks, locateState } from '../locate.ts';
import { openEnvironment } from '../open-environment.ts';
import { bannerOf, openTerminal } from '../terminal/open-terminal.ts';
import { printDiagnosis } from '../terminal/print-diagnosis.ts';

/** `resend-ops doctor`: everything of this machine, its credentials and the outside that would stop a failover tonight. Only reads. */
export const doctor: CommandRun = async ({ world, options }) => {
  const runbooks = await locateRunbooks(world, options.text('runbooks'));
  const { environment, placeholders, edges } = await openEnvironment(
    world,
    runbooks,
    options.text('env') ?? 'production',
  );
  const state = locateState(world, options.text('stateDir'));
  const [machine, { clock, access, independence, dependencies }] = await Promise.all([
    examineMachine(world, { runbooks, state, placeholders }),
    examineProviders({ env: environment, edges, clock: world.clock }),
  ]);
  const findings = [...machine, clock, ...access, ...dependencies];
  const counts = countStates(findings);
  const exitCode = counts.bad === 0 ? exitCodes.succeeded : exitCodes.failed;
  if (options.flag('json')) {
    for (const finding of findings) writeJsonLine(world, { type: 'finding', ...finding });
    for (const row of independence) writeJsonLine(world, { type: 'dependency', ...row });
    writeJsonLine(world, { type: 'result', exitCode, counts });
    return exitCode;
  }
  const { screen } = openTerminal(world, options, {
    to: 'stdout',
    banner: bannerOf('live', environment.simulated === true),
  });
  printDiagnosis(screen, { sections: { machine: [...machine, clock], access, dependencies }, independence, counts });
  return exitCode;
};
