/** What every incident needs and no other part of an environment names: to be asked after where nobody names it. */
export const dependencyKinds = ['login', 'secrets', 'repository', 'registry'] as const;

/** One of {@link dependencyKinds}. */
export type DependencyKind = (typeof dependencyKinds)[number];
