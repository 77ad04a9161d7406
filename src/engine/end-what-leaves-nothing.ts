import type { AnyAction } from '../actions/action.ts';
import { exitCodes, OpsError } from '../errors.ts';
import type { RunState } from '../journal/run-state.ts';
import { foldRun } from '../journal/state.ts';
import type { Lease, Store } from '../journal/store.ts';
import type { Step } from '../runbook/runbook.ts';
import type { Drive } from './options.ts';

/** Whether no change that these steps can make leaves anything, so that a run of them never has to be undone. */
export function canOnlyLeaveNothing(steps: readonly Step[], actions: ReadonlyMap<string, AnyAction>): boolean {
  return steps.every((step) => {
    if (step.kind !== 'action') return canOnlyLeaveNothing(step.steps, actions);
    const action = actions.get(step.uses);
    return action?.kind === 'check' || action?.leavesNothing === true;
  });
}

/** Whether nothing of a run can be in the world, however far it came: all that it wrote, or could write, leaves nothing. */
export function leavesNothing(state: RunState): boolean {
  const changes = [...state.steps.values()].flatMap(({ change }) => (change === null ? [] : [change]));
  return (changes.length > 0 || state.leavesNothing) && changes.every((change) => change.leavesNothing);
}

/**
 * Ends the runs that hold one of the resources, where their process is known to be gone (or has let go) and nothing of
 * them can be in the world: nobody has to finish them before `run` may begin. It is told, and their log says who ended
 * them, and for what. Every other run keeps what it holds.
 */
export async function endWhatLeavesNothing(
  { store, actor, operator }: Pick<Drive, 'store' | 'actor' | 'operator'>,
  run: string,
  resources: readonly string[],
): Promise<void> {
  if (resources.length === 0) return;
  for (const { run: holder, claims, driver, started } of await store.runs()) {
    const resource = claims.find((claim) => resources.includes(claim));
    if (holder === run || resource === undefined || driver?.alive !== false) continue;
    if (!(await stillLeavesNothing(store, holder))) continue;
    const lease = await takeUp(store, holder, actor);
    if (lease === undefined) continue;
    // Whoever drove it in between is gone again, and may have gone further.
    if (!(await stillLeavesNothing(store, holder))) {
      await lease.release();
      continue;
    }
    const why = 'its process was gone, and what it wrote, if anything, is what was there before';
    const message = `${why}; ended by run ${run}, which needs ${resource}`;
    await lease.end({ type: 'run-ended', outcome: 'failed', exitCode: exitCodes.failed, message, left: [] });
    operator.tell(
      `${resource} was held by run ${holder} (${started.title}): ${why}. It was ended; nothing is to be undone.`,
    );
  }
}

async function stillLeavesNothing(store: Store, run: string): Promise<boolean> {
  const state = foldRun(await store.read(run));
  return state !== undefined && leavesNothing(state);
}

/** The right to drive it; undefined where somebody else drives it now, of whom the store tells whoever begins. */
async function takeUp(store: Store, run: string, actor: Drive['actor']): Promise<Lease | undefined> {
  try {
    return await store.drive(run, actor);
  } catch (error) {
    if (error instanceof OpsError && error.code === 'fenced') return undefined;
    throw error;
  }
}
