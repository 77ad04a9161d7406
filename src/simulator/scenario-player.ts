import type { Clock } from '../world/clock.ts';
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
 * Plays a scenario's timeline on the world by the clock, in order of time. What stands at 0 s is done when this
 * returns, so that the world is broken before anyone looks. `say` gets the timeline's words for people.
 */
export function playScenario(options: {
  scenario: Scenario;
  world: SimulatedWorld;
  clock: Clock;
  say?(text: string): void;
}): ScenarioPlayer {
  const { scenario, world, clock } = options;
  const stopped = new AbortController();
  const startedAtMs = clock.now();
  const moments = scenario.timeline.toSorted((left, right) => left.at - right.at);

  const play = ({ set, clear, say }: Scenario['timeline'][number]) => {
    for (const component of clear) setFault(world, component, undefined, clock.now());
    for (const component of componentSchema.options) {
      const fault = set[component];
      if (fault !== undefined) setFault(world, component, fault, clock.now());
    }
    if (say !== undefined) options.say?.(say);
  };
  for (const moment of moments.filter(({ at }) => at === 0)) play(moment);

  const playRest = async () => {
    for (const moment of moments.filter(({ at }) => at > 0)) {
      await clock.sleep(Math.max(0, startedAtMs + moment.at - clock.now()), stopped.signal);
      play(moment);
    }
  };
  const done = playRest().catch((error: unknown) => {
    if (!stopped.signal.aborted) throw error;
  });
  return { done, stop: () => stopped.abort() };
}
