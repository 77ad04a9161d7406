import { OpsError } from '../errors.ts';
import { assertCredential } from './assert-token.ts';
import type { AwsOptions } from './aws.ts';
import { signAwsGet } from './aws-signature.ts';
import { boundedText } from './bounded-text.ts';

/** Who a key is: the account's number, the principal's ARN, and its unique id (STS API Reference, GetCallerIdentity). */
export type CallerIdentity = { account: string; arn: string; userId: string };

/**
 * AWS Security Token Service, as far as it is used: a question that needs no permission, so every valid key gets an
 * answer. A signed GET and three fields of XML take the place of one more SDK of several megabytes.
 */
export type StsClient = {
  /** Throws `credentials` where AWS refuses the key, `lost-answer` for what is no answer of the API, and what the transport throws. */
  getCallerIdentity(signal: AbortSignal): Promise<CallerIdentity>;
};

/** Where STS answers for the region that requests are signed for, unless the environment file names another endpoint. */
export const stsApi = 'https://sts.us-east-1.amazonaws.com';

/** Builds the client. Throws `credentials` for a key that cannot be one. */
export function createStsClient(options: AwsOptions & { now(): number }): StsClient {
  const { credentials, endpoint = stsApi, now } = options;
  assertCredential(credentials.accessKeyId, 'AWS access key id');
  assertCredential(credentials.secretAccessKey, 'AWS secret access key');
  if (credentials.sessionToken !== undefined) assertCredential(credentials.sessionToken, 'AWS session token');
  return {
    async getCallerIdentity(signal) {
      const url = new URL('/?Action=GetCallerIdentity&Version=2011-06-15', endpoint);
      const headers = signAwsGet(url, { service: 'sts', credentials, nowMs: now() });
      const response = await options.fetch(url, { method: 'GET', headers, signal });
      return readAnswer(response.status, await response.text());
    },
  };
}

function readAnswer(status: number, text: string): CallerIdentity {
  const field = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
  const account = field('Account');
  const arn = field('Arn');
  const userId = field('UserId');
  const isAnswer = status === 200 && /<GetCallerIdentityResponse[\s>]/.test(text);
  if (isAnswer && account !== undefined && arn !== undefined && userId !== undefined) return { account, arn, userId };
  const code = /<ErrorResponse[\s>]/.test(text) ? field('Code') : undefined;
  if (code === undefined) {
    throw new OpsError('lost-answer', `ask AWS who the key is: the answer is not one of STS (HTTP ${status})`, {
      hint: 'STS, or something in front of it, is unwell; try again in a moment',
    });
  }
  const said = boundedText(field('Message') ?? 'no reason given', 160);
  const message = `ask AWS who the key is: AWS says ${boundedText(code, 60)}: ${said} (HTTP ${status})`;
  if (status !== 400 && status !== 401 && status !== 403)
    throw new OpsError('failed', message, { hint: 'try again in a moment' });
  throw new OpsError('credentials', message, {
    hint: 'set the process variables that the environment file names to a key that is active; a temporary one needs its session token; check also this machine’s clock',
  });
}
