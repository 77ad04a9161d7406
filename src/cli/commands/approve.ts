import { refusalOf } from '../../engine/judge-approval.ts';
import { exitCodes } from '../../errors.ts';
import { approvedPlan, awaitedStep, refuse, sayApproval } from '../approve-run.ts';
import type { CommandRun } from '../command.ts';
import { writeJsonLine } from '../json-lines.ts';
import { stateFlags, withStore } from '../open-store.ts';
import { createPrompts } from '../operator/prompts.ts';
import { printApprovalScreen } from '../terminal/approval-screen.ts';
import { bannerOf, openTerminal } from '../terminal/open-terminal.ts';

/**
 * `resend-ops approve [RUN]`: another person agrees to exactly the plan that a run waits with. What is refused is
 * written to the run's log, too.
 */
export const approve: CommandRun = ({ world, args, options }) =>
  withStore(world, options, async (store) => {
    const asked = await awaitedStep(world, store, args[0]);
    const { state, step } = asked;
    const { screen } = openTerminal(world, options, { banner: bannerOf(state.mode, asked.simulated) });
    // Before anybody reads on: who may not approve is told at once.
    const early = refusalOf(state, step, { by: world.user, digest: asked.digest, atMs: world.clock.timeOfDay() });
    if (early !== undefined) return refuse(world, store, asked, early);
    printApprovalScreen(screen, state, step);
    const digest = await approvedPlan(asked, options.text('plan'), createPrompts(world, screen));
    if (digest === undefined) {
      screen.line({ text: 'not approved; nothing was written', tone: 'warning' });
      return exitCodes.stopped;
    }
    const { entry, count, of, isDriven } = await sayApproval(world, store, asked, digest);
    if (options.flag('json')) writeJsonLine(world, entry);
    screen.line({
      text: `approved by ${world.user}, in the log as entry ${entry.seq}: ${count} of ${of}`,
      tone: 'good',
    });
    const next = isDriven ? 'watch' : 'resume';
    screen.line([{ text: 'next: ', tone: 'strong' }, `resend-ops ${next} ${entry.run}${stateFlags(options)}`]);
    return exitCodes.succeeded;
  });
