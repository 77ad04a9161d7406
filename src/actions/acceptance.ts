import type { Environment } from '../world/environment.ts';

type Acceptances = Environment['accepted-findings'];

/** When an acceptance runs out, in milliseconds since the epoch: a date holds until its end in UTC, a timestamp until itself. */
export function endOfAcceptance(until: string): number {
  return /^\d{4}-\d{2}-\d{2}$/.test(until) ? Date.parse(`${until}T00:00:00Z`) + 86_400_000 : Date.parse(until);
}

/** What the environment says of a finding now: the acceptance that holds longest, which may have run out; null where there is none. */
export function acceptanceFor(
  acceptances: Acceptances,
  found: { id: string; where: string },
  nowMs: number,
): { reason: string; until: string; by: string | null; expired: boolean } | null {
  const [longest] = acceptances
    .filter(({ id, where }) => id === found.id && (where === undefined || where === found.where))
    .toSorted((left, right) => endOfAcceptance(right.until) - endOfAcceptance(left.until));
  if (longest === undefined) return null;
  const { reason, until, by } = longest;
  return { reason, until, by: by ?? null, expired: endOfAcceptance(until) <= nowMs };
}
