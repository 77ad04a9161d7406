import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import type { ActionContext } from '../action.ts';
import { readWithRetry } from '../aws/call-aws.ts';
import type { Behavior } from './distribution.ts';
import type { Forwarding, NameSet } from './forwarding.ts';

const names = z
  .object({ Items: z.array(z.string()).optional() })
  .optional()
  .transform((list) => (list?.Items ?? []).map((name) => name.toLowerCase()));

const policyConfig = z.object({
  HeadersConfig: z.object({ HeaderBehavior: z.string(), Headers: names }),
  CookiesConfig: z.object({ CookieBehavior: z.string(), Cookies: names }),
  QueryStringsConfig: z.object({ QueryStringBehavior: z.string(), QueryStrings: names }),
});

const cachePolicySchema = z.object({
  CachePolicy: z.object({
    CachePolicyConfig: z.object({
      MinTTL: z.number(),
      DefaultTTL: z.number().default(86_400),
      MaxTTL: z.number().default(31_536_000),
      ParametersInCacheKeyAndForwardedToOrigin: policyConfig.optional(),
    }),
  }),
});

const originRequestPolicySchema = z.object({
  OriginRequestPolicy: z.object({ OriginRequestPolicyConfig: policyConfig }),
});

/** What a cache behavior passes on, and whether it keeps answers. */
export type BehaviorPolicies = {
  forwarding: Forwarding;
  /** The longest that an answer may be kept, in seconds; 0: nothing is cached. */
  maxTtlS: number;
  /** Headers that tell cached answers apart. */
  keyHeaders: readonly NameSet[];
};

/** Reads the policies of a cache behavior, or takes its legacy settings. Throws `refused` where a policy is gone. */
export async function readPolicies(ctx: ActionContext, behavior: Behavior): Promise<BehaviorPolicies> {
  const { cachePolicyId, originRequestPolicyId, legacy, legacyTtl } = behavior;
  if (cachePolicyId === undefined) {
    const listed = (legacy?.Headers ?? []).map((name) => name.toLowerCase());
    const headers: NameSet[] = [
      listed.includes('*') ? { include: 'all', names: [] } : { include: 'listed', names: listed },
    ];
    const cookies = legacy?.Cookies?.Forward === 'all' ? 'all' : 'none';
    return {
      forwarding: {
        isLegacy: true,
        headers,
        queries: [{ include: legacy?.QueryString === true ? 'all' : 'none', names: [] }],
        cookies: [{ include: cookies, names: [] }],
      },
      // Forwarding every header turns caching off (CloudFront docs, cache based on request headers).
      maxTtlS: listed.includes('*') ? 0 : legacyTtl.max,
      keyHeaders: headers,
    };
  }
  const client = await ctx.clients.cloudfront();
  const cacheWhat = `read the cache policy ${cachePolicyId}`;
  const cache = parse(
    cachePolicySchema,
    await readWithRetry(ctx, cacheWhat, (options) => client.getCachePolicy({ Id: cachePolicyId }, options)),
    cacheWhat,
  ).CachePolicy.CachePolicyConfig;
  const requestWhat = `read the origin request policy ${originRequestPolicyId}`;
  const request =
    originRequestPolicyId === undefined
      ? undefined
      : parse(
          originRequestPolicySchema,
          await readWithRetry(ctx, requestWhat, (options) =>
            client.getOriginRequestPolicy({ Id: originRequestPolicyId }, options),
          ),
          requestWhat,
        ).OriginRequestPolicy.OriginRequestPolicyConfig;
  const key = cache.ParametersInCacheKeyAndForwardedToOrigin;
  const both = [key, request].filter((config) => config !== undefined);
  const headersOf = ({ HeadersConfig }: z.output<typeof policyConfig>) =>
    nameSet(HeadersConfig.HeaderBehavior, HeadersConfig.Headers);
  return {
    forwarding: {
      isLegacy: false,
      headers: both.map(headersOf),
      queries: both.map(({ QueryStringsConfig: of }) => nameSet(of.QueryStringBehavior, of.QueryStrings)),
      cookies: both.map(({ CookiesConfig: of }) => nameSet(of.CookieBehavior, of.Cookies)),
    },
    maxTtlS: cache.MaxTTL,
    keyHeaders: key === undefined ? [] : [headersOf(key)],
  };
}

/** The words of the API (API reference, OriginRequestPolicyHeadersConfig and its like). What is not known includes nothing. */
function nameSet(behavior: string, listed: readonly string[]): NameSet {
  switch (behavior) {
    case 'allViewer':
    case 'allViewerAndWhitelistCloudFront':
    case 'all':
      return { include: 'all', names: [] };
    case 'allExcept':
      return { include: 'all-except', names: listed };
    case 'whitelist':
      return { include: 'listed', names: listed };
    default:
      return { include: 'none', names: [] };
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, answer: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new OpsError('failed', `${what}: the answer is not what the API describes`, {
    hint: 'look at the policy in the console',
  });
}
