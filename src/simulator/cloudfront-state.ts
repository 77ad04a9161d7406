import { z } from 'zod';

const originSchema = z.strictObject({
  id: z.string().min(1),
  domain: z.string().min(1),
  /** Seconds. */
  readTimeout: z.int().min(1).max(180),
});

const behaviorSchema = z.strictObject({
  /** `*` for the default cache behavior, which is the last. */
  pathPattern: z.string().min(1),
  targetOriginId: z.string(),
  allowedMethods: z.array(z.string()),
  cachePolicyId: z.string(),
  originRequestPolicyId: z.string().nullable(),
  functions: z.array(z.strictObject({ name: z.string(), eventType: z.enum(['viewer-request', 'viewer-response']) })),
});

/** A cache behavior of the simulated distribution. */
export type SimulatedBehavior = z.output<typeof behaviorSchema>;

/** The simulated distribution, as far as it decides how requests are served. */
export const distributionSchema = z.strictObject({
  id: z.string(),
  domain: z.string(),
  aliases: z.array(z.string()),
  enabled: z.boolean(),
  status: z.enum(['Deployed', 'InProgress']),
  origins: z.array(originSchema).min(1),
  behaviors: z
    .array(behaviorSchema)
    .min(1)
    .refine((behaviors) => behaviors.at(-1)?.pathPattern === '*', 'the last behavior is the default one, `*`'),
  /** AWS WAF, with a rule on the size of bodies as the common rule set has it (8 KB). */
  webAcl: z.strictObject({ arn: z.string(), maxBodyBytes: z.int().positive() }).nullable(),
  /** Null: only CloudFront's own, for the distribution's domain. */
  certificate: z.strictObject({ names: z.array(z.string()), daysValid: z.int() }).nullable(),
  /** Aliases of others that equal or overlap one of this distribution's, their ids partly hidden as the API does. */
  conflicts: z.array(z.strictObject({ alias: z.string(), distributionId: z.string(), accountId: z.string() })),
  /** Statuses of the origin that are replaced by a page of the distribution's. */
  errorPages: z.array(z.int()),
  /** `whitelist` or `blacklist` of countries. */
  geoRestriction: z.enum(['none', 'whitelist', 'blacklist']),
});

/** See the schema. */
export type SimulatedDistribution = z.output<typeof distributionSchema>;

const nameSetSchema = z.strictObject({
  include: z.enum(['none', 'listed', 'all-except', 'all']),
  names: z.array(z.string()),
});

/** A cache policy or an origin request policy: what it includes, and for a cache policy how long it keeps, in seconds. */
export const policySchema = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  headers: nameSetSchema,
  queries: nameSetSchema,
  cookies: nameSetSchema,
  ttl: z.strictObject({ min: z.int(), default: z.int(), max: z.int() }).nullable(),
});

/** See the schema; `ttl` is null for an origin request policy. */
export type SimulatedPolicy = z.output<typeof policySchema>;

/** A CloudFront Function: code in two stages, each with an ETag of its own. */
export type SimulatedFunction = {
  name: string;
  runtime: 'cloudfront-js-1.0' | 'cloudfront-js-2.0';
  development: { code: string; etag: string };
  /** Null before the first publication. */
  live: { code: string; etag: string } | null;
  /** What TestFunction answers; from 100 on the edge does not let the function finish. */
  utilization: number;
};
