import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { requiredAwsSecrets } from '../../world/aws.ts';
import { type ActionContext, change, type Plan, type Planned } from '../action.ts';
import { answeredError } from '../aws/aws-error.ts';
import { beforeWriting } from '../before-writing.ts';
import { lastLookGuard, lastLookKeys, takeLastLook, withoutLook, withoutSuite } from '../http/last-look.ts';
import { lookHasSuite, suiteHasLook } from '../input-rules.ts';
import { changeSets, followChange, type Progress } from './change-sets.ts';
import { environmentZoneId, hostedZoneId, readHostedZone } from './hosted-zone.ts';
import { listSetsAt } from './list-record-sets.ts';
import { assertFits, assertUnprotected, chooseSets, findObjections, setsOf } from './objections.ts';
import { planNotes } from './plan-notes.ts';
import { describeSet, type RecordSet, recordSetSchema, sameSets } from './record-set.ts';
import { verifyCredentials } from './verify-credentials.ts';
import { wantedSets } from './wanted-sets.ts';

const hostname = z
  .string()
  .regex(/^[a-z0-9_*]([a-z0-9_.-]{0,251}[a-z0-9])?$/, 'a hostname in lower case, without trailing dot');

const input = z
  .strictObject({
    route: z.string().describe('the route that the name is to lead to'),
    as: z
      .enum(['cname', 'alias'])
      .default('cname')
      .describe('one CNAME; or A and AAAA aliases, which only a CloudFront distribution can be the target of'),
    ttl: z
      .int()
      .min(0)
      .max(2_147_483_647)
      .optional()
      .describe('seconds, of a CNAME; without it the TTL stays as it is'),
    name: hostname.optional().describe('another name than the environment’s hostname'),
    'set-identifier': z
      .string()
      .min(1)
      .max(128)
      .optional()
      .describe('the one set to switch where policies route the name; the others are left alone'),
    upsert: z
      .string()
      .min(1)
      .optional()
      .describe('why a CNAME must be overwritten (UPSERT) in place of compare-and-set; shown in the plan'),
    ...lastLookKeys,
  })
  .refine(lookHasSuite.holds, withoutSuite)
  .refine(suiteHasLook.holds, withoutLook);
const state = z.strictObject({
  zoneId: hostedZoneId,
  name: z.string().min(1),
  sets: z.array(recordSetSchema),
});
const output = z.strictObject({
  records: z.array(z.string()).describe('the record sets at the name, in words'),
  change: z
    .string()
    .nullable()
    .describe('Route 53’s id of the change; null when its answer was lost or nothing was to do'),
  inSync: z.boolean().describe('all of Route 53’s servers were seen to have it'),
  unfollowed: z.string().nullable().describe('why that was not seen; null where it was'),
});

type Input = z.output<typeof input>;
type State = z.output<typeof state>;
type Output = z.output<typeof output>;

/**
 * `route53.set-record`: leads a name to a route by one batch that deletes exactly what was planned for and creates the
 * new record sets: compare-and-set, all or nothing (Route 53 API Reference, ChangeResourceRecordSets). A CNAME and
 * aliases replace each other in the same batch. Reverting puts the captured sets back to the letter.
 */
export const setRecord = change<Input, State, Output>({
  name: 'route53.set-record',
  summary: 'Lead a name to a route by its record sets at Route 53',
  input,
  state,
  output,
  secrets: requiredAwsSecrets,
  guards: ['delegation', 'dns-drift', 'https-record', lastLookGuard],
  plan,
  lastLook: takeLastLook,
  apply,
  observe,
  outputOf,
  revert,
  preflight: verifyCredentials,
  summarise: ({ records, inSync, unfollowed }) => ({
    headline: inSync ? 'all of Route 53’s servers have the record' : 'Route 53 has accepted the record',
    detail: [...records, ...(inSync ? [] : [`not seen on all of its servers: ${unfollowed ?? 'not looked at'}`])],
  }),
});

async function plan(wanted: Input, ctx: ActionContext): Promise<Plan<State>> {
  const zoneId = environmentZoneId(ctx.env);
  const name = wanted.name ?? ctx.env.hostname;
  const [zone, found] = await Promise.all([readHostedZone(ctx, zoneId, name), listSetsAt(ctx, zoneId, name)]);
  const sets = chooseSets(found, name, wanted['set-identifier']);
  const after = wantedSets(
    ctx.env,
    { name, route: wanted.route, as: wanted.as, ttl: wanted.ttl },
    { before: sets, zoneName: zone.name },
  );
  const isChange = !sameSets(sets, after);
  if (!isChange)
    return { before: { zoneId, name, sets }, after: { zoneId, name, sets }, diff: [], notes: [], guards: [] };

  assertFits(found, sets, after);
  if (wanted.upsert !== undefined) assertUpsertable(sets, after);
  const types = new Set([...sets, ...after].map(({ Type }) => Type));
  const [protection, objections] = await Promise.all([
    assertUnprotected(ctx, { zoneId, name, types }),
    findObjections(ctx, { zone, name, found, before: sets }),
  ]);
  return {
    before: { zoneId, name, sets },
    after: { zoneId, name, sets: after },
    diff: [
      `  ${name} in the Route 53 zone ${zoneId}`,
      ...(sets.length === 0 ? ['- no record'] : sets.map((set) => `- ${describeSet(set)}`)),
      ...after.map((set) => `+ ${describeSet(set)}`),
    ],
    notes: [
      ...planNotes({ zone, found, before: sets, after, upsert: wanted.upsert }),
      ...(protection === undefined ? [] : [protection]),
      ...objections.notes,
    ],
    guards: objections.guards,
  };
}

function assertUpsertable(before: readonly RecordSet[], after: readonly RecordSet[]): void {
  const types = [...before, ...after].map(({ Type }) => Type);
  if (before.length === 1 && after.length === 1 && types.every((type) => type === 'CNAME')) return;
  throw new OpsError('refused', 'only one CNAME can be overwritten by another (UPSERT)', {
    hint: 'leave `upsert` out: one batch deletes what was there and creates the new',
  });
}

async function apply(planned: Planned<Input, State>, ctx: ActionContext): Promise<Output> {
  const { input: wanted, before, after } = planned;
  const progress = await replace(ctx, { from: before, to: after, input: wanted });
  return outputFrom(after, progress);
}

async function revert({ input: wanted, before, after }: Planned<Input, State>, ctx: ActionContext): Promise<void> {
  await replace(ctx, { from: after, to: before, input: wanted });
}

/** Compare-and-set, and the change followed. Throws `drift` unless the name says exactly `from`. */
async function replace(
  ctx: ActionContext,
  { from, to, input: wanted }: { from: State; to: State; input: Input },
): Promise<Progress | undefined> {
  const now = await beforeWriting(ctx, () => readNow(ctx, from, wanted));
  if (!sameSets(now, from.sets)) {
    throw new OpsError('drift', `${from.name} says ${inWords(now)}, not ${inWords(from.sets)} as planned`, {
      hint: 'someone else changed it meanwhile: find out who, then start again',
    });
  }
  if (sameSets(from.sets, to.sets)) return undefined;
  const { zoneId, name } = from;
  const upsert = wanted.upsert !== undefined;
  const comment = `resend-ops run ${ctx.run.id}, step ${ctx.step}`;
  const id = await changeSets(ctx, { zoneId, name, now, wanted: to.sets, upsert }, comment);
  if (upsert) await assertShows(ctx, to, wanted);
  return await followChange(ctx, id);
}

/** The read-back guard of an overwrite: whoever wrote in the same moment shows here. */
async function assertShows(ctx: ActionContext, wantedState: State, wanted: Input): Promise<void> {
  const now = await readNow(ctx, wantedState, wanted);
  if (sameSets(now, wantedState.sets)) return;
  throw new OpsError('lost-answer', `it was overwritten, and now ${wantedState.name} says ${inWords(now)}`, {
    hint: 'someone else writes to the same record: find out who before anything else',
  });
}

async function observe(planned: Planned<Input, State>, ctx: ActionContext): Promise<'before' | 'after' | 'other'> {
  const { input: wanted, before, after } = planned;
  try {
    const now = await readNow(ctx, before, wanted);
    // Equal where there was nothing to do: then the world is as asked.
    if (sameSets(now, after.sets)) return 'after';
    return sameSets(now, before.sets) ? 'before' : 'other';
  } catch (error) {
    if (error instanceof OpsError && answeredError(error.cause)?.code === 'NoSuchHostedZone') return 'other';
    throw error;
  }
}

async function outputOf({ input: wanted, after }: Planned<Input, State>, ctx: ActionContext): Promise<Output> {
  return outputFrom({ ...after, sets: await readNow(ctx, after, wanted) }, undefined);
}

function outputFrom({ sets }: State, progress: Progress | undefined): Output {
  const records = sets.map(describeSet);
  if (progress === undefined)
    return { records, change: null, inSync: false, unfollowed: 'no change is known to follow' };
  const { change: id, status } = progress;
  return {
    records,
    change: id,
    inSync: status === 'INSYNC',
    unfollowed: status === 'INSYNC' ? null : progress.unfollowed,
  };
}

async function readNow(ctx: ActionContext, { zoneId, name }: State, wanted: Input): Promise<RecordSet[]> {
  return setsOf(await listSetsAt(ctx, zoneId, name), wanted['set-identifier']);
}

function inWords(sets: readonly RecordSet[]): string {
  return sets.length === 0 ? 'nothing' : sets.map(describeSet).join(' and ');
}
