const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** How an action's input writes a duration. */
export const durationPattern = /^(\d{1,7})(ms|s|m|h)$/;

/** Milliseconds of a duration as an action's input gives it: written out, or as a number. What is neither counts as none. */
export function durationMs(given: string | number): number {
  if (typeof given === 'number') return given;
  const [, amount = '', unit = ''] = durationPattern.exec(given) ?? [];
  return Number(amount) * (Object.entries(unitMs).find(([name]) => name === unit)?.[1] ?? 0);
}
