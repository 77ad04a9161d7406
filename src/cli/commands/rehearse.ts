import { OpsError } from '../../errors.ts';
import type { CommandRun } from '../command.ts';
import { rehearseRunbook } from '../rehearse-runbook.ts';
import { showHistory } from '../show-history.ts';

/** `resend-ops rehearse RUNBOOK` rehearses it; `resend-ops rehearse [RUNBOOK] --history` shows how it went before. */
export const rehearse: CommandRun = async ({ world, args: [runbook], options }) => {
  if (options.flag('history')) return showHistory(world, options, runbook);
  if (runbook !== undefined) return rehearseRunbook(world, options, runbook);
  throw new OpsError('usage', 'which runbook is to be rehearsed?', {
    hint: 'for example: resend-ops rehearse failover; `rehearse --history` shows earlier scores',
  });
};
