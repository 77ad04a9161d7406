import { z } from 'zod';
import { parseDuration } from '../runbook/duration.ts';
import { durationSchema } from '../runbook/duration-schema.ts';
import { type Condition, conditions } from './conditions.ts';
import { componentSchema } from './fault-schema.ts';
import { type Region, regions } from './regions.ts';
import type { Fault } from './state.ts';

const status = z.int().min(400).max(599).describe('the HTTP status that is answered');
const duration = durationSchema.transform((text) => parseDuration(text) ?? 0);
const positive = duration.refine((ms) => ms > 0, 'give a time longer than 0');

/** Where a fault acts; everywhere unless given. */
const region = z
  .array(z.enum(regions))
  .min(1)
  .optional()
  .describe('only for customers there, and for probes from there (the operator is in iad); for the edge alone');

const kind = <Kind extends string, Shape extends z.core.$ZodLooseShape>(name: Kind, what: string, shape: Shape) =>
  z.strictObject({ kind: z.literal(name).describe(what), ...shape, regions: region });

/** A fault as a scenario writes it; parses to the simulator's {@link Fault}, and where it acts. */
const faultSchema = z
  .discriminatedUnion('kind', [
    kind('status', 'answers everything with the provider’s error page', { status }),
    kind('refuse', 'closes every connection at once', {}),
    kind('hang', 'accepts and never answers', {}),
    kind('slow', 'answers everything, late', { by: positive }),
    kind('says-all-well', 'says that all is well, whatever happens; for a vendor’s status page', {}),
    kind('edited-meanwhile', 'somebody else edits the hostname’s record once it has been looked at to be changed', {}),
    kind('flap', 'fails for `down`, works for `up`, and so on, failing first', {
      status,
      down: positive,
      up: positive,
    }),
    kind('noise', 'fails a share of the requests, by chance that repeats; for a path or a backend', {
      status,
      share: z.number().gt(0).lt(1),
      seed: z.int().nonnegative().default(1),
    }),
    kind('write-lost-answer', 'writes are done, the answer never comes', {}),
    kind('write-lost', 'writes are not done, the answer never comes', {}),
    kind('write-error-but-done', 'writes are done, the answer is 500', {}),
    kind('write-ok-but-not-done', 'writes are not done, answered as if', {}),
    kind('write-late', 'writes are answered late, and done at the end of that time', { by: positive }),
  ])
  .transform((written): Fault & { regions?: readonly Region[] } => {
    const { regions: only, ...rest } = written;
    const where = only === undefined ? {} : { regions: only };
    switch (rest.kind) {
      case 'flap':
        return { kind: 'flap', status: rest.status, downMs: rest.down, upMs: rest.up, ...where };
      case 'slow':
      case 'write-late':
        return { kind: rest.kind, ms: rest.by, ...where };
      default:
        return { ...rest, ...where };
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
    mark: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens')
      .optional()
      .describe('a name for this moment: `rehearse --from NAME` begins here, as the world then is'),
    set: z.partialRecord(componentSchema, faultSchema).default({}).describe('component → how it fails from now on'),
    clear: z.array(componentSchema).default([]).describe('components that work again'),
    become: z
      .array(z.enum(Object.keys(conditions) as [Condition, ...Condition[]]))
      .default([])
      .describe('what is wrong with the standby, the alerting, or what a failover needs, from now on'),
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
    for (const [component, fault] of Object.entries(moment.set)) {
      if (fault?.kind === 'says-all-well' && !component.endsWith('-status')) {
        context.addIssue({
          code: 'custom',
          path: ['set', component, 'kind'],
          message: `${component} says nothing of itself; cloudflare-status and aws-status do`,
        });
      }
      if (fault?.kind === 'noise' && !['edge', 'fallback', 'email-api', 'resend-api'].includes(component)) {
        context.addIssue({
          code: 'custom',
          path: ['set', component, 'kind'],
          message: `${component} serves no customers; edge, fallback, email-api and resend-api do`,
        });
      }
      if (fault?.regions === undefined || component === 'edge') continue;
      context.addIssue({
        code: 'custom',
        path: ['set', component, 'regions'],
        message: `${component} is in one place; only the edge has regions`,
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
  ds: z
    .array(z.string().regex(/^\d{1,5} \d{1,3} \d{1,3} ([0-9A-F]{2})+$/, 'as dig prints it: 12345 13 2 49FD…'))
    .default([])
    .describe('DS records that the parent zone holds: moving the nameservers would break validation'),
  'odd-resolver': z
    .strictObject({
      'least-ttl': positive.optional().describe('keeps every answer at least this long'),
      'most-ttl': positive.optional().describe('… and at most this long'),
    })
    .optional()
    .describe('the last of the listed resolvers goes by TTLs of its own'),
  approvals: z
    .array(
      z.strictObject({
        by: z
          .enum(['colleague', 'runner', 'stranger'])
          .describe('a colleague who may approve, whoever runs the rehearsal, or anybody else'),
        after: duration.describe('how long after the message that asks'),
        to: z.enum(['each', 'first', 'second']).default('each').describe('which of the messages that ask'),
      }),
    )
    .optional()
    .describe(
      'who reacts in the war room to what asks for approval; the environment gets such people, unless it has its own',
    ),
  timeline: z.array(momentSchema).describe('faults over time, by the rehearsal’s clock'),
  expect: z
    .strictObject({
      verdict: z
        .union([verdictSchema.transform((verdict) => [verdict]), z.array(verdictSchema).min(1)])
        .optional()
        .describe('what `http.compare` should find, or any of these'),
      'exit-code': z.int().min(0).max(7).optional().describe('how `rehearse failover` should end'),
      'ends-on': z.enum(['edge', 'fallback']).optional().describe('the path that authoritative DNS answers with then'),
      asked: z.array(z.string().min(1)).optional().describe('the steps that ask the operator something, in order'),
      guards: z.array(z.string().min(1)).optional().describe('the guards that fire, in order'),
      refused: z
        .array(z.enum(['runner', 'stranger', 'other-plan', 'expired', 'not-asked', 'given-before']))
        .optional()
        .describe('the approvals that are given and do not count, each by why, in order'),
      voided: z
        .array(z.enum(['plan-changed', 'expired', 'stopped']))
        .optional()
        .describe('the requests for approval that come to nothing, each by why, in order'),
      notices: z
        .array(z.enum(['investigating', 'identified', 'monitoring', 'resolved']))
        .optional()
        .describe('the public notices that are opened, each by the phase that it is in at the end, in order'),
    })
    .default({}),
});

/** A parsed scenario; times in milliseconds. */
export type Scenario = z.output<typeof scenarioSchema>;
