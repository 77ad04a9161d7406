import type { ContinueOptions } from '../engine/options.ts';
import type { RunResult } from '../engine/result.ts';
import { type ExitCode, OpsError } from '../errors.ts';
import type { Invocation } from './command.ts';
import { driveOnTerminal } from './drive-on-terminal.ts';
import { findRun } from './find-run.ts';
import { withStore } from './open-store.ts';
import { pinnedMaterial } from './pinned-material.ts';

/** Drives an existing run again, with its own files as they were pinned. */
export async function continueOnTerminal(
  { world, args, options }: Invocation,
  work: (options: ContinueOptions) => Promise<RunResult>,
): Promise<ExitCode> {
  const { run, mode, material } = await withStore(world, options, async (store) => {
    const found = await findRun(store, args[0]);
    if (found.started.mode === 'rehearsal') {
      throw new OpsError('usage', `run ${found.run} was a rehearsal, and its simulator ended with its process`, {
        hint: 'nothing real was touched; rehearse again with `resend-ops rehearse`',
      });
    }
    return { run: found.run, mode: found.started.mode, material: await pinnedMaterial(world, store, found) };
  });
  const { clock, variables } = world;
  return driveOnTerminal({ world, options, material, mode, clock, variables }, (driving) =>
    work({ ...driving, ...material, run, force: options.flag('takeOver') }),
  );
}
