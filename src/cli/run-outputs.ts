import type { RunResult } from '../engine/result.ts';
import type { ExitCode } from '../errors.ts';
import type { RunState } from '../journal/run-state.ts';
import { reportSteps } from '../report/run-report.ts';
import type { World } from '../world/world.ts';
import type { Options } from './command.ts';
import { type Described, withOutputs } from './write-outputs.ts';

/** Whoever drives a run tells it here, so that its end can be written. */
export type RunWitness = {
  /** `optional`: ids of the steps that never fail the run. */
  saw(state: RunState, optional: ReadonlySet<string>): void;
  ended(result: RunResult): void;
};

/** Drives a run by `work`, and writes its end to the files of `--junit` and `--metrics`: see {@link withOutputs}. */
export function withRunOutputs(
  world: World,
  options: Options,
  described: Described,
  work: (witness: RunWitness) => Promise<ExitCode>,
): Promise<ExitCode> {
  let state: RunState | undefined;
  let optionalSteps: ReadonlySet<string> = new Set();
  let result: RunResult | undefined;
  const witness: RunWitness = {
    saw: (seen, optional) => {
      state = seen;
      optionalSteps = optional;
    },
    ended: (told) => {
      result = told;
    },
  };
  return withOutputs(world, options, {
    described,
    run: () => work(witness),
    told: (message) => ({
      run: state?.run ?? null,
      hostname: state?.hostname ?? null,
      outcome: result?.outcome ?? state?.ending?.outcome ?? 'refused',
      message: result?.message ?? message,
      steps: state === undefined ? [] : reportSteps(state, optionalSteps),
    }),
  });
}
