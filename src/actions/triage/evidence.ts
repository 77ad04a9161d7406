import { z } from 'zod';
import { vendors } from '../../world/vendor-status.ts';
import { severities } from '../vendor/report.ts';

/** Of `http.compare`'s output, what a recommendation rests on. */
export const pathsSchema = z.object({
  verdict: z.enum(['healthy', 'provider-fault', 'own-fault', 'fallback-not-ready', 'recovering', 'inconclusive']),
  reasons: z.array(z.string()),
  routes: z.record(
    z.string(),
    z.object({
      role: z.enum(['primary', 'fallback', 'origin']),
      provider: z.string(),
      state: z.string().describe('how it did over the rounds, in the words of http.compare'),
      rounds: z.array(z.boolean()).describe('each round: was every critical request met'),
    }),
  ),
  endedEarly: z.object({ afterMs: z.number(), planned: z.int(), why: z.string() }).nullable(),
  answered: z.object({
    state: z.enum(['same', 'asked', 'away', 'unknown']),
    addresses: z.array(z.string()),
    rounds: z.array(z.boolean()).describe('the primary at what DNS answers: was every critical request met there'),
    passed: z.int().nonnegative().default(0),
    of: z.int().nonnegative().default(0),
  }),
  matrix: z.array(
    z.object({
      id: z.string(),
      critical: z.boolean(),
      cells: z.record(
        z.string(),
        z.object({
          passed: z.int().nonnegative(),
          of: z.int().nonnegative(),
          unreached: z.int().nonnegative().describe('rounds in which no TLS session came about'),
          limited: z.int().nonnegative().describe('rounds in which it was answered 429'),
        }),
      ),
    }),
  ),
});

/** Of `dns.verify`'s output: whether names lead to the primary. */
export const answersSchema = z.object({
  route: z.string(),
  authoritative: z.object({ total: z.int(), agreeing: z.int() }),
  servers: z.array(
    z.object({ server: z.string(), kind: z.string(), answered: z.boolean(), leadsTo: z.string().nullable() }),
  ),
  predictedDrainMs: z.number().nullable(),
});

/** Of `vendor.status`'s output. */
export const wordsSchema = z.object({
  vendors: z.array(
    z.object({
      vendor: z.enum(vendors),
      reachable: z.boolean(),
      missing: z.string(),
      says: z.enum(severities),
      ageMs: z.number().nullable(),
      incidents: z.array(z.object({ title: z.string() })),
    }),
  ),
});

/** Of the alerts of a monitoring system: how many fire, and for which groups (regions, say). */
export const monitorsSchema = z.object({
  state: z.enum(['ok', 'alerting', 'unknown']),
  alerting: z.int().nonnegative(),
  groups: z.array(z.object({ monitor: z.string(), group: z.string(), state: z.string() })),
});

/** Of `globalping.measure`'s output: what probes around the world saw. */
export const vantageSchema = z.object({
  verdict: z.enum(['served', 'failing', 'mixed', 'unknown']),
  missing: z.string(),
  total: z.int().nonnegative(),
  served: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  probes: z.array(z.object({ country: z.string(), saw: z.string(), route: z.string().nullable() })),
});

/** What the paths did. */
export type Paths = z.output<typeof pathsSchema>;
/** What DNS answers. */
export type Answers = z.output<typeof answersSchema>;
/** What vendors say. */
export type Words = z.output<typeof wordsSchema>;
/** What fires. */
export type Monitors = z.output<typeof monitorsSchema>;
/** What probes elsewhere saw. */
export type Vantage = z.output<typeof vantageSchema>;
