import type { AnyAction } from '../actions/action.ts';
import { OpsError } from '../errors.ts';
import { evaluate, resolveTemplate } from '../runbook/evaluate.ts';
import type { ActionStep, Expression, Scope, Step, StepOutputs, Template } from '../runbook/runbook.ts';
import type { Json } from '../world/json.ts';
import { raiseGuard } from './guards.ts';
import type { Session } from './session.ts';

/** What the expressions of a step see now. Most steps read no other step, so theirs are looked at when one does. */
export function scopeOf(session: Session, outputs?: Json): Scope {
  let steps: Record<string, StepOutputs> | undefined;
  const { id, shortId, runbook, mode } = session.identity;
  return {
    inputs: session.state.inputs,
    env: session.environment,
    run: { id, shortId, runbook, mode },
    get steps() {
      steps ??= outputsOf(session);
      return steps;
    },
    ...(outputs === undefined ? {} : { outputs }),
  };
}

function outputsOf(session: Session): Record<string, StepOutputs> {
  const steps: Record<string, StepOutputs> = {};
  for (const step of session.state.steps.values()) {
    if (step.phase === 'succeeded') {
      if (step.knowledge === 'unknown') steps[step.id] = { kind: 'unknown' };
      else if (step.markedDone !== null && step.output === null)
        steps[step.id] = { kind: 'unavailable', why: 'it was done by hand' };
      else steps[step.id] = { kind: 'value', outputs: step.output };
    } else {
      steps[step.id] = { kind: 'unavailable', why: step.skippedWhy ?? step.error?.message ?? 'it has not finished' };
    }
  }
  return steps;
}

/** Ids of the steps whose outputs a step reads, in `when` and `with`. */
export function stepsReadBy(step: Step): string[] {
  return [...new Set(expressionsOf(step).flatMap(({ stepsRead }) => stepsRead))];
}

/** Of these, the ones whose outputs it asks about by `has(…)`, because there may be none. */
export function stepsAskedBy(step: Step): string[] {
  const all = [...expressionsOf(step), ...(step.expect === undefined ? [] : [step.expect])];
  return [...new Set(all.flatMap(({ stepsAsked }) => stepsAsked ?? []))];
}

function expressionsOf(step: Step): Expression[] {
  return [...(step.when === undefined ? [] : [step.when]), ...(step.kind === 'action' ? expressionsIn(step.with) : [])];
}

/** Every expression of a template. */
export function expressionsIn(template: Template): Expression[] {
  switch (template.kind) {
    case 'literal':
      return [];
    case 'expression':
      return [template.expression];
    case 'text':
      return template.parts.flatMap((part) => (typeof part === 'string' ? [] : [part]));
    case 'list':
      return template.items.flatMap(expressionsIn);
    case 'map':
      return Object.values(template.entries).flatMap(expressionsIn);
  }
}

/** Whether a step is to run: `when` holds or is not given. A dry run's unknown counts as yes, so that it is shown. */
export function whenHolds(session: Session, step: Step): { run: true } | { run: false; why: string } {
  if (step.when === undefined) return { run: true };
  const value = evaluate(step.when, scopeOf(session));
  if (value.kind === 'unknown') return { run: true };
  if (value.kind === 'unavailable')
    return { run: false, why: `its condition reads ${value.because}, and ${value.why}` };
  return value.value === true ? { run: true } : { run: false, why: `its condition does not hold: ${step.when.source}` };
}

/** The `with` of a step, resolved. */
export function resolveWith(
  session: Session,
  step: ActionStep,
): { kind: 'value'; value: Json } | { kind: 'unknown'; because: string } {
  const value = resolveTemplate(step.with, scopeOf(session));
  if (value.kind === 'unavailable') {
    throw new OpsError('failed', `${step.id} needs the outputs of ${value.because}, and there are none: ${value.why}`, {
      hint: 'nothing was done by this step',
    });
  }
  return value;
}

/** Holds a step's outputs against its `expect`; a failed expectation raises the guard that the action (or step) names. */
export async function assertExpectation(
  session: Session,
  step: ActionStep,
  action: AnyAction,
  outputs: Json,
  headline: string,
): Promise<void> {
  if (step.expect === undefined || (await holds(session, step.expect, outputs))) return;
  await raiseGuard(session, step.id, {
    guard: action.guard ?? step.id,
    message: `${headline} (expected: ${step.expect.source})`,
    hint:
      action.kind === 'check'
        ? 'nothing was changed by this step; correct what it found, then run again'
        : 'see what the change led to',
  });
}

async function holds(session: Session, expression: Expression, outputs: Json): Promise<boolean> {
  const value = evaluate(expression, scopeOf(session, outputs));
  return value.kind === 'unknown' || (value.kind === 'value' && value.value === true);
}
