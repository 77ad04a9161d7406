import { z } from 'zod';
import { durationMs, durationPattern } from './parse-duration.ts';

/**
 * A duration in an action's input: `500ms`, `5s`, `2m` or `1h`; or a whole number of milliseconds, which is what a
 * runbook's input of type `duration` is in an expression. Parses to milliseconds.
 */
export const durationSchema = z.union([
  z.string().regex(durationPattern, 'a duration such as 500ms, 5s, 2m or 1h').transform(durationMs),
  z.int().nonnegative(),
]);
