import type {
  ChangeResourceRecordSetsCommandInput,
  ChangeResourceRecordSetsCommandOutput,
  GetChangeCommandInput,
  GetChangeCommandOutput,
  GetHostedZoneCommandInput,
  GetHostedZoneCommandOutput,
  ListResourceRecordSetProtectionsCommandInput,
  ListResourceRecordSetProtectionsCommandOutput,
  ListResourceRecordSetsCommandInput,
  ListResourceRecordSetsCommandOutput,
} from '@aws-sdk/client-route-53';
import { type AwsCall, type AwsOptions, awsClientConfig } from './aws.ts';

/** The official client, limited to the calls in use. */
export type Route53Client = {
  readonly getHostedZone: AwsCall<GetHostedZoneCommandInput, GetHostedZoneCommandOutput>;
  readonly listResourceRecordSets: AwsCall<ListResourceRecordSetsCommandInput, ListResourceRecordSetsCommandOutput>;
  readonly listProtections: AwsCall<
    ListResourceRecordSetProtectionsCommandInput,
    ListResourceRecordSetProtectionsCommandOutput
  >;
  readonly changeResourceRecordSets: AwsCall<
    ChangeResourceRecordSetsCommandInput,
    ChangeResourceRecordSetsCommandOutput
  >;
  readonly getChange: AwsCall<GetChangeCommandInput, GetChangeCommandOutput>;
};

/** Where Route 53's API is, unless the environment file names another endpoint. */
export const route53Api = 'https://route53.amazonaws.com';

/** Whether a call of Route 53's API changes anything: all but GET and HEAD do (Route 53 API Reference). */
export function isRoute53Write(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** Builds the client; see {@link awsClientConfig} for what it does not do. Throws `credentials` for a key that cannot be one. */
export async function createRoute53Client(options: AwsOptions): Promise<Route53Client> {
  const config = awsClientConfig({ ...options, defaultEndpoint: route53Api });
  const {
    Route53Client: Client,
    ChangeResourceRecordSetsCommand,
    GetChangeCommand,
    GetHostedZoneCommand,
    ListResourceRecordSetProtectionsCommand,
    ListResourceRecordSetsCommand,
  } = await import('@aws-sdk/client-route-53');
  const client = new Client(config);
  return {
    getHostedZone: (input, more) => client.send(new GetHostedZoneCommand(input), more),
    listResourceRecordSets: (input, more) => client.send(new ListResourceRecordSetsCommand(input), more),
    listProtections: (input, more) => client.send(new ListResourceRecordSetProtectionsCommand(input), more),
    changeResourceRecordSets: (input, more) => client.send(new ChangeResourceRecordSetsCommand(input), more),
    getChange: (input, more) => client.send(new GetChangeCommand(input), more),
  };
}
