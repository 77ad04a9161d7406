import type {
  DescribeFunctionCommandInput,
  DescribeFunctionCommandOutput,
  GetCachePolicyCommandInput,
  GetCachePolicyCommandOutput,
  GetDistributionCommandInput,
  GetDistributionCommandOutput,
  GetFunctionCommandInput,
  GetFunctionCommandOutput,
  GetOriginRequestPolicyCommandInput,
  GetOriginRequestPolicyCommandOutput,
  ListConflictingAliasesCommandInput,
  ListConflictingAliasesCommandOutput,
  TestFunctionCommandInput,
  TestFunctionCommandOutput,
} from '@aws-sdk/client-cloudfront';
import { type AwsCall, type AwsOptions, awsClientConfig } from './aws.ts';

/** The official client, limited to the calls in use. */
export type CloudFrontClient = {
  readonly getDistribution: AwsCall<GetDistributionCommandInput, GetDistributionCommandOutput>;
  readonly listConflictingAliases: AwsCall<ListConflictingAliasesCommandInput, ListConflictingAliasesCommandOutput>;
  readonly getCachePolicy: AwsCall<GetCachePolicyCommandInput, GetCachePolicyCommandOutput>;
  readonly getOriginRequestPolicy: AwsCall<GetOriginRequestPolicyCommandInput, GetOriginRequestPolicyCommandOutput>;
  readonly describeFunction: AwsCall<DescribeFunctionCommandInput, DescribeFunctionCommandOutput>;
  readonly getFunction: AwsCall<GetFunctionCommandInput, GetFunctionCommandOutput>;
  readonly testFunction: AwsCall<TestFunctionCommandInput, TestFunctionCommandOutput>;
};

/** Where CloudFront's API is, unless the environment file names another endpoint. */
export const cloudFrontApi = 'https://cloudfront.amazonaws.com';

/** Calls that are a POST and change nothing (CloudFront API Reference, TestFunction). Whatever is not listed counts as writing. */
const readingPosts: readonly RegExp[] = [/^\/\d{4}-\d{2}-\d{2}\/function\/[^/]+\/test$/];

/** The answer of GetFunction is the function's code itself (CloudFront API Reference, GetFunction). */
const functionCode = /^\/\d{4}-\d{2}-\d{2}\/function\/[^/]+$/;

/** Whether a call of CloudFront's API changes anything. */
export function isCloudFrontWrite(method: string, url: URL): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  return method !== 'POST' || !readingPosts.some((pattern) => pattern.test(url.pathname));
}

/** Builds the client; see {@link awsClientConfig} for what it does not do. Throws `credentials` for a key that cannot be one. */
export async function createCloudFrontClient(options: AwsOptions): Promise<CloudFrontClient> {
  const config = awsClientConfig({
    ...options,
    defaultEndpoint: cloudFrontApi,
    answersRaw: (method, path) => method === 'GET' && functionCode.test(path),
  });
  const {
    CloudFrontClient: Client,
    DescribeFunctionCommand,
    GetCachePolicyCommand,
    GetDistributionCommand,
    GetFunctionCommand,
    GetOriginRequestPolicyCommand,
    ListConflictingAliasesCommand,
    TestFunctionCommand,
  } = await import('@aws-sdk/client-cloudfront');
  const client = new Client(config);
  return {
    getDistribution: (input, more) => client.send(new GetDistributionCommand(input), more),
    listConflictingAliases: (input, more) => client.send(new ListConflictingAliasesCommand(input), more),
    getCachePolicy: (input, more) => client.send(new GetCachePolicyCommand(input), more),
    getOriginRequestPolicy: (input, more) => client.send(new GetOriginRequestPolicyCommand(input), more),
    describeFunction: (input, more) => client.send(new DescribeFunctionCommand(input), more),
    getFunction: (input, more) => client.send(new GetFunctionCommand(input), more),
    testFunction: (input, more) => client.send(new TestFunctionCommand(input), more),
  };
}
