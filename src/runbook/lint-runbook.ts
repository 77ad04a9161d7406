import type { Environment } from '../world/environment.ts';
import type { Json } from '../world/json.ts';
import { buildStep } from './build-steps.ts';
import { suggest } from './closest.ts';
import { compileCondition } from './compile-expression.ts';
import { compileTemplate } from './compile-template.ts';
import { parseDuration } from './duration.ts';
import { findSecrets } from './find-secrets.ts';
import type { Language } from './language.ts';
import type { Lint } from './lint.ts';
import { namedKeys } from './named-keys.ts';
import { outlineSteps } from './outline.ts';
import { type Problem, sortProblems } from './problem.ts';
import { readInputs } from './read-inputs.ts';
import type { Objective, Runbook, Template } from './runbook.ts';
import { placeProblems } from './schema-problem.ts';
import { scopeShapes, scopeTypes } from './scope-shapes.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

/** A runbook's text, and what its references are resolved against. */
export type RunbookText = {
  file: string;
  text: string;
  /** With it, routes and the keys that `env` has are checked, too. */
  environment?: Environment;
  /** With it, the suites that steps name must be in it. */
  suites?: { has(name: string): boolean; keys(): Iterable<string> };
};

/** Commands of the program itself: a runbook of that name could not be started. */
const ownCommands: ReadonlySet<string> = new Set(
  'list show lint schema rehearse runs status watch resume rollback approve mark-done audit report doctor simulate help release'.split(
    ' ',
  ),
);

/** A suite that a runbook names, and where it first does. */
export type SuiteReference = { name: string; where: Problem['where'] };

/** What linting a runbook gives; the suites that it names are there even where it has problems. */
export type LintedRunbook = { runbook: Runbook | undefined; problems: Problem[]; suites: SuiteReference[] };

/** Lints a runbook: the typed runbook, or every problem that it has, in order of place. Never throws for any text. */
export function lintRunbook(language: Language, input: RunbookText): LintedRunbook {
  const { source, problems: unsound } = readYaml(input.file, input.text);
  if (source === undefined) return { runbook: undefined, problems: sortProblems(unsound), suites: [] };
  const data = topOf(source);
  const raw = language.runbook(source.data);
  const problems: Problem[] = [
    ...unsound,
    ...('problems' in raw ? placeProblems(raw.problems, source) : []),
    ...findSecrets(source),
  ];
  if ('problems' in raw && !language.tellsAll) return { runbook: undefined, problems, suites: [] };
  const inputs = readInputs(source, { data: data.inputs, read: language.input, problems });
  const outline = outlineSteps(data.steps, language.stepKeys);
  const shapes = scopeShapes(inputs, outline, language, input.environment);
  const lint: Lint = {
    source,
    actions: language.actions,
    environment: input.environment,
    outline,
    shapes,
    types: scopeTypes(shapes, namedKeys(source.data)),
    problems,
    suites: [],
    expressions: 0,
  };
  const steps = outline.top.map((node) => buildStep(lint, node));
  const lock = lockOf(lint, data.lock);
  checkName(lint, nameOf(input.file));
  const suites = namedSuites(lint);
  if (input.suites) checkSuites(lint, suites, input.suites);
  if (problems.length > 0 || 'problems' in raw) return { runbook: undefined, problems: sortProblems(problems), suites };
  const objective = objectiveOf(raw.value.objective);
  const runbook: Runbook = {
    name: nameOf(input.file),
    file: input.file,
    title: raw.value.title,
    inputs,
    steps,
    suites: suites.map(({ name }) => name),
    ...(raw.value.description === undefined ? {} : { description: raw.value.description }),
    ...(objective === undefined ? {} : { objective }),
    ...lock,
  };
  return { runbook, problems: [], suites };
}

function topOf(source: YamlSource): { readonly [key: string]: Json } {
  const { data } = source;
  return typeof data === 'object' && data !== null && !Array.isArray(data)
    ? Object.fromEntries(Object.entries(data))
    : {};
}

/** `failover` for `…/failover.yaml`. */
export function nameOf(file: string): string {
  return (file.split(/[\\/]/).at(-1) ?? file).replace(/\.ya?ml$/, '');
}

function checkName(lint: Lint, name: string): void {
  const where = { file: lint.source.file, line: 1, column: 1 };
  if (ownCommands.has(name)) {
    lint.problems.push({ where, what: `${name} is a command of the program`, remedy: 'name the file otherwise' });
  } else if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    lint.problems.push({
      where,
      what: `the file name ${name} cannot be a command`,
      remedy: 'use lower-case letters, digits and dashes',
    });
  }
}

/** The lock, written as text, or as `{ resource, when }`. */
function lockOf(lint: Lint, written: Json | undefined): Pick<Runbook, 'lock' | 'lockWhen'> {
  if (typeof written === 'string') return { lock: compileLock(lint, written, ['lock']) };
  if (typeof written !== 'object' || written === null || Array.isArray(written)) return {};
  const { resource, when } = Object.fromEntries(Object.entries(written));
  if (typeof resource !== 'string' || typeof when !== 'string') return {};
  const lockWhen = compileCondition(lint, when, { path: ['lock', 'when'], offset: 0, reader: undefined });
  const lock = compileLock(lint, resource, ['lock', 'resource']);
  return { lock, ...(lockWhen === undefined ? {} : { lockWhen }) };
}

function compileLock(lint: Lint, text: string, path: string[]): Template {
  const { template, holes } = compileTemplate(lint, text, path, undefined);
  if (holes.some(({ type }) => type !== 'string' && type !== 'dyn')) {
    lint.problems.push({
      where: template.where,
      what: 'the lock is not text',
      remedy: 'name the resource, e.g. dns/${{ env.hostname }}',
    });
  }
  return template;
}

function objectiveOf(
  raw: { 'switched-within'?: string | undefined; 'recovered-within'?: string | undefined } | undefined,
): Objective | undefined {
  if (raw === undefined) return undefined;
  const switchedWithinMs = parseDuration(raw['switched-within'] ?? '');
  const recoveredWithinMs = parseDuration(raw['recovered-within'] ?? '');
  return {
    from: 'go',
    ...(switchedWithinMs === undefined ? {} : { switchedWithinMs }),
    ...(recoveredWithinMs === undefined ? {} : { recoveredWithinMs }),
  };
}

function namedSuites(lint: Lint): SuiteReference[] {
  const byName = new Map<string, SuiteReference>();
  for (const { name, path } of lint.suites) {
    if (!byName.has(name)) byName.set(name, { name, where: lint.source.positionOf(path) });
  }
  return [...byName.values()];
}

function checkSuites(lint: Lint, named: readonly SuiteReference[], known: NonNullable<RunbookText['suites']>): void {
  for (const { name, where } of named) {
    if (known.has(name)) continue;
    lint.problems.push({ where, what: `there is no suite "${name}"`, remedy: suggest(name, known.keys()) });
  }
}
