import type { Environment } from '../world/environment.ts';

type Acceptances = Environment['accepted-findings'];
type Entry = Acceptances[number];
type Severity = NonNullable<Entry['severity']>;

/** What an acceptance is held against. `seen`: the fingerprint of what was found, where the finding has one. */
export type Acceptable = { id: string; where: string; severity: Severity; seen?: string };

/**
 * What the environment says of a finding. `lapsed`: why it counts all the same: its time is over, what is seen is not what
 * was accepted, or it is worse than what was accepted; null where the acceptance holds.
 */
export type Acceptance = {
  reason: string;
  until: string;
  by: string | null;
  lapsed: 'expired' | 'changed' | 'worse' | null;
};

/** The findings that show a fingerprint of what was seen: an acceptance of one that names none never holds. */
export const fingerprinted: ReadonlySet<string> = new Set([
  'drift/changed',
  'cloudfront/alias-elsewhere',
  'cloudfront/alias-missing',
  'cloudfront/alias-overlap',
  'cloudfront/authorization-stripped',
  'cloudfront/caching-on',
  'cloudfront/function-drift',
  'cloudfront/header-stripped',
  'cloudfront/host-replaced',
  'cloudfront/idempotency-key-stripped',
  'cloudfront/query-stripped',
  'cloudfront/user-agent-replaced',
  'cloudfront/waf-attached',
]);

const severities: readonly Severity[] = ['info', 'warning', 'critical'];

/** When an acceptance runs out, in milliseconds since the epoch: a date holds until its end in UTC, a timestamp until itself. */
export function endOfAcceptance(until: string): number {
  return /^\d{4}-\d{2}-\d{2}$/.test(until) ? Date.parse(`${until}T00:00:00Z`) + 86_400_000 : Date.parse(until);
}

/** What the environment says of a finding now: an acceptance that holds before one that has lapsed; null where it says nothing. */
export function acceptanceFor(acceptances: Acceptances, found: Acceptable, nowMs: number): Acceptance | null {
  const [best] = acceptances
    .filter(({ id, where }) => id === found.id && (where === undefined || where === found.where))
    .map((entry) => ({ ...entry, lapsed: lapseOf(entry, found, nowMs) }))
    .toSorted(
      (left, right) =>
        Number(left.lapsed !== null) - Number(right.lapsed !== null) ||
        endOfAcceptance(right.until) - endOfAcceptance(left.until),
    );
  if (best === undefined) return null;
  const { reason, until, by, lapsed } = best;
  return { reason, until, by: by ?? null, lapsed };
}

function lapseOf({ until, seen, severity }: Entry, found: Acceptable, nowMs: number): Acceptance['lapsed'] {
  if (endOfAcceptance(until) <= nowMs) return 'expired';
  if (seen !== found.seen) return 'changed';
  if (severity !== undefined && severities.indexOf(found.severity) > severities.indexOf(severity)) return 'worse';
  return null;
}
