import path from 'node:path';
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
import { invalidFiles } from './problems.ts';

/** What was found in one file. */
export type Found = { problems?: Problem[]; warnings?: Problem[] };

/** A file's text, or why it cannot be had: a problem like any other, at its beginning. */
export type ReadFile = { text: string } | { problems: Problem[] };

/** What files are held against. */
export type Against = { environment: Environment | undefined; suites: ReadonlySet<string>; languages: Languages };

/** Which environment, where its file has been read; `isNamed`: it was asked for by name. */
export type EnvironmentFile = { file: string; read: ReadFile; isNamed: boolean };

/** Opens what files are held against. Throws `invalid` for an environment that was asked for by name and is not sound. */
export async function openAgainst(
  world: World,
  { environment, suites }: { environment: EnvironmentFile; suites: readonly string[] },
): Promise<Against> {
  const languages = await openLanguages(world);
  return { environment: await environmentOf(world, languages, environment), suites: new Set(suites), languages };
}

/** What is wrong with a file that could be read; its folder tells what it is. */
export async function lintFile(
  world: World,
  { file, text }: { file: string; text: string },
  { environment, suites, languages }: Against,
): Promise<Found> {
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

/** One that was asked for by name must be sound; production's problems are told where its own file is checked. */
async function environmentOf(
  world: World,
  languages: Languages,
  { file, read, isNamed }: EnvironmentFile,
): Promise<Environment | undefined> {
  // A file that cannot be read, too, is told where it is checked itself.
  const loaded: LoadedEnvironment | { problems: Problem[] } =
    'problems' in read
      ? read
      : await readBy(languages, ({ environment: parse }) => readEnvironment(file, read.text, parse));
  if (!('problems' in loaded)) return loaded.environment;
  if (!isNamed) return undefined;
  throw invalidFiles(world, loaded.problems, 'correct the environment first');
}
