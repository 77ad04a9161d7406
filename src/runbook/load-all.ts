import { dirname, join } from 'node:path';
import type { AnyAction } from '../actions/action.ts';
import type { Suite } from '../actions/http/suite.ts';
import type { Environment } from '../world/environment.ts';
import { nameOf, type SuiteReference } from './lint-runbook.ts';
import { loadEnvironment } from './load-environment.ts';
import { loadForSuites } from './load-runbook.ts';
import { loadSuite } from './load-suite.ts';
import { type Problem, sortProblems } from './problem.ts';
import { type Authority, warnOfPlaceholders } from './read-environment.ts';
import type { Runbook } from './runbook.ts';

/** The text of a file, or undefined when there is none: from disk, or from what a run pinned when it started. */
export type ReadText = (file: string) => Promise<string | undefined>;

/** A file that a run depends on, with its exact text. */
type LoadedFile = { kind: 'runbook' | 'environment' | 'suite'; name: string; file: string; text: string };

/** A runbook with all that it depends on, loaded and linted together. */
type Loaded = {
  runbook: Runbook;
  environment: Environment;
  suites: ReadonlyMap<string, Suite>;
  documents: readonly LoadedFile[];
  /** What does no harm to a rehearsal and stops a live run: placeholders. */
  warnings: readonly Problem[];
  /** The environment's own certificate authority, not looked at. */
  authority?: Authority;
};

/** Where to load from: two files, how to read them, and the actions that steps may use. */
export type LoadRequest = {
  runbookFile: string;
  environmentFile: string;
  readText: ReadText;
  actions: ReadonlyMap<string, AnyAction>;
};

/** `RUNBOOKS/environments/NAME.yaml`, unless the name is itself the path of a YAML file. */
export function environmentFileOf(runbooksDirectory: string, name: string): string {
  return /\.ya?ml$/.test(name) ? name : join(runbooksDirectory, 'environments', `${name}.yaml`);
}

/** `RUNBOOKS/suites/NAME.yaml`. */
function suiteFileOf(runbooksDirectory: string, name: string): string {
  return join(runbooksDirectory, 'suites', `${name}.yaml`);
}

/** Loads a runbook, its environment and the suites that it names (beside it, in `suites/`): all of them, or every problem in any of them. */
export async function loadAll(request: LoadRequest): Promise<Loaded | { problems: Problem[]; warnings: Problem[] }> {
  const { runbookFile, environmentFile, readText } = request;
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const documents: LoadedFile[] = [];

  const environmentText = await readText(environmentFile);
  const environment = environmentText === undefined ? undefined : loadEnvironment(environmentFile, environmentText);
  if (environment === undefined) problems.push(missingFile(environmentFile, 'name another environment with --env'));
  else if ('problems' in environment) problems.push(...environment.problems);
  else warnings.push(...warnOfPlaceholders(environment.placeholders));
  const known = environment && 'environment' in environment ? environment.environment : undefined;

  const runbookText = await readText(runbookFile);
  if (runbookText === undefined) {
    problems.push(missingFile(runbookFile, 'see the runbooks there are with `resend-ops list`'));
    return { problems: sortProblems(problems), warnings };
  }
  documents.push({ kind: 'runbook', name: nameOf(runbookFile), file: runbookFile, text: runbookText });
  if (environmentText !== undefined) {
    documents.push({
      kind: 'environment',
      name: nameOf(environmentFile),
      file: environmentFile,
      text: environmentText,
    });
  }
  const linted = loadForSuites({
    file: runbookFile,
    text: runbookText,
    actions: request.actions,
    ...(known === undefined ? {} : { environment: known }),
  });
  problems.push(...linted.problems);

  const suites = new Map<string, Suite>();
  for (const reference of linted.suites) {
    const loaded = await loadNamedSuite(reference, dirname(runbookFile), readText, known);
    if ('problems' in loaded) {
      problems.push(...loaded.problems);
      continue;
    }
    suites.set(reference.name, loaded.suite);
    documents.push(loaded.document);
  }
  if (problems.length > 0 || linted.runbook === undefined || known === undefined) {
    return { problems: sortProblems(problems), warnings };
  }
  const authority = environment && 'authority' in environment ? environment.authority : undefined;
  return {
    runbook: linted.runbook,
    environment: known,
    suites,
    documents,
    warnings,
    ...(authority === undefined ? {} : { authority }),
  };
}

async function loadNamedSuite(
  { name, where }: SuiteReference,
  directory: string,
  readText: ReadText,
  environment: Environment | undefined,
): Promise<{ suite: Suite; document: LoadedFile } | { problems: Problem[] }> {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) {
    const remedy = 'use lower-case letters, digits and dashes, without .yaml';
    return { problems: [{ where, what: `${JSON.stringify(name)} is not the name of a suite`, remedy }] };
  }
  const file = suiteFileOf(directory, name);
  const text = await readText(file);
  if (text === undefined) {
    return { problems: [{ where, what: `there is no suite "${name}"`, remedy: `write ${file}, or correct the name` }] };
  }
  const loaded = loadSuite(file, text, environment);
  return 'problems' in loaded ? loaded : { suite: loaded.suite, document: { kind: 'suite', name, file, text } };
}

function missingFile(file: string, remedy: string): Problem {
  return { where: { file, line: 1, column: 1 }, what: 'there is no such file', remedy };
}
