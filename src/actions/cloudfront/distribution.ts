import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { isPlaceholder } from '../../world/placeholder.ts';
import type { ActionContext } from '../action.ts';
import { type AwsCallContext, readWithRetry } from '../aws/call-aws.ts';
import { matchesPattern } from './path-pattern.ts';

/** Names that others chose are shown: longer ones are cut. */
const longestName = 255;

/** A list as the API writes it: `Quantity`, and `Items` where there are any. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z
    .object({ Items: z.array(item).optional() })
    .optional()
    .transform((list) => list?.Items ?? []);

const switchSchema = z
  .object({ Enabled: z.boolean().optional() })
  .optional()
  .transform((given) => given?.Enabled === true);

const behaviorSchema = z
  .object({
    PathPattern: z.string().default('*'),
    TargetOriginId: z.string(),
    AllowedMethods: listOf(z.string()),
    FunctionAssociations: listOf(z.object({ FunctionARN: z.string(), EventType: z.string() })),
    LambdaFunctionAssociations: listOf(z.object({ LambdaFunctionARN: z.string(), EventType: z.string() })),
    TrustedSigners: switchSchema,
    TrustedKeyGroups: switchSchema,
    CachePolicyId: z.string().optional(),
    OriginRequestPolicyId: z.string().optional(),
    DefaultTTL: z.number().default(0),
    MaxTTL: z.number().default(0),
    MinTTL: z.number().default(0),
    ForwardedValues: z
      .object({
        QueryString: z.boolean().default(false),
        Headers: listOf(z.string()),
        Cookies: z.object({ Forward: z.string().default('none') }).optional(),
      })
      .optional(),
  })
  .transform((given) => ({
    pathPattern: given.PathPattern,
    targetOriginId: boundedText(given.TargetOriginId, longestName),
    // Two methods are what there is unless more are named (API reference, AllowedMethods).
    allowedMethods: given.AllowedMethods.length > 0 ? given.AllowedMethods : ['GET', 'HEAD'],
    functions: given.FunctionAssociations.map(({ FunctionARN, EventType }) => ({
      name: FunctionARN.split('/').at(-1) ?? FunctionARN,
      eventType: EventType,
    })),
    lambdas: given.LambdaFunctionAssociations.map(({ EventType }) => EventType),
    needsSignedUrls: given.TrustedSigners || given.TrustedKeyGroups,
    cachePolicyId: nonEmpty(given.CachePolicyId),
    originRequestPolicyId: nonEmpty(given.OriginRequestPolicyId),
    legacy: given.ForwardedValues,
    legacyTtl: { min: given.MinTTL, default: given.DefaultTTL, max: given.MaxTTL },
  }));

/** A cache behavior; the default one has the path pattern `*`. */
export type Behavior = z.output<typeof behaviorSchema>;

const originSchema = z
  .object({
    Id: z.string(),
    DomainName: z.string(),
    CustomOriginConfig: z.object({ OriginReadTimeout: z.number().optional() }).optional(),
    VpcOriginConfig: z.object({ OriginReadTimeout: z.number().optional() }).optional(),
  })
  .transform(({ Id, DomainName, CustomOriginConfig, VpcOriginConfig }) => ({
    id: boundedText(Id, longestName),
    domain: boundedText(DomainName.toLowerCase(), longestName),
    // 30 s unless set (CloudFront docs, origin response timeout).
    readTimeoutS: CustomOriginConfig?.OriginReadTimeout ?? VpcOriginConfig?.OriginReadTimeout ?? 30,
  }));

const answerSchema = z.object({
  Distribution: z.object({
    Id: z.string(),
    Status: z.string(),
    DomainName: z.string(),
    DistributionConfig: z.object({
      Enabled: z.boolean(),
      Staging: z.boolean().default(false),
      Aliases: listOf(z.string()),
      Origins: z.object({ Items: z.array(originSchema).min(1) }),
      DefaultCacheBehavior: behaviorSchema,
      CacheBehaviors: listOf(behaviorSchema),
      CustomErrorResponses: listOf(z.object({ ErrorCode: z.number() })),
      WebACLId: z.string().default(''),
      Restrictions: z
        .object({ GeoRestriction: z.object({ RestrictionType: z.string() }).optional() })
        .optional()
        .transform((given) => given?.GeoRestriction?.RestrictionType ?? 'none'),
      ViewerMtlsConfig: z.object({ Mode: z.string().optional() }).optional(),
    }),
  }),
});

/** A distribution, as far as it decides how requests are served. Aliases in lower case; the default behavior is the last. */
export type Distribution = {
  id: string;
  status: string;
  domain: string;
  enabled: boolean;
  isStaging: boolean;
  aliases: string[];
  origins: z.output<typeof originSchema>[];
  behaviors: Behavior[];
  errorPages: number[];
  webAclId: string;
  geoRestriction: string;
  viewerMtls: string | undefined;
};

/** The environment's distribution. Throws `invalid` when it is missing or not filled in yet. */
export function distributionId(env: ActionContext['env']): string {
  const id = env.aws?.['distribution-id'];
  if (id !== undefined && !isPlaceholder(id)) return id;
  const state = id === undefined ? 'missing' : `still a placeholder (${boundedText(id, 60)})`;
  throw new OpsError('invalid', `\`aws.distribution-id\` is ${state}`, {
    hint: 'write it into the environment file: `aws: { distribution-id: E… }`; the console lists it',
  });
}

/** Reads the environment's distribution. Throws `refused` when there is none with that id. */
export async function readDistribution(ctx: AwsCallContext & Pick<ActionContext, 'env'>): Promise<Distribution> {
  const id = distributionId(ctx.env);
  const what = `read the distribution ${id}`;
  const client = await ctx.clients.cloudfront();
  const answer = await readWithRetry(ctx, what, (options) => client.getDistribution({ Id: id }, options));
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new OpsError(
      'failed',
      `${what}: the answer is no distribution (${issue?.path.join('.')}: ${issue?.message})`,
      {
        hint: 'look at the distribution in the console',
      },
    );
  }
  const { Distribution: given } = parsed.data;
  const config = given.DistributionConfig;
  return {
    id: given.Id,
    status: given.Status,
    domain: given.DomainName.toLowerCase(),
    enabled: config.Enabled,
    isStaging: config.Staging,
    aliases: config.Aliases.map((alias) => alias.toLowerCase()),
    origins: config.Origins.Items,
    behaviors: [...config.CacheBehaviors, config.DefaultCacheBehavior],
    errorPages: config.CustomErrorResponses.map(({ ErrorCode }) => ErrorCode),
    webAclId: config.WebACLId,
    geoRestriction: config.Restrictions,
    viewerMtls: config.ViewerMtlsConfig?.Mode,
  };
}

/** The cache behavior that serves a path: the first whose pattern covers it. */
export function behaviorFor({ behaviors }: Distribution, path: string): Behavior | undefined {
  const [withoutQuery = '/'] = path.split('?');
  return behaviors.find(({ pathPattern }) => matchesPattern(pathPattern, withoutQuery));
}

function nonEmpty(id: string | undefined): string | undefined {
  return id === undefined || id === '' ? undefined : id;
}
