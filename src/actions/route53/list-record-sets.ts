import type { ListResourceRecordSetsCommandInput, ResourceRecordSet } from '@aws-sdk/client-route-53';
import { OpsError } from '../../errors.ts';
import { type AwsCallContext, readWithRetry } from '../aws/call-aws.ts';
import { plainName, type RecordSet, readRecordSet } from './record-set.ts';

/** What is at a name: the sets that may be switched, and all others. */
export type SetsAtName = { switched: RecordSet[]; others: ResourceRecordSet[] };

/** Far beyond what one name can hold; a server that ignores the start would go on for ever. */
const mostPages = 20;

/**
 * Every record set at exactly `name`. The start of a listing is where it begins, not what it finds: what follows the name
 * is left out, and more than one page is read where policies make many sets. Throws `failed` when the pages do not end.
 */
export async function listSetsAt(ctx: AwsCallContext, zoneId: string, name: string): Promise<SetsAtName> {
  const what = `list the record sets at ${name}`;
  const client = await ctx.clients.route53();
  const found: ResourceRecordSet[] = [];
  let start: Pick<ListResourceRecordSetsCommandInput, 'StartRecordName' | 'StartRecordType' | 'StartRecordIdentifier'> =
    {
      StartRecordName: name,
    };
  for (let page = 1; page <= mostPages; page += 1) {
    const input = { HostedZoneId: zoneId, ...start };
    const answer = await readWithRetry(ctx, what, (options) => client.listResourceRecordSets(input, options));
    if (!Array.isArray(answer.ResourceRecordSets) || typeof answer.IsTruncated !== 'boolean') {
      throw new OpsError('failed', `${what}: the answer is no list of record sets`, {
        hint: 'look at the zone in the console',
      });
    }
    const here = answer.ResourceRecordSets.filter((set) => plainName(set.Name ?? '') === name);
    found.push(...here);
    const next = answer.NextRecordName;
    if (!answer.IsTruncated || next === undefined || plainName(next) !== name) return sort(found, what);
    start = {
      StartRecordName: next,
      ...(answer.NextRecordType === undefined ? {} : { StartRecordType: answer.NextRecordType }),
      ...(answer.NextRecordIdentifier === undefined ? {} : { StartRecordIdentifier: answer.NextRecordIdentifier }),
    };
  }
  throw new OpsError('failed', `${what}: more than ${mostPages} pages, and no end`, {
    hint: 'something is wrong with the API; take the way that does not need it',
  });
}

function sort(found: readonly ResourceRecordSet[], what: string): SetsAtName {
  const switched: RecordSet[] = [];
  const others: ResourceRecordSet[] = [];
  for (const set of found) {
    const known = readRecordSet(set);
    if (known !== undefined) switched.push(known);
    else if (set.Type === 'A' || set.Type === 'AAAA' || set.Type === 'CNAME') {
      throw new OpsError('failed', `${what}: a set of type ${set.Type} that cannot be read`, {
        hint: 'look at the zone in the console',
      });
    } else others.push(set);
  }
  return { switched, others };
}
