import {
  CloudFrontClient,
  DescribeFunctionCommand,
  GetCachePolicyCommand,
  GetDistributionCommand,
  GetDistributionConfigCommand,
  GetFunctionCommand,
  GetOriginRequestPolicyCommand,
  ListConflictingAliasesCommand,
  TestFunctionCommand,
} from '@aws-sdk/client-cloudfront';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { router, type Standby, startStandby } from '../actions/cloudfront/standby-world.ts';

describe('the simulated CloudFront API, by the official SDK', () => {
  let standby: Standby;
  let client: CloudFrontClient;
  beforeAll(async () => {
    standby = await startStandby();
    client = new CloudFrontClient({
      region: 'us-east-1',
      endpoint: standby.awsEndpoint,
      credentials: standby.key,
      maxAttempts: 1,
    });
  });
  afterAll(async () => {
    client.destroy();
    await standby.close();
  });
  const id = () => standby.world.distribution.id;

  test('a distribution, with its ETag, and its configuration by itself', async () => {
    const { Distribution: found, ETag } = await client.send(new GetDistributionCommand({ Id: id() }));
    expect(ETag).toMatch(/^E[0-9A-F]{13}$/);
    expect(found).toMatchObject({
      Id: id(),
      Status: 'Deployed',
      DomainName: 'd111111abcdef8.cloudfront.net',
      LastModifiedTime: new Date('2025-01-15T09:00:00.000Z'),
      DistributionConfig: {
        Enabled: true,
        Aliases: { Quantity: 1, Items: ['api.example.com'] },
        Origins: {
          Quantity: 2,
          Items: [{ Id: 'email-api' }, { Id: 'resend-api', CustomOriginConfig: { OriginReadTimeout: 100 } }],
        },
        DefaultCacheBehavior: {
          TargetOriginId: 'resend-api',
          AllowedMethods: { Quantity: 7 },
          FunctionAssociations: {
            Items: [{ FunctionARN: expect.stringMatching(/:function\/edge-router$/), EventType: 'viewer-request' }],
          },
          CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
        },
        CacheBehaviors: { Quantity: 0 },
        ViewerCertificate: { CloudFrontDefaultCertificate: false, SSLSupportMethod: 'sni-only' },
        WebACLId: '',
      },
    });
    const alone = await client.send(new GetDistributionConfigCommand({ Id: id() }));
    expect(alone.DistributionConfig).toEqual(found?.DistributionConfig);
  });

  test('policies, managed ones too', async () => {
    const cache = await client.send(new GetCachePolicyCommand({ Id: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad' }));
    expect(cache.CachePolicy?.CachePolicyConfig).toMatchObject({
      Name: 'Managed-CachingDisabled',
      MaxTTL: 0,
      ParametersInCacheKeyAndForwardedToOrigin: { HeadersConfig: { HeaderBehavior: 'none' } },
    });
    const request = await client.send(
      new GetOriginRequestPolicyCommand({ Id: 'b689b0a8-53d0-40ab-baf2-68738e2966ac' }),
    );
    expect(request.OriginRequestPolicy?.OriginRequestPolicyConfig).toMatchObject({
      HeadersConfig: { HeaderBehavior: 'allExcept', Headers: { Quantity: 1, Items: ['host'] } },
      CookiesConfig: { CookieBehavior: 'all' },
    });
  });

  test('aliases that conflict, their holders partly hidden', async () => {
    const asked = new ListConflictingAliasesCommand({ DistributionId: id(), Alias: 'api.example.com' });
    const own = `*******${id().slice(-7)}`;
    expect((await client.send(asked)).ConflictingAliasesList).toMatchObject({
      Quantity: 1,
      Items: [{ Alias: 'api.example.com', DistributionId: own }],
    });
  });

  test('a function: its stages, its code, and a test of it that does not tell the origin', async () => {
    const live = await client.send(new DescribeFunctionCommand({ Name: 'edge-router', Stage: 'LIVE' }));
    expect(live.FunctionSummary).toMatchObject({
      FunctionConfig: { Runtime: 'cloudfront-js-2.0' },
      FunctionMetadata: { Stage: 'LIVE' },
    });
    const code = await client.send(new GetFunctionCommand({ Name: 'edge-router', Stage: 'LIVE' }));
    expect(new TextDecoder().decode(code.FunctionCode)).toBe(router);
    expect(code.ETag).toBe(live.ETag);
    const development = await client.send(new DescribeFunctionCommand({ Name: 'edge-router' }));
    expect(development.ETag).not.toBe(live.ETag);

    const event = {
      version: '1.0',
      context: { eventType: 'viewer-request' },
      viewer: { ip: '192.0.2.1' },
      request: { method: 'POST', uri: '/emails', querystring: {}, headers: {}, cookies: {} },
    };
    const wanted = {
      Name: 'edge-router',
      Stage: 'LIVE' as const,
      EventObject: new TextEncoder().encode(JSON.stringify(event)),
    };
    const { TestResult } = await client.send(new TestFunctionCommand({ ...wanted, IfMatch: live.ETag ?? '' }));
    expect(TestResult).toMatchObject({ ComputeUtilization: '21', FunctionErrorMessage: '' });
    expect(JSON.parse(TestResult?.FunctionOutput ?? '')).toEqual({ request: event.request });
    expect(TestResult?.FunctionOutput).not.toContain('elb');
    await expect(client.send(new TestFunctionCommand({ ...wanted, IfMatch: 'EOLD' }))).rejects.toMatchObject({
      name: 'InvalidIfMatchVersion',
      $metadata: { httpStatusCode: 400 },
    });
  });

  test('what is not there, and calls that are not signed as they must be', async () => {
    await expect(client.send(new GetDistributionCommand({ Id: 'EGONE00000000' }))).rejects.toMatchObject({
      name: 'NoSuchDistribution',
      $metadata: { httpStatusCode: 404, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    await expect(client.send(new GetFunctionCommand({ Name: 'gone', Stage: 'LIVE' }))).rejects.toMatchObject({
      name: 'NoSuchFunctionExists',
    });
    await expect(client.send(new GetCachePolicyCommand({ Id: 'gone' }))).rejects.toMatchObject({
      name: 'NoSuchCachePolicy',
    });
    await expect(client.send(new GetOriginRequestPolicyCommand({ Id: 'gone' }))).rejects.toMatchObject({
      name: 'NoSuchOriginRequestPolicy',
    });
    const stranger = new CloudFrontClient({
      region: 'us-east-1',
      endpoint: standby.awsEndpoint,
      credentials: { ...standby.key, secretAccessKey: 'another-secret-access-key-0123456789abcd' },
      maxAttempts: 1,
    });
    await expect(stranger.send(new GetDistributionCommand({ Id: id() }))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    });
    stranger.destroy();
  });
});
