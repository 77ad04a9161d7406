import { suggest } from './closest.ts';
import type { Outline, StepNode } from './outline.ts';

/**
 * Why a step (or group) may not read another step's outputs, or undefined when it may. A step reads what surely has
 * ended before it; what may not have happened only when it may itself be left out, or asks first (`isAsked`).
 */
export function whyUnreadable(
  reader: StepNode,
  id: string,
  outline: Outline,
  isAsked: boolean,
): { what: string; remedy: string } | undefined {
  const target = outline.byId.get(id);
  if (!target) {
    const ids = outline.all
      .filter((node) => node.raw.id !== undefined && node.order < reader.order)
      .map((node) => node.id);
    return { what: `there is no step "${id}"`, remedy: suggest(id, ids) };
  }
  if (target === reader) {
    return {
      what: `${id} reads its own outputs as a step`,
      remedy: 'write outputs.… in expect; before it has run it has none',
    };
  }
  if (pathOf(reader).includes(target)) {
    return { what: `the group ${id} has not ended while its own steps run`, remedy: 'read a step before the group' };
  }
  if (target.kind === 'parallel') {
    return {
      what: `the parallel group ${id} has no outputs of its own`,
      remedy: 'read the outputs of one of its steps',
    };
  }
  const alternatives = pathOf(target).find((node) => node.parent?.kind === 'first-of');
  if (alternatives?.parent) {
    const group = alternatives.parent;
    return pathOf(reader).includes(group)
      ? {
          what: `${id} is another alternative of ${group.id}: it has not been applied`,
          remedy: 'read a step before the group',
        }
      : {
          what: `${id} is an alternative of ${group.id} and may not have been used`,
          remedy: `read steps.${group.id}.outputs.by to learn which was`,
        };
  }
  if (target.order > reader.order) {
    return { what: `${id} comes later than this step`, remedy: 'read an earlier step, or move this step after it' };
  }
  if (runsBeside(reader, target) && !(reader.optional && target.optional)) {
    return { what: `${id} runs at the same time as this step`, remedy: 'move one of them out of the parallel group' };
  }
  if ((target.optional || target.conditional) && !reader.optional && !reader.conditional && !isAsked) {
    const why = target.optional ? 'is optional' : 'has a condition (when)';
    return {
      what: `${id} ${why} and may have no outputs`,
      remedy: 'make this step optional or give it a when, or read another step',
    };
  }
  return undefined;
}

/** The step and everything around it, innermost first. */
function pathOf(node: StepNode): StepNode[] {
  const path: StepNode[] = [];
  for (let current: StepNode | undefined = node; current; current = current.parent) path.push(current);
  return path;
}

function runsBeside(a: StepNode, b: StepNode): boolean {
  const around = pathOf(a);
  const common = pathOf(b).find((node) => around.includes(node));
  return common?.kind === 'parallel';
}
