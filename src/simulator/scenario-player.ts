import { OpsError } from '../errors.ts';
import type { Clock } from '../world/clock.ts';
import { bringAbout } from './conditions.ts';
import { componentSchema } from './fault-schema.ts';
import { setFault } from './faults.ts';
import type { Scenario } from './scenario.ts';
import type { SimulatedWorld } from './state.ts';

/** A scenario that plays. */
export type ScenarioPlayer = {
  /** Resolves when the last moment of the timeline has been played, or at once after `stop`. */
  done: Promise<void>;
  /** Ends it: nothing more is broken or repaired. What is broken stays so. */
  stop(): void;
};

/**
 * Plays a scenario's timeline on the world by the clock, in order of time, from its beginning or from a marked moment.
 * What stands there, and what stood before and lasts, is done when this returns, so that the world is broken before
 * anyone looks; what flaps has flapped since it was set. `say` gets the timeline's words for people. Throws `usage`
 * for a mark that the scenario does not have.
 */
export function playScenario(options: {
  scenario: Scenario;
  world: SimulatedWorld;
  clock: Clock;
  /** The `mark` of the moment to begin at. */
  from?: string;
  say?(text: string): void;
}): ScenarioPlayer {
  const { scenario, world, clock } = options;
  const stopped = new AbortController();
  const moments = scenario.timeline.toSorted((left, right) => left.at - right.at);
  const beginsAt = options.from === undefined ? 0 : beginningOf(scenario, options.from);
  /** When the scenario's time was zero, by the clock; for one that begins later, before it began. */
  const zeroMs = clock.now() - beginsAt;

  const play = ({ at, set, clear, become, say }: Scenario['timeline'][number]) => {
    for (const component of clear) setFault(world, component, undefined, zeroMs + at);
    for (const component of componentSchema.options) {
      const fault = set[component];
      if (fault !== undefined) setFault(world, component, fault, zeroMs + at);
    }
    for (const condition of become) bringAbout(world, condition);
    // What was said before a later beginning is news no more.
    if (say !== undefined && at >= beginsAt) options.say?.(say);
  };
  for (const moment of moments.filter(({ at }) => at <= beginsAt)) play(moment);

  const playRest = async () => {
    for (const moment of moments.filter(({ at }) => at > beginsAt)) {
      await clock.sleep(Math.max(0, zeroMs + moment.at - clock.now()), stopped.signal);
      play(moment);
    }
  };
  const done = playRest().catch((error: unknown) => {
    if (!stopped.signal.aborted) throw error;
  });
  return { done, stop: () => stopped.abort() };
}

function beginningOf(scenario: Scenario, mark: string): number {
  const moment = scenario.timeline.find((candidate) => candidate.mark === mark);
  if (moment !== undefined) return moment.at;
  const known = scenario.timeline.flatMap((candidate) => candidate.mark ?? []);
  throw new OpsError('usage', `the scenario has no moment marked ${mark}`, {
    hint: known.length === 0 ? 'leave --from out: no moment of it is marked' : `it has: ${known.join(', ')}`,
  });
}
