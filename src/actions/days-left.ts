const dayMs = 86_400_000;

/**
 * Fewer whole days than these, and what runs out is critical: it ends within a long weekend, in which nobody renews it
 * and a failover would find it gone.
 */
const fewestDays = 3;

/** Whole days until a moment (ISO 8601, or as a certificate has it); below 0 once it is past, null where it is none. */
export function daysUntil(end: string, nowMs: number): number | null {
  const endMs = Date.parse(end);
  return Number.isNaN(endMs) ? null : Math.floor((endMs - nowMs) / dayMs);
}

/** How bad it is that something runs out in so many days. */
export function severityOfDays(days: number): 'critical' | 'warning' {
  return days < fewestDays ? 'critical' : 'warning';
}

/** `in 5 days`, `within a day`. */
export function inDays(days: number): string {
  if (days < 1) return 'within a day';
  return days === 1 ? 'in 1 day' : `in ${days} days`;
}
