import type { Entry } from '../journal/events.ts';
import type { Store } from '../journal/store.ts';
import type { Clock } from '../world/clock.ts';
import type { World } from '../world/world.ts';

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
export async function* entriesWhileDriven(watched: Watched, signal: AbortSignal): AsyncGenerator<Entry> {
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

/** Aborts when a signal says to stop, or nobody reads an output any more. `off` ends the listening. */
export function listenForStop(world: World): { signal: AbortSignal; off(): void } {
  const stop = new AbortController();
  const unsubscribe = [
    ...(['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => world.onSignal(signal, () => stop.abort())),
    ...[world.stdout, world.stderr].flatMap(({ onGone }) => onGone?.(() => stop.abort()) ?? []),
  ];
  return {
    signal: stop.signal,
    off() {
      for (const each of unsubscribe) each();
    },
  };
}
