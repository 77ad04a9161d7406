/** How a duration is written: a whole number and its unit. */
export const durationPattern = /^(0|[1-9]\d{0,6})(ms|s|m|h)$/;

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a written duration, or undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const match = durationPattern.exec(text);
  const unit = match?.[2] === undefined ? undefined : unitMs[match[2]];
  return match?.[1] === undefined || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** A duration for people, in the largest unit that keeps it whole: `90s`, `6m`, `1h`, `250ms`. */
export function formatDuration(ms: number): string {
  if (ms % 3_600_000 === 0 && ms > 0) return `${ms / 3_600_000}h`;
  if (ms % 60_000 === 0 && ms > 120_000) return `${ms / 60_000}m`;
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}
