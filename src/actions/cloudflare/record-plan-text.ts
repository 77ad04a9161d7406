import { boundedText } from '../../world/bounded-text.ts';
import { changesType, pairRecords } from './record-writes.ts';
import { describeRecord, type ZoneRecord } from './records-at-name.ts';
import { isSteering, type RecordState, sameRecords } from './zone-record-state.ts';

/** How long resolvers keep an automatic or proxied answer, in seconds; it cannot be set (Cloudflare docs, dns/proxy-status). */
const automaticTtlSeconds = 300;

/** What goes and what comes, record by record; what stays is shown without a sign. */
export function diffRecords(name: string, before: readonly RecordState[], after: readonly RecordState[]): string[] {
  const stays = (record: RecordState, others: readonly RecordState[]) =>
    others.some((other) => sameRecords([record], [other]));
  return [
    `  DNS records of ${name}`,
    ...(before.length === 0 ? ['- no record'] : []),
    ...before.filter((record) => stays(record, after)).map((record) => `  ${describeRecord(record)}`),
    ...before.filter((record) => !stays(record, after)).map((record) => `- ${describeRecord(record)}`),
    ...after.filter((record) => !stays(record, before)).map((record) => `+ ${describeRecord(record)}`),
  ];
}

/** What else matters of a change: how it is made, how long old answers are kept, what stays beside it. */
export function changeNotes(change: {
  name: string;
  zone: string;
  found: readonly ZoneRecord[];
  before: readonly RecordState[];
  after: readonly RecordState[];
}): string[] {
  const { name, zone, found, before, after } = change;
  const isAlias = after.some(({ type }) => type === 'CNAME');
  const flattened = isAlias && (name === zone || after.some(({ settings }) => settings.flatten_cname === true));
  const others = [...new Set(found.filter((record) => !isSteering(record)).map(({ type }) => boundedText(type, 20)))];
  const hints = before.filter(({ type }) => type === 'HTTPS' || type === 'SVCB');
  return [
    howWritten(before, after),
    ...(before.length === 0 ? [] : [drainNote(before)]),
    ...(hints.length === 0
      ? []
      : [`the ${hints[0]?.type} record goes: browsers keep its hints for up to ${drainSeconds(hints)} s`]),
    ...(after.some(({ proxied }) => proxied) ? ['traffic goes through Cloudflare’s proxy'] : []),
    ...(flattened ? ['Cloudflare flattens this CNAME: clients get addresses that it chose for the TTL'] : []),
    ...(isAlias && others.length > 0 ? [`its ${others.join(' and ')} records stay, unseen behind a CNAME`] : []),
    `comment: ${boundedText(after.find(({ comment }) => comment !== null)?.comment ?? 'none', 100)}`,
  ];
}

function howWritten(before: readonly RecordState[], after: readonly RecordState[]): string {
  if (before.length === 0) return 'new: nothing is deleted; undoing it deletes the record again';
  if (changesType(before, after)) return 'one batch: old records are deleted before new ones are made, all or nothing';
  const { paired, left } = pairRecords(before, after);
  const single = left.length === 0 && paired.size === after.length && after.length === 1;
  return single
    ? 'the same record is changed: no moment without one'
    : 'one batch, all or nothing; a record stays at all times';
}

function drainNote(before: readonly RecordState[]): string {
  const proxied = before.some((record) => record.proxied);
  return `clients keep the old answer up to ${drainSeconds(before)} s${proxied ? ' (proxied TTL)' : ''}`;
}

function drainSeconds(records: readonly RecordState[]): number {
  return Math.max(...records.map(({ ttl }) => (ttl === 1 ? automaticTtlSeconds : ttl)));
}
