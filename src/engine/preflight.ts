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
  const steps = requiredSteps(material.runbook, scope);
  const missing = new Map<string, string[]>();
  const uses = new Map<string, { step: string; action: AnyAction }>();
  for (const { id, uses: name } of steps) {
    const action = drive.actions.get(name);
    if (action === undefined) continue;
    if (!uses.has(name)) uses.set(name, { step: id, action });
    for (const secret of missingSecrets(drive, action)) missing.set(secret, [...(missing.get(secret) ?? []), id]);
  }
  const lacks: Lack[] = [...missing].map(([secret, ids]) => {
    const { message, hint } = missingSecret(material, secret);
    return { message: `${message}; needed by ${ids.join(', ')}`, hint };
  });
  for (const { step, action } of uses.values()) {
    const lack = missingGroup(drive, material, action);
    if (lack !== undefined) lacks.push({ ...lack, message: `${step}: ${lack.message}` });
  }
  if (lacks.length === 0) {
    const looks = [...uses.values()].map(async ({ step, action }) => {
      const lack = await refusalOf(drive, material, action, (signal) => contextFor(step, signal));
      return lack === undefined ? [] : [{ ...lack, message: `${step} (${action.name}): ${lack.message}` }];
    });
    lacks.push(...(await Promise.all(looks)).flat());
  }
  if (lacks.length === 0) return;
  const hints = [...new Set(lacks.map(({ hint }) => hint))];
  throw new OpsError('credentials', lacks.map(({ message }) => message).join('; '), {
    hint: `${hints.join('; ')}; or go on with the steps that need none: --override credentials="why"`,
  });
}

/** What an action would fail for, and what to do about it. */
type Lack = { message: string; hint: string };

/** What one action lacks now: a secret that is not there, or credentials that its provider refuses. */
export async function lackOf(
  drive: Drive,
  material: Material,
  action: AnyAction,
  contextFor: (signal: AbortSignal) => ActionContext,
): Promise<Lack | undefined> {
  const [secret] = missingSecrets(drive, action);
  if (secret !== undefined) return missingSecret(material, secret);
  const group = missingGroup(drive, material, action);
  if (group !== undefined) return group;
  return await refusalOf(drive, material, action, contextFor);
}

function missingSecrets({ edges }: Drive, { secrets = [] }: AnyAction): string[] {
  return secrets.filter((name) => edges.secret(name) === undefined);
}

function missingSecret({ environment, environmentName }: Material, secret: string): Lack {
  const variable = environment.secrets[secret];
  if (variable === undefined) {
    return {
      message: `the environment ${environmentName} has no secret ${secret}`,
      hint: `name a process variable for it under \`secrets\` in the environment ${environmentName}`,
    };
  }
  return { message: `${variable} is not set (the secret ${secret})`, hint: `set ${variable}` };
}

/** What an action lacks of which one group of secrets is enough, where none is whole. */
function missingGroup({ edges }: Drive, material: Material, action: AnyAction): Lack | undefined {
  const groups = (action.kind === 'check' ? action.oneGroupOfSecrets?.(material.environment) : undefined) ?? [];
  const isMissing = (secret: string) => edges.secret(secret) === undefined;
  if (groups.length === 0 || !groups.every((group) => group.some(isMissing))) return undefined;
  const wanted = groups.map((group) => group.join(' and ')).join(', or ');
  const hints = groups
    .flat()
    .filter(isMissing)
    .map((secret) => missingSecret(material, secret).hint);
  return { message: `${action.name} needs the secrets ${wanted}`, hint: [...new Set(hints)].join('; ') };
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
  { environment }: Material,
  action: AnyAction,
  contextFor: (signal: AbortSignal) => ActionContext,
): Promise<Lack | undefined> {
  if (action.kind !== 'change' || action.preflight === undefined) return undefined;
  const { preflight, secrets = [] } = action;
  try {
    await inTimeBox(drive.clock, preflightMs, [drive.interrupts.stopAsked], (signal) => preflight(contextFor(signal)));
    return undefined;
  } catch (error) {
    // Only a refusal counts: a provider that is down or slow is what a failover is for.
    if (!(error instanceof OpsError) || error.code !== 'credentials') return undefined;
    const variables = secrets.flatMap((secret) => environment.secrets[secret] ?? []);
    const hints = [error.hint ?? 'replace the credentials', ...variables.map((variable) => `see ${variable}`)];
    return { message: error.message, hint: hints.join('; ') };
  }
}
