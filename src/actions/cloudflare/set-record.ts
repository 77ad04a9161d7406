import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { type ActionContext, change, type Plan, type Planned } from '../action.ts';
import { beforeWriting } from '../before-writing.ts';
import { lookAtZone, type ZoneLook } from '../dns/look-at-zone.ts';
import { lastLookGuard, lastLookKeys, takeLastLook, withoutLook, withoutSuite } from '../http/last-look.ts';
import { lookHasSuite, suiteHasLook } from '../input-rules.ts';
import { cloudflareId, cloudflareIds, listLoadBalancers } from './load-balancer.ts';
import {
  assertNotDelegated,
  assertNotShadowed,
  balancerNotes,
  driftFinding,
  negativeCacheFinding,
} from './record-objections.ts';
import { changeNotes, diffRecords } from './record-plan-text.ts';
import { writeRecords, writesBetween } from './record-writes.ts';
import { describeRecord, listRecordsAt, type ZoneRecord } from './records-at-name.ts';
import { readsRecords, verifyCredentials } from './verify-credentials.ts';
import { stateAfter, wantedRecords, wantedSchema } from './wanted-records.ts';
import { captureRecord, isSteering, type RecordState, recordStateSchema, sameRecords } from './zone-record-state.ts';

const input = wantedSchema
  .extend({
    name: z
      .string()
      .regex(/^[a-z0-9_*]([a-z0-9_.-]{0,251}[a-z0-9])?$/, 'a hostname in lower case, without trailing dot')
      .optional()
      .describe('another name than the environment’s hostname'),
    ...lastLookKeys,
  })
  .refine(lookHasSuite.holds, withoutSuite)
  .refine(suiteHasLook.holds, withoutLook);
const state = z.strictObject({
  zoneId: cloudflareId,
  name: z.string().min(1),
  records: z.array(recordStateSchema).describe('all A, AAAA, CNAME, HTTPS and SVCB records of the name'),
});
const output = z.strictObject({
  name: z.string(),
  records: z.array(z.string()).describe('the records of the name, in words'),
  comment: z.string().nullable().describe('what the first record’s comment says of the run'),
});

type Input = z.output<typeof input>;
type State = z.output<typeof state>;
type Output = z.output<typeof output>;

/**
 * `cloudflare.set-record`: gives a name exactly the wanted records of those that steer clients (A, AAAA, CNAME, HTTPS,
 * SVCB, looked at together). A record of the same type is patched; a change of type goes through one batch. Refuses
 * where a load balancer answers for the name. Compare-and-set is read, compare, write, read again: the API has no
 * precondition, so a change by someone else in the instant between the reading and the write is not seen. Reverting
 * puts every field of the captured records back; a record made anew has a new id.
 */
export const setRecord = change<Input, State, Output>({
  name: 'cloudflare.set-record',
  summary: 'Set the DNS records of a name at Cloudflare',
  input,
  state,
  output,
  secrets: ['cloudflare'],
  guards: ['dns-drift', 'negative-cache', lastLookGuard],
  plan,
  lastLook: takeLastLook,
  apply,
  observe,
  outputOf: async ({ after }) => outputFrom(after),
  revert,
  preflight: (ctx) => verifyCredentials(ctx, readsRecords),
  summarise: ({ name, records }) => ({
    headline: `Cloudflare has the ${records.length === 1 ? 'record' : 'records'} asked for`,
    detail: [name, ...records.map((record) => `  ${record}`)],
  }),
});

async function plan(wanted: Input, ctx: ActionContext): Promise<Plan<State>> {
  const { zoneId } = cloudflareIds(ctx.env);
  const name = wanted.name ?? ctx.env.hostname;
  const answers = wantedRecords(wanted, ctx.env);
  const [found, balancers, look] = await Promise.all([
    listRecordsAt(ctx, zoneId, name),
    listLoadBalancers(ctx, zoneId),
    lookAtZone(ctx, name),
  ]);
  assertNotShadowed(balancers, name);
  assertNotDelegated(found, name);
  const before = steeringStates(found);
  const after = stateAfter(before, answers, `resend-ops run ${ctx.run.id}`);
  const planned = { before: { zoneId, name, records: before }, after: { zoneId, name, records: after } };
  if (sameRecords(before, after)) {
    return { ...planned, after: planned.before, diff: [], notes: balancerNotes(balancers, name), guards: [] };
  }
  return {
    ...planned,
    diff: diffRecords(name, before, after),
    notes: [
      ...changeNotes({ name, zone: ctx.env.zone, found, before, after }),
      ...balancerNotes(balancers, name),
      ...lookNotes(look),
    ],
    guards: [driftFinding(ctx, { name, before, look }), negativeCacheFinding(before, after, look)].flatMap(
      (finding) => finding ?? [],
    ),
  };
}

function lookNotes({ problem, negativeTtl }: ZoneLook): string[] {
  if (problem !== null) return [`not compared with what DNS answers: ${problem}`];
  return negativeTtl === null ? [] : [`a missing record would be kept as missing for up to ${negativeTtl} s`];
}

async function apply({ before, after }: Planned<Input, State>, ctx: ActionContext): Promise<Output> {
  const found = await beforeWriting(ctx, async () => {
    const [records, balancers] = await Promise.all([
      listRecordsAt(ctx, before.zoneId, before.name),
      listLoadBalancers(ctx, before.zoneId),
    ]);
    assertNotShadowed(balancers, before.name);
    assertNotDelegated(records, before.name);
    assertUnchanged(records, before);
    return records;
  });
  await writeRecords(ctx, after, writesBetween(found.filter(isSteering), after.records));
  return outputFrom(after);
}

async function observe({ before, after }: Planned<Input, State>, ctx: ActionContext) {
  const now = steeringStates(await listRecordsAt(ctx, before.zoneId, before.name));
  // Equal where there was nothing to do: then the world is as asked.
  if (sameRecords(now, after.records)) return 'after';
  return sameRecords(now, before.records) ? 'before' : 'other';
}

async function revert({ before, after }: Planned<Input, State>, ctx: ActionContext): Promise<void> {
  const found = await beforeWriting(ctx, async () => {
    const records = await listRecordsAt(ctx, after.zoneId, after.name);
    assertUnchanged(records, after);
    return records;
  });
  await writeRecords(ctx, before, writesBetween(found.filter(isSteering), before.records));
}

function steeringStates(records: readonly ZoneRecord[]): RecordState[] {
  return records.filter(isSteering).map(captureRecord);
}

function assertUnchanged(found: readonly ZoneRecord[], planned: State): void {
  const now = steeringStates(found);
  if (sameRecords(now, planned.records)) return;
  const words = (records: readonly RecordState[]) =>
    records
      .map(
        (record) =>
          `${describeRecord(record)}${record.comment === null ? '' : ` (“${boundedText(record.comment, 100)}”)`}`,
      )
      .join('; ') || 'no record';
  throw new OpsError('drift', `${planned.name} has ${words(now)}, not ${words(planned.records)} as planned`, {
    hint: 'someone else changed it meanwhile: find out who, then start again',
  });
}

function outputFrom({ name, records }: State): Output {
  return { name, records: records.map(describeRecord), comment: records[0]?.comment ?? null };
}
