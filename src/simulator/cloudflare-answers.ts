import type { z } from 'zod';
import type { ServerAnswer } from './http-server.ts';

/** An error as Cloudflare's API tells it; `chain` holds the reasons behind a general one. */
type CloudflareError = { code: number; message: string; chain?: CloudflareError[] };

/** A successful answer in the envelope of Cloudflare's API v4. */
export function success(result: unknown, more: { info?: unknown; messages?: unknown[] } = {}): ServerAnswer {
  return json(200, {
    result,
    success: true,
    errors: [],
    messages: more.messages ?? [],
    ...(more.info === undefined ? {} : { result_info: more.info }),
  });
}

/** A refusal in the envelope of Cloudflare's API v4. */
export function failure(status: number, ...errors: CloudflareError[]): ServerAnswer {
  return json(status, { result: null, success: false, errors: errors.map(errorJson), messages: [] });
}

/** The answer to a request body that breaks a rule of DNS records: a general error with the reason in its chain. */
export function invalidRecord(code: number, message: string): ServerAnswer {
  return failure(400, { code: 1004, message: 'DNS Validation Error', chain: [{ code, message }] });
}

/** The answer to a path that leads nowhere. */
export function noRoute(path: string): ServerAnswer {
  const identifier = `Could not route to ${path}, perhaps your object identifier is invalid?`;
  return failure(404, { code: 7003, message: identifier }, { code: 7000, message: 'No route for that URI' });
}

/**
 * One page of a list, with `result_info`. A page beyond the last is empty: the official SDK asks for pages until it
 * gets an empty one.
 */
export function page(items: readonly unknown[], query: URLSearchParams, defaultPerPage: number): ServerAnswer {
  const number = Number(query.get('page') ?? 1);
  const perPage = Number(query.get('per_page') ?? defaultPerPage);
  const valid = [number, perPage].every((value) => Number.isInteger(value) && value >= 1 && value <= 5_000_000);
  if (!valid) return failure(400, { code: 1004, message: 'page and per_page must be positive integers' });
  const shown = items.slice((number - 1) * perPage, number * perPage);
  return success(shown, {
    info: {
      page: number,
      per_page: perPage,
      count: shown.length,
      total_count: items.length,
      total_pages: Math.ceil(items.length / perPage),
    },
  });
}

/** A request body parsed as JSON and by the schema, or the answer that refuses it. */
export function parseBody<T>(body: string, schema: z.ZodType<T>): { value: T } | { answer: ServerAnswer } {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    return { answer: failure(400, { code: 6007, message: 'Malformed JSON in request body' }) };
  }
  const parsed = schema.safeParse(document);
  if (parsed.success) return { value: parsed.data };
  const [issue] = parsed.error.issues;
  const message = `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'invalid'}`;
  return { answer: failure(400, { code: 1004, message: 'Validation Error', chain: [{ code: 9207, message }] }) };
}

function errorJson(error: CloudflareError): object {
  const chain = error.chain === undefined ? {} : { error_chain: error.chain.map(errorJson) };
  return { code: error.code, message: error.message, ...chain };
}

function json(status: number, document: object): ServerAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(document) };
}
