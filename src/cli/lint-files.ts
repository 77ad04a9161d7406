import path from 'node:path';
import { actions } from '../actions/index.ts';
import { OpsError } from '../errors.ts';
import { loadDocument } from '../runbook/document.ts';
import { loadEnvironment, warnOfPlaceholders } from '../runbook/load-environment.ts';
import { loadRunbook } from '../runbook/load-runbook.ts';
import { loadSuite } from '../runbook/load-suite.ts';
import type { Problem } from '../runbook/problem.ts';
import type { Environment } from '../world/environment.ts';
import type { World } from '../world/world.ts';
import { isYaml, locateEnvironment, namesIn } from './locate.ts';
import { invalidFiles } from './problems.ts';

/** What lint found: problems, values not filled in yet, and how many files it read. */
export type LintReport = { files: number; problems: Problem[]; warnings: Problem[] };

/** The folders whose files are not runbooks. */
const folders = ['environments', 'suites', 'scenarios'] as const;

type LintRequest = { directory: string; files: readonly string[]; environment: string | undefined };

/**
 * Checks the given files, or all of the directory. A file's folder tells what it is. Runbooks and suites are checked
 * against an environment (production unless told, where there is one). Throws `usage` for a file that is not there.
 */
export async function lintFiles(world: World, request: LintRequest): Promise<LintReport> {
  const { directory } = request;
  const given = request.files.map((file) => path.resolve(world.cwd, file));
  const files = given.length > 0 ? given : await allFiles(world, directory);
  const environment = await environmentFor(world, request);
  const suites = new Set(await namesIn(world, path.join(directory, 'suites')));
  const report: LintReport = { files: files.length, problems: [], warnings: [] };
  for (const file of files) {
    const text = await readable(world, file);
    const { problems = [], warnings = [] } =
      'problems' in text ? { problems: text.problems } : await lintFile(file, text.text, { environment, suites });
    report.problems.push(...problems);
    report.warnings.push(...warnings);
  }
  return report;
}

/** A file's text; one that the system will not give is a problem like any other, at its beginning. */
async function readable(world: World, file: string): Promise<{ text: string } | { problems: Problem[] }> {
  try {
    return { text: await readFile(world, file) };
  } catch (error) {
    if (error instanceof OpsError || !(error instanceof Error)) throw error;
    const where = { file, line: 1, column: 1 };
    return {
      problems: [{ where, what: `cannot be read: ${error.message}`, remedy: 'make it a readable file, or remove it' }],
    };
  }
}

type Found = { problems?: Problem[]; warnings?: Problem[] };

async function lintFile(
  file: string,
  text: string,
  { environment, suites }: { environment: Environment | undefined; suites: ReadonlySet<string> },
): Promise<Found> {
  const found = (loaded: object & Found): Found => (loaded.problems === undefined ? {} : { problems: loaded.problems });
  switch (path.basename(path.dirname(file))) {
    case 'suites':
      return found(loadSuite(file, text, environment));
    case 'scenarios':
      return found(loadDocument(file, text, (await import('../simulator/scenario.ts')).scenarioSchema));
    case 'environments': {
      const loaded = loadEnvironment(file, text);
      return 'problems' in loaded ? found(loaded) : { warnings: warnOfPlaceholders(loaded.placeholders) };
    }
    default:
      return found(loadRunbook({ file, text, actions, suites, ...(environment === undefined ? {} : { environment }) }));
  }
}

async function allFiles(world: World, directory: string): Promise<string[]> {
  const found = ['', ...folders].map(async (folder) => {
    const within = path.join(directory, folder);
    return (await world.files.list(within)).filter(isYaml).map((name) => path.join(within, name));
  });
  return (await Promise.all(found)).flat();
}

/** One that was asked for by name must be sound; production's problems are told where its own file is checked. */
async function environmentFor(world: World, { directory, environment }: LintRequest): Promise<Environment | undefined> {
  const file = locateEnvironment(world, directory, environment ?? 'production');
  if (environment === undefined && !(await world.files.exists(file))) return undefined;
  const loaded = loadEnvironment(file, await readFile(world, file));
  if (!('problems' in loaded)) return loaded.environment;
  if (environment === undefined) return undefined;
  throw invalidFiles(world, loaded.problems, 'correct the environment first');
}

async function readFile(world: World, file: string): Promise<string> {
  if (await world.files.exists(file)) return world.files.readText(file);
  throw new OpsError('usage', `there is no file ${file}`, {
    hint: 'give the path of a .yaml file, or none to check all',
  });
}
