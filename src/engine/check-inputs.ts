import { OpsError, type Position } from '../errors.ts';
import { formatDuration } from '../runbook/duration.ts';
import { evaluate, resolveTemplate } from '../runbook/evaluate.ts';
import type { ActionStep, Runbook, Scope, Step, Template } from '../runbook/runbook.ts';
import type { Json } from '../world/json.ts';
import { expressionsIn } from './expressions.ts';
import type { Drive, Material } from './options.ts';

/** What cannot be used, where it stands, and the inputs that it was made of. */
type Finding = { step: Step; what: string; where: Position; inputs: readonly string[]; optional: boolean };

/**
 * Before anything starts: whatever a step's `when` and `with` make of the inputs, the environment and the run alone can be
 * worked out, and fits the step's action. Throws `invalid` (exit 2), naming the options and each place. Of an optional
 * step it is only told, for such a step never keeps a run from going on. What reads other steps is not known yet, nor
 * are steps beneath a condition that does; `isDone` leaves out the steps that a resumed run does not make anew.
 */
export function checkInputs(
  drive: Drive,
  material: Material,
  scope: Scope,
  {
    isDone = () => false,
    remedy,
  }: { isDone?: (step: string) => boolean; remedy: (inputs: readonly string[]) => string },
): void {
  const { runbook } = material;
  const found = findingsIn(runbook.steps, drive.actions, scope, { isDone, optional: false });
  for (const finding of found.filter(({ optional }) => optional)) {
    drive.operator.tell(`${placeOf(finding.where)}: ${wordsFor(finding, runbook, scope)}; the run goes on without it`);
  }
  const [first, ...more] = found.filter(({ optional }) => !optional);
  if (first === undefined) return;
  const others = more.map((finding) => `${placeOf(finding.where)}: ${wordsFor(finding, runbook, scope)}`);
  const inputs = [...new Set([first, ...more].flatMap((finding) => finding.inputs))];
  throw new OpsError('invalid', [wordsFor(first, runbook, scope), ...others].join('; '), {
    where: first.where,
    hint: `${remedy(inputs)}; nothing was started`,
  });
}

/** What to do about it before a run: the options are given anew, and files are corrected. */
export function remedyAtStart({ environmentName }: Material): (inputs: readonly string[]) => string {
  return (inputs) =>
    inputs.length > 0
      ? `give ${inputs.map((name) => `--${name}`).join(' and ')} otherwise`
      : `correct it there, or what it reads in the environment ${environmentName}; \`resend-ops lint\` checks both`;
}

type Looking = { isDone: (step: string) => boolean; optional: boolean };

function findingsIn(steps: readonly Step[], actions: Drive['actions'], scope: Scope, looking: Looking): Finding[] {
  return steps.flatMap((step): Finding[] => {
    if (looking.isDone(step.id)) return [];
    const within = { ...looking, optional: looking.optional || step.optional };
    const { when } = step;
    if (when !== undefined) {
      if (when.stepsRead.length > 0) return [];
      const holds = attempt(() => evaluate(when, scope));
      if ('failure' in holds) return [findingOf(step, holds.failure, when.inputsRead ?? [], within)];
      if (holds.made.kind === 'value' && holds.made.value !== true) return [];
    }
    return step.kind === 'action'
      ? findingsOf(step, actions, scope, within)
      : findingsIn(step.steps, actions, scope, within);
  });
}

function findingsOf(step: ActionStep, actions: Drive['actions'], scope: Scope, looking: Looking): Finding[] {
  const action = actions.get(step.uses);
  const read = expressionsIn(step.with);
  if (action === undefined || read.some(({ stepsRead }) => stepsRead.length > 0)) return [];
  const resolved = attempt(() => resolveTemplate(step.with, scope));
  if ('failure' in resolved) {
    const failed = read.find(({ where }) => where === resolved.failure.where);
    return [findingOf(step, resolved.failure, failed?.inputsRead ?? [], looking)];
  }
  if (resolved.made.kind !== 'value') return [];
  const parsed = action.input.safeParse(resolved.made.value);
  return (parsed.error?.issues ?? []).map((issue) => {
    const template = templateAt(step.with, issue.path);
    return {
      step,
      what: `${issue.path.map(String).join('.') || 'with'}: ${issue.message}`,
      where: template.where,
      inputs: [...new Set(expressionsIn(template).flatMap(({ inputsRead = [] }) => inputsRead))],
      optional: looking.optional,
    };
  });
}

/** The value, or why an expression has none. */
function attempt<T>(make: () => T): { made: T } | { failure: OpsError } {
  try {
    return { made: make() };
  } catch (error) {
    if (error instanceof OpsError) return { failure: error };
    throw error;
  }
}

function findingOf(step: Step, failure: OpsError, inputs: readonly string[], { optional }: Looking): Finding {
  return { step, what: failure.message, where: failure.where ?? step.where, inputs, optional };
}

/** The innermost template that makes what stands at a path. */
function templateAt(template: Template, path: readonly PropertyKey[]): Template {
  const [key, ...rest] = path;
  const inner =
    template.kind === 'map' && typeof key === 'string' && Object.hasOwn(template.entries, key)
      ? template.entries[key]
      : template.kind === 'list' && typeof key === 'number'
        ? template.items[key]
        : undefined;
  return inner === undefined ? template : templateAt(inner, rest);
}

function wordsFor({ step, what, inputs }: Finding, runbook: Runbook, scope: Scope): string {
  const given = inputs.map((name) => optionOf(name, scope.inputs[name] ?? null, runbook));
  const used = given.length === 0 ? 'its input' : given.join(', ');
  return `step ${step.id} (${step.title}) cannot use ${used}: ${what}`;
}

/** An input as it is given on the command line, shortened. */
function optionOf(name: string, value: Json, { inputs }: Runbook): string {
  if (typeof value === 'boolean') return value ? `--${name}` : `--no-${name}`;
  if (value === null) return `--${name}`;
  if (inputs[name]?.type === 'duration' && typeof value === 'number') return `--${name} ${formatDuration(value)}`;
  const text = JSON.stringify(value);
  return `--${name} ${text.length > 60 ? `${text.slice(0, 59)}…` : text}`;
}

function placeOf({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}
