import { readDistribution } from '../../actions/cloudfront/distribution.ts';
import { readHostedZone } from '../../actions/route53/hosted-zone.ts';
import { listSetsAt } from '../../actions/route53/list-record-sets.ts';
import { awsSecrets } from '../../world/aws.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { isPlaceholder } from '../../world/placeholder.ts';
import { ask, type Means, withoutAnswer } from './asking.ts';
import { type Finding, fine, trouble } from './finding.ts';

/**
 * Who AWS takes the key for, and whether it may read what is switched and checked there. The question needs no permission
 * (STS API Reference, GetCallerIdentity).
 */
export async function examineAws(means: Means): Promise<Finding[]> {
  const { aws, secrets } = means.env;
  if (secrets[awsSecrets.accessKeyId] === undefined) return [];
  const [identity, ...permissions] = await Promise.all([
    examineIdentity(means),
    ...known(aws?.['hosted-zone-id'], (zoneId) => examineRecordSets(means, zoneId)),
    ...known(aws?.['distribution-id'], () => examineDistribution(means)),
  ]);
  // One cause is told once.
  return identity.state === 'bad' ? [identity] : [identity, ...permissions];
}

function known(id: string | undefined, examine: (id: string) => Promise<Finding>): Promise<Finding>[] {
  return id === undefined || isPlaceholder(id) ? [] : [examine(id)];
}

async function examineIdentity(means: Means): Promise<Finding> {
  const id = 'aws-identity';
  const switches = means.env.aws?.['hosted-zone-id'] !== undefined;
  const asked = await ask(means, async ({ signal }) => (await means.edges.sts()).getCallerIdentity(signal));
  if (!('answer' in asked)) {
    const breaks = switches
      ? 'nothing can be switched at Route 53: the failover stops before it starts'
      : 'the standby at CloudFront cannot be inspected';
    const remedy =
      'set the variables that the environment file names to an active key, and a temporary one’s session token; check the clock';
    return withoutAnswer(id, asked, { breaks, remedy });
  }
  const { account, arn } = asked.answer;
  if (/^arn:[^:]*:iam::\d+:root$/.test(arn)) {
    return trouble(id, 'warn', {
      found: `the key is that of account ${boundedText(account, 20)}’s root user`,
      breaks: 'whoever gets hold of it can do everything',
      remedy: 'make a role or a user that may do only what the steps need, and use its key',
    });
  }
  return fine(id, boundedText(arn, 160));
}

async function examineRecordSets(means: Means, zoneId: string): Promise<Finding> {
  const { hostname } = means.env;
  const asked = await ask(means, (ctx) =>
    Promise.all([readHostedZone(ctx, zoneId, hostname), listSetsAt(ctx, zoneId, hostname)]),
  );
  const id = 'route53-record-sets';
  if ('answer' in asked) return fine(id, `the key may read the hosted zone ${zoneId} and its record sets`);
  return withoutAnswer(id, asked, {
    breaks: 'the name cannot be switched at Route 53: the failover stops before it starts',
    remedy:
      'allow the key, for this zone: route53:GetHostedZone, ListResourceRecordSets, ListResourceRecordSetProtections, ChangeResourceRecordSets and GetChange',
  });
}

async function examineDistribution(means: Means): Promise<Finding> {
  const id = 'cloudfront-distribution';
  const asked = await ask(means, (ctx) => readDistribution(ctx));
  if ('answer' in asked) return fine(id, `the key may read the distribution ${boundedText(asked.answer.id, 40)}`);
  return withoutAnswer(id, asked, {
    breaks: 'the standby cannot be inspected before it is needed; the switch itself does without',
    remedy: 'allow the key cloudfront:GetDistribution for this distribution, or correct aws.distribution-id',
    refusedIs: 'warn',
  });
}
