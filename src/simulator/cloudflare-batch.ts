import { z } from 'zod';
import { failure, parseBody, success } from './cloudflare-answers.ts';
import { recordJson, recordPatch, wholeRecord } from './cloudflare-record-rules.ts';
import { addRecord, changeRecord, type RecordOutcome, removeRecord, replaceRecord } from './cloudflare-records.ts';
import type { ServerAnswer } from './http-server.ts';
import type { SimulatedRecord, SimulatedWorld } from './state.ts';

const id = z.string().regex(/^[0-9a-f]{32}$/);
const list = <Item extends z.ZodType>(item: Item) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
const batch = z.object({
  deletes: list(z.object({ id })),
  patches: list(recordPatch.extend({ id })),
  puts: list(wholeRecord.extend({ id })),
  posts: list(wholeRecord),
});

/** Records in one batch on a free plan (Cloudflare docs, dns/manage-dns-records/how-to/batch-record-changes). */
const mostChanges = 200;
/** How long the servers answer for a name whose records were deleted and made anew as if it had none. */
const settlingMs = 200;

/**
 * `POST /zones/ZONE/dns_records/batch`: deletes, patches, puts, posts, in this order whatever the order in the body, all
 * or none; the first error is answered. The servers are not as atomic as the database: a name that loses its address
 * records and gets others of another type has none for a moment (same page).
 */
export function batchRecords(world: SimulatedWorld, body: string, nowMs: number): ServerAnswer {
  const parsed = parseBody(body, batch);
  if ('answer' in parsed) return parsed.answer;
  const { deletes, patches, puts, posts } = parsed.value;
  if (deletes.length + patches.length + puts.length + posts.length > mostChanges) {
    return failure(400, { code: 1004, message: `A batch may hold ${mostChanges} changes` });
  }
  const saved = structuredClone({ records: world.records, serial: world.zone.serial });
  const now = new Date(nowMs).toISOString();
  const inOrder: { kind: 'deletes' | 'patches' | 'puts' | 'posts'; change(): RecordOutcome }[] = [
    ...deletes.map((one) => ({ kind: 'deletes' as const, change: () => removeRecord(world, one.id) })),
    ...patches.map((one) => ({ kind: 'patches' as const, change: () => changeRecord(world, one.id, one, now) })),
    ...puts.map((one) => ({ kind: 'puts' as const, change: () => replaceRecord(world, one.id, one, now) })),
    ...posts.map((one) => ({ kind: 'posts' as const, change: () => addRecord(world, one, now) })),
  ];
  const done: Record<(typeof inOrder)[number]['kind'], SimulatedRecord[]> = {
    deletes: [],
    patches: [],
    puts: [],
    posts: [],
  };
  for (const { kind, change } of inOrder) {
    const outcome = change();
    if ('refusal' in outcome) {
      world.records = saved.records;
      world.zone.serial = saved.serial;
      return outcome.refusal;
    }
    done[kind].push(outcome.record);
  }
  world.zone.serial = saved.serial + Math.min(1, inOrder.length);
  for (const name of namesMadeAnew(saved.records, world.records)) {
    world.settling ??= new Map();
    world.settling.set(name, nowMs + settlingMs);
  }
  return success({
    deletes: done.deletes.map(recordJson),
    patches: done.patches.map(recordJson),
    puts: done.puts.map(recordJson),
    posts: done.posts.map(recordJson),
  });
}

/** Names that had address records, and have only such of other types now. */
function namesMadeAnew(before: readonly SimulatedRecord[], after: readonly SimulatedRecord[]): string[] {
  const typesOf = (records: readonly SimulatedRecord[], name: string) =>
    new Set(records.filter((record) => record.name === name && isAddressLike(record)).map(({ type }) => type));
  return [...new Set(before.map(({ name }) => name))].filter((name) => {
    const [old, now] = [typesOf(before, name), typesOf(after, name)];
    return old.size > 0 && now.size > 0 && [...now].every((type) => !old.has(type));
  });
}

function isAddressLike({ type }: SimulatedRecord): boolean {
  return type === 'A' || type === 'AAAA' || type === 'CNAME';
}
