import { exitCodes, OpsError } from '../../errors.ts';
import { foldRun } from '../../journal/state.ts';
import { suggest } from '../../runbook/closest.ts';
import type { CommandRun } from '../command.ts';
import { findRun } from '../find-run.ts';
import { writeJsonLine } from '../json-lines.ts';
import { openStore, withStore } from '../open-store.ts';
import { pinnedMaterial } from '../pinned-material.ts';
import { secretReader } from '../secrets.ts';
import { openTerminal } from '../terminal/open-terminal.ts';

/** `resend-ops mark-done RUN STEP --evidence TEXT`: a person did it, and says how they know. */
export const markDone: CommandRun = async ({ world, args, options }) => {
  const evidence = options.text('evidence')?.trim() ?? '';
  if (evidence === '') {
    throw new OpsError('usage', '--evidence is missing: how do you know that it is done?', {
      hint: 'for example --evidence "dashboard shows the load balancer disabled, 03:12 UTC"',
    });
  }
  const step = args[1] ?? '';
  const { run, secrets } = await withStore(world, options, async (store) => {
    const found = await findRun(store, args[0]);
    const steps = [...(foldRun(await store.read(found.run))?.steps.keys() ?? [])];
    if (!steps.includes(step)) {
      throw new OpsError('usage', `run ${found.run} has begun no step ${step}`, { hint: suggest(step, steps) });
    }
    const { environment } = await pinnedMaterial(world, store, found);
    const secret = secretReader(environment, world.variables);
    return { run: found.run, secrets: Object.keys(environment.secrets).flatMap((name) => secret(name) ?? []) };
  });
  const store = openStore(world, options, secrets);
  try {
    const entry = await store.say(run, { user: world.user, host: world.host }, { type: 'marked-done', step, evidence });
    if (options.flag('json')) writeJsonLine(world, entry);
    else {
      const { screen } = openTerminal(world, options, { to: 'stdout' });
      screen.line(`${step} is marked as done by hand, in the log as entry ${entry.seq}`);
      screen.line([{ text: 'next: ', tone: 'strong' }, `resend-ops resume ${run}`]);
    }
    return exitCodes.succeeded;
  } finally {
    await store.close();
  }
};
