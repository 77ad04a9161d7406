import path from 'node:path';
import { OpsError } from '../errors.ts';
import type { Problem } from '../runbook/problem.ts';
import type { World } from '../world/world.ts';
import type { FoundSound } from './found-sound.ts';
import type { Against, ReadFile } from './lint-file.ts';
import { isYaml, locateEnvironment, namesIn, readIfThere } from './locate.ts';

/** What lint found: problems, what harms no rehearsal (values not filled in yet, acceptances that ran out), and how many files it read. */
export type LintReport = { files: number; problems: Problem[]; warnings: Problem[] };

/** The folders whose files are not runbooks. */
const folders = ['environments', 'suites', 'scenarios'] as const;

/** `foundSound`: what need not be looked at again. */
type LintRequest = {
  directory: string;
  files: readonly string[];
  environment: string | undefined;
  foundSound?: FoundSound | undefined;
};

/**
 * Checks the given files, or all of the directory. A file's folder tells what it is. Runbooks and suites are checked
 * against an environment (production unless told, where there is one). Throws `usage` for a file that is not there,
 * `invalid` for an environment that was told and is not sound.
 */
export async function lintFiles(world: World, request: LintRequest): Promise<LintReport> {
  const { directory, foundSound } = request;
  const given = request.files.map((file) => path.resolve(world.cwd, file));
  const files = given.length > 0 ? given : await allFiles(world, directory);
  for (const file of given) await assertThere(world, file);
  const environmentFile = locateEnvironment(world, directory, request.environment ?? 'production');
  const environment = {
    file: environmentFile,
    read: await readable(world, environmentFile),
    isNamed: request.environment !== undefined,
  };
  const suites = await namesIn(world, path.join(directory, 'suites'));
  // Reading YAML and expressions takes most of the time, and is loaded only where there is something to look at.
  let opened: { against: Against; lintFile: typeof import('./lint-file.ts').lintFile } | undefined;
  const open = async () => {
    const { lintFile, openAgainst } = await import('./lint-file.ts');
    opened ??= { lintFile, against: await openAgainst(world, { environment, suites }) };
    return opened;
  };
  const report: LintReport = { files: files.length, problems: [], warnings: [] };
  for (const file of files) {
    const read = await readable(world, file);
    if ('problems' in read) {
      report.problems.push(...read.problems);
      continue;
    }
    const mark = await foundSound?.markOf([placeOf(file), read, environment.isNamed, environment.read, suites]);
    if (mark !== undefined && foundSound?.has(mark)) continue;
    const { lintFile, against } = await open();
    const { problems = [], warnings = [] } = await lintFile(world, { file, text: read.text }, against);
    report.problems.push(...problems);
    report.warnings.push(...warnings);
    // What is said of an environment depends on the day and on other files, too.
    const isSettled = path.basename(path.dirname(file)) !== 'environments';
    if (mark !== undefined && isSettled && problems.length + warnings.length === 0) foundSound?.add(mark);
  }
  if (files.length === 0) await open();
  await foundSound?.keep();
  return report;
}

/** What a file is, and what it is called: its folder's name and its own. */
function placeOf(file: string): [string, string] {
  return [path.basename(path.dirname(file)), path.basename(file)];
}

const absent = 'there is no such file';

async function readable(world: World, file: string): Promise<ReadFile> {
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

async function allFiles(world: World, directory: string): Promise<string[]> {
  const found = ['', ...folders].map(async (folder) => {
    const within = path.join(directory, folder);
    return (await world.files.list(within)).filter(isYaml).map((name) => path.join(within, name));
  });
  return (await Promise.all(found)).flat();
}
