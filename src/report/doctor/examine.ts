import type { Means } from './asking.ts';
import { examineAws } from './aws-access.ts';
import { examineClock } from './clock-skew.ts';
import { examineCloudflare } from './cloudflare-access.ts';
import { listDependencies } from './dependencies.ts';
import type { Finding } from './finding.ts';
import { type Independence, judgeIndependence } from './judge-independence.ts';
import { lookAtDependency } from './look-at-dependency.ts';
import { examineSecrets } from './secrets-present.ts';
import { examineSlack } from './slack-access.ts';

/** What the providers say of this machine, of its credentials, and of themselves. */
export type Examination = { clock: Finding; access: Finding[]; independence: Independence[]; dependencies: Finding[] };

/**
 * Asks every source at once, each within a time box of its own, so that the slowest decides how long it takes. Nothing is
 * ever written: the transports refuse it.
 */
export async function examineProviders(means: Means): Promise<Examination> {
  const { env, edges } = means;
  const hasAll = (...names: readonly string[]) => names.every((name) => edges.secret(name) !== undefined);
  const none: Finding[] = [];
  // Who is missing a secret is told so once, by the secret's own finding.
  const [cloudflare, aws, slack, looks] = await Promise.all([
    hasAll('cloudflare') ? examineCloudflare(means) : none,
    hasAll('aws-access-key-id', 'aws-secret-access-key') ? examineAws(means) : none,
    hasAll('slack') ? examineSlack(means) : none,
    Promise.all(listDependencies(env).map((dependency) => lookAtDependency(means, dependency))),
  ]);
  const judged = judgeIndependence(env, looks);
  return {
    clock: examineClock(looks.map(({ visit }) => visit)),
    access: [...examineSecrets(env, edges.secret), ...cloudflare, ...aws, ...slack],
    independence: judged.map(({ row }) => row),
    dependencies: judged.map(({ finding }) => finding),
  };
}
