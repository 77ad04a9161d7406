import { compileCondition } from './compile-expression.ts';
import { compileTemplate } from './compile-template.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { type Lint, report } from './lint.ts';
import type { StepNode } from './outline.ts';
import type { ApprovalRule } from './runbook.ts';

/** How long approvals are waited for unless the runbook says. */
const defaultWithinMs = 600_000;
/** Who approves looks at what is: a day later the world is another. */
const longestWithinMs = 86_400_000;

/** Where `approvals` may stand: on a change, or on the group of alternatives that makes one. */
export function checkApprovalRules(lint: Lint, node: StepNode): void {
  if (!node.keys.has('approvals')) return;
  const at = (what: string, remedy: string): void => report(lint, [...node.path, 'approvals'], what, remedy, 'key');
  const { uses } = node.raw;
  const action = uses === undefined ? undefined : lint.actions.get(uses);
  if (node.kind === 'parallel') {
    at('a parallel group cannot wait for approvals', 'put approvals on the change that needs them');
  } else if (node.kind === 'action' && action?.kind === 'check') {
    at(`${uses} only reads, so there is nothing to approve`, 'put approvals on the change');
  }
  if (node.optional) {
    at('an optional step runs in the background and cannot wait for people', 'remove approvals or optional');
  }
  if (node.parent?.kind === 'first-of' && node.parent.keys.has('approvals')) {
    at('the group waits for approvals already', 'remove one of the two');
  }
}

/** Makes the rule of a step, and checks that somebody could satisfy it. */
export function buildApprovals(lint: Lint, node: StepNode): ApprovalRule | undefined {
  const { approvals } = node.raw;
  if (approvals === undefined) return undefined;
  const path = [...node.path, 'approvals'];
  const { count = 1, from } = approvals;
  const withinMs = approvals.within === undefined ? defaultWithinMs : (parseDuration(approvals.within) ?? 0);
  if (withinMs === 0 || withinMs > longestWithinMs) {
    const limit = `give it some time, at most ${formatDuration(longestWithinMs)}`;
    report(lint, [...path, 'within'], `approvals are waited for ${formatDuration(withinMs)}`, limit);
  }
  const when =
    approvals.when === undefined
      ? undefined
      : compileCondition(lint, approvals.when, { path: [...path, 'when'], offset: 0, reader: node });
  if (from === undefined && when === undefined && lint.environment !== undefined) checkPeople(lint, path, count);
  return {
    count,
    withinMs,
    ...(from === undefined ? {} : { from: buildFrom(lint, node, from, count) }),
    ...(when === undefined ? {} : { when }),
  };
}

function checkPeople(lint: Lint, path: StepNode['path'], count: number): void {
  const people = Object.keys(lint.environment?.approvals?.people ?? {}).length;
  if (people >= count) return;
  report(
    lint,
    path,
    people === 0 ? 'the environment names nobody who may approve' : `the environment names ${people} who may approve`,
    `name ${count} or more under approvals.people of the environment, or list them in from`,
  );
}

function buildFrom(lint: Lint, node: StepNode, from: string | string[], count: number) {
  const path = [...node.path, 'approvals', 'from'];
  const { template, holes } = compileTemplate(lint, from, path, node);
  if (typeof from === 'string') {
    if (template.kind !== 'expression') {
      report(lint, path, 'from is one text', 'list the names, or give one ${{ expression }} that is a list');
    } else if (holes.some(({ type }) => type !== 'dyn' && !type.startsWith('list'))) {
      report(lint, path, 'from is no list', 'give an expression that is a list of names');
    }
    return template;
  }
  const twice = from.find((name, index) => from.indexOf(name) !== index);
  if (twice !== undefined) report(lint, path, `"${twice}" is listed twice`, 'nobody counts twice: name each once');
  else if (from.length < count) {
    report(lint, path, `${count} approvals are needed, and ${from.length} may give one`, 'name more, or ask for fewer');
  }
  return template;
}
