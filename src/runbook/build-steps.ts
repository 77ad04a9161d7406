import { buildApprovals } from './approvals.ts';
import { checkActionInput } from './check-with.ts';
import { compileCondition } from './compile-expression.ts';
import { compileTemplate } from './compile-template.ts';
import { parseDuration } from './duration.ts';
import { type Lint, report } from './lint.ts';
import type { StepNode } from './outline.ts';
import type { ActionStep, Expression, Retry, Step, Template } from './runbook.ts';
import { anyShape } from './shape.ts';
import { checkStepRules } from './step-rules.ts';

/** Checks a step and what is in it, and makes the typed step. It is of use only if the lint has no problems. */
export function buildStep(lint: Lint, node: StepNode): Step {
  checkStepRules(lint, node);
  const base = baseOf(lint, node);
  if (node.kind === 'action') return { ...base, ...buildAction(lint, node) };
  const steps = node.children.map((child) => buildStep(lint, child));
  if (node.kind === 'parallel') return { ...base, kind: 'parallel', steps };
  return { ...base, kind: 'first-of', steps: steps.filter((step): step is ActionStep => step.kind === 'action') };
}

type Confirm = NonNullable<Step['confirm']>;

function baseOf(lint: Lint, node: StepNode) {
  const { raw } = node;
  const when = raw.when === undefined ? undefined : condition(lint, node, 'when', raw.when);
  const expect = raw.expect === undefined ? undefined : condition(lint, node, 'expect', raw.expect);
  const confirm = buildConfirm(lint, node);
  const approvals = buildApprovals(lint, node);
  return {
    id: node.id,
    title: titleOf(lint, node),
    where: lint.source.positionOf(node.path),
    optional: raw.optional === true,
    ...(when === undefined ? {} : { when }),
    ...(expect === undefined ? {} : { expect }),
    ...(confirm === undefined ? {} : { confirm }),
    ...(approvals === undefined ? {} : { approvals }),
    ...(raw['on-failure'] === undefined ? {} : { onFailure: raw['on-failure'] }),
  };
}

function titleOf(lint: Lint, node: StepNode): string {
  if (node.raw.title !== undefined) return node.raw.title;
  if (node.kind === 'action') return lint.actions.get(node.raw.uses ?? '')?.summary ?? node.id;
  return node.kind === 'parallel' ? 'Together' : 'The first that works';
}

function condition(lint: Lint, node: StepNode, key: 'when' | 'expect', source: string): Expression | undefined {
  const outputs = lint.shapes.outputs.get(node.id) ?? anyShape;
  return compileCondition(lint, source, {
    path: [...node.path, key],
    offset: 0,
    reader: node,
    ...(key === 'expect' ? { outputs } : {}),
  });
}

function buildConfirm(lint: Lint, node: StepNode): Confirm | undefined {
  const { confirm } = node.raw;
  if (confirm === undefined) return undefined;
  if (confirm === true) return { kind: 'plain' };
  const path = [...node.path, 'confirm'];
  if (typeof confirm === 'string')
    return { kind: 'plain', message: compileTemplate(lint, confirm, path, node).template };
  const { template, holes } = compileTemplate(lint, confirm.type, [...path, 'type'], node);
  if (holes.some(({ type }) => type !== 'string' && type !== 'dyn')) {
    report(lint, [...path, 'type'], 'the phrase is not text', 'turn it into text with string(…)');
  }
  return { kind: 'typed', phrase: template };
}

function buildAction(
  lint: Lint,
  node: StepNode,
): Pick<ActionStep, 'kind' | 'uses' | 'with' | 'timeoutMs' | 'retry' | 'rollback'> {
  const { raw } = node;
  const timeoutMs = raw.timeout === undefined ? undefined : parseDuration(raw.timeout);
  const retry = retryOf(raw.retry);
  return {
    kind: 'action',
    uses: raw.uses ?? '',
    with: buildWith(lint, node),
    rollback: raw.rollback ?? 'auto',
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(retry === undefined ? {} : { retry }),
  };
}

function buildWith(lint: Lint, node: StepNode): Template {
  const path = [...node.path, 'with'];
  const data = node.raw.with ?? {};
  const { template, holes } = compileTemplate(lint, data, path, node);
  const action = lint.actions.get(node.raw.uses ?? '');
  // A `with` that is no map is the schema's to report.
  if (action && (node.raw.with !== undefined || !node.keys.has('with'))) {
    checkActionInput(lint, { action, data, holes, path });
  }
  return template;
}

function retryOf(raw: StepNode['raw']['retry']): Retry | undefined {
  if (raw === undefined) return undefined;
  const everyMs = parseDuration(raw.every);
  return everyMs === undefined ? undefined : { attempts: raw.attempts, everyMs };
}
