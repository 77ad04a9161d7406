import type { HostedZone } from './hosted-zone.ts';
import type { SetsAtName } from './list-record-sets.ts';
import { longestTtl, type RecordSet } from './record-set.ts';

/** What else a person should know before the record is set. */
export function planNotes(options: {
  zone: HostedZone;
  found: SetsAtName;
  before: readonly RecordSet[];
  after: readonly RecordSet[];
  /** Why it is overwritten, where it is. */
  upsert: string | undefined;
}): string[] {
  const { zone, found, before, after, upsert } = options;
  const typesOf = (sets: readonly RecordSet[]) => [...new Set(sets.map(({ Type }) => Type))].sort().join(' and ');
  const isOtherType = before.length > 0 && typesOf(before) !== typesOf(after);
  const left = found.switched.length - before.length;
  const identifier = before[0]?.SetIdentifier;
  const isSilent = before.some(({ Weight }) => Weight === 0);
  return [
    upsert === undefined
      ? 'one batch deletes exactly this and creates the new: a change by someone else in between makes it fail whole'
      : `overwritten by UPSERT, and read back: ${upsert}`,
    ...(isOtherType
      ? [`${typesOf(before)} becomes ${typesOf(after)} in the same batch: there is no moment without an answer`]
      : []),
    ...(identifier !== undefined && left > 0
      ? [left === 1 ? 'the other set at the name is left alone' : `the ${left} other sets at the name are left alone`]
      : []),
    ...(isSilent ? ['its weight is 0: it is answered only where all weights are 0'] : []),
    ...(before.length === 0
      ? ['resolvers that asked before keep “there is no such record” for a while']
      : [`clients keep the old answer up to ${longestTtl(before)} s (its TTL)`]),
    ...(zone.acceleratedRecovery === 'ENABLED'
      ? []
      : ['accelerated recovery is off: without us-east-1 this zone cannot be changed']),
  ];
}
