import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StartOptions } from '../../src/engine/options.ts';
import { openSession, type Session } from '../../src/engine/session.ts';
import type { Entry, Event } from '../../src/journal/events.ts';
import type { Lease } from '../../src/journal/store.ts';
import { entriesOf, runOf, type Told } from '../journal/support/entries.ts';

/** A session on a run that has come as far as `told`, with a log in memory; `recorded` is what it adds. */
export function sessionOn(options: StartOptions, told: readonly Told[] = []): { session: Session; recorded: Event[] } {
  const recorded: Event[] = [];
  const append = async (event: Event): Promise<Entry> => {
    // As a disk takes its time: who does not wait for an entry goes on without it.
    await nextTurn();
    recorded.push(event);
    const entry = entriesOf([...told, ...recorded]).at(-1);
    if (entry === undefined) throw new Error('an entry was told');
    return entry;
  };
  const lease: Lease = {
    ...{ run: 'run-1', epoch: 1, quarantineMs: 0, append, end: append },
    ensure: async () => undefined,
    release: async () => undefined,
    failure: () => undefined,
  };
  return { session: openSession(options, options, lease, runOf(told)), recorded };
}
