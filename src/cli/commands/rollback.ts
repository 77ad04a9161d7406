import { rollbackRun } from '../../engine/continue-run.ts';
import type { CommandRun } from '../command.ts';
import { continueOnTerminal } from '../continue-on-terminal.ts';

/** `resend-ops rollback [RUN]`: undoes what the run changed, and proves it. */
export const rollback: CommandRun = (invocation) => continueOnTerminal(invocation, rollbackRun);
