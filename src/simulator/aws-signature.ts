import { createHash, createHmac } from 'node:crypto';
import type { AwsRefusal } from './aws-answers.ts';
import type { ServerRequest } from './http-server.ts';

/** The one key that the simulated account knows. With a session token the key is a temporary one. */
export type AwsKey = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

/** A signature is good for so long before and after its time (AWS docs, Signature Version 4, "elements of a request"). */
const toleranceMs = 5 * 60_000;

const header =
  /^AWS4-HMAC-SHA256 Credential=([^/\s,]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

/**
 * Checks a request's Signature Version 4 in full, as AWS's documentation of the signing process describes it: form, key,
 * scope, time, session token and the signature itself. Undefined when it is good. `nowMs` is real time, as signers have it.
 */
export function refuseSignature(
  request: ServerRequest,
  { key, service, nowMs }: { key: AwsKey; service: string; nowMs: number },
): AwsRefusal | undefined {
  const { authorization, 'x-amz-date': date, 'x-amz-security-token': token } = request.headers;
  if (authorization === undefined) {
    return refusal(403, 'MissingAuthenticationToken', 'Request is missing Authentication Token');
  }
  const [, accessKeyId, day, region, forService, signedHeaders = '', signature] = header.exec(authorization) ?? [];
  if (accessKeyId === undefined || signature === undefined) {
    return refusal(
      400,
      'IncompleteSignature',
      'Authorization header requires existence of Credential, SignedHeaders and Signature parameters.',
    );
  }
  if (typeof date !== 'string' || !/^\d{8}T\d{6}Z$/.test(date)) {
    return refusal(
      400,
      'IncompleteSignature',
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    );
  }
  if (accessKeyId !== key.accessKeyId || token !== key.sessionToken) {
    return refusal(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.');
  }
  if (region !== 'us-east-1' || forService !== service || !date.startsWith(day ?? 'x')) {
    return refusal(
      403,
      'SignatureDoesNotMatch',
      `Credential should be scoped to a valid region and to service ${service}.`,
    );
  }
  if (Math.abs(millisecondsOf(date) - nowMs) > toleranceMs) {
    return refusal(403, 'SignatureDoesNotMatch', `Signature expired: ${date} is now outside of the accepted time.`);
  }
  const names = signedHeaders.split(';');
  if (!names.includes('host') || !names.includes('x-amz-date')) {
    return refusal(403, 'SignatureDoesNotMatch', "'Host' and 'X-Amz-Date' must be signed headers.");
  }
  const expected = sign(canonicalRequest(request, names), {
    date,
    scope: `${day}/${region}/${service}/aws4_request`,
    secret: key.secretAccessKey,
  });
  return expected === signature
    ? undefined
    : refusal(
        403,
        'SignatureDoesNotMatch',
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
      );
}

function refusal(status: number, code: string, message: string): AwsRefusal {
  return { status, code, message };
}

function millisecondsOf(date: string): number {
  return Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

function canonicalRequest(request: ServerRequest, names: readonly string[]): string {
  const [path = '/', query = ''] = request.path.split('?');
  const headers = names.map(
    (name) => `${name}:${[request.headers[name] ?? ''].flat().join(',').trim().replace(/ +/g, ' ')}\n`,
  );
  const pairs = query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
    .sort();
  // The path is escaped once more than it is sent, for every service but S3.
  const escapedPath = path.split('/').map(escaped).join('/');
  return [request.method, escapedPath, pairs.join('&'), headers.join(''), names.join(';'), hash(request.body)].join(
    '\n',
  );
}

function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sign(canonical: string, { date, scope, secret }: { date: string; scope: string; secret: string }): string {
  const keyOf = scope.split('/').reduce<string | Buffer>((key, part) => hmac(key, part), `AWS4${secret}`);
  return hmac(keyOf, ['AWS4-HMAC-SHA256', date, scope, hash(canonical)].join('\n')).toString('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

function hash(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
