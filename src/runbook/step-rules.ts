import { checkApprovalRules } from './approvals.ts';
import { suggest } from './closest.ts';
import { parseDuration } from './duration.ts';
import { type Lint, report } from './lint.ts';
import type { StepNode } from './outline.ts';

/** Which keys go together, by kind of step: what the schema cannot say in good words. */
export function checkStepRules(lint: Lint, node: StepNode): void {
  const at = (key: string, what: string, remedy: string): void =>
    report(lint, [...node.path, key], what, remedy, 'key');
  const has = (key: string): boolean => node.keys.has(key);
  checkId(lint, node);
  checkWords(lint, node);
  checkApprovalRules(lint, node);
  if (has('parallel') && has('first-of')) {
    at('first-of', 'a step is both parallel and first-of', 'put one group inside the other');
  }
  if (node.optional && has('on-failure')) {
    at('on-failure', 'an optional step never fails the run, so on-failure has no effect', 'remove one of the two');
  }
  if (node.optional && has('confirm')) {
    at('confirm', 'an optional step runs in the background and cannot ask', 'remove confirm or optional');
  }
  if (node.parent?.kind === 'first-of') checkAlternative(lint, node);
  if (node.kind === 'action') checkAction(lint, node);
  else checkGroup(lint, node);
}

function checkId(lint: Lint, node: StepNode): void {
  if (!node.keys.has('id')) {
    if (node.kind === 'action') report(lint, node.path, 'the step has no id', 'add one, such as id: check-standby');
    return;
  }
  const first = lint.outline.byId.get(node.id);
  if (first === undefined || first === node) return;
  const { line } = lint.source.positionOf([...first.path, 'id']);
  report(
    lint,
    [...node.path, 'id'],
    `the id "${node.id}" is already used on line ${line}`,
    'give each step its own id',
  );
}

function checkWords(lint: Lint, node: StepNode): void {
  if (node.raw.title?.includes('${{')) {
    report(
      lint,
      [...node.path, 'title'],
      'a title holds an expression',
      'write plain text; titles are shown before anything is known',
    );
  }
  if (node.raw.timeout !== undefined && parseDuration(node.raw.timeout) === 0) {
    report(lint, [...node.path, 'timeout'], 'the time box is 0', 'give it some time, such as 10s');
  }
}

function checkGroup(lint: Lint, node: StepNode): void {
  for (const key of ['uses', 'with', 'timeout', 'retry', 'rollback']) {
    if (!node.keys.has(key)) continue;
    report(lint, [...node.path, key], `a ${node.kind} group has no ${key}`, 'put it on the steps in the group', 'key');
  }
  if (node.keys.has('expect')) {
    report(
      lint,
      [...node.path, 'expect'],
      `a ${node.kind} group has no expect`,
      'put it on the steps in the group',
      'key',
    );
  }
  if (node.kind === 'parallel' && node.keys.has('confirm')) {
    report(
      lint,
      [...node.path, 'confirm'],
      'a parallel group cannot ask',
      'put confirm on the step that needs it',
      'key',
    );
  }
}

function checkAlternative(lint: Lint, node: StepNode): void {
  const at = (key: string, what: string, remedy: string): void =>
    report(lint, [...node.path, key], what, remedy, 'key');
  if (node.kind !== 'action') {
    at(node.kind, 'an alternative of first-of is a group', 'use a single step with a change');
  }
  if (node.raw.optional === true) at('optional', 'an alternative of first-of is optional', 'put optional on the group');
  if (node.keys.has('on-failure')) {
    at('on-failure', 'an alternative has on-failure, but the next one is what happens then', 'put it on the group');
  }
  if (node.keys.has('confirm') && node.parent?.keys.has('confirm')) {
    at('confirm', 'the group asks already', 'remove one of the two');
  }
}

function checkAction(lint: Lint, node: StepNode): void {
  const { uses } = node.raw;
  if (!node.keys.has('uses')) {
    report(lint, node.path, 'the step does nothing', 'add uses, parallel or first-of');
    return;
  }
  if (uses === undefined) return;
  const action = lint.actions.get(uses);
  if (!action) {
    report(lint, [...node.path, 'uses'], `there is no action "${uses}"`, suggest(uses, lint.actions.keys()));
    return;
  }
  const at = (key: string, what: string, remedy: string): void =>
    report(lint, [...node.path, key], what, remedy, 'key');
  if (action.kind === 'change') {
    if (node.keys.has('retry'))
      at('retry', `${uses} is a change, and changes are never repeated blindly`, 'remove retry');
    return;
  }
  if (node.keys.has('rollback'))
    at('rollback', `${uses} only reads, so there is nothing to roll back`, 'remove rollback');
  if (node.parent?.kind === 'first-of') {
    report(
      lint,
      [...node.path, 'uses'],
      `${uses} only reads and is no alternative of a change`,
      'use a change, or put the check before the group',
    );
  }
}
