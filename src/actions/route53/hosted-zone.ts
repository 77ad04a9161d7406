import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { isPlaceholder } from '../../world/placeholder.ts';
import type { ActionContext } from '../action.ts';
import { type AwsCallContext, readWithRetry } from '../aws/call-aws.ts';
import { plainName } from './record-set.ts';

/** An id of a hosted zone. Never empty: an empty one would address the whole collection. */
export const hostedZoneId = z.string().regex(/^[A-Z0-9]{5,32}$/);

const answerSchema = z.object({
  HostedZone: z.object({
    Name: z.string(),
    Config: z.object({ PrivateZone: z.boolean().optional() }).optional(),
    Features: z.object({ AcceleratedRecoveryStatus: z.string().optional() }).optional(),
  }),
  DelegationSet: z.object({ NameServers: z.array(z.string()) }).optional(),
});

/** A hosted zone, as far as it matters here; names plain. */
export type HostedZone = {
  id: string;
  name: string;
  nameservers: string[];
  /** `ENABLED` where changes become possible again within an hour of losing us-east-1 (Route 53 docs, accelerated recovery). */
  acceleratedRecovery: string | undefined;
};

/** The environment's hosted zone. Throws `invalid` when it is missing or not filled in yet. */
export function environmentZoneId(env: ActionContext['env']): string {
  const id = env.aws?.['hosted-zone-id'];
  if (id === undefined) {
    throw new OpsError('invalid', 'the environment does not say which Route 53 zone serves the hostname', {
      hint: 'add `aws: { hosted-zone-id: … }` to the environment file',
    });
  }
  if (!isPlaceholder(id)) return id;
  throw new OpsError('invalid', `\`aws.hosted-zone-id\` is still a placeholder (${boundedText(id, 60)})`, {
    hint: 'fill it in in the environment file; the id is on the zone’s page in the console',
  });
}

/** The zone. Throws `refused` where it is private, or does not hold `name`: a change there would reach no client. */
export async function readHostedZone(ctx: AwsCallContext, id: string, name: string): Promise<HostedZone> {
  const what = `read the hosted zone ${id}`;
  const client = await ctx.clients.route53();
  const answer = await readWithRetry(ctx, what, (options) => client.getHostedZone({ Id: id }, options));
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) {
    throw new OpsError('failed', `${what}: the answer is no hosted zone`, { hint: 'look at the zone in the console' });
  }
  const { HostedZone: zone, DelegationSet } = parsed.data;
  const zoneName = plainName(zone.Name);
  if (zone.Config?.PrivateZone === true) {
    throw new OpsError('refused', `the hosted zone ${id} (${boundedText(zoneName, 260)}) is private`, {
      hint: 'customers never see it: put the public zone’s id into the environment file',
    });
  }
  if (name !== zoneName && !name.endsWith(`.${zoneName}`)) {
    throw new OpsError(
      'refused',
      `the hosted zone ${id} is ${boundedText(zoneName, 260)}, which does not hold ${name}`,
      {
        hint: 'correct `aws.hosted-zone-id` in the environment file',
      },
    );
  }
  return {
    id,
    name: zoneName,
    nameservers: (DelegationSet?.NameServers ?? []).map(plainName).sort(),
    acceleratedRecovery: zone.Features?.AcceleratedRecoveryStatus,
  };
}
