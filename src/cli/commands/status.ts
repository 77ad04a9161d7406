import { actions } from '../../actions/index.ts';
import { approvalAwaited } from '../../engine/judge-approval.ts';
import { openAsJson, thingsLeftOpen } from '../../engine/left-open.ts';
import { resultOf } from '../../engine/result.ts';
import { exitCodes, OpsError } from '../../errors.ts';
import { foldRun } from '../../journal/state.ts';
import type { CommandRun } from '../command.ts';
import { findRun } from '../find-run.ts';
import { writeJsonLine } from '../json-lines.ts';
import { stateFlags, withStore } from '../open-store.ts';
import { bannerOf, openTerminal } from '../terminal/open-terminal.ts';
import { printStatus } from '../terminal/status-screen.ts';

/** `resend-ops status [RUN]`: where a run stands, from the log alone, and what to do next. */
export const status: CommandRun = ({ world, args, options }) =>
  withStore(world, options, async (store) => {
    const listing = await findRun(store, args[0]);
    const state = foldRun(await store.read(listing.run));
    if (state === undefined) {
      throw new OpsError('audit', `the log holds no beginning of run ${listing.run}`, {
        hint: 'see `resend-ops audit verify`',
      });
    }
    const { driver = null } = listing;
    const open = thingsLeftOpen(state, actions);
    if (options.flag('json')) {
      const { phase, released } = state;
      const approval = approvalAwaited(state);
      writeJsonLine(world, { ...resultOf(state), phase, released, driver, approval, leftOpen: openAsJson(open) });
    } else {
      const banner = bannerOf(state.mode, listing.started.simulated === true);
      const { screen } = openTerminal(world, options, { to: 'stdout', banner });
      printStatus(screen, state, { driver, open, flags: stateFlags(options) });
    }
    return exitCodes.succeeded;
  });
