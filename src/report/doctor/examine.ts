import { awsSecrets } from '../../world/aws.ts';
import { datadogSecrets } from '../../world/datadog.ts';
import { pagerDutyRestSecret } from '../../world/pagerduty-rest.ts';
import type { Means } from './asking.ts';
import { examineAws } from './aws-access.ts';
import { examineClock } from './clock-skew.ts';
import { examineCloudflare } from './cloudflare-access.ts';
import { examineDatadog } from './datadog-access.ts';
import { listDependencies } from './dependencies.ts';
import type { Finding } from './finding.ts';
import { type Independence, judgeIndependence } from './judge-independence.ts';
import { lookAtDependency } from './look-at-dependency.ts';
import { examinePagerDuty } from './pagerduty-access.ts';
import { examineSecrets } from './secrets-present.ts';
import { examineSlack } from './slack-access.ts';
import { examineStatusPage } from './status-page-access.ts';
import { unnamedDependencies } from './unnamed-dependencies.ts';

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
  const [cloudflare, aws, slack, statusPage, pagerDuty, datadog, looks] = await Promise.all([
    hasAll('cloudflare') ? examineCloudflare(means) : none,
    hasAll(awsSecrets.accessKeyId, awsSecrets.secretAccessKey) ? examineAws(means) : none,
    hasAll('slack') ? examineSlack(means) : none,
    hasAll('statuspage') ? examineStatusPage(means) : none,
    hasAll(pagerDutyRestSecret) ? examinePagerDuty(means) : none,
    hasAll(datadogSecrets.apiKey, datadogSecrets.applicationKey) ? examineDatadog(means) : none,
    Promise.all(listDependencies(env).map((dependency) => lookAtDependency(means, dependency))),
  ]);
  const judged = judgeIndependence(env, looks);
  return {
    clock: examineClock(looks.map(({ visit }) => visit)),
    access: [...examineSecrets(env, edges.secret), ...[cloudflare, aws, slack, statusPage, pagerDuty, datadog].flat()],
    independence: judged.map(({ row }) => row),
    dependencies: [...judged.map(({ finding }) => finding), ...unnamedDependencies(env)],
  };
}
