import { type Assertion, type PatternNode, parsePattern, type Test } from './parse-pattern.ts';

/**
 * Regular expressions that end in time proportional to text × pattern, whatever they are: a set of states instead of
 * backtracking. The syntax is the common part of RE2's: no look-around, no back-references.
 */
type Matcher = (text: string) => boolean;

type Instruction =
  | { op: 'character'; test: Test }
  | { op: 'split'; first: number; second: number }
  | { op: 'assert'; holds: Assertion }
  | { op: 'match' };

const maxPattern = 200;
const maxInstructions = 2_000;
const maxText = 20_000;

/** Compiles a pattern, or says what is wrong with it. The matcher looks anywhere in the text and reads its first 20,000 characters. */
export function compilePattern(pattern: string): { matcher: Matcher } | { error: string } {
  if (pattern.length > maxPattern) return { error: `the pattern is longer than ${maxPattern} characters` };
  const parsed = parsePattern(pattern);
  if ('error' in parsed) return parsed;
  const program: Instruction[] = [];
  if (!emit(parsed.node, program)) return { error: 'the pattern repeats too much' };
  program.push({ op: 'match' });
  return { matcher: (text) => run(program, text.slice(0, maxText)) };
}

function emit(node: PatternNode, program: Instruction[]): boolean {
  if (program.length > maxInstructions) return false;
  switch (node.kind) {
    case 'character':
      program.push({ op: 'character', test: node.test });
      return true;
    case 'assert':
      program.push({ op: 'assert', holds: node.holds });
      return true;
    case 'sequence':
      return node.parts.every((part) => emit(part, program));
    case 'choice':
      return emitChoice(node.branches, program);
    case 'repeat':
      return emitRepeat(node, program);
  }
}

/** Jumps are splits whose two ways are the same. */
function emitChoice(branches: readonly PatternNode[], program: Instruction[]): boolean {
  const ends: { op: 'split'; first: number; second: number }[] = [];
  for (const [index, branch] of branches.entries()) {
    if (index === branches.length - 1) {
      if (!emit(branch, program)) return false;
      continue;
    }
    const split = { op: 'split' as const, first: program.length + 1, second: 0 };
    program.push(split);
    if (!emit(branch, program)) return false;
    const end = { op: 'split' as const, first: 0, second: 0 };
    program.push(end);
    ends.push(end);
    split.second = program.length;
  }
  for (const end of ends) end.first = end.second = program.length;
  return true;
}

function emitRepeat(node: Extract<PatternNode, { kind: 'repeat' }>, program: Instruction[]): boolean {
  for (let count = 0; count < node.least; count += 1) if (!emit(node.node, program)) return false;
  if (node.most === Number.POSITIVE_INFINITY) {
    const start = program.length;
    const split = { op: 'split' as const, first: start + 1, second: 0 };
    program.push(split);
    if (!emit(node.node, program)) return false;
    program.push({ op: 'split', first: start, second: start });
    split.second = program.length;
    return true;
  }
  for (let count = node.least; count < node.most; count += 1) {
    const split = { op: 'split' as const, first: program.length + 1, second: 0 };
    program.push(split);
    if (!emit(node.node, program)) return false;
    split.second = program.length;
  }
  return program.length <= maxInstructions;
}

function run(program: readonly Instruction[], text: string): boolean {
  const characters = Array.from(text);
  let current = new Set<number>();
  for (let position = 0; position <= characters.length; position += 1) {
    const here = characters[position];
    // A match may begin anywhere, so the first instruction is a state at every position.
    const states = closure(program, [...current, 0], characters[position - 1], here);
    if (states === 'matched') return true;
    current = new Set();
    if (here === undefined) return false;
    for (const state of states) {
      const instruction = program[state];
      if (instruction?.op === 'character' && instruction.test(here)) current.add(state + 1);
    }
  }
  return false;
}

/** The states reachable without reading a character. */
function closure(
  program: readonly Instruction[],
  from: readonly number[],
  before: string | undefined,
  after: string | undefined,
): Set<number> | 'matched' {
  const seen = new Set<number>();
  const open = [...from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (seen.has(state)) continue;
    seen.add(state);
    const instruction = program[state];
    if (instruction?.op === 'match') return 'matched';
    if (instruction?.op === 'split') open.push(instruction.first, instruction.second);
    if (instruction?.op === 'assert' && instruction.holds(before, after)) open.push(state + 1);
  }
  return seen;
}
