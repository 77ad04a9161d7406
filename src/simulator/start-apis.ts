import { startAwsApi } from './aws-api.ts';
import { startCloudflareApi } from './cloudflare-api.ts';
import { startDatadogApi } from './datadog-api.ts';
import { startDependencies } from './dependencies.ts';
import type { generateSecrets } from './generated-secrets.ts';
import { startPagerDutyApi } from './pagerduty-api.ts';
import { startPagerDutyRestApi } from './pagerduty-rest-api.ts';
import { startSlackApi } from './slack-api.ts';
import type { SimulatedWorld } from './state.ts';
import { startStatuspageApi } from './statuspage-api.ts';
import { startVendorStatus } from './vendor-status.ts';

/** Starts every API that the environment may name, and what stands for its other dependencies; answers the port of each. `open` notes what has started. */
export async function startApis(
  apiOptions: { world: SimulatedWorld; now: () => number; speed: number },
  secrets: ReturnType<typeof generateSecrets>,
  open: <Server extends { close(): Promise<void> }>(starting: Promise<Server>) => Promise<Server>,
) {
  const cloudflareApi = await open(startCloudflareApi({ ...apiOptions, token: secrets.cloudflareToken }));
  const awsApi = await open(startAwsApi({ ...apiOptions, key: secrets.awsKey }));
  const slackApi = await open(startSlackApi({ ...apiOptions, token: secrets.slackToken }));
  const statuspageApi = await open(startStatuspageApi({ ...apiOptions, key: secrets.statuspageKey }));
  const pagerdutyApi = await open(startPagerDutyApi({ ...apiOptions, routingKey: secrets.pagerdutyKey }));
  const vendorStatus = await open(startVendorStatus(apiOptions));
  const pagerdutyRestApi = await open(startPagerDutyRestApi({ ...apiOptions, key: secrets.pagerdutyRestKey }));
  const datadogApi = await open(startDatadogApi({ ...apiOptions, keys: secrets.datadogKeys }));
  const dependencies = await open(startDependencies());
  return {
    cloudflareApi: cloudflareApi.port,
    awsApi: awsApi.port,
    slackApi: slackApi.port,
    statuspageApi: statuspageApi.port,
    pagerdutyApi: pagerdutyApi.port,
    vendorStatus: vendorStatus.ports,
    pagerdutyRestApi: pagerdutyRestApi.port,
    datadogApi: datadogApi.port,
    dependencies: dependencies.port,
  };
}
