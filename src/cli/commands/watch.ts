import { actions } from '../../actions/index.ts';
import { thingsLeftOpen } from '../../engine/left-open.ts';
import { exitCodes } from '../../errors.ts';
import type { RunState } from '../../journal/run-state.ts';
import { advance, begin } from '../../journal/state.ts';
import type { CommandRun } from '../command.ts';
import { entriesWhileDriven, listenForStop } from '../entries-while-driven.ts';
import { findRun } from '../find-run.ts';
import { writeJsonLine } from '../json-lines.ts';
import { stateFlags, withStore } from '../open-store.ts';
import { bannerOf, openTerminal } from '../terminal/open-terminal.ts';
import { createRunView } from '../terminal/run-view.ts';
import { printStatus } from '../terminal/status-screen.ts';

/** `resend-ops watch [RUN]`: shows a run as its driver sees it, until it ends, nobody drives it any more, or Ctrl-C. */
export const watch: CommandRun = ({ world, args, options }) =>
  withStore(world, options, async (store) => {
    const { run, started, driver, ended } = await findRun(store, args[0]);
    const { screen, spinner, isTTY } = openTerminal(world, options, {
      banner: bannerOf(started.mode, started.simulated === true),
    });
    const view = await createRunView({
      screen,
      spinner,
      clock: world.clock,
      objective: undefined,
      full: !isTTY || options.flag('verbose'),
      flags: stateFlags(options),
    });
    const stop = listenForStop(world);
    const isLive = driver?.alive === true && ended === undefined;
    let state: RunState | undefined;
    try {
      // Without a living driver there is nothing to wait for: what there is, is shown.
      const watched = { store, run, clock: world.clock };
      const entries = isLive ? entriesWhileDriven(watched, stop.signal) : await store.read(run);
      for await (const entry of entries) {
        if (state === undefined && entry.type === 'run-started') state = begin(entry);
        else if (state !== undefined) advance(state, entry);
        if (state === undefined) continue;
        if (options.flag('json')) writeJsonLine(world, entry);
        view.entry(entry, state);
        if (isLive && state.phase === 'suspended') break;
      }
    } finally {
      view.stop();
      stop.off();
    }
    if (stop.signal.aborted) {
      screen.line(`no longer watched; the run goes on: resend-ops status ${run}${stateFlags(options)}`);
      return exitCodes.succeeded;
    }
    if (state === undefined) return exitCodes.succeeded;
    const { driver: last = null } = await findRun(store, run);
    printStatus(screen, state, { driver: last, open: thingsLeftOpen(state, actions), flags: stateFlags(options) });
    // Where its process is gone, what it was to do is not done.
    return state.ending?.exitCode ?? (state.mode === 'live' ? exitCodes.needsAttention : exitCodes.succeeded);
  });
