import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { apiError, jsonAnswer, missingField } from './backend-answers.ts';
import type { ServerAnswer, ServerRequest } from './http-server.ts';

/** An accepted e-mail, as `GET /emails/ID` shows it. */
export type SentEmail = {
  id: string;
  to: string[];
  from: string;
  subject: string;
  created_at: string;
  last_event: string;
};

/** What both APIs store: the e-mails by id, and what each idempotency key was used for. */
export type ApiDatabase = {
  emails: Map<string, SentEmail>;
  idempotencyKeys: Map<string, { body: string; emailId: string; usedAtMs: number }>;
};

const keyLifeMs = 24 * 3_600_000;
const longestKey = 256;
const keptEmails = 5_000;

const addresses = z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(50)]);
const bodySchema = z.object({
  to: addresses,
  from: z.string().min(1),
  subject: z.string().min(1),
  html: z.string().optional(),
  text: z.string().optional(),
});

/**
 * `POST /emails` at `now` (milliseconds): checks the body and accepts the e-mail. An `Idempotency-Key` (up to 256 characters, kept 24 h) gives
 * the same id for the same body and 409 for another one (Resend docs, idempotency keys). Addresses of example.com and
 * test.com are refused, as the real API does.
 */
export function sendEmail(request: ServerRequest, database: ApiDatabase, now: number): ServerAnswer {
  const key = request.headers['idempotency-key']?.toString();
  if (key !== undefined && (key === '' || key.length > longestKey)) {
    return apiError(400, 'invalid_idempotency_key', 'The idempotency key must be between 1-256 characters long');
  }
  const email = readEmail(request.body);
  if ('status' in email) return email;

  const earlier = key === undefined ? undefined : database.idempotencyKeys.get(key);
  if (earlier !== undefined && now - earlier.usedAtMs < keyLifeMs) {
    if (earlier.body === request.body) return jsonAnswer(200, { id: earlier.emailId });
    return apiError(409, 'invalid_idempotent_request', 'This idempotency key was used with another body');
  }
  const id = randomUUID();
  keep(database.emails, id, { id, ...email, created_at: new Date(now).toISOString(), last_event: 'delivered' });
  if (key !== undefined) keep(database.idempotencyKeys, key, { body: request.body, emailId: id, usedAtMs: now });
  return jsonAnswer(200, { id });
}

function readEmail(body: string): Pick<SentEmail, 'to' | 'from' | 'subject'> | ServerAnswer {
  const json = parseJson(body);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return apiError(400, 'validation_error', 'The request body is not a JSON object');
  }
  const parsed = bodySchema.safeParse(json);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path[0]?.toString() ?? 'to';
    return field in json ? apiError(422, 'validation_error', `Invalid \`${field}\` field.`) : missingField(field);
  }
  const { to, from, subject, html, text } = parsed.data;
  if (html === undefined && text === undefined) {
    return apiError(422, 'missing_required_field', 'Missing `html` or `text` field.');
  }
  const recipients = [to].flat();
  if (recipients.some((recipient) => /@(example|test)\.com>?$/i.test(recipient))) {
    return apiError(422, 'validation_error', 'Invalid `to` field. Use a testing address of resend.dev instead.');
  }
  return { to: recipients, from, subject };
}

/** The oldest give way, so that a simulator that runs for days stays small. */
function keep<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= keptEmails) break;
    map.delete(oldest);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
