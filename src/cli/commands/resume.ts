import { resumeRun } from '../../engine/continue-run.ts';
import type { CommandRun } from '../command.ts';
import { continueOnTerminal } from '../continue-on-terminal.ts';

/** `resend-ops resume [RUN]`: observes what is in doubt, then goes on; what is done is not done again. */
export const resume: CommandRun = (invocation) => continueOnTerminal(invocation, resumeRun);
