import { exitCodes, OpsError } from '../../errors.ts';
import type { CommandRun } from '../command.ts';
import { writeJsonLine } from '../json-lines.ts';
import { markedByHand } from '../mark-by-hand.ts';
import { stateFlags } from '../open-store.ts';
import { sayToRun } from '../say-to-run.ts';
import { openTerminal } from '../terminal/open-terminal.ts';

/** `resend-ops mark-done RUN STEP --evidence TEXT`: a person did it, or undid it, and says how they know. */
export const markDone: CommandRun = async (invocation) => {
  const { world, args, options } = invocation;
  const evidence = options.text('evidence')?.trim() ?? '';
  if (evidence === '') {
    throw new OpsError('usage', '--evidence is missing: how do you know that it is done?', {
      hint: 'for example --evidence "dashboard shows the load balancer disabled, 03:12 UTC"',
    });
  }
  const step = args[1] ?? '';
  let undone = false;
  const entry = await sayToRun(invocation, (state, run) => {
    const marked = markedByHand(state, { run, step, evidence });
    undone = marked.undone === true;
    return marked;
  });
  if (options.flag('json')) writeJsonLine(world, entry);
  else {
    const { screen } = openTerminal(world, options, { to: 'stdout' });
    const what = undone ? 'as undone by hand: its change is no longer in place' : 'as done by hand';
    screen.line(`${step} is marked ${what}, in the log as entry ${entry.seq}`);
    screen.line([{ text: 'next: ', tone: 'strong' }, `resend-ops resume ${entry.run}${stateFlags(options)}`]);
  }
  return exitCodes.succeeded;
};
