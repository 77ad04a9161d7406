import { actions } from '../../actions/index.ts';
import { thingsLeftOpen } from '../../engine/left-open.ts';
import { type ExitCode, exitCodes } from '../../errors.ts';
import type { Entry } from '../../journal/events.ts';
import type { RunState } from '../../journal/run-state.ts';
import { advance, begin } from '../../journal/state.ts';
import type { Store } from '../../journal/store.ts';
import type { Clock } from '../../world/clock.ts';
import type { CommandRun } from '../command.ts';
import { findRun } from '../find-run.ts';
import { writeJsonLine } from '../json-lines.ts';
import { stateFlags, withStore } from '../open-store.ts';
import { bannerOf, openTerminal } from '../terminal/open-terminal.ts';
import { createRunView } from '../terminal/run-view.ts';
import { printStatus } from '../terminal/status-screen.ts';

/** How often it is asked whether the driver lives, in milliseconds; where `ps` has to be asked, that costs a process. */
const askEveryMs = 2_000;

type Watched = { store: Store; run: string; clock: Clock };

/** Resolves once nobody drives the run any more, which is not necessarily its end; or when the signal aborts. */
async function untilNobodyDrives({ store, run, clock }: Watched, signal: AbortSignal): Promise<void> {
  for (let drives = true; drives; ) {
    try {
      await clock.sleep(askEveryMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    drives = (await store.runs()).some((each) => each.run === run && each.driver?.alive === true);
  }
}

/** The entries of a run as they come, until it ends, nobody drives it any more, or the signal aborts. */
async function* entriesOf(watched: Watched, signal: AbortSignal): AsyncGenerator<Entry> {
  const { store, run } = watched;
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  let trouble: unknown;
  const undriven = untilNobodyDrives(watched, stop)
    .catch((error: unknown) => {
      trouble = error;
    })
    .finally(() => over.abort());
  let lastSeq = 0;
  try {
    for await (const entry of store.watch(run, 0, stop)) {
      lastSeq = entry.seq;
      yield entry;
    }
    if (trouble !== undefined) throw trouble;
    // What it wrote just before it died.
    if (over.signal.aborted && !signal.aborted) yield* await store.read(run, lastSeq + 1);
  } finally {
    over.abort();
    await undriven;
  }
}

/**
 * `resend-ops watch [RUN]`: shows a run as its driver sees it, until it ends, a person must finish it, nobody drives it any
 * more, or Ctrl-C.
 */
export const watch: CommandRun = ({ world, args, options }) =>
  withStore(world, options, async (store) => {
    const { run, started, driver, ended } = await findRun(store, args[0]);
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
      const entries = isLive ? entriesOf({ store, run, clock: world.clock }, stop.signal) : await store.read(run);
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
      const { driver: last = null } = await findRun(store, run);
      printStatus(terminal.screen, state, { driver: last, open, flags: stateFlags(options) });
      // Its process is gone, and what it was to do is not done.
      if (state.ending === null && state.mode === 'live') return exitCodes.needsAttention;
    }
    return code;
  });
