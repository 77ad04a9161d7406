import { type ExitCode, exitCodes } from '../../errors.ts';
import { reportDiagnosis } from '../../report/doctor/diagnosis.ts';
import type { CommandRun } from '../command.ts';
import { type Diagnosed, diagnoseAll } from '../diagnose-all.ts';
import { writeJsonLine } from '../json-lines.ts';
import { bannerOf, openTerminal } from '../terminal/open-terminal.ts';
import { printDiagnosis } from '../terminal/print-diagnosis.ts';
import { withOutputs } from '../write-outputs.ts';

/** `resend-ops doctor`: everything of this machine, its credentials and the outside that would stop a failover tonight. Only reads. */
export const doctor: CommandRun = ({ world, options }) => {
  const environment = options.text('env') ?? 'production';
  let diagnosed: Diagnosed | undefined;
  return withOutputs(world, options, {
    described: { runbook: 'doctor', environment, mode: 'live' },
    async run() {
      diagnosed = await diagnoseAll(world, {
        environment,
        runbooks: options.text('runbooks'),
        stateDir: options.text('stateDir'),
      });
      const { diagnosis, simulated } = diagnosed;
      const { sections, independence, counts } = diagnosis;
      const exitCode: ExitCode = counts.bad === 0 ? exitCodes.succeeded : exitCodes.failed;
      if (!options.flag('json')) {
        const { screen } = openTerminal(world, options, { to: 'stdout', banner: bannerOf('live', simulated) });
        printDiagnosis(screen, diagnosis);
        return exitCode;
      }
      for (const finding of Object.values(sections).flat()) writeJsonLine(world, { type: 'finding', ...finding });
      for (const row of independence) writeJsonLine(world, { type: 'dependency', ...row });
      writeJsonLine(world, { type: 'result', exitCode, counts });
      return exitCode;
    },
    told: (message) => ({
      run: null,
      hostname: diagnosed?.hostname ?? null,
      outcome: diagnosed === undefined ? 'refused' : diagnosed.diagnosis.counts.bad === 0 ? 'succeeded' : 'failed',
      message,
      steps: diagnosed === undefined ? [] : reportDiagnosis(diagnosed.diagnosis),
    }),
  });
};
