import { randomBytes, randomUUID } from 'node:crypto';
import { awsSecrets } from '../world/aws.ts';
import { datadogSecrets } from '../world/datadog.ts';
import type { Environment } from '../world/environment.ts';
import { globalpingSecret } from '../world/globalping.ts';
import { pagerDutyRestSecret } from '../world/pagerduty-rest.ts';
import type { AwsKey } from './aws-signature.ts';

/** Credentials that only one simulator accepts. */
type GeneratedSecrets = {
  cloudflareToken: string;
  slackToken: string;
  /** The key of both status pages' APIs. */
  statuspageKey: string;
  /** The routing key of PagerDuty's integration. */
  pagerdutyKey: string;
  /** The key of PagerDuty's REST API. */
  pagerdutyRestKey: string;
  datadogKeys: { apiKey: string; applicationKey: string };
  globalpingToken: string;
  /** A temporary key where the environment names a session token. */
  awsKey: AwsKey;
  /** Keys that the simulated backends accept; the first belongs to the simulated clients. */
  apiKeys: string[];
  /** A value for each process variable that the environment's `secrets` name. */
  variables: Record<string, string>;
};

/**
 * Makes a credential for every secret of an environment: `cloudflare`, `slack`, `statuspage`, `pagerduty`, `pagerduty-rest`, `datadog-…` and `globalping` get the keys of those APIs, the
 * `aws-…` ones the parts of a key, every other one a Resend API key that the backends accept. They look as the real ones do, so that redaction is rehearsed too.
 */
export function generateSecrets(environment: Environment): GeneratedSecrets {
  const cloudflareToken = randomBytes(30).toString('base64url');
  const slackToken = `xoxb-${[12, 12, 24].map((digits) => randomBytes(digits / 2).toString('hex')).join('-')}`;
  const statuspageKey = randomUUID();
  const pagerdutyKey = randomBytes(16).toString('hex');
  const pagerdutyRestKey = `u+${randomBytes(9).toString('hex')}`;
  const datadogKeys = { apiKey: randomBytes(16).toString('hex'), applicationKey: randomBytes(20).toString('hex') };
  const globalpingToken = randomBytes(16).toString('hex');
  const isTemporary = environment.secrets[awsSecrets.sessionToken] !== undefined;
  const awsKey: AwsKey = {
    accessKeyId: `${isTemporary ? 'ASIA' : 'AKIA'}${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    ...(isTemporary ? { sessionToken: randomBytes(96).toString('base64') } : {}),
  };
  const known: Readonly<Record<string, string | undefined>> = {
    cloudflare: cloudflareToken,
    slack: slackToken,
    statuspage: statuspageKey,
    pagerduty: pagerdutyKey,
    [pagerDutyRestSecret]: pagerdutyRestKey,
    [datadogSecrets.apiKey]: datadogKeys.apiKey,
    [datadogSecrets.applicationKey]: datadogKeys.applicationKey,
    [globalpingSecret]: globalpingToken,
    [awsSecrets.accessKeyId]: awsKey.accessKeyId,
    [awsSecrets.secretAccessKey]: awsKey.secretAccessKey,
    [awsSecrets.sessionToken]: awsKey.sessionToken,
  };
  const apiKeys = [newApiKey()];
  const variables: Record<string, string> = {};
  for (const [name, variable] of Object.entries(environment.secrets)) {
    if (variables[variable] !== undefined) continue;
    const credential = Object.hasOwn(known, name) ? known[name] : undefined;
    variables[variable] = credential ?? newApiKey();
    if (credential === undefined) apiKeys.push(variables[variable]);
  }
  return {
    ...{ cloudflareToken, slackToken, statuspageKey, pagerdutyKey, pagerdutyRestKey, datadogKeys },
    ...{ globalpingToken, awsKey, apiKeys, variables },
  };
}

function newApiKey(): string {
  return `re_${randomBytes(4).toString('hex')}_${randomBytes(12).toString('hex')}`;
}

/** The credentials by which a person tries each API from a shell. */
export function endpointTokens(secrets: GeneratedSecrets) {
  return {
    cloudflare: secrets.cloudflareToken,
    slack: secrets.slackToken,
    aws: secrets.awsKey,
    statuspage: secrets.statuspageKey,
    pagerduty: secrets.pagerdutyKey,
    pagerdutyRest: secrets.pagerdutyRestKey,
    datadog: secrets.datadogKeys,
  };
}

/** The APIs are always there, so their credentials always have a name. */
export function withOwnSecrets(environment: Environment): Environment {
  const secrets = {
    cloudflare: 'CLOUDFLARE_API_TOKEN',
    slack: 'SLACK_BOT_TOKEN',
    statuspage: 'STATUSPAGE_API_KEY',
    pagerduty: 'PAGERDUTY_ROUTING_KEY',
    [pagerDutyRestSecret]: 'PAGERDUTY_REST_API_KEY',
    [datadogSecrets.apiKey]: 'DATADOG_API_KEY',
    [datadogSecrets.applicationKey]: 'DATADOG_APPLICATION_KEY',
    [awsSecrets.accessKeyId]: 'AWS_ACCESS_KEY_ID',
    [awsSecrets.secretAccessKey]: 'AWS_SECRET_ACCESS_KEY',
    ...environment.secrets,
  };
  return { ...environment, secrets };
}
