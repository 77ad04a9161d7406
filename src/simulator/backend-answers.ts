import type { ServerAnswer } from './http-server.ts';

/** An answer with a JSON body. */
export function jsonAnswer(status: number, body: unknown): ServerAnswer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) };
}

/** An error in the API's shape. */
export function apiError(statusCode: number, name: string, message: string): ServerAnswer {
  return jsonAnswer(statusCode, { statusCode, name, message });
}

/** The error for a body that lacks a field. */
export function missingField(field: string): ServerAnswer {
  return apiError(422, 'missing_required_field', `Missing \`${field}\` field.`);
}
