import { z } from 'zod';

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

const pattern = /^(\d{1,7})(ms|s|m|h)$/;

function parseDuration(text: string): number {
  const [, amount = '', unit = ''] = pattern.exec(text) ?? [];
  return Number(amount) * (Object.entries(unitMs).find(([name]) => name === unit)?.[1] ?? 0);
}

/**
 * A duration in an action's input: `500ms`, `5s`, `2m` or `1h`; or a whole number of milliseconds, which is what a
 * runbook's input of type `duration` is in an expression. Parses to milliseconds.
 */
export const durationSchema = z.union([
  z.string().regex(pattern, 'a duration such as 500ms, 5s, 2m or 1h').transform(parseDuration),
  z.int().nonnegative(),
]);
