import { type Diagnosis, diagnose } from '../report/doctor/diagnosis.ts';
import { examineProviders } from '../report/doctor/examine.ts';
import type { World } from '../world/world.ts';
import { examineMachine } from './examine-machine.ts';
import { locateRunbooks, locateState } from './locate.ts';
import { openEnvironment } from './open-environment.ts';

/** A diagnosis, and of which environment it is. */
export type Diagnosed = { diagnosis: Diagnosis; hostname: string; simulated: boolean };

/** Looks at this machine and asks the providers of an environment, at the same time. Throws `usage` or `invalid` for the files. */
export async function diagnoseAll(
  world: World,
  options: { environment: string; runbooks: string | undefined; stateDir: string | undefined },
): Promise<Diagnosed> {
  const runbooks = await locateRunbooks(world, options.runbooks);
  const { environment, placeholders, edges } = await openEnvironment(world, runbooks, options.environment);
  const state = locateState(world, options.stateDir);
  const [machine, { clock, access, independence, dependencies }] = await Promise.all([
    examineMachine(world, { runbooks, state, placeholders }),
    examineProviders({ env: environment, edges, clock: world.clock }),
  ]);
  const sections = { machine: [...machine, clock], access, dependencies };
  return {
    diagnosis: diagnose(environment, world.clock.now(), { sections, independence }),
    hostname: environment.hostname,
    simulated: environment.simulated === true,
  };
}
