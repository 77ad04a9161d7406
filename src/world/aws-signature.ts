import { createHash, createHmac } from 'node:crypto';
import { type AwsCredentials, awsRegion } from './aws.ts';

/**
 * The headers of a GET without a body, signed by Signature Version 4 for `service` in the region of the global services
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). The URL's query must be
 * escaped and in order of its names already; `nowMs` is the time of the signature, which AWS holds against its own clock.
 */
export function signAwsGet(
  url: URL,
  { service, credentials, nowMs }: { service: string; credentials: AwsCredentials; nowMs: number },
): Record<string, string> {
  const date = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signed: Record<string, string> = {
    host: url.host,
    'x-amz-date': date,
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const names = Object.keys(signed).join(';');
  const lines = Object.entries(signed).map(([name, value]) => `${name}:${value}\n`);
  const canonical = ['GET', url.pathname, url.search.slice(1), lines.join(''), names, hash('')].join('\n');
  const scope = `${date.slice(0, 8)}/${awsRegion}/${service}/aws4_request`;
  const key = scope.split('/').reduce<string | Buffer>((from, part) => hmac(from, part), `AWS4${secretAccessKey}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', date, scope, hash(canonical)].join('\n')).toString('hex');
  return {
    ...signed,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

function hash(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
