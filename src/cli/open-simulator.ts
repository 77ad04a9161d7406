import { join } from 'node:path';
import { OpsError } from '../errors.ts';
import type { Scenario } from '../simulator/scenario.ts';
import { type Simulator, startSimulator } from '../simulator/simulator.ts';
import type { Clock } from '../world/clock.ts';
import type { Environment } from '../world/environment.ts';
import { createClock } from '../world/system-clock.ts';
import type { StopSignal, World } from '../world/world.ts';
import type { Options } from './command.ts';
import { readEnvironment } from './load-material.ts';
import { loadScenario } from './load-scenario.ts';

/** A simulator as `--scenario`, `--speed`, `--seed` and `--env` ask for it, in a private directory. */
export type OpenSimulator = {
  simulator: Simulator;
  clock: Clock;
  /** The environment that it imitates, and its name. */
  environment: Environment;
  environmentName: string;
  scenario: Scenario;
  scenarioName: string;
  /** A time of the journal (real) as the simulator's clock tells it. */
  clockTimeOf(realMs: number): number;
  /** Stops it and removes its directory. */
  close(): Promise<void>;
};

/** More would keep one processor busy by themselves. */
const mostCustomers = 100;

/** Starts the simulator. Throws `usage` and `invalid`; then nothing is left behind. */
export async function openSimulator(
  world: World,
  { directory, options, say }: { directory: string; options: Options; say: (text: string) => void },
): Promise<OpenSimulator> {
  const environmentName = options.text('env') ?? 'production';
  const environment = await readEnvironment(world, directory, environmentName);
  const scenarioName = options.text('scenario') ?? 'cloudflare-edge-down';
  const scenario = await loadScenario(world, directory, scenarioName);
  const clock = createClock({ speed: options.number('speed') ?? 1 });
  const seed = options.number('seed');
  const from = options.text('from');
  const customers = options.number('customers');
  if (customers !== undefined && customers > mostCustomers) {
    throw new OpsError('usage', `--customers ${customers}: more than ${mostCustomers}`, {
      hint: 'all of them are in this process, and send five requests a second each',
    });
  }
  const functionCode = await readFunction(world, directory);
  const home = await world.files.makeTemporaryDirectory('resend-ops-simulator-');
  try {
    const simulator = await startSimulator({
      environment,
      directory: home,
      clock,
      scenario,
      operator: world.user,
      say,
      ...(seed === undefined ? {} : { seed }),
      ...(customers === undefined ? {} : { clients: customers }),
      ...(from === undefined ? {} : { from }),
      ...(functionCode === undefined ? {} : { functionCode }),
    });
    return {
      simulator,
      clock,
      environment,
      environmentName,
      scenario,
      scenarioName,
      clockTimeOf: clock.at,
      async close() {
        try {
          await simulator.stop();
        } finally {
          await world.files.remove(home);
        }
      },
    };
  } catch (error) {
    await world.files.remove(home);
    throw error;
  }
}

/** The function of the fallback that comes with the runbooks, where there is one. */
async function readFunction(world: World, directory: string): Promise<string | undefined> {
  const path = join(directory, 'fallback', 'edge-router.js');
  return (await world.files.exists(path)) ? await world.files.readText(path) : undefined;
}

/** The signals that ask a command to stop. */
const stopSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Keeps the process alive through signals to stop, until silenced; `assertNone` throws `aborted` where one came. */
export function noteSignals(world: World): { assertNone(): void; silence(): void } {
  let asked: StopSignal | undefined;
  const unsubscribe = stopSignals.map((signal) =>
    world.onSignal(signal, () => {
      asked ??= signal;
    }),
  );
  return {
    assertNone() {
      if (asked === undefined) return;
      throw new OpsError('aborted', `stopped by ${asked} before anything was started`, {
        hint: 'nothing was written, nothing changed',
      });
    },
    silence() {
      for (const off of unsubscribe) off();
    },
  };
}

/** Resolves at the first signal to stop. */
export function untilStopped(world: World): Promise<StopSignal> {
  return new Promise((resolve) => {
    const unsubscribe = stopSignals.map((signal) =>
      world.onSignal(signal, () => {
        for (const off of unsubscribe) off();
        resolve(signal);
      }),
    );
  });
}
