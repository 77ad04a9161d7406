import path from 'node:path';
import { OpsError } from '../errors.ts';
import { findingIdsOf } from '../report/doctor/finding-ids.ts';
import { findingIdsOfChecks, judgeAcceptances } from '../runbook/judge-acceptances.ts';
import type { Language } from '../runbook/language.ts';
import { lintRunbook } from '../runbook/lint-runbook.ts';
import type { Problem } from '../runbook/problem.ts';
import { type LoadedEnvironment, readEnvironment, warnOfPlaceholders } from '../runbook/read-environment.ts';
import type { Environment } from '../world/environment.ts';
import type { World } from '../world/world.ts';
import { checkAuthority } from './check-authority.ts';
import { type Languages, openLanguages, readBy } from './languages.ts';
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
  const languages = await openLanguages(world);
  const environment = await environmentFor(world, languages, request);
  const suites = new Set(await namesIn(world, path.join(directory, 'suites')));
  const report: LintReport = { files: files.length, problems: [], warnings: [] };
  for (const file of files) {
    const read = await readable(world, file);
    const { problems = [], warnings = [] }: Found =
      'problems' in read ? read : await lintFile(world, { file, text: read.text }, { environment, suites, languages });
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

/** What a file is held against. */
type Against = { environment: Environment | undefined; suites: ReadonlySet<string>; languages: Languages };

async function lintFile(
  world: World,
  { file, text }: { file: string; text: string },
  against: Against,
): Promise<Found> {
  const { environment, suites, languages } = against;
  const found = (loaded: object & Found): Found => (loaded.problems === undefined ? {} : { problems: loaded.problems });
  switch (path.basename(path.dirname(file))) {
    case 'suites': {
      const { loadSuite } = await import('../runbook/load-suite.ts');
      return found(loadSuite(file, text, environment));
    }
    case 'scenarios': {
      const { loadDocument } = await import('../runbook/document.ts');
      return found(loadDocument(file, text, (await import('../simulator/scenario.ts')).scenarioSchema));
    }
    case 'environments': {
      const loaded = await readBy(languages, (language) => {
        const read = readEnvironment(file, text, language.environment);
        return 'problems' in read ? read : { ...read, warnings: warnOfEnvironment(world, read, language) };
      });
      if ('problems' in loaded) return found(loaded);
      const problems = loaded.authority === undefined ? [] : await checkAuthority(world, loaded.authority);
      return { problems, warnings: loaded.warnings };
    }
    default: {
      const held = { file, text, suites, ...(environment === undefined ? {} : { environment }) };
      return found(await readBy(languages, (language) => lintRunbook(language, held)));
    }
  }
}

function warnOfEnvironment(world: World, read: LoadedEnvironment, { actions }: Language): Problem[] {
  const known = new Set([...findingIdsOfChecks(actions), ...findingIdsOf(read.environment)]);
  return [...warnOfPlaceholders(read.placeholders), ...judgeAcceptances(read.acceptances, known, world.clock.now())];
}

async function allFiles(world: World, directory: string): Promise<string[]> {
  const found = ['', ...folders].map(async (folder) => {
    const within = path.join(directory, folder);
    return (await world.files.list(within)).filter(isYaml).map((name) => path.join(within, name));
  });
  return (await Promise.all(found)).flat();
}

/** One that was asked for by name must be sound; production's problems are told where its own file is checked. */
async function environmentFor(
  world: World,
  languages: Languages,
  { directory, environment }: LintRequest,
): Promise<Environment | undefined> {
  const file = locateEnvironment(world, directory, environment ?? 'production');
  // A file that cannot be read, too, is told where it is checked itself.
  const read = await readable(world, file);
  const loaded: LoadedEnvironment | { problems: Problem[] } =
    'problems' in read
      ? read
      : await readBy(languages, ({ environment: parse }) => readEnvironment(file, read.text, parse));
  if (!('problems' in loaded)) return loaded.environment;
  if (environment === undefined) return undefined;
  throw invalidFiles(world, loaded.problems, 'correct the environment first');
}
