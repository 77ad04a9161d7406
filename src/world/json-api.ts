import type { z } from 'zod';
import { findOpsError, OpsError } from '../errors.ts';
import { boundedText } from './bounded-text.ts';
import { unlessAborted } from './dial.ts';
import type { Fetch } from './https-fetch.ts';
import type { Json } from './json.ts';
import { parseJson } from './parse-json.ts';
import { makeVisible } from './visible-text.ts';

/** The fields of a JSON object that is sent. */
export type JsonFields = { readonly [name: string]: Json };

/** One call of a JSON API, and the shape that its answer must have. */
export type JsonCall<T> = {
  /** What the call is for, in the imperative; errors begin with it. */
  what: string;
  method: 'GET' | 'POST' | 'PATCH';
  /** Below the API's base URL, with a leading slash, escaped, with its query. */
  path: string;
  body?: JsonFields;
  answer: z.ZodType<T>;
};

/**
 * A small client of one provider's JSON API: sends a call once and answers what its schema takes.
 *
 * Throws `credentials` when the provider refuses them; `refused` for the provider's own no (also a rate limit, which is
 * never waited out); `not-sent` when nothing left, also because `signal` was aborted before a write; `lost-answer` when
 * there is no telling (a status from 500 on, a page in place of the API's answer); and what the transport throws.
 */
export type JsonApi = {
  /** `signal` ends a read at once; a write that has begun settles within the transport's time. */
  call<T>(call: JsonCall<T>, signal: AbortSignal): Promise<T>;
};

/** How to reach a provider's JSON API. */
export type JsonApiOptions = {
  /** What errors call the provider. */
  provider: string;
  /** Base URL, without a slash at its end. */
  base: string;
  /** Sent with every call: who calls. */
  headers: Readonly<Record<string, string>>;
  /** Sent with every body, and never masked: for an API that takes its key there. */
  credentials?: JsonFields;
  fetch: Fetch;
  /** Takes secrets out of what is sent: it will be read by many. What nobody could see in it is made visible besides. */
  mask(text: string): string;
  /** The provider's own words in the body of an error, or undefined where it is none of the provider's. */
  errorText(document: unknown): string | undefined;
  /** Words of the provider's that speak of the credentials, whatever the status. */
  aboutCredentials?: RegExp;
  /** Whether a call changes anything; all but GET and HEAD do unless given. */
  isWrite?(method: string, path: string): boolean;
  /** How long a refused caller is to wait; `retry-after` unless given. */
  waitSeconds?(headers: Headers): string | null;
};

/** Whether a call of such an API changes anything: all but GET and HEAD do. */
export function isJsonApiWrite(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** Builds the client of an API. It keeps no state, and takes nothing from the process's variables. */
export function createJsonApi(options: JsonApiOptions): JsonApi {
  return { call: (call, signal) => performCall(options, call, signal) };
}

function writes({ isWrite = isJsonApiWrite }: JsonApiOptions, method: string, path: string): boolean {
  return isWrite(method, path);
}

async function performCall<T>(options: JsonApiOptions, call: JsonCall<T>, signal: AbortSignal): Promise<T> {
  const { what, method, path, body } = call;
  const isWrite = writes(options, method, path);
  if (isWrite && signal.aborted) {
    throw new OpsError('not-sent', `${what}: stopped before it was sent`, { cause: signal.reason });
  }
  if (!isWrite) signal.throwIfAborted();
  const headers = {
    accept: 'application/json',
    'user-agent': 'resend-ops',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...options.headers,
  };
  const readable = (text: string) => makeVisible(options.mask(text), '\n');
  const sent =
    body === undefined ? {} : { body: JSON.stringify({ ...mapFields(body, readable), ...options.credentials }) };
  let response: Response;
  let text: string;
  try {
    const answered = options.fetch(`${options.base}${path}`, {
      method,
      headers,
      ...sent,
      ...(isWrite ? {} : { signal }),
    });
    response = await (isWrite ? answered : unlessAborted(answered, signal));
    text = await response.text();
  } catch (error) {
    if (!isWrite) signal.throwIfAborted();
    throw withPurpose(error, what);
  }
  return readAnswer(options, call, { response, document: parseJson(text) });
}

function readAnswer<T>(
  options: JsonApiOptions,
  { what, method, path, answer }: JsonCall<T>,
  { response, document }: { response: Response; document: unknown },
): T {
  const { status } = response;
  const { provider } = options;
  const id = boundedText(requestIdOf(response, document), 60);
  const place = `HTTP ${status}, request id ${id}`;
  const lookFirst = writes(options, method, path)
    ? 'it may have been carried out: look before anything else'
    : 'try again in a moment';
  if (response.ok) {
    const parsed = answer.safeParse(document);
    if (parsed.success) return parsed.data;
    throw new OpsError('lost-answer', `${what}: the answer is not one of ${provider}’s API (${place})`, {
      hint: lookFirst,
    });
  }
  // 420 was Statuspage's status for the same before 2021 (developer.statuspage.io, rate limiting).
  if (status === 429 || status === 420) {
    const after = (options.waitSeconds ?? retryAfter)(response.headers);
    const hint = after === null ? 'try again in a minute' : `try again after ${boundedText(after, 40)} seconds`;
    throw new OpsError('refused', `${what}: ${provider} takes no more calls for now (${place})`, {
      hint,
      cause: refusal(status),
    });
  }
  const said = options.errorText(document);
  const type = boundedText(response.headers.get('content-type') ?? 'no content type', 60);
  const words = said === undefined ? `an answer that is not the API’s own (${type})` : boundedText(said, 200);
  const message = `${what}: ${provider} says ${words} (${place})`;
  if (said === undefined || status < 400 || status === 408 || status >= 500) {
    throw new OpsError('lost-answer', message, { hint: lookFirst });
  }
  if (status === 401 || status === 403 || options.aboutCredentials?.test(said) === true) {
    throw new OpsError('credentials', message, {
      hint: `check the key of ${provider} and what it may do`,
      cause: refusal(status),
    });
  }
  throw new OpsError('refused', message, { hint: 'nothing was done by this call', cause: refusal(status) });
}

function retryAfter(headers: Headers): string | null {
  return headers.get('retry-after');
}

/** What the provider calls the exchange, for its support. */
function requestIdOf({ headers }: Response, document: unknown): string {
  const inHeaders = headers.get('x-request-id') ?? headers.get('request-id');
  if (inHeaders !== null) return inHeaders;
  const isRecord = typeof document === 'object' && document !== null;
  return isRecord && 'request_id' in document && typeof document.request_id === 'string' ? document.request_id : 'none';
}

function refusal(status: number): Error & { status: number } {
  return Object.assign(new Error(`HTTP ${status}`), { status });
}

/** The status of a provider's own no that {@link JsonApi} threw, or undefined for any other error. */
export function refusedStatus(error: unknown): number | undefined {
  const cause = error instanceof OpsError ? error.cause : undefined;
  return cause instanceof Error && 'status' in cause && typeof cause.status === 'number' ? cause.status : undefined;
}

/** What the transport knows, told as the call's. What ends a run is passed on as it is. */
function withPurpose(error: unknown, what: string): unknown {
  const known = findOpsError(error);
  if (known === undefined || !['not-sent', 'lost-answer', 'refused'].includes(known.code)) return error;
  const hint = known.hint === undefined ? {} : { hint: known.hint };
  return new OpsError(known.code, `${what}: ${known.message}`, { ...hint, cause: error });
}

function mapFields(fields: JsonFields, change: (text: string) => string): JsonFields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [change(name), mapValue(value, change)]));
}

function mapValue(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item: Json) => mapValue(item, change));
  return isFields(value) ? mapFields(value, change) : value;
}

function isFields(value: Json): value is JsonFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
