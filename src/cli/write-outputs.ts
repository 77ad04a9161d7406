import path from 'node:path';
import { type ExitCode, exitCodeOf, OpsError } from '../errors.ts';
import { renderJUnit } from '../report/junit.ts';
import { renderMetrics } from '../report/metrics.ts';
import type { RunReport } from '../report/run-report.ts';
import type { World } from '../world/world.ts';
import type { Options } from './command.ts';
import { sanitise } from './terminal/sanitise.ts';

/**
 * The options that name a file for machines, what is written to it, and who may read it: the report holds what was found
 * and said, and is its user's; metrics are ids and numbers, and their collector runs as another user.
 */
const formats = [
  { option: 'junit', render: renderJUnit, readers: 'owner' },
  { option: 'metrics', render: renderMetrics, readers: 'everyone' },
] as const;

/** What is known of the work before it begins. */
export type Described = Pick<RunReport, 'runbook' | 'environment' | 'mode'>;

/** What is known of it at its end. */
export type Told = Pick<RunReport, 'run' | 'hostname' | 'outcome' | 'message' | 'steps'>;

type Output = { option: string; file: string; readers: 'owner' | 'everyone'; render(report: RunReport): string };

/** Work whose end is written down. */
export type ReportedWork = {
  described: Described;
  run(): Promise<ExitCode>;
  /** What to tell once `run` has ended; `message` is the error's, and empty where there was none. */
  told(message: string): Told;
};

/**
 * Does the work, and writes what became of it to the files of `--junit` and `--metrics`: also where it fails, or never
 * starts. Throws `usage` before it where a file cannot be written. A file that cannot be written afterwards is told on
 * stderr, and changes nothing: the exit code is the work's.
 */
export async function withOutputs(world: World, options: Options, work: ReportedWork): Promise<ExitCode> {
  const outputs = await chosenOutputs(world, options);
  const startedAtMs = world.clock.now();
  const write = async (exitCode: number, message: string) => {
    if (outputs.length === 0) return;
    const { described, told } = work;
    const times = { startedAtMs, endedAtMs: world.clock.now() };
    await writeOutputs(world, outputs, { ...described, ...told(message), exitCode, ...times });
  };
  let exitCode: ExitCode;
  try {
    exitCode = await work.run();
  } catch (error) {
    await write(exitCodeOf(error), error instanceof Error ? error.message : String(error));
    throw error;
  }
  await write(exitCode, '');
  return exitCode;
}

/** The outputs that were asked for, each at a place that can be written now. Throws `usage` otherwise. */
async function chosenOutputs(world: World, options: Options): Promise<Output[]> {
  const outputs: Output[] = [];
  for (const { option, ...format } of formats) {
    const given = options.text(option);
    if (given === undefined) continue;
    const file = path.resolve(world.cwd, given);
    if (outputs.some((other) => other.file === file)) {
      throw new OpsError('usage', `--${option} and --${outputs[0]?.option} name one file: ${file}`, {
        hint: 'give each a file of its own',
      });
    }
    try {
      await world.files.assertReplaceable(file);
    } catch (error) {
      throw new OpsError('usage', `--${option} cannot be written to ${file}: ${reasonOf(error)}`, {
        hint: 'nothing was started; name a file in a directory that exists and that you may write to',
        cause: error,
      });
    }
    outputs.push({ option, file, ...format });
  }
  return outputs;
}

async function writeOutputs(world: World, outputs: readonly Output[], report: RunReport): Promise<void> {
  const masked = world.redactor.json(report);
  for (const { option, file, readers, render } of outputs) {
    try {
      await world.files.replace(file, render(masked), readers);
    } catch (error) {
      const told = `--${option} could not be written to ${file}: ${reasonOf(error)}`;
      const lines = [`error: ${told}`, 'hint: what was done, and the exit code, are as told above'];
      for (const line of lines) world.stderr.write(`${sanitise(world.redactor.text(line))}\n`);
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
