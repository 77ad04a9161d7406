import { exitCodes, OpsError } from '../../errors.ts';
import type { CommandRun } from '../command.ts';
import { writeJsonLine } from '../json-lines.ts';
import { stateFlags } from '../open-store.ts';
import { sayToRun } from '../say-to-run.ts';
import { openTerminal } from '../terminal/open-terminal.ts';

/** `resend-ops release RUN --force --reason TEXT`: gives up the claim of a run that nobody will finish, on the record. */
export const release: CommandRun = async (invocation) => {
  const { world, options } = invocation;
  const reason = options.text('reason')?.trim() ?? '';
  if (!options.flag('force') || reason === '') {
    throw new OpsError('usage', 'a claim is given up only with --force and a --reason', {
      hint: 'rather finish the run: `resend-ops resume` or `resend-ops rollback`; what it changed stays changed otherwise',
    });
  }
  const entry = await sayToRun(invocation, (state, run) => {
    if (state?.phase !== 'ended') return { type: 'claim-released', reason };
    throw new OpsError('usage', `run ${run} has ended and claims nothing`, { hint: 'see `resend-ops runs`' });
  });
  if (options.flag('json')) writeJsonLine(world, entry);
  else {
    const { screen } = openTerminal(world, options, { to: 'stdout' });
    screen.line(`run ${entry.run} claims nothing any more; in the log as entry ${entry.seq}`);
    screen.line('what it changed is as it left it: look at it before anything else is started');
    screen.line([{ text: 'next: ', tone: 'strong' }, `resend-ops status ${entry.run}${stateFlags(options)}`]);
  }
  return exitCodes.succeeded;
};
