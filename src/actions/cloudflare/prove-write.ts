import type { RecordEditParams } from 'cloudflare/resources/dns/records';
import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { digestOf } from '../../world/digest.ts';
import { type ActionContext, change, type Plan, type Planned } from '../action.ts';
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
import { readWithRetry, writeOnce } from './call-cloudflare.ts';
import { answeredStatus } from './cloudflare-error.ts';
import { cloudflareId, cloudflareIds } from './load-balancer.ts';
import { listRecordsAt } from './records-at-name.ts';
import { isSteering } from './zone-record-state.ts';

const input = z.strictObject({});
const state = z.strictObject({
  kind: z.enum(['load-balancer', 'record']),
  zoneId: cloudflareId,
  id: cloudflareId,
  name: z.string(),
  type: z.string().nullable().describe('of a record'),
  text: z.string().describe('the description, or the record’s comment: what is written back'),
  parts: z.record(z.string(), z.string()).describe('SHA-256 of every other field, to tell that nothing else changed'),
  written: z.boolean().describe('whether this run has written it back; the world is the same before and after'),
});

type State = z.output<typeof state>;
type Output = z.output<typeof proofOutput>;
type Target = Pick<State, 'kind' | 'zoneId' | 'id'>;

const provider = 'cloudflare';

/**
 * `cloudflare.prove-write`: proves that the token may write what a switch would write, by a PATCH of that object with nothing
 * but its present description (load balancer) or comment (record). What is left out of a PATCH stays (Cloudflare API, Patch
 * Load Balancer; Update DNS Record), so that even beside another writer it moves no traffic. Reads before and after;
 * what differs then is a finding. The object's `modified_on` moves, and Cloudflare's own audit log has an entry.
 */
export const proveWrite = change<z.output<typeof input>, State, Output>({
  name: 'cloudflare.prove-write',
  summary: 'Prove that the Cloudflare token may write, by writing back the same value',
  input,
  state,
  output: proofOutput,
  secrets: ['cloudflare'],
  findings: proofFindingIds(provider),
  leavesNothing: true,
  plan,
  apply,
  observe,
  outputOf,
  summarise: summariseProof,
});

async function plan(_wanted: unknown, ctx: ActionContext): Promise<Plan<State>> {
  const found = await find(ctx);
  const what = found.kind === 'load-balancer' ? 'description' : 'comment';
  return {
    before: { ...found, written: false },
    after: { ...found, written: true },
    diff: [
      `  ${describe(found)}`,
      `~ its ${what} is written back as it is: ${boundedText(JSON.stringify(found.text), 80)}`,
    ],
    notes: ['nothing changes but the time of its last edit'],
    guards: [],
  };
}

/** The object that a switch would write: the load balancer that the environment names, else the first steering record. */
async function find(ctx: ActionContext): Promise<Omit<State, 'written'>> {
  const { zoneId, loadBalancerId } = cloudflareIds(ctx.env);
  if (loadBalancerId !== undefined) return await capture(ctx, { kind: 'load-balancer', zoneId, id: loadBalancerId });
  const [record] = (await listRecordsAt(ctx, zoneId, ctx.env.hostname)).filter(isSteering);
  if (record !== undefined) return await capture(ctx, { kind: 'record', zoneId, id: record.id });
  throw new OpsError('refused', `there is no record at ${ctx.env.hostname} that could be written back`, {
    hint: 'without one, a switch would make a record: prove that by hand, on a name that nobody uses',
  });
}

async function apply({ before }: Planned<unknown, State>, ctx: ActionContext): Promise<Output> {
  const proof = { provider, object: describe(before) };
  await beforeWriting(ctx, async () => {
    const differing = compare(before, await capture(ctx, before));
    if (differing.length === 0) return;
    throw new OpsError('drift', `${proof.object} is no longer as planned: ${differing.join(', ')}`, {
      hint: 'someone else changed it meanwhile: find out who, then start again',
    });
  });
  try {
    await write(ctx, before);
  } catch (error) {
    if (!isProvidersNo(error)) throw error;
    const isPause = answeredStatus(error.cause)?.status === 429;
    return refusedProof(ctx, proof, error, { remedy: remedyFor(before), isPause });
  }
  return proofOf(ctx, proof, compare(before, await capture(ctx, before)));
}

function remedyFor({ kind }: State): string {
  const permission = kind === 'load-balancer' ? 'Load Balancers Write' : 'DNS Write';
  return `give the token ${permission} for this zone (and the others that it has), and look at its address filter and end`;
}

/** The world is the same before and after: what tells is only that what was written back is still so. */
async function observe({ after }: Planned<unknown, State>, ctx: ActionContext): Promise<'after' | 'other'> {
  try {
    return (await capture(ctx, after)).text === after.text ? 'after' : 'other';
  } catch (error) {
    if (error instanceof OpsError && answeredStatus(error.cause)?.status === 404) return 'other';
    throw error;
  }
}

async function outputOf({ before }: Planned<unknown, State>, ctx: ActionContext): Promise<Output> {
  return lostProof(ctx, { provider, object: describe(before) }, compare(before, await capture(ctx, before)));
}

async function write(ctx: ActionContext, { kind, zoneId, id, type, name, text }: State): Promise<void> {
  const what = `write back the same ${kind === 'record' ? 'comment of the record' : 'description of the load balancer'} ${name}`;
  if (kind === 'load-balancer') {
    await writeOnce(ctx, what, (client) => client.loadBalancers.edit(id, { zone_id: zoneId, description: text }));
    return;
  }
  // The SDK's type asks for a TTL, which the API leaves alone where it is not given.
  const body = { zone_id: zoneId, type, name, comment: text } as RecordEditParams;
  await writeOnce(ctx, what, (client) => client.dns.records.edit(id, body));
}

const shape = z.looseObject({
  id: cloudflareId,
  name: z.string(),
  type: z.string().nullish(),
  description: z.string().nullish(),
  comment: z.string().nullish(),
});

/** What changes by itself, or with any write. */
const passing: ReadonlySet<string> = new Set(['modified_on', 'comment_modified_on', 'description', 'comment']);

async function capture(ctx: ActionContext, { kind, zoneId, id }: Target): Promise<Omit<State, 'written'>> {
  const what = kind === 'record' ? 'read the record' : 'read the load balancer';
  const answer: unknown = await readWithRetry(ctx, what, (client, options) =>
    kind === 'record'
      ? client.dns.records.get(id, { zone_id: zoneId }, options)
      : client.loadBalancers.get(id, { zone_id: zoneId }, options),
  );
  const parsed = shape.safeParse(answer);
  if (!parsed.success) {
    throw new OpsError('failed', `${what}: the answer is not what the API describes`, {
      hint: 'look at it in the dashboard',
    });
  }
  const { name, type, description, comment, ...others } = parsed.data;
  const all = Object.entries({ ...others, name, type: type ?? null }).filter(([key]) => !passing.has(key));
  const parts = await Promise.all(all.map(async ([key, value]) => [key, await digestOf(z.json().parse(value))]));
  return {
    ...{ kind, zoneId, id, name: name.toLowerCase(), type: type ?? null },
    text: (kind === 'record' ? comment : description) ?? '',
    parts: Object.fromEntries(parts),
  };
}

/** The fields that differ. */
function compare(before: Omit<State, 'written'>, now: Omit<State, 'written'>): string[] {
  const keys = new Set([...Object.keys(before.parts), ...Object.keys(now.parts)]);
  const differing = [...keys].filter((key) => before.parts[key] !== now.parts[key]).sort();
  return before.text === now.text ? differing : [before.kind === 'record' ? 'comment' : 'description', ...differing];
}

function describe({ kind, name, type }: Pick<State, 'kind' | 'name' | 'type'>): string {
  return kind === 'record' ? `${type ?? ''} record ${name}`.trim() : `load balancer ${name}`;
}
