import type { Change } from '@aws-sdk/client-route-53';
import { findOpsError, OpsError } from '../../errors.ts';
import type { ActionContext } from '../action.ts';
import { answeredError } from '../aws/aws-error.ts';
import { type AwsCallContext, readWithRetry, writeWithPauses } from '../aws/call-aws.ts';
import { type RecordSet, sameSet } from './record-set.ts';

/** The wait between two looks at a change that is under way; the SDK's own waiter would wait 30 s. */
const lookEveryMs = 1_000;

/** What a batch replaces by what, at one name. */
export type SetChange = {
  zoneId: string;
  name: string;
  /** As they were read just before: a DELETE must match them to the letter. */
  now: readonly RecordSet[];
  wanted: readonly RecordSet[];
  /** Overwrites instead, where only that is allowed. */
  upsert: boolean;
};

/** How far an accepted change has come; `unfollowed` says why it was not seen at all of Route 53’s servers. */
export type Progress = { change: string; status: 'INSYNC' } | { change: string; status: 'PENDING'; unfollowed: string };

/**
 * The changes of one batch. DELETE exactly what was read, then CREATE: when someone else changed it meanwhile, Route 53
 * refuses the whole batch (Route 53 API Reference, ChangeResourceRecordSets). Sets that stay are not in it.
 */
export function batchOf({ now, wanted, upsert }: Pick<SetChange, 'now' | 'wanted' | 'upsert'>): Change[] {
  const gone = now.filter((set) => !wanted.some((other) => sameSet(set, other)));
  const fresh = wanted.filter((set) => !now.some((other) => sameSet(set, other)));
  if (upsert) return fresh.map((set) => ({ Action: 'UPSERT', ResourceRecordSet: set }));
  return [
    ...gone.map((set): Change => ({ Action: 'DELETE', ResourceRecordSet: set })),
    ...fresh.map((set): Change => ({ Action: 'CREATE', ResourceRecordSet: set })),
  ];
}

/** Sends the batch, once but for the pauses that Route 53 asks for. Answers the change's id. Throws `drift` for a race that was lost. */
export async function changeSets(ctx: AwsCallContext, change: SetChange, comment: string): Promise<string> {
  const { zoneId, name } = change;
  return await sendBatch(ctx, { zoneId, name, batch: batchOf(change), comment });
}

/** Sends the changes of one batch as they are; otherwise as {@link changeSets}. */
export async function sendBatch(
  ctx: AwsCallContext,
  { zoneId, name, batch, comment }: { zoneId: string; name: string; batch: Change[]; comment: string },
): Promise<string> {
  const what = `change the record sets at ${name}`;
  const client = await ctx.clients.route53();
  const ChangeBatch = { Comment: comment.slice(0, 256), Changes: batch };
  try {
    const answer = await writeWithPauses(ctx, what, () =>
      client.changeResourceRecordSets({ HostedZoneId: zoneId, ChangeBatch }),
    );
    const id = /^(?:\/change\/)?([A-Z0-9]{1,32})$/.exec(answer.ChangeInfo?.Id ?? '')?.[1];
    if (id !== undefined) return id;
    throw new OpsError('lost-answer', `${what}: accepted, but the answer names no change`, {
      hint: 'look at the record sets before anything else',
    });
  } catch (error) {
    const known = findOpsError(error);
    if (known === undefined || !isLostRace(known)) throw error;
    throw new OpsError('drift', `${known.message}`, {
      hint: 'someone else changed the record in between; nothing was written: find out who, then start again',
      cause: known,
    });
  }
}

/** Route 53's words for a DELETE that does not match, or a CREATE of what is already there. */
function isLostRace(error: OpsError): boolean {
  const answer = answeredError(error.cause);
  if (answer?.code !== 'InvalidChangeBatch') return false;
  return /do not match the current values|but it was not found|but it already exists|because a conflicting RRSet|conflicts with other records/.test(
    answer.said,
  );
}

/**
 * Follows an accepted change until all of Route 53's servers have it. When the time is over before, or nobody can say, it
 * is `PENDING`: it is accepted all the same, and what DNS answers is for `dns.verify` to prove.
 */
export async function followChange(
  ctx: AwsCallContext & Pick<ActionContext, 'progress'>,
  change: string,
): Promise<Progress> {
  const client = await ctx.clients.route53();
  try {
    for (;;) {
      const answer = await readWithRetry(ctx, `follow the change ${change}`, (options) =>
        client.getChange({ Id: change }, options),
      );
      if (answer.ChangeInfo?.Status === 'INSYNC') return { change, status: 'INSYNC' };
      ctx.progress('accepted; waiting until all of Route 53’s servers have it');
      await ctx.clock.sleep(lookEveryMs, ctx.signal);
    }
  } catch (error) {
    const known = findOpsError(error);
    if (!ctx.signal.aborted && known === undefined) throw error;
    const unfollowed = ctx.signal.aborted ? 'the step’s time was over first' : (known?.message ?? 'it cannot be asked');
    return { change, status: 'PENDING', unfollowed };
  }
}
