import { type Suite, suiteSchema } from '../actions/http/suite.ts';
import type { Environment } from '../world/environment.ts';
import { quote, suggest } from './closest.ts';
import { findSecrets, textsOf } from './find-secrets.ts';
import { type Problem, sortProblems } from './problem.ts';
import { placeProblems } from './schema-problem.ts';
import { parseBySchema } from './schema-problems.ts';
import { type Path, readYaml, type YamlSource } from './yaml-source.ts';

/** Loads a suite, or says every problem that it has; with an environment, its backends and secrets must be there. Never throws for any text. */
export function loadSuite(
  file: string,
  text: string,
  environment?: Environment,
): { suite: Suite } | { problems: Problem[] } {
  const { source, problems: unsound } = readYaml(file, text);
  if (source === undefined) return { problems: sortProblems(unsound) };
  const twice = findRepeatedIds(source);
  // The schema says of the whole list that ids differ; the places say it better.
  const result = parseBySchema(suiteSchema, source.data);
  const found = ('problems' in result ? result.problems : []).filter(
    ({ rule, path }) => twice.length === 0 || rule !== 'custom' || path.length !== 1,
  );
  const problems = [...unsound, ...placeProblems(found, source), ...twice, ...findSecrets(source)];
  if ('value' in result) problems.push(...findMeaningProblems(result.value, source, environment));
  if (problems.length > 0 || 'problems' in result) return { problems: sortProblems(problems) };
  return { suite: result.value };
}

function findRepeatedIds(source: YamlSource): Problem[] {
  const ids = textsOf(source.data).filter(
    ({ path }) => path.length === 3 && path[0] === 'requests' && path[2] === 'id',
  );
  return ids
    .filter(({ text }, index) => ids.findIndex((other) => other.text === text) < index)
    .map(({ path, text }) => ({
      where: source.positionOf(path),
      what: `the id ${quote(text)} is given twice`,
      remedy: 'give each request its own id',
    }));
}

function findMeaningProblems(suite: Suite, source: YamlSource, environment: Environment | undefined): Problem[] {
  const problems: Problem[] = [];
  const report = (path: Path, what: string, remedy: string): void => {
    problems.push({ where: source.positionOf(path), what, remedy });
  };
  for (const [index, request] of suite.requests.entries()) {
    const path = ['requests', index];
    // What a provider is known to do with it shows that the body is meant.
    const isMeant = request['known-differences'].length > 0;
    if (request.body !== undefined && !isMeant && (request.method === 'GET' || request.method === 'HEAD')) {
      report([...path, 'body'], `a ${request.method} request has a body`, 'remove it, or use another method');
    }
    const names = Object.keys(request.headers).map((name) => name.toLowerCase());
    for (const [place, name] of Object.keys(request.headers).entries()) {
      if (names.indexOf(name.toLowerCase()) === place) continue;
      report([...path, 'headers', name], `the header ${quote(name)} is given twice`, 'remove one of them');
    }
    if (environment === undefined) continue;
    const { backend } = request.expect;
    if (backend !== undefined && !Object.hasOwn(environment.backends, backend)) {
      report(
        [...path, 'expect', 'backend'],
        `the environment has no backend ${quote(backend)}`,
        suggest(backend, Object.keys(environment.backends)),
      );
    }
    for (const [name, value] of Object.entries(request.headers)) {
      if (typeof value === 'string' || Object.hasOwn(environment.secrets, value.secret)) continue;
      const remedy = suggest(value.secret, Object.keys(environment.secrets));
      report([...path, 'headers', name, 'secret'], `the environment names no secret ${quote(value.secret)}`, remedy);
    }
  }
  return problems;
}
