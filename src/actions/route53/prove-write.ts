import type { Change } from '@aws-sdk/client-route-53';
import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { requiredAwsSecrets } from '../../world/aws.ts';
import { type ActionContext, change, type Plan, type Planned } from '../action.ts';
import { answeredError, asksForPause } from '../aws/aws-error.ts';
import { beforeWriting } from '../before-writing.ts';
import {
  isProvidersNo,
  lostProof,
  proofFindingIds,
  proofOf,
  proofOutput,
  refusedProof,
  summariseProof,
} from '../write-proof.ts';
import { sendBatch } from './change-sets.ts';
import { environmentZoneId, hostedZoneId, readHostedZone } from './hosted-zone.ts';
import { listSetsAt } from './list-record-sets.ts';
import { assertUnprotected, chooseSets, setsOf } from './objections.ts';
import { describeSet, type RecordSet, recordSetSchema, sameSets } from './record-set.ts';

const input = z.strictObject({
  'set-identifier': z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe('as the switch has it, where policies route the name'),
});
const state = z.strictObject({
  zoneId: hostedZoneId,
  name: z.string().min(1),
  sets: z.array(recordSetSchema).describe('what is written back, to the letter'),
  written: z.boolean().describe('whether this run has written it back; the world is the same before and after'),
});

type Input = z.output<typeof input>;
type State = z.output<typeof state>;
type Output = z.output<typeof proofOutput>;

const provider = 'route53';

/**
 * `route53.prove-write`: proves that the key may change the record sets that a switch would change, by the very actions of
 * a switch: one batch that DELETEs exactly what was read just before, and CREATEs the same again. Route 53 carries out all of
 * a batch or nothing, and refuses a DELETE that does not match what is there (Route 53 API Reference,
 * ChangeResourceRecordSets): so it is a compare-and-set, which writes over nobody's change, however late it lands.
 */
export const proveRoute53Write = change<Input, State, Output>({
  name: 'route53.prove-write',
  summary: 'Prove that the AWS key may change record sets, by writing back the same ones',
  input,
  state,
  output: proofOutput,
  secrets: requiredAwsSecrets,
  findings: proofFindingIds(provider),
  leavesNothing: true,
  plan,
  apply,
  observe,
  outputOf,
  summarise: summariseProof,
});

async function plan(wanted: Input, ctx: ActionContext): Promise<Plan<State>> {
  const zoneId = environmentZoneId(ctx.env);
  const name = ctx.env.hostname;
  const [, found] = await Promise.all([readHostedZone(ctx, zoneId, name), listSetsAt(ctx, zoneId, name)]);
  const sets = chooseSets(found, name, wanted['set-identifier']);
  if (sets.length === 0) {
    throw new OpsError('refused', `there is no record set at ${name} that could be written back`, {
      hint: 'without one, a switch would make it: prove that by hand, on a name that nobody uses',
    });
  }
  const note = await assertUnprotected(ctx, { zoneId, name, types: new Set(sets.map(({ Type }) => Type)) });
  const planned = { zoneId, name, sets };
  return {
    before: { ...planned, written: false },
    after: { ...planned, written: true },
    diff: [
      `  ${name} in the Route 53 zone ${zoneId}`,
      ...sets.map((set) => `~ written back as it is: ${describeSet(set)}`),
    ],
    notes: [
      'one batch: DELETE and CREATE of the same, all or nothing; DNS answers do not change',
      ...(note === undefined ? [] : [note]),
    ],
    guards: [],
  };
}

async function apply({ input: wanted, before }: Planned<Input, State>, ctx: ActionContext): Promise<Output> {
  const { zoneId, name } = before;
  const proof = { provider, object: `record sets at ${name}` };
  const now = await beforeWriting(ctx, async () => {
    const sets = await readNow(ctx, before, wanted);
    if (sameSets(sets, before.sets)) return sets;
    throw new OpsError('drift', `${proof.object} are no longer as planned`, {
      hint: 'someone else changed it meanwhile: find out who, then start again',
    });
  });
  const each = (Action: Change['Action']) => now.map((set): Change => ({ Action, ResourceRecordSet: set }));
  const batch = [...each('DELETE'), ...each('CREATE')];
  try {
    const comment = `resend-ops run ${ctx.run.id}, step ${ctx.step}: the same is written back`;
    await sendBatch(ctx, { zoneId, name, batch, comment });
  } catch (error) {
    if (!isProvidersNo(error)) throw error;
    const remedy =
      'allow route53:ChangeResourceRecordSets with the actions CREATE and DELETE on this hosted zone, and look at the conditions of the policy';
    return refusedProof(ctx, proof, error, { remedy, isPause: asksForPause(error.cause) });
  }
  return proofOf(ctx, proof, differing(before.sets, await readNow(ctx, before, wanted)));
}

/** The world is the same before and after. */
async function observe(
  { input: wanted, after }: Planned<Input, State>,
  ctx: ActionContext,
): Promise<'after' | 'other'> {
  try {
    return sameSets(await readNow(ctx, after, wanted), after.sets) ? 'after' : 'other';
  } catch (error) {
    if (error instanceof OpsError && answeredError(error.cause)?.code === 'NoSuchHostedZone') return 'other';
    throw error;
  }
}

async function outputOf({ input: wanted, before }: Planned<Input, State>, ctx: ActionContext): Promise<Output> {
  const proof = { provider, object: `record sets at ${before.name}` };
  return lostProof(ctx, proof, differing(before.sets, await readNow(ctx, before, wanted)));
}

async function readNow(ctx: ActionContext, { zoneId, name }: State, wanted: Input): Promise<RecordSet[]> {
  return setsOf(await listSetsAt(ctx, zoneId, name), wanted['set-identifier']);
}

function differing(before: readonly RecordSet[], now: readonly RecordSet[]): string[] {
  if (sameSets(before, now)) return [];
  return [`now ${now.map(describeSet).join(' and ') || 'nothing'}, before ${before.map(describeSet).join(' and ')}`];
}
