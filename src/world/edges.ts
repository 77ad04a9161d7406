import { OpsError } from '../errors.ts';
import type { Access } from './access.ts';
import { type AwsCredentials, awsSecrets } from './aws.ts';
import { type CloudflareClient, cloudflareApi, createCloudflareClient, isCloudflareWrite } from './cloudflare.ts';
import { type CloudFrontClient, cloudFrontApi, createCloudFrontClient, isCloudFrontWrite } from './cloudfront.ts';
import { createDatadogApi, datadogApi, datadogSecrets } from './datadog.ts';
import type { DnsTransport } from './dns.ts';
import { createDnsTransport } from './dns-transport.ts';
import type { Environment } from './environment.ts';
import { createGlobalpingApi, globalpingApi, globalpingSecret, isGlobalpingWrite } from './globalping.ts';
import { createHttpsFetch } from './https-fetch.ts';
import { isJsonApiWrite, type JsonApi } from './json-api.ts';
import { createPagerDutyApi, pagerDutyApis } from './pagerduty.ts';
import { createPagerDutyRestApi, pagerDutyRestApis, pagerDutyRestSecret } from './pagerduty-rest.ts';
import type { Prober } from './probe.ts';
import { createProber } from './prober.ts';
import { createRoute53Client, isRoute53Write, type Route53Client, route53Api } from './route53.ts';
import { createSlackClient, isSlackWrite, type SlackClient, slackApi } from './slack.ts';
import type { SmtpProber } from './smtp.ts';
import { createSmtpProber } from './smtp-prober.ts';
import { createStatusPageApi, statusPageApis } from './statuspage.ts';
import { createStsClient, type StsClient, stsApi } from './sts.ts';
import { createVendorStatusPage, type Vendor, type VendorStatusPage, vendorStatusPages } from './vendor-status.ts';
import { createVisitor, type Visitor } from './visit.ts';

/** The providers as a run reaches them. A client asks `access` before every writing call. */
export type Edges = {
  probe: Prober;
  smtp: SmtpProber;
  dns: DnsTransport;
  /** Throws `credentials` where the environment's secret `cloudflare` is not set. */
  cloudflare(access: () => Access): Promise<CloudflareClient>;
  /** Throws `credentials` where the environment's secret `slack` is not set. */
  slack(access: () => Access): Promise<SlackClient>;
  /** Throws `credentials` where the environment's secrets `aws-access-key-id` and `aws-secret-access-key` are not set. */
  route53(access: () => Access): Promise<Route53Client>;
  /** As `route53`. */
  cloudfront(access: () => Access): Promise<CloudFrontClient>;
  /** The API of the environment's status page. Throws `refused` where it names none, `credentials` where the secret `statuspage` is not set. */
  statuspage(access: () => Access): Promise<JsonApi>;
  /** PagerDuty's Events API. Throws `credentials` where the environment's secret `pagerduty` is not set. */
  pagerduty(access: () => Access): Promise<JsonApi>;
  /** A vendor's public word on itself. */
  vendorStatus(vendor: Vendor, access: () => Access): Promise<VendorStatusPage>;
  /** PagerDuty's REST API. Throws `credentials` where the environment's secret `pagerduty-rest` is not set. */
  pagerdutyRest(access: () => Access): Promise<JsonApi>;
  /** Datadog's API. Throws `credentials` where one of the environment's secrets `datadog-api-key` and `datadog-application-key` is not set. */
  datadog(access: () => Access): Promise<JsonApi>;
  /** Globalping's API; works without a token. */
  globalping(access: () => Access): Promise<JsonApi>;
  secret(name: string): string | undefined;
};

/** What is asked besides, where no run is under way; nothing of it can write. */
export type DoctorEdges = Edges & {
  /** Asks any URL, without credentials. */
  visit: Visitor;
  /** As `route53`. */
  sts(): Promise<StsClient>;
};

/** Time box of one call of a provider's API: short enough for a second look within the promised minute. */
const attemptTimeoutMs = 5_000;
const maxBodyBytes = 4 * 1024 * 1024;

/** What edges need beside the environment. */
type EdgeOptions = {
  /** The PEM text of the environment's extra authority. */
  ca: string | undefined;
  /** Reads a secret by name. */
  secret: (name: string) => string | undefined;
  /** Takes secrets out of text that other people read. */
  mask: (text: string) => string;
};

/** Builds the edges of an environment. */
export function createEdges(environment: Environment, { ca, secret, mask }: EdgeOptions): DoctorEdges {
  const trust = ca === undefined ? {} : { ca };
  const tokenOf = (name: string): string => {
    const token = secret(name);
    if (token !== undefined) return token;
    const variable = environment.secrets[name];
    throw new OpsError('credentials', `the secret ${name} is not set`, {
      hint:
        variable === undefined
          ? `name its process variable under \`secrets\` in the environment file`
          : `set ${variable}`,
    });
  };
  const fetchFor = (base: string, access: () => Access, isWrite: (method: string, url: URL) => boolean) =>
    createHttpsFetch({ ...trust, origins: [new URL(base).origin], access, isWrite, attemptTimeoutMs, maxBodyBytes });
  const awsCredentials = (): AwsCredentials => {
    const sessionToken = secret(awsSecrets.sessionToken);
    return {
      accessKeyId: tokenOf(awsSecrets.accessKeyId),
      secretAccessKey: tokenOf(awsSecrets.secretAccessKey),
      ...(sessionToken === undefined ? {} : { sessionToken }),
    };
  };
  return {
    probe: createProber(trust),
    visit: createVisitor({ ca }),
    smtp: createSmtpProber(trust),
    dns: createDnsTransport(),
    async cloudflare(access) {
      const baseURL = environment.endpoints.cloudflare ?? cloudflareApi;
      return createCloudflareClient({
        token: tokenOf('cloudflare'),
        baseURL,
        fetch: fetchFor(baseURL, access, isCloudflareWrite),
      });
    },
    async slack(access) {
      const slackApiUrl = environment.endpoints.slack ?? slackApi;
      return createSlackClient({
        token: tokenOf('slack'),
        slackApiUrl,
        mask,
        fetch: fetchFor(slackApiUrl, access, isSlackWrite),
      });
    },
    async route53(access) {
      const endpoint = environment.endpoints.aws ?? route53Api;
      return createRoute53Client({
        credentials: awsCredentials(),
        endpoint,
        fetch: fetchFor(endpoint, access, isRoute53Write),
      });
    },
    async cloudfront(access) {
      const endpoint = environment.endpoints.aws ?? cloudFrontApi;
      return createCloudFrontClient({
        credentials: awsCredentials(),
        endpoint,
        fetch: fetchFor(endpoint, access, isCloudFrontWrite),
      });
    },
    async sts() {
      const endpoint = environment.endpoints.aws ?? stsApi;
      const access = (): Access => ({ mode: 'read-only', why: 'who a key is, is only asked' });
      return createStsClient({
        credentials: awsCredentials(),
        endpoint,
        fetch: fetchFor(endpoint, access, isRoute53Write),
        now: () => Date.now(),
      });
    },
    async statuspage(access) {
      const provider = environment.statuspage?.provider;
      if (provider === undefined) {
        throw new OpsError('refused', 'the environment names no status page', {
          hint: 'add `statuspage` to the environment file',
        });
      }
      const base = environment.endpoints.statuspage ?? statusPageApis[provider];
      return createStatusPageApi({
        provider,
        token: tokenOf('statuspage'),
        base,
        mask,
        fetch: fetchFor(base, access, isJsonApiWrite),
      });
    },
    async pagerduty(access) {
      const base = environment.endpoints.pagerduty ?? pagerDutyApis[environment.pagerduty?.['service-region'] ?? 'us'];
      return createPagerDutyApi({
        routingKey: tokenOf('pagerduty'),
        base,
        mask,
        fetch: fetchFor(base, access, isJsonApiWrite),
      });
    },
    async vendorStatus(vendor, access) {
      const base = environment.endpoints[`${vendor}-status`] ?? vendorStatusPages[vendor];
      return createVendorStatusPage({ vendor, base, fetch: fetchFor(base, access, isJsonApiWrite) });
    },
    async pagerdutyRest(access) {
      const region = environment.pagerduty?.['service-region'] ?? 'us';
      const base = environment.endpoints['pagerduty-rest'] ?? pagerDutyRestApis[region];
      const fetch = fetchFor(base, access, isJsonApiWrite);
      return createPagerDutyRestApi({ key: tokenOf(pagerDutyRestSecret), base, mask, fetch });
    },
    async datadog(access) {
      const base = environment.endpoints.datadog ?? datadogApi(environment.datadog?.site ?? 'datadoghq.com');
      const apiKey = tokenOf(datadogSecrets.apiKey);
      const applicationKey = tokenOf(datadogSecrets.applicationKey);
      return createDatadogApi({ apiKey, applicationKey, base, mask, fetch: fetchFor(base, access, isJsonApiWrite) });
    },
    async globalping(access) {
      const base = environment.endpoints.globalping ?? globalpingApi;
      const fetch = fetchFor(base, access, isGlobalpingWrite);
      return createGlobalpingApi({ token: secret(globalpingSecret), base, mask, fetch });
    },
    secret,
  };
}
