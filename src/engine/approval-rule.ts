import { OpsError } from '../errors.ts';
import type { StepState } from '../journal/run-state.ts';
import { evaluate, resolveTemplate } from '../runbook/evaluate.ts';
import type { ApprovalRule, Scope, Step } from '../runbook/runbook.ts';
import type { Environment } from '../world/environment.ts';
import { scopeOf } from './expressions.ts';
import { isGone } from './in-place.ts';
import type { StartOptions } from './options.ts';
import type { Session } from './session.ts';

/** The approvals that a step needs, with names. */
type NeededApprovals = { count: number; from: readonly string[]; withinMs: number };

/** What a step needs now; undefined where its condition does not hold. Throws `failed` where nobody could tell who may approve. */
export function approvalRuleFor(session: Session, step: Step, rule: ApprovalRule): NeededApprovals | undefined {
  const needed = resolveRule(rule, scopeOf(session), session.material.environment);
  if (needed === undefined || needed === 'unknown') {
    if (needed === undefined) return undefined;
    throw new OpsError('failed', `${step.id} needs approvals, and who may give them depends on what is not known`, {
      where: step.where,
      hint: 'name the people in the runbook or in the environment',
    });
  }
  return needed;
}

/** The run as whoever takes it up finds it: what is done is not asked again, and who has run it cannot approve. */
type Before = { runners: readonly string[]; steps: ReadonlyMap<string, StepState> };

/**
 * Before anything starts, or is taken up: every step that will wait for approvals has enough people to wait for, besides
 * those who run it. Throws `usage`: found out at the switch, it would cost the night.
 */
export function assertApprovable(
  { runbook, environment, actor }: Pick<StartOptions, 'runbook' | 'environment' | 'actor'>,
  scope: Scope,
  before?: Before,
): void {
  const runners = [...new Set([...(before?.runners ?? []), actor.user])];
  for (const { step, rule } of rulesOf(runbook.steps, scope)) {
    if (before !== undefined && isPastAsking(before.steps, step)) continue;
    const needed = resolveRule(rule, scope, environment);
    if (needed === undefined || needed === 'unknown') continue;
    const others = needed.from.filter((name) => !runners.includes(name));
    if (others.length >= needed.count) continue;
    const who = others.length === 0 ? 'nobody else may give one' : `only ${others.join(', ')} may give one`;
    throw new OpsError(
      'usage',
      `step ${step.id} needs ${needed.count} approval${needed.count === 1 ? '' : 's'} by others than ${runners.join(', ')}, and ${who}`,
      {
        hint:
          before === undefined
            ? 'name who may approve under `approvals.people` of the environment; nothing was started'
            : 'let somebody take it up who has no approval to give, or undo it and begin anew; nothing was taken over',
      },
    );
  }
}

/** A step that is done, or whose change was made or may have been: it is looked at, and asks nobody. */
function isPastAsking(steps: Before['steps'], step: Step): boolean {
  const { phase, change = null } = steps.get(step.id) ?? {};
  if (phase === 'succeeded' || phase === 'skipped') return true;
  if (change !== null && !isGone(change)) return true;
  return step.kind !== 'action' && step.steps.some((child) => isPastAsking(steps, child) && isMade(steps, child));
}

function isMade(steps: Before['steps'], step: Step): boolean {
  return (steps.get(step.id)?.change ?? null) !== null;
}

function rulesOf(steps: readonly Step[], scope: Scope): { step: Step; rule: ApprovalRule }[] {
  return steps.flatMap((step) => {
    if (step.when !== undefined && step.when.stepsRead.length === 0) {
      const due = evaluate(step.when, scope);
      if (due.kind === 'value' && due.value === false) return [];
    }
    return [
      ...(step.approvals === undefined ? [] : [{ step, rule: step.approvals }]),
      ...(step.kind === 'action' ? [] : rulesOf(step.steps, scope)),
    ];
  });
}

function resolveRule(
  rule: ApprovalRule,
  scope: Scope,
  environment: Environment,
): NeededApprovals | undefined | 'unknown' {
  if (rule.when !== undefined) {
    const due = evaluate(rule.when, scope);
    // What cannot be decided does not waive an approval.
    if (due.kind === 'value' && due.value === false) return undefined;
  }
  const { count, withinMs } = rule;
  if (rule.from === undefined) return { count, withinMs, from: Object.keys(environment.approvals?.people ?? {}) };
  const listed = resolveTemplate(rule.from, scope);
  if (listed.kind !== 'value') return 'unknown';
  const names: unknown[] = Array.isArray(listed.value) ? [...listed.value] : [];
  const from = [...new Set(names.filter((name): name is string => typeof name === 'string' && name.trim() !== ''))];
  return { count, withinMs, from };
}
