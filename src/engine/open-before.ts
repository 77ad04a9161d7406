import type { AnyAction } from '../actions/action.ts';
import type { RunState } from '../journal/run-state.ts';
import { foldRun } from '../journal/state.ts';
import type { Store } from '../journal/store.ts';
import { type OpenThing, thingsOpenAfter } from './left-open.ts';

/** How far back is looked, and at how many runs: an incident takes days, not months. */
const reach = { ms: 7 * 24 * 3_600_000, runs: 20 } as const;

/**
 * What earlier live runs in the same environment have opened before others and nobody has closed by a run since, `state`
 * included. A simulated environment has another name. Throws `audit` where the log cannot be read.
 */
export async function thingsOpenBefore(
  store: Store,
  state: RunState,
  actions: ReadonlyMap<string, AnyAction>,
): Promise<OpenThing[]> {
  if (state.mode !== 'live') return [];
  const earlier = (await store.runs()).filter(
    ({ run, started, intends }) =>
      intends &&
      run !== state.run &&
      started.mode === 'live' &&
      started.hostname === state.hostname &&
      started.environment === state.environment &&
      Date.parse(started.time) <= state.startedAtMs &&
      Date.parse(started.time) > state.startedAtMs - reach.ms,
  );
  const states: RunState[] = [];
  for (const { run } of earlier.slice(-reach.runs)) {
    const folded = foldRun(await store.read(run));
    if (folded !== undefined) states.push(folded);
  }
  return thingsOpenAfter([...states, state], actions).filter(({ run }) => run !== state.run);
}
