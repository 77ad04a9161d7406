import path from 'node:path';
import { OpsError } from '../errors.ts';
import { formatProblem, type Problem, sortProblems } from '../runbook/problem.ts';
import type { World } from '../world/world.ts';

/** `file:line:column: what; what to do`, with the file as seen from the current directory where that is shorter. */
export function problemLines(world: World, problems: readonly Problem[]): string[] {
  return sortProblems(problems).map((problem) =>
    formatProblem({ ...problem, where: { ...problem.where, file: shorten(world, problem.where.file) } }),
  );
}

/** The error that tells every problem of a command's files at once. */
export function invalidFiles(
  world: World,
  problems: readonly Problem[],
  hint = 'nothing was started; `resend-ops lint` checks all files at once',
): OpsError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new OpsError('invalid', [`${count} in the files:`, ...problemLines(world, problems)].join('\n'), {
    hint,
  });
}

/** A path as seen from the current directory, where it lies within it. */
export function shorten(world: World, file: string): string {
  const relative = path.relative(world.cwd, file);
  return relative === '' || relative.startsWith('..') ? file : relative;
}
