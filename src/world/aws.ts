import { OpsError } from '../errors.ts';
import { assertCredential } from './assert-token.ts';
import { boundedText } from './bounded-text.ts';
import type { Fetch } from './https-fetch.ts';

/** The region that requests to AWS's global services are signed for (AWS General Reference, Route 53 and CloudFront endpoints). */
export const awsRegion = 'us-east-1';

/** The environment's names for the credentials of AWS. The session token is only needed with temporary credentials. */
export const awsSecrets = {
  accessKeyId: 'aws-access-key-id',
  secretAccessKey: 'aws-secret-access-key',
  sessionToken: 'aws-session-token',
} as const;

/** What an action that uses AWS needs: the names of the secrets without which it cannot run. */
export const requiredAwsSecrets: readonly string[] = [awsSecrets.accessKeyId, awsSecrets.secretAccessKey];

/** An access key, long-lived (`AKIA…`) or temporary (`ASIA…`, with a session token). */
export type AwsCredentials = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };

/** One call of a service: its input, and a signal that ends it. Resolves to the SDK's output, or rejects with its error. */
export type AwsCall<Input, Output> = (input: Input, options?: { abortSignal?: AbortSignal }) => Promise<Output>;

/** How to reach a service. */
export type AwsOptions = {
  credentials: AwsCredentials;
  /** Base URL in place of the service's own. */
  endpoint?: string;
  fetch: Fetch;
};

/** A request as the SDK hands it to its transport, signed. */
type SdkRequest = {
  method: string;
  protocol: string;
  hostname: string;
  port?: number;
  path: string;
  query?: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: unknown;
};

type SdkResponse = { statusCode: number; headers: Record<string, string>; body: Uint8Array };

/** What the SDK sends by. The time box is the transport's; the SDK keeps no timer of its own. */
type SdkHandler = {
  handle(request: SdkRequest, options?: { abortSignal?: unknown }): Promise<{ response: SdkResponse }>;
  metadata: { handlerProtocol: string };
  destroy(): void;
};

/**
 * The configuration of an SDK client that takes everything from here: no credential chain, no file of `~/.aws`, no
 * instance metadata, no process variable, and no retries (what is not said here, the SDK would look up there).
 * `answersRaw` names the calls whose answer is no XML document. Throws `credentials` for a key that cannot be one.
 */
export function awsClientConfig(
  options: AwsOptions & { defaultEndpoint: string; answersRaw?: (method: string, path: string) => boolean },
) {
  const { credentials, endpoint, fetch, answersRaw = () => false } = options;
  assertCredential(credentials.accessKeyId, 'AWS access key id');
  assertCredential(credentials.secretAccessKey, 'AWS secret access key');
  if (credentials.sessionToken !== undefined) assertCredential(credentials.sessionToken, 'AWS session token');
  return {
    region: awsRegion,
    credentials: { ...credentials },
    endpoint: endpoint ?? options.defaultEndpoint,
    maxAttempts: 1,
    retryMode: 'standard' as const,
    defaultsMode: 'standard' as const,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: 'resend-ops',
    authSchemePreference: ['sigv4'],
    requestHandler: createHandler(fetch, answersRaw),
  };
}

function createHandler(fetch: Fetch, answersRaw: (method: string, path: string) => boolean): SdkHandler {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    destroy: () => undefined,
    async handle(request, { abortSignal } = {}) {
      const response = await fetch(urlOf(request), {
        method: request.method,
        headers: request.headers,
        ...(request.body === undefined ? {} : { body: textOf(request.body) }),
        ...(abortSignal instanceof AbortSignal ? { signal: abortSignal } : {}),
      });
      const body = new Uint8Array(await response.arrayBuffer());
      const headers = Object.fromEntries(response.headers);
      const raw = response.ok && answersRaw(request.method, request.path);
      return {
        response: {
          statusCode: response.status,
          headers,
          body: raw ? body : assertDocument(body, { status: response.status, headers }),
        },
      };
    },
  };
}

function urlOf({ protocol, hostname, port, path, query = {} }: SdkRequest): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === null
      ? [escaped(name)]
      : [value].flat().map((each) => `${escaped(name)}${each === '' ? '=' : `=${escaped(each)}`}`),
  );
  const origin = `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`;
  return `${origin}${path}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
}

/** As Signature Version 4 escapes a query (AWS docs, create a signed request): what is sent must be what was signed. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return new TextDecoder('utf-8', { fatal: true }).decode(body);
  throw new TypeError('only text is sent to AWS');
}

/** Every document of these APIs has a root whose name begins with a capital letter; a page of HTML has not. */
const document = /^\uFEFF?\s*(?:<\?xml[^>]*\?>\s*)?<[A-Z][A-Za-z0-9]*[\s/>]/;

/**
 * Lets only documents of AWS's APIs through, and answers without a body: the SDK's parser looks at no root element, and
 * takes a page of HTML for an empty result. The older form of a refused batch is turned into the usual one, which the
 * SDK understands.
 */
function assertDocument(
  body: Uint8Array,
  { status, headers }: { status: number; headers: Record<string, string> },
): Uint8Array {
  const text = new TextDecoder().decode(body);
  const isSuccess = status >= 200 && status < 300;
  if ((isSuccess && body.length === 0) || document.test(text)) return usualError(text) ?? body;
  const type = boundedText(headers['content-type'] ?? 'no content type', 60);
  const id = boundedText(headers['x-amzn-requestid'] ?? 'none', 60);
  throw new OpsError('lost-answer', `the answer is not one of AWS's API (HTTP ${status}, ${type}, request id ${id})`, {
    hint: 'the API, or something in front of it, is unwell; look at what is before trying again',
  });
}

/** `<InvalidChangeBatch><Messages><Message>…` (Route 53 API Reference, ChangeResourceRecordSets) as an `<ErrorResponse>`. */
function usualError(text: string): Uint8Array | undefined {
  if (!/^[^<]*(?:<\?xml[^>]*\?>\s*)?<InvalidChangeBatch[\s>]/.test(text)) return undefined;
  const messages = [...text.matchAll(/<Message>([^<]*)<\/Message>/g)].map(([, message = '']) => message);
  const id = /<RequestId>([^<]*)<\/RequestId>/.exec(text)?.[1] ?? '';
  return new TextEncoder().encode(
    `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidChangeBatch</Code><Message>[${messages.join(', ')}]</Message>` +
      `</Error><RequestId>${id}</RequestId></ErrorResponse>`,
  );
}
