import { type Suite, suiteSchema } from '../actions/http/suite.ts';
import type { Environment } from '../world/environment.ts';
import { quote, suggest } from './closest.ts';
import { findSecrets } from './find-secrets.ts';
import { type Problem, sortProblems } from './problem.ts';
import { findSchemaProblems, placeProblems } from './schema-problems.ts';
import { type Path, parseYaml, type YamlSource } from './yaml-source.ts';

/** Loads a suite, or says every problem that it has; with an environment, its backends and secrets must be there. Never throws for any text. */
export function loadSuite(
  file: string,
  text: string,
  environment?: Environment,
): { suite: Suite } | { problems: Problem[] } {
  const parsed = parseYaml(file, text);
  if ('problems' in parsed) return { problems: sortProblems(parsed.problems) };
  const { source } = parsed;
  const problems = [...placeProblems(findSchemaProblems(suiteSchema, source.data), source), ...findSecrets(source)];
  const result = suiteSchema.safeParse(source.data);
  if (result.success) problems.push(...findMeaningProblems(result.data, source, environment));
  if (problems.length > 0 || !result.success) return { problems: sortProblems(problems) };
  return { suite: result.data };
}

function findMeaningProblems(suite: Suite, source: YamlSource, environment: Environment | undefined): Problem[] {
  const problems: Problem[] = [];
  const report = (path: Path, what: string, remedy: string): void => {
    problems.push({ where: source.positionOf(path), what, remedy });
  };
  const ids = new Set<string>();
  for (const [index, request] of suite.requests.entries()) {
    const path = ['requests', index];
    if (ids.has(request.id))
      report([...path, 'id'], `the id ${quote(request.id)} is given twice`, 'give each request its own id');
    ids.add(request.id);
    if (request.body !== undefined && (request.method === 'GET' || request.method === 'HEAD')) {
      report([...path, 'body'], `a ${request.method} request has a body`, 'remove it, or use another method');
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
