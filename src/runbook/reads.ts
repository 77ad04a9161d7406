import type { ASTNode } from '@marcbachmann/cel-js';
import { type ParsedExpression, partsOf } from './cel.ts';
import { compilePattern } from './regular-expression.ts';

/** A chain of keys that an expression reads from a variable: `steps.diagnose.outputs.verdict`. */
export type Read = {
  root: string;
  /** Where the root stands in the expression. */
  offset: number;
  /** Keys in order; `key` is undefined where it is computed when the expression runs, or where a loop takes each item. */
  steps: readonly { key: string | number | undefined; offset: number; isLoop?: true }[];
  /** Asked about by `has(…)`: the last key may be missing. */
  inHas: boolean;
  /** Text that the value is compared with, as literally written. */
  comparedWith: readonly { text: string; offset: number }[];
};

/** A rule that the expression breaks, whatever the types are. */
export type RuleBreach = { offset: number; what: string; remedy: string };

const loops: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);
const maxLoopDepth = 2;
const maxLoops = 6;

/** What an expression reads from the variables in scope, in order of writing; and what it may not do at all. */
export function readsOf(parsed: ParsedExpression): { reads: Read[]; breaches: RuleBreach[] } {
  const reads: Read[] = [];
  const breaches: RuleBreach[] = [];
  let loopCount = 0;

  const visit = (node: ASTNode, bound: Bound, inHas: boolean, compared: ASTNode[]): void => {
    if (node.op === 'id' || node.op === '.' || node.op === '[]') {
      const chain = chainOf(node);
      for (const index of chain.computed) visit(index, bound, false, []);
      if (chain.start.op !== 'id') {
        visit(chain.start, bound, false, []);
        return;
      }
      const looped = bound.get(chain.start.args);
      if (looped !== 'unknown') {
        reads.push({
          root: looped?.root ?? chain.start.args,
          offset: chain.start.start,
          steps: [...(looped?.steps ?? []), ...chain.steps],
          inHas,
          comparedWith: compared.flatMap((other) => literalsOf(other)),
        });
      }
      return;
    }
    if (node.op === '==' || node.op === '!=' || node.op === 'in') {
      const [left, right] = node.args;
      visit(left, bound, false, [right]);
      visit(right, bound, false, node.op === 'in' ? [] : [left]);
      return;
    }
    if (node.op === 'call' && node.args[0] === 'Has') {
      for (const part of node.args[1]) visitHas(part, bound);
      return;
    }
    if (node.op === 'rcall' && loops.has(node.args[0])) {
      visitLoop(node, bound);
      return;
    }
    if (node.op === 'rcall' && node.args[0] === 'Matches') checkPattern(node.args[2][0]);
    for (const part of partsOf(node)) visit(part, bound, false, []);
  };

  const visitHas = (part: ASTNode, bound: Bound): void => {
    if (part.op !== '.' && part.op !== '[]') {
      breaches.push({
        offset: part.start,
        what: 'has(…) asks about something that is not a key',
        remedy: 'write a key in it, such as has(inputs.reason)',
      });
    }
    visit(part, bound, true, []);
  };

  const visitLoop = (node: Extract<ASTNode, { op: 'rcall' }>, bound: Bound): void => {
    const [, list, [variable, ...bodies]] = node.args;
    loopCount += 1;
    if (bound.size >= maxLoopDepth || loopCount > maxLoops) {
      breaches.push({
        offset: node.start,
        what: 'the expression loops too much',
        remedy: `use at most ${maxLoops} loops, ${maxLoopDepth} inside each other`,
      });
    }
    visit(list, bound, false, []);
    if (variable?.op !== 'id') return;
    const inner = new Map(bound).set(variable.args, itemOf(list, bound));
    for (const body of bodies) visit(body, inner, false, []);
  };

  const checkPattern = (pattern: ASTNode | undefined): void => {
    if (pattern?.op !== 'value' || typeof pattern.args !== 'string') return;
    const compiled = compilePattern(pattern.args);
    if ('error' in compiled) {
      breaches.push({
        offset: pattern.start,
        what: `the pattern of matches(…) is not understood: ${compiled.error}`,
        remedy: 'use the common syntax of RE2',
      });
    }
  };

  visit(parsed.tree, new Map(), false, []);
  return { reads, breaches };
}

/** What a loop's variable stands for: each item of a list that is read, or of one that is made up on the way. */
type Bound = ReadonlyMap<string, { root: string; steps: Read['steps'] } | 'unknown'>;

function itemOf(list: ASTNode, bound: Bound): { root: string; steps: Read['steps'] } | 'unknown' {
  const { start, steps } = chainOf(list);
  if (start.op !== 'id') return 'unknown';
  const looped = bound.get(start.args);
  if (looped === 'unknown') return 'unknown';
  const each = { key: undefined, offset: list.start, isLoop: true as const };
  return { root: looped?.root ?? start.args, steps: [...(looped?.steps ?? []), ...steps, each] };
}

type Chain = { start: ASTNode; steps: Read['steps'][number][]; computed: ASTNode[] };

function chainOf(node: ASTNode): Chain {
  if (node.op === '.') {
    const chain = chainOf(node.args[0]);
    chain.steps.push({ key: node.args[1], offset: node.pos });
    return chain;
  }
  if (node.op === '[]') {
    const chain = chainOf(node.args[0]);
    const index = node.args[1];
    const value = index.op === 'value' ? index.args : undefined;
    const key = typeof value === 'string' ? value : typeof value === 'bigint' ? Number(value) : undefined;
    if (key === undefined) chain.computed.push(index);
    chain.steps.push({ key, offset: index.start });
    return chain;
  }
  return { start: node, steps: [], computed: [] };
}

function literalsOf(node: ASTNode): { text: string; offset: number }[] {
  if (node.op === 'list') return node.args.flatMap((item) => literalsOf(item));
  return node.op === 'value' && typeof node.args === 'string' ? [{ text: node.args, offset: node.start }] : [];
}
