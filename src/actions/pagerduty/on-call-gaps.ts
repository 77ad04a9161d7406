/** A time for which somebody is on call, in milliseconds since the epoch; null: since ever, or for good. */
export type Shift = { startMs: number | null; endMs: number | null };

/** A time in which nobody is; `endMs` is null where it lasts as long as was looked ahead. */
export type Gap = { startMs: number; endMs: number | null };

/** Finds when nobody is on call between two moments, in order, whatever the order of the shifts and however they overlap. */
export function findGaps(shifts: readonly Shift[], { fromMs, untilMs }: { fromMs: number; untilMs: number }): Gap[] {
  const gaps: Gap[] = [];
  let coveredUntil = fromMs;
  const ordered = shifts
    .map(({ startMs, endMs }) => ({ start: startMs ?? Number.NEGATIVE_INFINITY, end: endMs ?? untilMs }))
    .sort((left, right) => left.start - right.start);
  for (const { start, end } of ordered) {
    if (coveredUntil >= untilMs) break;
    if (start > coveredUntil && start < untilMs) gaps.push({ startMs: coveredUntil, endMs: start });
    if (start < untilMs) coveredUntil = Math.max(coveredUntil, end);
  }
  return coveredUntil < untilMs ? [...gaps, { startMs: coveredUntil, endMs: null }] : gaps;
}
