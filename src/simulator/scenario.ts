import { z } from 'zod';
import { durationSchema, parseDuration } from '../runbook/duration.ts';
import { componentSchema } from './fault-schema.ts';
import type { Fault } from './state.ts';

const status = z.int().min(400).max(599).describe('the HTTP status that is answered');
const duration = durationSchema.transform((text) => parseDuration(text) ?? 0);
const positive = duration.refine((ms) => ms > 0, 'give a time longer than 0');

/** A fault as a scenario writes it; parses to the simulator's {@link Fault}. */
const faultSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('status').describe('answers everything with the provider’s error page'), status }),
    z.strictObject({ kind: z.literal('refuse').describe('closes every connection at once') }),
    z.strictObject({ kind: z.literal('hang').describe('accepts and never answers') }),
    z.strictObject({
      kind: z.literal('flap').describe('fails for `down`, works for `up`, and so on, failing first'),
      status,
      down: positive,
      up: positive,
    }),
    z.strictObject({ kind: z.literal('write-lost-answer').describe('writes are done, the answer never comes') }),
    z.strictObject({ kind: z.literal('write-lost').describe('writes are not done, the answer never comes') }),
    z.strictObject({ kind: z.literal('write-error-but-done').describe('writes are done, the answer is 500') }),
    z.strictObject({ kind: z.literal('write-ok-but-not-done').describe('writes are not done, answered as if') }),
    z.strictObject({
      kind: z.literal('write-late').describe('writes are answered late, and done at the end of that time'),
      by: positive,
    }),
  ])
  .transform((written): Fault => {
    switch (written.kind) {
      case 'flap':
        return { kind: 'flap', status: written.status, downMs: written.down, upMs: written.up };
      case 'write-late':
        return { kind: 'write-late', ms: written.by };
      default:
        return written;
    }
  });

const verdictSchema = z.enum([
  'healthy',
  'provider-fault',
  'own-fault',
  'fallback-not-ready',
  'recovering',
  'inconclusive',
]);

const momentSchema = z
  .strictObject({
    at: duration.describe('when, counted from the start of the rehearsal'),
    set: z.partialRecord(componentSchema, faultSchema).default({}).describe('component → how it fails from now on'),
    clear: z.array(componentSchema).default([]).describe('components that work again'),
    say: z.string().min(1).optional().describe('shown to the people who rehearse'),
  })
  .superRefine((moment, context) => {
    for (const component of moment.clear.filter((name) => moment.set[name] !== undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['clear'],
        message: `${component} is set and cleared at the same time`,
      });
    }
  });

/** `runbooks/scenarios/NAME.yaml`: what breaks when in a rehearsal, and how a failover in it should end. */
export const scenarioSchema = z.strictObject({
  title: z.string().min(1).describe('what happens, in a few words'),
  description: z.string().optional().describe('what it teaches, and where it comes from'),
  begins: z
    .enum(['on-edge', 'failed-over'])
    .default('on-edge')
    .describe('which path DNS answers with at the beginning; `failed-over`: a failback can be rehearsed'),
  'served-by': z
    .enum(['load-balancer', 'record', 'route53'])
    .optional()
    .describe(
      'what answers for the hostname: a load balancer or a proxied record at Cloudflare, or a zone at Route 53; ' +
        'without it, Route 53 where the environment names a hosted zone, and else the load balancer',
    ),
  timeline: z.array(momentSchema).describe('faults over time, by the rehearsal’s clock'),
  expect: z
    .strictObject({
      verdict: z
        .union([verdictSchema.transform((verdict) => [verdict]), z.array(verdictSchema).min(1)])
        .optional()
        .describe('what `http.compare` should find, or any of these'),
      'exit-code': z.int().min(0).max(7).optional().describe('how `rehearse failover` should end'),
    })
    .default({}),
});

/** A parsed scenario; times in milliseconds. */
export type Scenario = z.output<typeof scenarioSchema>;
