import { createHash } from 'node:crypto';
import { z } from 'zod';
import { distributionSchema, policySchema } from './cloudfront-state.ts';
import type { SimulatedWorld } from './state.ts';

/** A change of CloudFront's part of the world: what is left out stays. Code is the whole text of a stage; null unpublishes. */
export const cloudFrontChangeSchema = z.strictObject({
  distribution: distributionSchema.partial().optional(),
  function: z
    .strictObject({
      live: z.string().nullable().optional(),
      development: z.string().optional(),
      utilization: z.number().min(0).optional(),
      runtime: z.enum(['cloudfront-js-1.0', 'cloudfront-js-2.0']).optional(),
    })
    .optional(),
  /** Added, or put in the place of the policy with that id; `ttl` makes it a cache policy. */
  policies: z.array(policySchema).optional(),
});

/**
 * Changes the distribution, the first function and the policies, as somebody with the console would. Answers what there is
 * then, or why the change cannot be.
 */
export function changeCloudFront(
  world: SimulatedWorld,
  change: unknown,
): { status: number; text: string } | { status: number; json: unknown } {
  const parsed = cloudFrontChangeSchema.safeParse(change);
  if (!parsed.success) {
    const reasons = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'change'}: ${issue.message}`);
    return { status: 400, text: `not a change: ${reasons.join('; ')}\n` };
  }
  const { distribution = {}, function: code = {}, policies = [] } = parsed.data;
  Object.assign(world.distribution, distribution);
  for (const policy of policies) {
    const list = policy.ttl === null ? world.originRequestPolicies : world.cachePolicies;
    const at = list.findIndex(({ id }) => id === policy.id);
    if (at < 0) list.push(policy);
    else list[at] = policy;
  }
  const [router] = world.functions;
  if (router !== undefined) {
    if (code.live !== undefined) router.live = code.live === null ? null : staged(code.live);
    if (code.development !== undefined) router.development = staged(code.development);
    if (code.utilization !== undefined) router.utilization = code.utilization;
    if (code.runtime !== undefined) router.runtime = code.runtime;
  }
  return { status: 200, json: { distribution: world.distribution, functions: world.functions } };
}

function staged(code: string): { code: string; etag: string } {
  return { code, etag: `E${createHash('sha256').update(code).digest('hex').slice(0, 13).toUpperCase()}` };
}
