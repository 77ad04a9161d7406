import type { ResourceRecordSet } from '@aws-sdk/client-route-53';
import { z } from 'zod';
import { boundedText } from '../../world/bounded-text.ts';

/** Types of record sets that decide where clients go, and that this program switches. */
const switchedTypes = ['A', 'AAAA', 'CNAME'] as const;

/** A record set that may be switched, with every field that Route 53 gave, to the letter. */
export type RecordSet = ResourceRecordSet & { Name: string; Type: (typeof switchedTypes)[number] };

/** What must be there; whatever else Route 53 says of a set is kept as it is. */
const shape = z.looseObject({
  Name: z.string().min(1),
  Type: z.enum(switchedTypes),
  SetIdentifier: z.string().optional(),
  TTL: z.number().optional(),
  ResourceRecords: z.array(z.looseObject({ Value: z.string() })).optional(),
  AliasTarget: z
    .looseObject({ HostedZoneId: z.string(), DNSName: z.string(), EvaluateTargetHealth: z.boolean() })
    .optional(),
});

/** A record set as the journal keeps it: in the API's own terms, so that it is put back to the letter. */
export const recordSetSchema = z.custom<RecordSet>((value) => shape.safeParse(value).success, 'a Route 53 record set');

/**
 * The set as plain JSON, or undefined where it is of a type that is not switched. An alias has no records and no TTL of
 * its own, and is refused with them (Route 53 API Reference, ResourceRecordSet); what a listing adds to it is left out.
 */
export function readRecordSet(set: ResourceRecordSet): RecordSet | undefined {
  const { ResourceRecords: _records, TTL: _ttl, ...rest } = set;
  const whole = set.AliasTarget === undefined ? set : rest;
  const plain: unknown = JSON.parse(JSON.stringify(whole));
  const parsed = recordSetSchema.safeParse(plain);
  return parsed.success ? parsed.data : undefined;
}

/** A name without its trailing dot, in lower case, with `\052` as `*` (Route 53 returns names so, escaped in octal). */
export function plainName(name: string): string {
  return name
    .toLowerCase()
    .replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    .replace(/\.$/, '');
}

/** Where a set leads: the alias's or the CNAME's target, or the addresses; names plain. */
export function targetsOf({ Type, AliasTarget, ResourceRecords = [] }: RecordSet): string[] {
  if (AliasTarget !== undefined) return [plainName(AliasTarget.DNSName ?? '')];
  const values = ResourceRecords.map(({ Value = '' }) => Value);
  return Type === 'CNAME' ? values.map(plainName) : values;
}

/** Whether two lists of sets say the same: in any order, values in any order, names in any spelling. */
export function sameSets(left: readonly RecordSet[], right: readonly RecordSet[]): boolean {
  const all = (sets: readonly RecordSet[]) => sets.map(fingerprint).sort().join('\n');
  return all(left) === all(right);
}

/** Whether two sets say the same; see {@link sameSets}. */
export function sameSet(left: RecordSet, right: RecordSet): boolean {
  return fingerprint(left) === fingerprint(right);
}

function fingerprint(set: RecordSet): string {
  const { Name, ResourceRecords: _records, AliasTarget, ...others } = set;
  const alias = AliasTarget === undefined ? {} : { ...AliasTarget, DNSName: plainName(AliasTarget.DNSName ?? '') };
  return ordered({ ...others, Name: plainName(Name), alias, targets: targetsOf(set).sort() });
}

/** JSON with the keys of every object in order. */
function ordered(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}

/** The policy fields of a set, which a switch of its target keeps: identifier, weight, region, failover, health check, … */
export function routingOf(set: RecordSet): Partial<ResourceRecordSet> {
  const { Name: _n, Type: _t, TTL: _ttl, ResourceRecords: _r, AliasTarget: _a, ...routing } = set;
  return routing;
}

/** A set for people: `CNAME d1.example.net, TTL 60 s`, `A alias to d1.example.net`, with what routes it. */
export function describeSet(set: RecordSet): string {
  const targets = targetsOf(set).map((target) => boundedText(target, 120));
  const routed = Object.entries(routingOf(set)).map(([field, value]) => `${field} ${plainText(value)}`);
  const alias = set.AliasTarget !== undefined;
  return [
    `${set.Type} ${alias ? 'alias to ' : ''}${targets.join(' ')}`,
    ...(alias ? [] : [`TTL ${set.TTL ?? '?'} s`]),
    ...routed,
  ].join(', ');
}

function plainText(value: unknown): string {
  return boundedText(typeof value === 'string' ? value : ordered(value), 80);
}

/** How long clients may keep what the sets say, in seconds; an alias has its target's TTL, 60 s with CloudFront. */
export function longestTtl(sets: readonly RecordSet[]): number {
  return Math.max(0, ...sets.map(({ TTL, AliasTarget }) => (AliasTarget === undefined ? (TTL ?? 0) : 60)));
}
