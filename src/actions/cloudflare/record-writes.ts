import type { RecordBatchParams, RecordEditParams } from 'cloudflare/resources/dns/records';
import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { type CallContext, writeOnce } from './call-cloudflare.ts';
import { parseRecord, type ZoneRecord } from './records-at-name.ts';
import { captureRecord, leadsToAddresses, type RecordState, sameRecords } from './zone-record-state.ts';

/** What must be written so that a name has the wanted records. */
export type RecordWrites = {
  deletes: ZoneRecord[];
  patches: { id: string; from: RecordState; to: RecordState }[];
  posts: RecordState[];
};

/**
 * Pairs each wanted record with one that is there and can become it: of the same type, the same content before any
 * other, for a record's type cannot be changed. Each is paired once.
 */
export function pairRecords<Present extends { type: string; content: string }>(
  present: readonly Present[],
  wanted: readonly Pick<RecordState, 'type' | 'content'>[],
): { paired: Map<number, Present>; left: Present[] } {
  const left = [...present];
  const paired = new Map<number, Present>();
  const take = (fits: (candidate: Present, index: number) => boolean) => {
    for (const index of wanted.keys()) {
      const at = paired.has(index) ? -1 : left.findIndex((candidate) => fits(candidate, index));
      const found = left[at];
      if (found === undefined) continue;
      paired.set(index, found);
      left.splice(at, 1);
    }
  };
  take(({ type, content }, index) => type === wanted[index]?.type && content === wanted[index]?.content);
  take(({ type }, index) => type === wanted[index]?.type);
  return { paired, left };
}

/** The fewest writes that make `wanted` of what is there: records of the same type are patched, and so keep their ids. */
export function writesBetween(present: readonly ZoneRecord[], wanted: readonly RecordState[]): RecordWrites {
  const states = present.map((record) => ({ ...captureRecord(record), record }));
  const { paired, left } = pairRecords(states, wanted);
  const writes: RecordWrites = { deletes: left.map(({ record }) => record), patches: [], posts: [] };
  for (const [index, to] of wanted.entries()) {
    const found = paired.get(index);
    if (found === undefined) {
      writes.posts.push(to);
      continue;
    }
    const { record, ...from } = found;
    if (!sameRecords([from], [to])) writes.patches.push({ id: record.id, from, to });
  }
  return writes;
}

/** Whether the name has no address record between the deletes and the posts: its type changes. */
export function changesType(before: readonly RecordState[], after: readonly RecordState[]): boolean {
  const types = new Set(before.filter(leadsToAddresses).map(({ type }) => type));
  const stays = after.some((record) => leadsToAddresses(record) && types.has(record.type));
  return types.size > 0 && after.some(leadsToAddresses) && !stays;
}

/**
 * Writes, once: a single change of one record by PATCH, anything more as one batch, which the API carries out whole or
 * not at all, deletes first, then patches, then posts (Cloudflare docs, dns/manage-dns-records/how-to/batch-record-changes).
 * The answer must say what was asked for; else `lost-answer`.
 */
export async function writeRecords(
  ctx: CallContext,
  { zoneId, name }: { zoneId: string; name: string },
  { deletes, patches, posts }: RecordWrites,
): Promise<void> {
  const [first] = patches;
  if (first === undefined && deletes.length + posts.length === 0) return;
  if (first !== undefined && patches.length + deletes.length + posts.length === 1) {
    const what = `change the ${first.to.type} record ${name}`;
    const answer = await writeOnce(ctx, what, (client) =>
      client.dns.records.edit(first.id, { zone_id: zoneId, ...patchBody(name, first.from, first.to) }),
    );
    assertAnswers(what, [answer], [first.to]);
    return;
  }
  const what = `change the records ${name} in one batch`;
  const batch: Omit<RecordBatchParams, 'zone_id'> = {
    deletes: deletes.map(({ id }) => ({ id })),
    patches: patches.map(({ id, from, to }) => ({ id, ...patchBody(name, from, to) })),
    posts: posts.map((record) => postBody(name, record)),
  };
  const answer = await writeOnce(ctx, what, (client) => client.dns.records.batch({ zone_id: zoneId, ...batch }));
  const parsed = batchAnswer.safeParse(answer);
  if (!parsed.success) throw unclear(what, 'is no answer to a batch');
  const gone = new Set(parsed.data.deletes.map(({ id }) => id));
  if (deletes.some(({ id }) => !gone.has(id))) throw unclear(what, 'does not name every deleted record');
  assertAnswers(
    what,
    parsed.data.patches,
    patches.map(({ to }) => to),
  );
  assertAnswers(what, parsed.data.posts, posts);
}

const list = z
  .array(z.unknown())
  .nullish()
  .transform((value) => value ?? []);
const batchAnswer = z.object({
  deletes: z
    .array(z.object({ id: z.string() }))
    .nullish()
    .transform((value) => value ?? []),
  patches: list,
  posts: list,
});

function assertAnswers(what: string, answers: readonly unknown[], wanted: readonly RecordState[]): void {
  let stored: RecordState[];
  try {
    stored = answers.map((answer) => captureRecord(parseRecord(answer, what)));
  } catch (error) {
    throw unclear(what, 'is no DNS record', error);
  }
  if (!sameRecords(stored, wanted)) throw unclear(what, 'shows other records than were asked for');
}

function unclear(what: string, how: string, cause?: unknown): OpsError {
  return new OpsError('lost-answer', `${what}: Cloudflare accepted it, but its answer ${how}`, {
    hint: 'look at the records before anything else',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The SDK has one type for each record type; which one this is, is known only at run time. */
type EditBody = Omit<Extract<RecordEditParams, { type: 'CNAME' }>, 'zone_id'>;
type PostBody = NonNullable<RecordBatchParams['posts']>[number];

/** What a patch sends: always TTL, proxy and comment, for what is left out stays; an empty comment takes it away. */
function patchBody(name: string, from: RecordState, to: RecordState): EditBody {
  const cleared = Object.keys(from.settings).filter((key) => !(key in to.settings));
  const settings = { ...to.settings, ...Object.fromEntries(cleared.map((key) => [key, false])) };
  const body: object = {
    ...fieldsOf(name, to),
    comment: to.comment ?? '',
    ...(from.tags.join() === to.tags.join() ? {} : { tags: to.tags }),
    ...(Object.keys(settings).length === 0 ? {} : { settings }),
    ...(from.privateRouting === to.privateRouting ? {} : { private_routing: to.privateRouting }),
  };
  return body as EditBody;
}

function postBody(name: string, record: RecordState): PostBody {
  const body: object = {
    ...fieldsOf(name, record),
    ...(record.comment === null ? {} : { comment: record.comment }),
    ...(record.tags.length === 0 ? {} : { tags: record.tags }),
    ...(Object.keys(record.settings).length === 0 ? {} : { settings: record.settings }),
    ...(record.privateRouting ? { private_routing: true } : {}),
  };
  return body as PostBody;
}

function fieldsOf(name: string, { type, content, data, ttl, proxied }: RecordState): object {
  return { type, name, ...(data === null ? { content } : { data }), ttl, proxied };
}
