import type { Entry, Event } from '../journal/events.ts';
import type { RunState } from '../journal/run-state.ts';
import { foldRun } from '../journal/state.ts';
import type { Invocation } from './command.ts';
import { findRun } from './find-run.ts';
import { openStore, withStore } from './open-store.ts';
import { pinnedMaterial } from './pinned-material.ts';
import { secretReader } from './secrets.ts';

/**
 * Says something to a run, whoever drives it, and answers the entry. What is said is masked with the run's own secrets.
 * `eventFor` sees the run's state first, and throws where the event makes no sense for it.
 */
export async function sayToRun(
  { world, args, options }: Invocation,
  eventFor: (state: RunState | undefined, run: string) => Event,
): Promise<Entry> {
  const { run, event, secrets } = await withStore(world, options, async (store) => {
    const found = await findRun(store, args[0]);
    const said = eventFor(foldRun(await store.read(found.run)), found.run);
    const { environment } = await pinnedMaterial(world, store, found);
    const secret = secretReader(environment, world.variables);
    return {
      run: found.run,
      event: said,
      secrets: Object.keys(environment.secrets).flatMap((name) => secret(name) ?? []),
    };
  });
  const store = openStore(world, options, secrets);
  try {
    return await store.say(run, { user: world.user, host: world.host }, event);
  } finally {
    await store.close();
  }
}
