import { type DependencyKind, dependencyKinds } from '../../world/dependency-kinds.ts';
import type { Environment } from '../../world/environment.ts';
import { isPlaceholder } from '../../world/placeholder.ts';
import { type Finding, trouble } from './finding.ts';

const names: Readonly<Record<DependencyKind, string>> = {
  login: 'the login (identity provider)',
  secrets: 'the store of secrets',
  repository: 'the repository of the runbooks',
  registry: 'the package registry',
};

/**
 * What every incident needs and the environment does not name, or has not filled in. Silence would look like
 * independence: nothing is asked of what nobody names.
 */
export function unnamedDependencies(env: Pick<Environment, 'dependencies'>): Finding[] {
  const entries = Object.entries(env.dependencies);
  return dependencyKinds.flatMap((kind) => {
    const named = entries.filter(([name, dependency]) => (dependency.kind ?? name) === kind);
    if (named.some(([, { url }]) => !isPlaceholder(url))) return [];
    const [placeheld] = named;
    const what = names[kind];
    return trouble(`unnamed-${kind}`, 'unknown', {
      found: placeheld === undefined ? `nobody named ${what}` : `dependencies.${placeheld[0]} is still a placeholder`,
      breaks: `it cannot be told whether ${what} fails with the provider`,
      remedy:
        placeheld === undefined
          ? `name it in the environment file: dependencies: { ${kind}: { url: https://… } }`
          : 'fill in its address in the environment file',
    });
  });
}
