import { OpsError } from '../errors.ts';
import type { Event, PinnedDocument } from '../journal/events.ts';
import { foldRun } from '../journal/state.ts';
import type { Lease } from '../journal/store.ts';
import { suggest } from '../runbook/closest.ts';
import { evaluate, resolveTemplate } from '../runbook/evaluate.ts';
import type { Scope, Step } from '../runbook/runbook.ts';
import { assertApprovable } from './approval-rule.ts';
import { asJson } from './as-json.ts';
import { checkInputs, remedyAtStart } from './check-inputs.ts';
import { driven, driveRun } from './drive-run.ts';
import { canOnlyLeaveNothing, endWhatLeavesNothing } from './end-what-leaves-nothing.ts';
import type { StartOptions } from './options.ts';
import { checkCredentials } from './preflight.ts';
import { preliminaryContext } from './preliminary-context.ts';
import type { RunResult } from './result.ts';
import { newRunId } from './run-id.ts';
import { openSession, shortIdOf, tellTimeline } from './session.ts';

/**
 * Starts a run and drives it to its end. Throws an `OpsError` where nothing has started: `usage` (an answer is missing),
 * `invalid` (a step cannot use what was given), `credentials`, `busy`, `audit`. Once it has started, how it ended is the result.
 */
export async function startRun(options: StartOptions): Promise<RunResult> {
  const run = newRunId(options.clock.now(), options.seed);
  const identity = {
    id: run,
    shortId: shortIdOf(run),
    runbook: options.runbook.name,
    title: options.runbook.title,
    mode: options.mode,
  };
  const scope: Scope = {
    inputs: options.inputs,
    env: asJson(options.environment),
    run: { id: run, shortId: identity.shortId, runbook: identity.runbook, mode: identity.mode },
    steps: {},
  };
  assertKnownGuards(options);
  checkInputs(options, options, scope, { remedy: remedyAtStart(options) });
  const resource = lockOf(options, run, scope);
  if (options.mode !== 'dry-run') {
    assertApprovable(options, scope);
    await assertAnswerable(options, scope);
  }
  await checkCredentials(options, options, options.overrides, scope, (step, signal) =>
    preliminaryContext(options, identity, step, signal),
  );
  if (options.interrupts.stopAsked.aborted) {
    throw new OpsError('aborted', 'stopped before anything was started', {
      hint: 'nothing was written, nothing changed',
    });
  }
  const documents = await pinDocuments(options);
  const durations = Object.keys(options.inputs).filter((name) => options.runbook.inputs[name]?.type === 'duration');
  const first: Extract<Event, { type: 'run-started' }> = {
    type: 'run-started',
    runbook: options.runbook.name,
    title: options.runbook.title,
    mode: options.mode,
    speed: options.clock.speed,
    environment: options.environmentName,
    ...(options.environment.simulated === true && { simulated: true }),
    hostname: options.environment.hostname,
    inputs: options.inputs,
    ...(durations.length > 0 && { durations }),
    documents,
    resources: resource === undefined ? [] : [resource],
    overrides: options.overrides,
    version: options.version,
    ...(canOnlyLeaveNothing(options.runbook.steps, options.actions) && { leavesNothing: true as const }),
  };
  await endWhatLeavesNothing(options, run, first.resources);
  const lease = await begin(options, run, first);
  const entries = await options.store.read(run);
  const state = foldRun(entries);
  if (state === undefined) throw new OpsError('audit', `run ${run} was begun, and the log does not show it`);
  for (const entry of entries) options.subscribe?.(entry, state);
  const session = openSession(options, options, lease, state);
  tellTimeline(session, entries);
  return await driven(session, () => driveRun(session));
}

/** Begins and drives a run. One that the log took, and then failed to let anyone drive, holds its claim: that is told. */
async function begin(
  options: StartOptions,
  run: string,
  first: Extract<Event, { type: 'run-started' }>,
): Promise<Lease> {
  try {
    await options.store.begin(run, options.actor, first.resources, first);
    return await options.store.drive(run, options.actor);
  } catch (error) {
    if (!(error instanceof OpsError) || error.code !== 'audit') throw error;
    const isBegun = await options.store.read(run).then(
      (entries) => entries.length > 0,
      () => false,
    );
    if (!isBegun) throw error;
    throw new OpsError('audit', error.message, {
      cause: error,
      hint: `${error.hint ?? 'look at the log'}. Run ${run} has begun and changed nothing: go on with \`resend-ops resume ${run}\``,
    });
  }
}

/** Every override must name a guard that this runbook has: a misspelt one would be found out at the worst moment. */
function assertKnownGuards({ runbook, actions, overrides }: StartOptions): void {
  const guards = new Set(['credentials', ...guardsOf(runbook.steps, actions)]);
  for (const guard of Object.keys(overrides)) {
    if (guards.has(guard)) continue;
    throw new OpsError('usage', `--override ${guard}: this runbook has no such guard`, {
      hint: suggest(guard, guards),
    });
  }
}

function guardsOf(steps: readonly Step[], actions: StartOptions['actions']): string[] {
  return steps.flatMap((step) => {
    if (step.kind !== 'action') return guardsOf(step.steps, actions);
    const action = actions.get(step.uses);
    const planned = action?.kind === 'change' ? (action.guards ?? []) : [];
    return step.expect === undefined ? [...planned] : [...planned, action?.guard ?? step.id];
  });
}

/** The resource to claim; a dry run claims none, and a rehearsal's world is its own. */
function lockOf(options: StartOptions, run: string, scope: Scope): string | undefined {
  const { lock, lockWhen } = options.runbook;
  if (lock === undefined || options.mode === 'dry-run') return undefined;
  if (lockWhen !== undefined) {
    const holds = evaluate(lockWhen, scope);
    // Where it cannot be told, it is held: two runs at one resource are worse than one that waits.
    if (holds.kind === 'value' && holds.value === false) return undefined;
  }
  const value = resolveTemplate(lock, scope);
  if (value.kind !== 'value' || typeof value.value !== 'string' || value.value === '') {
    throw new OpsError('invalid', 'the runbook’s `lock` is not a text', {
      where: lock.where,
      hint: 'name the resource, e.g. dns/${{ env.hostname }}',
    });
  }
  return options.mode === 'rehearsal' ? `rehearsal/${run}/${value.value}` : value.value;
}

/** With no terminal, every confirmation must be answerable by a flag before anything is written. */
async function assertAnswerable(options: StartOptions, scope: Scope): Promise<void> {
  if (options.operator.interactive) return;
  for (const step of confirmingSteps(options.runbook.steps, scope)) {
    const { confirm } = step;
    if (confirm === undefined) continue;
    if (confirm.kind === 'plain') {
      const answer = await options.operator.confirm({ message: step.title, step: step.id });
      if (answer.kind !== 'answered') throw unanswered(step, answer.kind === 'unanswerable' ? answer.flag : '--yes');
      continue;
    }
    const phrase = resolveTemplate(confirm.phrase, scope);
    if (phrase.kind !== 'value') continue; // Known only during the run; asked then.
    const wanted = String(phrase.value);
    const answer = await options.operator.typePhrase({ message: step.title, phrase: wanted, step: step.id });
    if (answer.kind !== 'answered')
      throw unanswered(step, answer.kind === 'unanswerable' ? answer.flag : `--confirm ${wanted}`);
    if (answer.value !== wanted) {
      throw new OpsError('usage', `step ${step.id} asks for the phrase ${wanted}, and --confirm gives another`, {
        hint: `--confirm ${wanted}`,
      });
    }
  }
}

function confirmingSteps(steps: readonly Step[], scope: Scope): Step[] {
  return steps.flatMap((step) => {
    if (step.optional) return [];
    if (step.when !== undefined && step.when.stepsRead.length === 0) {
      const value = evaluate(step.when, scope);
      if (value.kind === 'value' && value.value === false) return [];
    }
    return [
      ...(step.confirm === undefined ? [] : [step]),
      ...(step.kind === 'action' ? [] : confirmingSteps(step.steps, scope)),
    ];
  });
}

function unanswered(step: Step, flag: string): OpsError {
  return new OpsError(
    'usage',
    `step ${step.id} (${step.title}) asks for a confirmation, and there is no terminal to ask on`,
    {
      hint: `answer it with ${flag}; nothing was started`,
    },
  );
}

async function pinDocuments(options: StartOptions): Promise<PinnedDocument[]> {
  const pinned: PinnedDocument[] = [];
  for (const { text, ...document } of options.documents)
    pinned.push({ ...document, sha256: await options.store.pin(text) });
  return pinned;
}
