import type { AnyAction } from '../../src/actions/action.ts';
import type { StartOptions } from '../../src/engine/options.ts';
import { openSession, type Session, tellTimeline } from '../../src/engine/session.ts';
import { OpsError } from '../../src/errors.ts';
import type { Entry, Event } from '../../src/journal/events.ts';
import type { Lease } from '../../src/journal/store.ts';
import type { Clock } from '../../src/world/clock.ts';
import { folded, type Told, entriesOf as toldEntries } from '../journal/support/entries.ts';
import { entriesOf } from './folded.ts';

/** A clock that stands still but for who sleeps, and then goes on at once. `slept`: for how long, each time. */
export function standingClock(speed = 1): Clock & { slept: number[]; boxes: number[] } {
  const slept: number[] = [];
  const boxes: number[] = [];
  let nowMs = 0;
  return {
    speed,
    slept,
    boxes,
    now: () => nowMs,
    timeOfDay: () => nowMs,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      // Who does not wait has gone on before.
      await new Promise(setImmediate);
      slept.push(ms);
      nowMs += ms;
    },
    timeBox(ms) {
      boxes.push(ms);
      return { signal: new AbortController().signal, cancel: () => undefined };
    },
  };
}

type More = {
  actions?: readonly AnyAction[];
  clock?: Clock;
  first?: Parameters<typeof entriesOf>[1];
  lease?: Partial<Lease>;
  /** How many entries the log takes, before it is full; all, where it says nothing. */
  takes?: number;
  /** How the log stamps what it is told; as {@link entriesOf} does, where it says nothing. */
  stamp?: typeof toldEntries;
};

/** A session on a run that has come as far as `before` tells, with a log in memory. `recorded`: what it has written since; `refused`: what it tried to when it was full. */
export function sessionOn(
  options: StartOptions,
  before: readonly Event[],
  more: More = {},
): { session: Session; recorded: Event[]; refused: Event[] } {
  const stamp = more.stamp ?? entriesOf;
  const entries = stamp(before, more.first);
  const state = folded(entries);
  const recorded: Event[] = [];
  const refused: Event[] = [];
  const append = async (event: Event): Promise<Entry> => {
    // As of a disk: who goes on without waiting for the log has gone on before it has the entry.
    await new Promise(setImmediate);
    if (recorded.length >= (more.takes ?? Number.POSITIVE_INFINITY)) {
      refused.push(event);
      throw new OpsError('audit', 'no space left on device');
    }
    recorded.push(event);
    const all = stamp([...before, ...recorded], more.first);
    const entry = all.at(-1);
    if (entry === undefined) throw new Error('there is no entry');
    return entry;
  };
  const lease: Lease = {
    ...{ run: state.run, epoch: 1, quarantineMs: 0, append, end: append },
    ensure: async () => undefined,
    release: async () => undefined,
    failure: () => undefined,
    ...more.lease,
  };
  const actions = new Map([
    ...options.actions,
    ...(more.actions ?? []).map((one): [string, AnyAction] => [one.name, one]),
  ]);
  const session = openSession({ ...options, actions, clock: more.clock ?? standingClock() }, options, lease, state);
  tellTimeline(session, entries);
  return { session, recorded, refused };
}

/** A session on a run that `ana` began, with the clock of `options`; see `entriesOf` of the journal's tests. */
export function sessionOfTold(options: StartOptions, told: readonly Told[] = []) {
  return sessionOn(options, told, { clock: options.clock, stamp: toldEntries });
}
