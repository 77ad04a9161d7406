import { createFileStore } from '../journal/file-store.ts';
import type { Store } from '../journal/store.ts';
import { isAlive, readSelf } from '../world/process-identity.ts';
import { quoteForShell } from '../world/quote-for-shell.ts';
import type { World } from '../world/world.ts';
import type { Options } from './command.ts';
import { stateFlagsFor } from './complete-commands.ts';
import { locateState } from './locate.ts';

/** Opens the store of `--state-dir`. Whatever is written is masked of what the world's redactor knows. Close it after use. */
export function openStore(world: World, options: Options): Store {
  const self = readSelf();
  return createFileStore({
    directory: locateState(world, options.text('stateDir')),
    redact: world.redactor,
    clock: { now: world.clock.timeOfDay, sleep: world.clock.sleep },
    self,
    isAlive: (other) => isAlive(other, self),
  });
}

/** What a next command must repeat, so that it finds the same runs: ` --state-dir DIR`, or nothing. */
export function stateFlags(options: Options): string {
  return stateFlagsFor(options.text('stateDir'));
}

/** What a next command that runs a runbook must repeat besides: ` --runbooks DIR`, or nothing. */
export function runbooksFlag(options: Options): string {
  const directory = options.text('runbooks');
  return directory === undefined ? '' : ` --runbooks ${quoteForShell(directory)}`;
}

/** Opens the store for `work`, and closes it whatever happens. */
export async function withStore<T>(world: World, options: Options, work: (store: Store) => Promise<T>): Promise<T> {
  const store = openStore(world, options);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
