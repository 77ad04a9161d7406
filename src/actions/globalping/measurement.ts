import { z } from 'zod';
import { boundedText } from '../../world/bounded-text.ts';
import { makeVisible } from '../../world/visible-text.ts';

/** `POST /v1/measurements` answers 202 with this (https://globalping.io/docs/api.globalping.io). */
export const createdSchema = z.object({
  id: z.string().regex(/^[A-Za-z0-9]{1,64}$/),
  probesCount: z.int().nonnegative(),
});

const placeSchema = z.object({
  country: z.string(),
  city: z.string().nullish(),
  network: z.string().nullish(),
  asn: z.int().nullish(),
});

/** `GET /v1/measurements/{id}`, as far as it is read; any status but `in-progress` is final. */
export const measurementSchema = z.object({
  status: z.string(),
  results: z.array(
    z.object({
      probe: placeSchema,
      result: z.object({
        status: z.string(),
        statusCode: z.int().nullish(),
        resolvedAddress: z.string().nullish(),
        rawOutput: z.string().default(''),
      }),
    }),
  ),
});

/** See {@link measurementSchema}. */
export type Measurement = z.output<typeof measurementSchema>;

/** What one probe saw; texts of others, made fit for a screen. */
export const probeSchema = z.strictObject({
  country: z.string().describe('ISO 3166-1 alpha-2'),
  city: z.string(),
  network: z.string(),
  asn: z.int().nullable(),
  saw: z.enum(['served', 'failed', 'nothing']).describe('`nothing`: the probe has not told, or was not there'),
  status: z.int().nullable().describe('the HTTP status; null where there was no answer'),
  address: z.string().nullable().describe('what DNS gave the probe'),
  route: z.string().nullable().describe('the environment’s route that the address belongs to'),
  why: z.string().describe('why it is not served; empty where it is'),
});

/** See {@link probeSchema}. */
export type Probe = z.output<typeof probeSchema>;

/** How the probes' answers are judged. */
type Judging = { isServed(status: number): boolean; routeOf(address: string): string | null };

/** What each probe saw. A test that has not ended says nothing; one that ended without an answer says that it failed. */
export function readProbes({ results }: Measurement, { isServed, routeOf }: Judging): Probe[] {
  return results.map(({ probe, result }): Probe => {
    const address = result.resolvedAddress ?? null;
    const status = result.statusCode ?? null;
    const place = {
      country: shown(probe.country, 2),
      city: shown(probe.city ?? '', 40),
      network: shown(probe.network ?? '', 60),
      asn: probe.asn ?? null,
    };
    const where = { address, route: address === null ? null : routeOf(address) };
    if (result.status === 'finished' && status !== null) {
      const served = isServed(status);
      const why = served ? '' : `HTTP ${status}`;
      return { ...place, saw: served ? 'served' : 'failed', status, ...where, why };
    }
    const isOver = result.status === 'finished' || result.status === 'failed';
    const said = shown(result.rawOutput.split('\n')[0] ?? '', 80);
    const why = isOver ? said || 'no answer' : `the probe is ${shown(result.status, 20)}`;
    return { ...place, saw: isOver ? 'failed' : 'nothing', status, ...where, why };
  });
}

function shown(text: string, width: number): string {
  return boundedText(makeVisible(boundedText(text, width)), width);
}
