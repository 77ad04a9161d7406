import { approversOf, type Refusal, refusalOf, shortDigest, stepAwaitingApproval } from '../engine/judge-approval.ts';
import { OpsError } from '../errors.ts';
import type { Entry } from '../journal/events.ts';
import type { ApprovalState, RunState, StepState } from '../journal/run-state.ts';
import { foldRun } from '../journal/state.ts';
import type { Store } from '../journal/store.ts';
import type { World } from '../world/world.ts';
import { actorOf } from './actor.ts';
import { findRun } from './find-run.ts';
import type { Prompts } from './operator/prompts.ts';
import { pinnedMaterial } from './pinned-material.ts';

/** What a run has asked to be approved. `digest`: of the plan that it waits with. */
type AskedApproval = {
  state: RunState;
  step: StepState & { approval: ApprovalState };
  digest: string;
  simulated: boolean;
};

/** How much of a digest must be given, so that it is surely the one that was read. */
const leastDigits = 8;

/** The step of a run that waits for approvals, or did last. Throws `usage` where none ever asked. */
export async function awaitedStep(world: World, store: Store, run: string | undefined): Promise<AskedApproval> {
  const found = await findRun(store, run);
  // Its environment names the secrets that must not be said.
  const { environment } = await pinnedMaterial(world, store, found);
  const state = foldRun(await store.read(found.run));
  const asked = [...(state?.steps.values() ?? [])].filter(isAsked);
  const waiting = state === undefined ? undefined : stepAwaitingApproval(state);
  const step = asked.find(({ id }) => id === waiting?.id) ?? asked.at(-1);
  if (state === undefined || step === undefined) {
    throw new OpsError('usage', `run ${found.run} has asked for no approval`, {
      hint: `see where it stands: \`resend-ops status ${found.run}\``,
    });
  }
  return { state, step, digest: step.approval.digest, simulated: environment.simulated === true };
}

function isAsked(step: StepState): step is AskedApproval['step'] {
  return step.approval !== null;
}

/**
 * The digest that the person means: of `--plan`, or typed after reading. Undefined where they decline. Throws `usage`
 * without a terminal and without `--plan`.
 */
export async function approvedPlan(
  { digest }: AskedApproval,
  given: string | undefined,
  prompts: Prompts | undefined,
): Promise<string | undefined> {
  if (given !== undefined) return completed(given.trim().toLowerCase(), digest);
  const first = digest.slice(0, leastDigits);
  if (prompts === undefined) {
    throw new OpsError('usage', 'there is no terminal to ask on, and --plan is missing', {
      hint: `read what changes above, then say which plan you mean: --plan ${shortDigest(digest)}`,
    });
  }
  const typed = await prompts.input(`Type ${first} to approve of this plan, anything else to stop`);
  return typed.kind === 'answered' && typed.value.trim().toLowerCase() === first ? digest : undefined;
}

/** A beginning of the plan's digest means it; the beginning of another is another plan, to be refused as such. */
function completed(given: string, digest: string): string {
  if (!new RegExp(`^[0-9a-f]{${leastDigits},64}$`).test(given)) {
    throw new OpsError('usage', `--plan "${given}" is not the beginning of a digest`, {
      hint: `give its first ${leastDigits} digits or more, as the run shows them`,
    });
  }
  return digest.startsWith(given) ? digest : given;
}

/** What came of an approval that counts. */
type Said = { entry: Entry; count: number; of: number; isDriven: boolean };

/** Says the approval to the run, as it now is: what has changed while a person was reading refuses it. Throws `refused`. */
export async function sayApproval(world: World, store: Store, asked: AskedApproval, digest: string): Promise<Said> {
  const { run } = asked.state;
  const state = foldRun(await store.read(run));
  const step = state?.steps.get(asked.step.id);
  if (state === undefined || step === undefined || !isAsked(step)) {
    throw new OpsError('audit', `the log holds no step ${asked.step.id} of run ${run} any more`);
  }
  const now = { ...asked, state, step };
  const said = { by: world.user, digest, atMs: world.clock.timeOfDay() };
  const refusal = refusalOf(state, step, said) ?? givenBefore(now, world.user);
  if (refusal !== undefined) return refuse(world, store, { ...now, digest }, refusal);
  const entry = await store.say(run, actorOf(world), {
    type: 'approval-given',
    step: step.id,
    digest,
    how: 'command',
  });
  const listing = await findRun(store, run);
  const count = approversOf(state, step).length + 1;
  return { entry, count, of: step.approval.count, isDriven: listing.driver?.alive === true };
}

function givenBefore({ state, step }: AskedApproval, user: string): Refusal | undefined {
  if (!approversOf(state, step).includes(user)) return undefined;
  return { why: 'given-before', message: `${user} has approved of this plan already, and counts once` };
}

const hints = {
  runner: 'ask somebody else of those who may approve',
  stranger: 'who may approve is named in the runbook or the environment that the run was started with',
  'other-plan': 'read the plan again: `resend-ops approve`',
  expired: 'nothing was changed; the run must ask again',
  'not-asked': 'see where the run stands: `resend-ops status`',
  'given-before': 'another person must approve, too',
} as const;

/** Writes to the run's log that an approval was refused, then throws `refused`. */
export async function refuse(
  world: World,
  store: Store,
  { state, step, digest }: AskedApproval,
  { why, message }: Refusal,
): Promise<never> {
  const by = world.user;
  await store.say(state.run, actorOf(world), { type: 'approval-refused', step: step.id, digest, by, why, message });
  throw new OpsError('refused', message, { hint: hints[why] });
}
