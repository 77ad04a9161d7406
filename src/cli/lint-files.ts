import path from 'node:path';
import type { z } from 'zod';
import { suiteSchema } from '../actions/http/suite.ts';
import { actions } from '../actions/index.ts';
import { OpsError } from '../errors.ts';
import { loadDocument } from '../runbook/document.ts';
import { loadRunbook } from '../runbook/load-runbook.ts';
import { formatProblem, type Problem } from '../runbook/problem.ts';
import { type Environment, environmentSchema } from '../world/environment.ts';
import type { World } from '../world/world.ts';
import { namesIn } from './load-material.ts';
import { isYaml, locateEnvironment } from './locate.ts';
import { findPlaceholders, type Placeholder } from './placeholders.ts';

/** What lint found: problems, values not filled in yet, and how many files it read. */
export type LintReport = { files: number; problems: Problem[]; placeholders: Placeholder[] };

/** The folders whose files are not runbooks. */
const folders = ['environments', 'suites', 'scenarios'] as const;

type LintRequest = { directory: string; files: readonly string[]; environment: string | undefined };

/**
 * Checks the given files, or all of the directory. A file's folder tells what it is. Runbooks are checked against an
 * environment (production unless told, where there is one) and the directory's suites. Throws `usage` for a file that
 * is not there.
 */
export async function lintFiles(world: World, request: LintRequest): Promise<LintReport> {
  const { directory } = request;
  const files = request.files.length > 0 ? request.files.map((file) => path.resolve(world.cwd, file)) : await allFiles(world, directory);
  const report: LintReport = { files: files.length, problems: [], placeholders: [] };
  const environment = await readEnvironment(world, request);
  const suites = new Set(await namesIn(world, path.join(directory, 'suites')));
  for (const file of files) {
    const text = await readFile(world, file);
    const folder = path.basename(path.dirname(file));
    if (folder === 'suites') report.problems.push(...check(file, text, suiteSchema));
    else if (folder === 'scenarios') {
      const { scenarioSchema } = await import('../simulator/scenario.ts');
      report.problems.push(...check(file, text, scenarioSchema));
    } else if (folder === 'environments') {
      report.problems.push(...check(file, text, environmentSchema));
      report.placeholders.push(...findPlaceholders(file, text));
    } else {
      const loaded = loadRunbook({ file, text, actions, suites, ...(environment === undefined ? {} : { environment }) });
      if ('problems' in loaded) report.problems.push(...loaded.problems);
    }
  }
  return report;
}

function check<Value>(file: string, text: string, schema: z.ZodType<Value>): Problem[] {
  const loaded = loadDocument(file, text, schema);
  return 'problems' in loaded ? loaded.problems : [];
}

async function allFiles(world: World, directory: string): Promise<string[]> {
  const found = ['', ...folders].map(async (folder) => {
    const within = path.join(directory, folder);
    return (await world.files.list(within)).filter(isYaml).map((name) => path.join(within, name));
  });
  return (await Promise.all(found)).flat();
}

async function readEnvironment(world: World, { directory, environment }: LintRequest): Promise<Environment | undefined> {
  const file = locateEnvironment(world, directory, environment ?? 'production');
  if (environment === undefined && !(await world.files.exists(file))) return undefined;
  const loaded = loadDocument(file, await readFile(world, file), environmentSchema);
  if (!('problems' in loaded)) return loaded.value;
  // Told with its own file when all are checked; when it was asked for by name, it must be sound.
  if (environment === undefined) return undefined;
  throw new OpsError('invalid', loaded.problems.map(formatProblem).join('\n'), { hint: 'correct the environment first' });
}

async function readFile(world: World, file: string): Promise<string> {
  if (await world.files.exists(file)) return world.files.readText(file);
  throw new OpsError('usage', `there is no file ${file}`, { hint: 'give the path of a .yaml file, or none to check all' });
}
