import { exitCodes, OpsError } from '../../errors.ts';
import { suggest } from '../../runbook/closest.ts';
import type { CommandRun } from '../command.ts';
import { writeJsonLine } from '../json-lines.ts';
import { sayToRun } from '../say-to-run.ts';
import { openTerminal } from '../terminal/open-terminal.ts';

/** `resend-ops mark-done RUN STEP --evidence TEXT`: a person did it, and says how they know. */
export const markDone: CommandRun = async (invocation) => {
  const { world, args, options } = invocation;
  const evidence = options.text('evidence')?.trim() ?? '';
  if (evidence === '') {
    throw new OpsError('usage', '--evidence is missing: how do you know that it is done?', {
      hint: 'for example --evidence "dashboard shows the load balancer disabled, 03:12 UTC"',
    });
  }
  const step = args[1] ?? '';
  const entry = await sayToRun(invocation, (state, run) => {
    const steps = [...(state?.steps.keys() ?? [])];
    if (steps.includes(step)) return { type: 'marked-done', step, evidence };
    throw new OpsError('usage', `run ${run} has begun no step ${step}`, { hint: suggest(step, steps) });
  });
  if (options.flag('json')) writeJsonLine(world, entry);
  else {
    const { screen } = openTerminal(world, options, { to: 'stdout' });
    screen.line(`${step} is marked as done by hand, in the log as entry ${entry.seq}`);
    screen.line([{ text: 'next: ', tone: 'strong' }, `resend-ops resume ${entry.run}`]);
  }
  return exitCodes.succeeded;
};
