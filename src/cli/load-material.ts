import path from 'node:path';
import { actions } from '../actions/index.ts';
import { type Suite, suiteSchema } from '../actions/http/suite.ts';
import type { Material } from '../engine/options.ts';
import { OpsError } from '../errors.ts';
import { suggest } from '../runbook/closest.ts';
import { loadDocument } from '../runbook/document.ts';
import { loadRunbook } from '../runbook/load-runbook.ts';
import type { Problem } from '../runbook/problem.ts';
import { type Environment, environmentSchema } from '../world/environment.ts';
import type { World } from '../world/world.ts';
import { isYaml, locateEnvironment } from './locate.ts';
import { invalidFiles } from './problems.ts';

/** A file of a run, as read. */
export type DocumentText = Material['documents'][number];

/** The names of the `*.yaml` files of a directory, without the ending. */
export async function namesIn(world: World, directory: string): Promise<string[]> {
  return (await world.files.list(directory)).filter(isYaml).map((name) => name.slice(0, -'.yaml'.length));
}

/**
 * Reads and checks a runbook, the environment and the suites that it uses. Throws `usage` for names that lead to no
 * file, `invalid` with every problem of the files.
 */
export async function loadMaterial(
  world: World,
  directory: string,
  names: { runbook: string; environment: string },
): Promise<Material> {
  const environment = await readEnvironmentText(world, directory, names.environment);
  const runbook = await readRunbookText(world, directory, names.runbook);
  const suites = path.join(directory, 'suites');
  const found: DocumentText[] = [];
  for (const name of await namesIn(world, suites)) {
    const file = path.join(suites, `${name}.yaml`);
    found.push({ kind: 'suite', name, file, text: await world.files.readText(file) });
  }
  return buildMaterial(world, [runbook, environment, ...found]);
}

/** Checks the texts of a run's files, from disk or as pinned, and keeps the suites that the runbook uses. */
export function buildMaterial(world: World, documents: readonly DocumentText[]): Material {
  const [runbookText] = documents.filter(({ kind }) => kind === 'runbook');
  const [environmentText] = documents.filter(({ kind }) => kind === 'environment');
  if (runbookText === undefined || environmentText === undefined) {
    throw new OpsError('audit', 'the files of this run are not complete: its runbook or its environment is missing', {
      hint: 'see `resend-ops audit verify`',
    });
  }
  const environment = parseEnvironment(world, environmentText);
  const suiteTexts = new Map(documents.filter(({ kind }) => kind === 'suite').map((text) => [text.name, text]));
  const { file, text } = runbookText;
  const loaded = loadRunbook({ file, text, actions, environment, suites: suiteTexts });
  const problems: Problem[] = 'problems' in loaded ? loaded.problems : [];
  const suites = new Map<string, Suite>();
  for (const name of 'problems' in loaded ? [] : loaded.runbook.suites) {
    const suiteText = suiteTexts.get(name);
    if (suiteText === undefined) continue;
    const suite = loadDocument(suiteText.file, suiteText.text, suiteSchema);
    if ('problems' in suite) problems.push(...suite.problems);
    else suites.set(name, suite.value);
  }
  if ('problems' in loaded || problems.length > 0) throw invalidFiles(world, problems);
  return {
    runbook: loaded.runbook,
    environment,
    environmentName: environmentText.name,
    suites,
    documents: documents.filter(({ kind, name }) => kind !== 'suite' || suites.has(name)),
  };
}

/** The environment of a text, or `invalid` with all its problems. */
export function parseEnvironment(world: World, { file, text }: { file: string; text: string }): Environment {
  const loaded = loadDocument(file, text, environmentSchema);
  if ('problems' in loaded) throw invalidFiles(world, loaded.problems);
  return loaded.value;
}

/** Reads an environment by name or path. Throws `usage` naming those that there are. */
export async function readEnvironmentText(world: World, directory: string, name: string): Promise<DocumentText> {
  const file = locateEnvironment(world, directory, name);
  if (await world.files.exists(file)) {
    return { kind: 'environment', name, file, text: await world.files.readText(file) };
  }
  const known = await namesIn(world, path.join(directory, 'environments'));
  throw new OpsError('usage', `there is no environment ${name}: ${file} does not exist`, { hint: suggest(name, known) });
}

/** Reads a runbook by name. Throws `usage` naming those that there are. */
export async function readRunbookText(world: World, directory: string, name: string): Promise<DocumentText> {
  const known = await namesIn(world, directory);
  if (!known.includes(name)) {
    throw new OpsError('usage', `there is no runbook ${name} in ${directory}`, { hint: suggest(name, known) });
  }
  const file = path.join(directory, `${name}.yaml`);
  return { kind: 'runbook', name, file, text: await world.files.readText(file) };
}
