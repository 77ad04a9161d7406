import { type ASTNode, Environment, EvaluationError } from '@marcbachmann/cel-js';
import { compilePattern } from './regular-expression.ts';

const limits = { maxAstNodes: 500, maxDepth: 40, maxListElements: 100, maxMapEntries: 100, maxCallArguments: 8 };

/**
 * The language that this program adds to CEL: whole and fractional numbers mix freely (JSON has only one kind), `has`
 * answers false where a parent is missing, and `matches` always ends in time.
 */
function createLanguage(): Environment {
  const language = new Environment({ homogeneousAggregateLiterals: false, limits });
  const arithmetic: readonly [string, (a: number, b: number) => number][] = [
    ['+', (a, b) => a + b],
    ['-', (a, b) => a - b],
    ['*', (a, b) => a * b],
    ['/', (a, b) => a / b],
    ['%', (a, b) => a % b],
  ];
  type Numeric = number | bigint;
  for (const [operator, compute] of arithmetic) {
    const handler = (a: Numeric, b: Numeric): number => compute(Number(a), Number(b));
    language.registerOperator(`double ${operator} int: double`, handler);
    language.registerOperator(`int ${operator} double: double`, handler);
    if (operator === '%') language.registerOperator('double % double: double', handler);
  }
  language.registerOperator('double == int', (a: Numeric, b: Numeric) => Number(a) === Number(b));
  language.registerFunction('string.Matches(string): bool', (text: string, pattern: string): boolean => {
    const compiled = compilePattern(pattern);
    if ('error' in compiled) throw new EvaluationError({ code: 'invalid_pattern', message: compiled.error });
    return compiled.matcher(text);
  });
  language.registerFunction('Has(ast): bool', hasMacro);
  return language;
}

/**
 * The same language for checking types: `outputs.status in [200, 403]` is accepted there. When it runs, the values
 * are of types known only then, and the library compares whole and fractional numbers itself.
 */
function createCheckedLanguage(): Environment {
  const unused = (): never => {
    throw new Error('this language only checks types');
  };
  return createLanguage()
    .registerOperator('int in list<double>', unused)
    .registerOperator('double in list<int>', unused);
}

/** The parts of the library's checker and evaluator that a macro is handed. */
type Checker = { check(node: ASTNode, context: unknown): unknown; getType(name: string): unknown };
type Runner = { run(node: ASTNode, context: unknown): unknown };

function hasMacro({ args }: { args: ASTNode[] }) {
  return {
    async: false,
    typeCheck(checker: Checker, _macro: unknown, context: unknown): unknown {
      for (const node of args) checker.check(node, context);
      return checker.getType('bool');
    },
    evaluate(runner: Runner, _macro: unknown, context: unknown): boolean {
      try {
        return args.every((node) => runner.run(node, context) !== undefined);
      } catch (error) {
        if (error instanceof EvaluationError && missing.has(error.code)) return false;
        throw error;
      }
    },
  };
}

const missing: ReadonlySet<string> = new Set([
  'no_such_key',
  'index_out_of_bounds',
  'cannot_index_type',
  'unknown_variable',
]);

/** Builds on first use and keeps: a language never changes once something is cloned from it. */
function once<T>(create: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: create() };
    return made.value;
  };
}

/** The language for parsing and running: every variable may be anything. */
export const runningLanguage = once(() =>
  ['inputs', 'env', 'steps', 'run', 'outputs'].reduce(
    (language, name) => language.registerVariable(name, 'dyn'),
    createLanguage(),
  ),
);

/** The language for checking types, before any variable is declared: clone it. */
export const checkedLanguage = once(createCheckedLanguage);
