import type { Position } from '../errors.ts';

/** Something wrong in a file: where, what it is, and what to do about it. Plain words, no full stop. */
export type Problem = { where: Position; what: string; remedy: string };

/** `file:line:column: what; what to do`. */
export function formatProblem(problem: Problem): string {
  const { file, line, column } = problem.where;
  return `${file}:${line}:${column}: ${problem.what}; ${problem.remedy}`;
}

/** The problems by file, line and column, each said once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems
    .filter((problem) => {
      const key = formatProblem(problem);
      return seen.has(key) ? false : seen.add(key);
    })
    .sort(
      (a, b) =>
        compareText(a.where.file, b.where.file) || a.where.line - b.where.line || a.where.column - b.where.column,
    );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
