import type { ActionContext, AnyAction } from '../actions/action.ts';
import { OpsError } from '../errors.ts';
import { evaluate } from '../runbook/evaluate.ts';
import type { ActionStep, Runbook, Scope, Step } from '../runbook/runbook.ts';
import type { Drive, Material } from './options.ts';
import { inTimeBox } from './time-box.ts';

/** Time box of one action's look at its credentials. */
const preflightMs = 4_000;

/**
 * Before anything starts: the credentials of every step that is not optional are there, and the providers do not refuse
 * them. Throws `credentials` (exit 5) unless the guard `credentials` is overridden. A provider that cannot be reached is
 * no finding: that is what the run is for.
 */
export async function checkCredentials(
  drive: Drive,
  material: Material,
  overrides: Readonly<Record<string, string>>,
  scope: Scope,
  contextFor: (step: string, signal: AbortSignal) => ActionContext,
): Promise<void> {
  if (overrides.credentials !== undefined) return;
  const uses = new Map<string, { step: string; action: AnyAction }>();
  for (const step of requiredSteps(material.runbook, scope)) {
    const action = drive.actions.get(step.uses);
    if (action !== undefined && !uses.has(step.uses)) uses.set(step.uses, { step: step.id, action });
  }
  const findings: string[] = [];
  const hints = new Set<string>();
  for (const { step, action } of uses.values()) {
    for (const name of action.secrets ?? []) {
      if (drive.edges.secret(name) !== undefined) continue;
      findings.push(`${step} (${action.name}) needs the secret ${name}`);
      hints.add(hintFor(material, name));
    }
    const groups = groupsOf(action, material);
    const isMissing = (name: string) => drive.edges.secret(name) === undefined;
    if (groups.length > 0 && groups.every((group) => group.some(isMissing))) {
      const wanted = groups.map((group) => group.join(' and ')).join(', or ');
      findings.push(`${step} (${action.name}) needs ${wanted}`);
      for (const name of groups.flat().filter(isMissing)) hints.add(hintFor(material, name));
    }
  }
  if (findings.length === 0) {
    await Promise.all(
      [...uses.values()].map(async ({ step, action }) => {
        const refused = await refusalOf(drive, action, (signal) => contextFor(step, signal));
        if (refused === undefined) return;
        findings.push(`${step} (${action.name}): ${refused.message}`);
        if (refused.hint !== undefined) hints.add(refused.hint);
      }),
    );
  }
  if (findings.length === 0) return;
  throw new OpsError('credentials', findings.join('; '), {
    hint: `${[...hints].join('; ')}; or go on with the steps that need none: --override credentials="why"`,
  });
}

function groupsOf(action: AnyAction, { environment }: Material): readonly (readonly string[])[] {
  return (action.kind === 'check' ? action.oneGroupOfSecrets?.(environment) : undefined) ?? [];
}

function hintFor({ environment, environmentName }: Material, secret: string): string {
  const variable = environment.secrets[secret];
  return variable === undefined
    ? `name a process variable for ${secret} under \`secrets\` in the environment ${environmentName}`
    : `set ${variable}`;
}

/** Required: not optional, nor inside something optional, nor excluded by a condition that is already decided. */
function requiredSteps(runbook: Runbook, scope: Scope): ActionStep[] {
  const open = (steps: readonly Step[]): ActionStep[] =>
    steps.flatMap((step) => {
      if (step.optional || isExcluded(step, scope)) return [];
      return step.kind === 'action' ? [step] : open(step.steps);
    });
  return open(runbook.steps);
}

function isExcluded(step: Step, scope: Scope): boolean {
  if (step.when === undefined || step.when.stepsRead.length > 0) return false;
  const value = evaluate(step.when, scope);
  return value.kind === 'value' && value.value === false;
}

async function refusalOf(
  drive: Drive,
  action: AnyAction,
  contextFor: (signal: AbortSignal) => ActionContext,
): Promise<OpsError | undefined> {
  if (action.kind !== 'change' || action.preflight === undefined) return undefined;
  const { preflight } = action;
  try {
    await inTimeBox(drive.clock, preflightMs, [drive.interrupts.stopAsked], (signal) => preflight(contextFor(signal)));
    return undefined;
  } catch (error) {
    // Only a refusal counts: a provider that is down or slow is what a failover is for.
    return error instanceof OpsError && error.code === 'credentials' ? error : undefined;
  }
}
