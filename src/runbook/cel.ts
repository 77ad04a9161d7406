import {
  type ASTNode,
  type Environment as CelEnvironment,
  TypeError as CelTypeError,
  EvaluationError,
  ParseError,
} from '@marcbachmann/cel-js';
import type { Json } from '../world/json.ts';
import { checkedLanguage, runningLanguage } from './cel-language.ts';
import { toLibraryText } from './cel-scan.ts';
import { toCel, toJson } from './cel-values.ts';
import type { Shape } from './shape.ts';
import { withinTime } from './time-box.ts';

/** What is wrong with an expression, and at which of its characters. `code` is the library's. */
export type CelProblem = { offset: number; code: string; message: string };

/** A parsed expression: its tree, with the names as written. */
export type ParsedExpression = { source: string; tree: ASTNode };

const maxSource = 1_000;
/** What an expression may take over the outputs it is given, however large they are. */
const maxRunMs = 500;
const maxResult = { characters: 1_000_000, values: 100_000 };

/** Parses an expression. Length, depth and size are bounded. */
function parseIn(language: CelEnvironment, source: string): (ParsedExpression & Runnable) | { problem: CelProblem } {
  if (source.length > maxSource) {
    return {
      problem: { offset: 0, code: 'too_long', message: `the expression is longer than ${maxSource} characters` },
    };
  }
  try {
    const parsed = language.parse(toLibraryText(source));
    restoreNames(parsed.ast, source);
    return { source, tree: parsed.ast, check: () => parsed.check(), run: (context) => parsed(context) };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

type Runnable = {
  check(): { valid: boolean; type?: string; error?: unknown };
  run(context: Record<string, unknown>): unknown;
};

/** The direct parts of a node. */
export function partsOf(node: ASTNode): ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return [...node.args];
  }
}

/** Puts the dashes back into names (see {@link toLibraryText}): a name's place in the text is the node's own. */
function restoreNames(node: ASTNode, source: string): void {
  if (node.op === '.') node.args[1] = source.slice(node.pos, node.end);
  for (const part of partsOf(node)) restoreNames(part, source);
}

/** An expression in a scope. */
type ScopedExpression = ParsedExpression & {
  /** The type of its value (`bool`, `string`, `double`, `list<…>`, `dyn`, …), or what is wrong. */
  check(): { type: string } | { problem: CelProblem };
};

/** The types of the variables in scope, against which expressions are checked without running them. */
export type TypeScope = {
  /** Parses an expression. Length, depth and size are bounded. */
  parse(source: string): ScopedExpression | { problem: CelProblem };
  /** The same scope with one more variable. */
  and(name: string, shape: Shape): TypeScope;
};

/** A scope of variables of known shapes. */
export function createTypeScope(variables: Readonly<Record<string, Shape>>): TypeScope {
  const language = checkedLanguage().clone();
  const names = new Map<Shape, string>();
  for (const [name, shape] of Object.entries(variables)) {
    language.registerVariable(name, celType(language, shape, names));
  }
  return scopeOf(language, names);
}

/** `names`: the types registered so far; steps with the same action share one. */
function scopeOf(language: CelEnvironment, names: ReadonlyMap<Shape, string>): TypeScope {
  const wider = new Map<string, Map<Shape, TypeScope>>();
  return {
    parse(source) {
      const parsed = parseIn(language, source);
      if ('problem' in parsed) return parsed;
      const check = () => {
        const { valid, type, error } = parsed.check();
        return valid && type !== undefined ? { type } : { problem: problemOf(error) };
      };
      return { source, tree: parsed.tree, check };
    },
    and(name, shape) {
      const scopes = wider.get(name) ?? new Map<Shape, TypeScope>();
      wider.set(name, scopes);
      const known = scopes.get(shape);
      if (known) return known;
      const innerLanguage = language.clone();
      const innerNames = new Map(names);
      innerLanguage.registerVariable(name, celType(innerLanguage, shape, innerNames));
      const scope = scopeOf(innerLanguage, innerNames);
      scopes.set(shape, scope);
      return scope;
    },
  };
}

function celType(language: CelEnvironment, shape: Shape, names: Map<Shape, string>): string {
  switch (shape.kind) {
    case 'any':
      return 'dyn';
    case 'text':
      return 'string';
    case 'number':
      return 'double';
    case 'boolean':
      return 'bool';
    case 'null':
      return 'null';
    case 'list':
      return `list<${celType(language, shape.item, names)}>`;
    case 'map':
      return `map<string, ${celType(language, shape.value, names)}>`;
    case 'struct': {
      const known = names.get(shape);
      if (known !== undefined) return known;
      const fields = Object.entries(shape.fields).map(([key, field]) => [key, celType(language, field.shape, names)]);
      const name = `Map${names.size + 1}`;
      names.set(shape, name);
      language.registerType(name, { fields: Object.fromEntries(fields) });
      return name;
    }
  }
}

/** Runs an expression over plain JSON. What it gives is plain JSON again; all else is a problem. */
export function runExpression(
  source: string,
  variables: Readonly<Record<string, Json>>,
): { value: Json } | { problem: CelProblem } {
  const parsed = parseIn(runningLanguage(), source);
  if ('problem' in parsed) return parsed;
  try {
    const context = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, toCel(value)]));
    const run = () => toJson(parsed.run(context), { ...maxResult });
    // Others than loops, patterns and long sums of lists are done before the watch would be set.
    const isBrief = source.length <= 100 && !mayRepeat(parsed.tree);
    const done = !isBrief ? withinTime(maxRunMs, run) : { value: run() };
    if (done === 'too-slow') {
      const message = `it takes longer than ${maxRunMs / 1_000} s over what it is given`;
      return { problem: { offset: 0, code: 'too_slow', message } };
    }
    const { value } = done;
    if (value !== undefined) return { value };
    return {
      problem: {
        offset: 0,
        code: 'not_plain',
        message: 'its value is not text, a number, true, false, a list or a map',
      },
    };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

function mayRepeat(node: ASTNode): boolean {
  return (node.op === 'rcall' && repeating.has(node.args[0])) || partsOf(node).some(mayRepeat);
}

const repeating: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter', 'bind', 'Matches']);

function problemOf(error: unknown): CelProblem {
  if (error instanceof ParseError || error instanceof EvaluationError || error instanceof CelTypeError) {
    return { offset: error.range?.start ?? 0, code: error.code, message: error.summary };
  }
  if (error instanceof RangeError) return { offset: 0, code: 'too_large', message: 'its value is too large' };
  throw error;
}
