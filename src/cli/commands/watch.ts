import { actions } from '../../actions/index.ts';
import { thingsLeftOpen } from '../../engine/left-open.ts';
import { type ExitCode, exitCodes } from '../../errors.ts';
import type { RunState } from '../../journal/run-state.ts';
import { advance, begin } from '../../journal/state.ts';
import type { CommandRun } from '../command.ts';
import { findRun } from '../find-run.ts';
import { writeJsonLine } from '../json-lines.ts';
import { stateFlags, withStore } from '../open-store.ts';
import { bannerOf, openTerminal } from '../terminal/open-terminal.ts';
import { createRunView } from '../terminal/run-view.ts';
import { printStatus } from '../terminal/status-screen.ts';

/** `resend-ops watch [RUN]`: shows a run as its driver sees it, until it ends, a person must finish it, or Ctrl-C. */
export const watch: CommandRun = ({ world, args, options }) =>
  withStore(world, options, async (store) => {
    const { run, started, driver = null, ended } = await findRun(store, args[0]);
    const terminal = openTerminal(world, options, { banner: bannerOf(started.mode, started.simulated === true) });
    const view = await createRunView({
      screen: terminal.screen,
      spinner: terminal.spinner,
      clock: world.clock,
      objective: undefined,
      full: !terminal.isTTY || options.flag('verbose'),
      flags: stateFlags(options),
    });
    const stop = new AbortController();
    const unsubscribe = [
      ...(['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => world.onSignal(signal, () => stop.abort())),
      ...[world.stdout, world.stderr].flatMap(({ onGone }) => onGone?.(() => stop.abort()) ?? []),
    ];
    const isLive = driver?.alive === true && ended === undefined;
    let state: RunState | undefined;
    let code: ExitCode = exitCodes.succeeded;
    try {
      // Without a living driver there is nothing to wait for: what there is, is shown.
      const entries = isLive ? store.watch(run, 0, stop.signal) : await store.read(run);
      for await (const entry of entries) {
        if (state === undefined && entry.type === 'run-started') state = begin(entry);
        else if (state !== undefined) advance(state, entry);
        if (state === undefined) continue;
        if (options.flag('json')) writeJsonLine(world, entry);
        view.entry(entry, state);
        code = state.ending?.exitCode ?? exitCodes.succeeded;
        if (isLive && state.phase === 'suspended') break;
      }
    } finally {
      view.stop();
      for (const off of unsubscribe) off();
    }
    if (stop.signal.aborted) {
      terminal.screen.line(`no longer watched; the run goes on: resend-ops status ${run}${stateFlags(options)}`);
      return exitCodes.succeeded;
    }
    if (state !== undefined) {
      const open = thingsLeftOpen(state, actions);
      printStatus(terminal.screen, state, { driver, open, flags: stateFlags(options) });
    }
    return code;
  });
