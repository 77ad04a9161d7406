import path from 'node:path';
import { actions } from '../actions/index.ts';
import { OpsError } from '../errors.ts';
import { loadDocument } from '../runbook/document.ts';
import { judgeAcceptances } from '../runbook/judge-acceptances.ts';
import { loadEnvironment, warnOfPlaceholders } from '../runbook/load-environment.ts';
import { loadRunbook } from '../runbook/load-runbook.ts';
import { loadSuite } from '../runbook/load-suite.ts';
import type { Problem } from '../runbook/problem.ts';
import type { Environment } from '../world/environment.ts';
import type { World } from '../world/world.ts';
import { checkAuthority } from './check-authority.ts';
import { isYaml, locateEnvironment, namesIn, readIfThere } from './locate.ts';
import { invalidFiles } from './problems.ts';

/** What lint found: problems, what harms no rehearsal (values not filled in yet, acceptances that ran out), and how many files it read. */
export type LintReport = { files: number; problems: Problem[]; warnings: Problem[] };

/** The folders whose files are not runbooks. */
const folders = ['environments', 'suites', 'scenarios'] as const;

type LintRequest = { directory: string; files: readonly string[]; environment: string | undefined };

/**
 * Checks the given files, or all of the directory. A file's folder tells what it is. Runbooks and suites are checked
 * against an environment (production unless told, where there is one). Throws `usage` for a file that is not there,
 * `invalid` for an environment that was told and is not sound.
 */
export async function lintFiles(world: World, request: LintRequest): Promise<LintReport> {
  const { directory } = request;
  const given = request.files.map((file) => path.resolve(world.cwd, file));
  const files = given.length > 0 ? given : await allFiles(world, directory);
  for (const file of given) await assertThere(world, file);
  const environment = await environmentFor(world, request);
  const suites = new Set(await namesIn(world, path.join(directory, 'suites')));
  const report: LintReport = { files: files.length, problems: [], warnings: [] };
  for (const file of files) {
    const read = await readable(world, file);
    const { problems = [], warnings = [] }: Found =
      'problems' in read ? read : await lintFile(world, { file, text: read.text }, { environment, suites });
    report.problems.push(...problems);
    report.warnings.push(...warnings);
  }
  return report;
}

const absent = 'there is no such file';

/** A file's text; one that is not there, or that the system will not give, is a problem like any other, at its beginning. */
async function readable(world: World, file: string): Promise<{ text: string } | { problems: Problem[] }> {
  try {
    const text = await readIfThere(world, file);
    if (text !== undefined) return { text };
    const where = { file, line: 1, column: 1 };
    return { problems: [{ where, what: absent, remedy: 'correct the path, or the link that it is' }] };
  } catch (error) {
    if (!(error instanceof OpsError) || error.where === undefined) throw error;
    return { problems: [{ where: error.where, what: error.message, remedy: error.hint ?? 'remove it' }] };
  }
}

async function assertThere(world: World, file: string): Promise<void> {
  const read = await readable(world, file);
  if ('text' in read || read.problems[0]?.what !== absent) return;
  throw new OpsError('usage', `there is no file ${file}`, {
    hint: 'give the path of a .yaml file, or none to check all',
  });
}

type Found = { problems?: Problem[]; warnings?: Problem[] };

async function lintFile(
  world: World,
  { file, text }: { file: string; text: string },
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
      if ('problems' in loaded) return found(loaded);
      return {
        problems: loaded.authority === undefined ? [] : await checkAuthority(world, loaded.authority),
        warnings: [
          ...warnOfPlaceholders(loaded.placeholders),
          ...judgeAcceptances(loaded.acceptances, actions, world.clock.now()),
        ],
      };
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
  // A file that cannot be read, too, is told where it is checked itself.
  const read = await readable(world, file);
  const loaded = 'problems' in read ? read : loadEnvironment(file, read.text);
  if (!('problems' in loaded)) return loaded.environment;
  if (environment === undefined) return undefined;
  throw invalidFiles(world, loaded.problems, 'correct the environment first');
}
