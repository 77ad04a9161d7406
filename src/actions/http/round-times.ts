/** The most rounds that one comparison sends. */
export const mostRounds = 100;

/** Rounds further apart than this could keep step with a flap; below, a round lasts as long as the gap. */
const steadyGapMs = 5_000;

/** The golden ratio's fraction: its multiples are as evenly spread, and as far from any period, as can be (Weyl, 1916). */
const golden = (Math.sqrt(5) - 1) / 2;

/**
 * When each round begins, in milliseconds from the first, in order: `rounds` of them over `overMs`, or one for every
 * `everyMs` where that makes more. Those that are far apart are moved off the beat, by up to half a gap and each by another part of it, so
 * that no flap, whatever its period, keeps step with them and shows only its one half. The same times for the same
 * arguments: a rehearsal can be repeated.
 */
export function roundTimes({
  rounds,
  overMs,
  everyMs,
}: {
  rounds: number;
  overMs: number;
  everyMs?: number | undefined;
}): number[] {
  const wanted = everyMs === undefined ? rounds : Math.max(rounds, Math.floor(overMs / Math.max(1, everyMs)) + 1);
  const count = Math.min(mostRounds, wanted);
  if (count <= 1) return [0];
  const gapMs = overMs / (count - 1);
  return Array.from({ length: count }, (_, index) => {
    const isEnd = index === 0 || index === count - 1;
    const moved = isEnd || gapMs <= steadyGapMs ? 0 : ((index * golden) % 1) - 0.5;
    return (index + moved) * gapMs;
  });
}
