import { z } from 'zod';
import { findingSchema } from '../cloudfront/finding.ts';

/** Something about the alerting by which an alert would not reach a person in time; `where`: the monitor, service or policy. */
export const alertFindingSchema = findingSchema.extend({
  numbers: z.record(z.string(), z.number()).describe('what it follows from; units in the names'),
});

/** See {@link alertFindingSchema}. */
export type AlertFinding = z.output<typeof alertFindingSchema>;
