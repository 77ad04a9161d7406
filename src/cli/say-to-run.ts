import type { Entry, Event } from '../journal/events.ts';
import type { RunState } from '../journal/run-state.ts';
import { foldRun } from '../journal/state.ts';
import { actorOf } from './actor.ts';
import type { Invocation } from './command.ts';
import { findRun } from './find-run.ts';
import { withStore } from './open-store.ts';
import { pinnedMaterial } from './pinned-material.ts';

/**
 * Says something to a run, whoever drives it, and answers the entry. What is said is masked with the run's own secrets.
 * `eventFor` sees the run's state first, and throws where the event makes no sense for it.
 */
export async function sayToRun(
  { world, args, options }: Invocation,
  eventFor: (state: RunState | undefined, run: string) => Event,
): Promise<Entry> {
  return withStore(world, options, async (store) => {
    const found = await findRun(store, args[0]);
    const event = eventFor(foldRun(await store.read(found.run)), found.run);
    // Its environment names the secrets that must not be said.
    await pinnedMaterial(world, store, found);
    return store.say(found.run, actorOf(world), event);
  });
}
