import { z } from 'zod';
import { exitCodes } from '../../errors.ts';
import type { CommandRun } from '../command.ts';
import { findRun } from '../find-run.ts';
import { withStore } from '../open-store.ts';

const ofRun = z.object({ run: z.string() });

/** `resend-ops audit export [RUN]`: the log's lines on stdout, byte for byte. */
export const auditExport: CommandRun = ({ world, args, options }) =>
  withStore(world, options, async (store) => {
    const run = args[0] === undefined ? undefined : (await findRun(store, args[0])).run;
    for await (const line of store.chain()) {
      if (run === undefined || ofRun.parse(JSON.parse(line)).run === run) world.stdout.write(`${line}\n`);
    }
    return exitCodes.succeeded;
  });
