import { z } from 'zod';
import type { ZoneRecord } from './records-at-name.ts';

/** Types whose records decide where clients go, and which this program writes back as they were. */
export const steeringTypes = ['A', 'AAAA', 'CNAME', 'HTTPS', 'SVCB'] as const;

/** Everything of a record that can be set, as captured or wanted; without its id, which a record made anew does not keep. */
export const recordStateSchema = z.strictObject({
  type: z.enum(steeringTypes),
  content: z.string(),
  ttl: z.int().describe('seconds; 1 is automatic'),
  proxied: z.boolean(),
  comment: z.string().nullable(),
  tags: z.array(z.string()),
  settings: z.record(z.string(), z.json()),
  privateRouting: z.boolean(),
  data: z.record(z.string(), z.json()).nullable().describe('the parts of an HTTPS or SVCB record'),
});

/** See {@link recordStateSchema}. */
export type RecordState = z.output<typeof recordStateSchema>;

/** Whether a record steers clients and can be held in a {@link RecordState}. */
export function isSteering(record: Pick<ZoneRecord, 'type'>): boolean {
  const types: readonly string[] = steeringTypes;
  return types.includes(record.type);
}

/** Whether resolvers get an address by a record of this type. */
export function leadsToAddresses({ type }: Pick<ZoneRecord, 'type'>): boolean {
  return type === 'A' || type === 'AAAA' || type === 'CNAME';
}

/**
 * A record's state, in one spelling: an empty comment is none, tags are sorted, a setting that is false is not set (the
 * API answers either way), and only HTTPS and SVCB records have parts.
 */
export function captureRecord(record: ZoneRecord): RecordState {
  const hasParts = record.type === 'HTTPS' || record.type === 'SVCB';
  return recordStateSchema.parse({
    type: record.type,
    content: record.type === 'CNAME' ? plainName(record.content) : record.content,
    ttl: record.ttl,
    proxied: record.proxied,
    comment: record.comment === '' ? null : (record.comment ?? null),
    tags: [...(record.tags ?? [])].sort(),
    settings: Object.fromEntries(
      Object.entries(record.settings ?? {}).filter(([, value]) => value !== false && value !== null),
    ),
    privateRouting: record.private_routing === true,
    data: hasParts ? (record.data ?? null) : null,
  });
}

/** A name in lower case, without a trailing dot. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** Whether two sets of records are the same in everything that can be set, in whatever order. */
export function sameRecords(left: readonly RecordState[], right: readonly RecordState[]): boolean {
  const spelled = (records: readonly RecordState[]) => records.map(spell).sort().join('\n');
  return spelled(left) === spelled(right);
}

/** Whether two records answer the same: comment, tags and settings aside. */
export function sameAnswer(left: RecordState, right: RecordState): boolean {
  return (
    left.type === right.type &&
    left.content === right.content &&
    left.ttl === right.ttl &&
    left.proxied === right.proxied
  );
}

function spell(record: RecordState): string {
  const entries = (parts: Readonly<Record<string, unknown>> | null) =>
    parts === null ? null : Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    record.type,
    record.content,
    record.ttl,
    record.proxied,
    record.comment,
    record.tags,
    entries(record.settings),
    record.privateRouting,
    entries(record.data),
  ]);
}
