import { randomBytes } from 'node:crypto';
import type { Environment } from '../world/environment.ts';

/** Credentials that only one simulator accepts. */
type GeneratedSecrets = {
  cloudflareToken: string;
  slackToken: string;
  /** Keys that the simulated backends accept; the first belongs to the simulated clients. */
  apiKeys: string[];
  /** A value for each process variable that the environment's `secrets` name. */
  variables: Record<string, string>;
};

/**
 * Makes a credential for every secret of an environment: `cloudflare` and `slack` get the tokens of those APIs, every
 * other one a Resend API key that the backends accept. They look as the real ones do, so that redaction is rehearsed too.
 */
export function generateSecrets(environment: Environment): GeneratedSecrets {
  const cloudflareToken = randomBytes(30).toString('base64url');
  const slackToken = `xoxb-${[12, 12, 24].map((digits) => randomBytes(digits / 2).toString('hex')).join('-')}`;
  const apiKeys = [newApiKey()];
  const variables: Record<string, string> = {};
  for (const [name, variable] of Object.entries(environment.secrets)) {
    if (variables[variable] !== undefined) continue;
    if (name === 'cloudflare') variables[variable] = cloudflareToken;
    else if (name === 'slack') variables[variable] = slackToken;
    else {
      const key = newApiKey();
      apiKeys.push(key);
      variables[variable] = key;
    }
  }
  return { cloudflareToken, slackToken, apiKeys, variables };
}

function newApiKey(): string {
  return `re_${randomBytes(4).toString('hex')}_${randomBytes(12).toString('hex')}`;
}
