import { z } from 'zod';
import { durationPattern } from './duration.ts';

/** A duration as written in YAML, such as `250ms`, `5s`, `10m` or `1h`. */
export const durationSchema = z.string().regex(durationPattern, 'a duration such as 250ms, 5s, 10m or 1h');
