import type { AnyAction } from '../../actions/action.ts';
import type { Runbook, Step, Template } from '../../runbook/runbook.ts';
import { formatLimit } from './duration.ts';
import { sanitise } from './sanitise.ts';
import type { Screen } from './screen.ts';

/** Prints a runbook as a person would brief it: what it promises, what it needs, and each step with its conditions. */
export function printBriefing(screen: Screen, runbook: Runbook, actions: ReadonlyMap<string, AnyAction>): void {
  screen.line({ text: sanitise(runbook.title), tone: 'strong' });
  if (runbook.description !== undefined) screen.line(sanitise(runbook.description), { hanging: 0 });
  screen.line();
  const { switchedWithinMs, recoveredWithinMs } = runbook.objective ?? {};
  const promises = [
    ...(switchedWithinMs === undefined ? [] : [`switched within ${formatLimit(switchedWithinMs)}`]),
    ...(recoveredWithinMs === undefined ? [] : [`recovered within ${formatLimit(recoveredWithinMs)}`]),
  ];
  if (promises.length > 0) screen.line(`promise: from "go", ${promises.join(', ')}`);
  if (runbook.lock !== undefined) screen.line(`lock: one run at a time on ${sanitise(wordsOf(runbook.lock))}`);
  for (const [name, input] of Object.entries(runbook.inputs)) {
    const about = input.description ?? input.prompt;
    screen.line(sanitise(`input: --${name}${input.required ? ' (required)' : ''}${about === undefined ? '' : `: ${about}`}`));
  }
  screen.line();
  printSteps(screen, runbook.steps, actions, '', 0);
}

function printSteps(
  screen: Screen,
  steps: readonly Step[],
  actions: ReadonlyMap<string, AnyAction>,
  prefix: string,
  indent: number,
): void {
  for (const [index, step] of steps.entries()) {
    const number = `${prefix}${index + 1}.`;
    screen.line([`${number} `, { text: sanitise(step.title), tone: 'strong' }], { indent, hanging: number.length + 1 });
    for (const line of conditionsOf(step, actions)) {
      screen.line({ text: sanitise(line), tone: 'quiet' }, { indent: indent + number.length + 1 });
    }
    if (step.kind !== 'action') printSteps(screen, step.steps, actions, number, indent + 3);
  }
}

function conditionsOf(step: Step, actions: ReadonlyMap<string, AnyAction>): string[] {
  const lines: string[] = [];
  if (step.kind === 'parallel') lines.push('all of these together:');
  if (step.kind === 'first-of') lines.push('the first of these that works; the next only if the one before is proven not applied:');
  if (step.kind === 'action') {
    const kind = actions.get(step.uses)?.kind === 'change' ? 'CHANGES the world' : 'only reads';
    lines.push(`${step.uses} (${step.id}): ${kind}`);
  }
  if (step.when !== undefined) lines.push(`only when ${step.when.source}`);
  if (step.confirm?.kind === 'plain') lines.push('asks first: yes or no');
  if (step.confirm?.kind === 'typed') lines.push(`asks first: the operator types ${wordsOf(step.confirm.phrase)}`);
  if (step.expect !== undefined) lines.push(`must hold afterwards: ${step.expect.source}`);
  if (step.kind === 'action') {
    if (step.retry !== undefined) lines.push(`tried ${step.retry.attempts} times, ${formatLimit(step.retry.everyMs)} apart`);
    if (step.timeoutMs !== undefined) lines.push(`at most ${formatLimit(step.timeoutMs)}`);
    if (step.rollback === 'none') lines.push('a rollback leaves it in place');
  }
  if (step.optional) lines.push('optional: never blocks, never fails the run');
  if (step.onFailure !== undefined) lines.push(`if it fails: ${step.onFailure}`);
  return lines;
}

/** A template as written. */
function wordsOf(template: Template): string {
  switch (template.kind) {
    case 'literal':
      return String(template.value);
    case 'expression':
      return `\${{ ${template.expression.source} }}`;
    case 'text':
      return template.parts.map((part) => (typeof part === 'string' ? part : `\${{ ${part.source} }}`)).join('');
    default:
      return '…';
  }
}
