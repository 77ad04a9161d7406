import { z } from 'zod';
import { exitCodes, OpsError } from '../../errors.ts';
import type { Store } from '../../journal/store.ts';
import type { CommandRun } from '../command.ts';
import { findRun } from '../find-run.ts';
import { withStore } from '../open-store.ts';

const ofRun = z.object({ run: z.string() });

/**
 * `resend-ops audit export [RUN]`: the log's lines on stdout, byte for byte. Of a damaged log those before the damage, and
 * then where it is (exit 7): they are wanted most just then.
 */
export const auditExport: CommandRun = ({ world, args, options }) =>
  withStore(world, options, async (store) => {
    const isMeant = await runsMeant(store, args[0]);
    let count = 0;
    try {
      for await (const line of store.chain()) {
        if (!isMeant(line)) continue;
        world.stdout.write(`${line}\n`);
        count += 1;
      }
    } catch (error) {
      if (!(error instanceof OpsError) || error.code !== 'audit') throw error;
      const { message, hint } = error;
      throw new OpsError('audit', `${message}; exported: ${count} of the entries before it`, {
        cause: error,
        ...(hint === undefined ? {} : { hint }),
      });
    }
    return exitCodes.succeeded;
  });

/** Whether a line is of the run that is meant. A damaged log cannot say which runs it has: then all of that beginning are. */
async function runsMeant(store: Store, given: string | undefined): Promise<(line: string) => boolean> {
  if (given === undefined) return () => true;
  const runOf = (line: string) => ofRun.parse(JSON.parse(line)).run;
  try {
    const { run } = await findRun(store, given);
    return (line) => runOf(line) === run;
  } catch (error) {
    // Reading the lines comes upon the same damage, and tells it.
    if (error instanceof OpsError && error.code === 'audit') return (line) => runOf(line).startsWith(given);
    throw error;
  }
}
