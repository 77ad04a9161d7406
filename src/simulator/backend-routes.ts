import { apiError, jsonAnswer, missingField } from './backend-answers.ts';
import { type ApiDatabase, sendEmail } from './backend-send.ts';
import type { ServerAnswer, ServerRequest } from './http-server.ts';

/** What an API knows when it answers a call. */
type ApiContext = {
  api: 'email-api' | 'resend-api';
  apiKeys: readonly string[];
  database: ApiDatabase;
  /** Milliseconds of the rehearsal's clock. */
  now: number;
};

type Route = { methods: readonly string[]; path: RegExp; answer(call: Call): ServerAnswer };
type Call = { request: ServerRequest; path: string; context: ApiContext };

const collections = '(?:domains|api-keys|contacts|webhooks|audiences|segments|topics|templates|broadcasts)';

/**
 * Which API answers what. The load balancer sends `POST /emails` to the Email API and everything else to the Resend
 * API, so neither knows the other's routes: a request that was routed wrongly shows as 404.
 */
const routes: Readonly<Record<ApiContext['api'], readonly Route[]>> = {
  'email-api': [
    {
      methods: ['POST'],
      path: /^\/emails$/,
      answer: (call) => sendEmail(call.request, call.context.database, call.context.now),
    },
  ],
  'resend-api': [
    {
      methods: ['GET', 'HEAD'],
      path: /^\/emails$/,
      answer: ({ request, context }) => listOf([...context.database.emails.values()].toReversed(), request),
    },
    { methods: ['POST'], path: /^\/emails\/batch$/, answer: ({ request }) => answerBatch(request) },
    { methods: ['POST'], path: /^\/emails\/[^/]+\/cancel$/, answer: () => notFound('Email not found') },
    { methods: ['GET', 'HEAD', 'PATCH'], path: /^\/emails\/[^/]+$/, answer: answerEmail },
    { methods: ['GET', 'HEAD'], path: new RegExp(`^/${collections}$`), answer: ({ request }) => listOf([], request) },
    { methods: ['POST'], path: new RegExp(`^/${collections}$`), answer: () => missingField('name') },
    {
      methods: ['GET', 'HEAD', 'PATCH', 'PUT', 'DELETE'],
      path: new RegExp(`^/${collections}/[^/]+$`),
      answer: () => notFound('Not found'),
    },
  ],
};

/**
 * Answers a call as Resend's API does (Resend docs, errors): unknown routes 404, then the key (401 without, 403 with a
 * bad one), then the body. Every error is JSON `{ statusCode, name, message }`.
 */
export function answerApiCall(request: ServerRequest, context: ApiContext): ServerAnswer {
  const path = request.path.split('?')[0] ?? '/';
  const known = routes[context.api].filter((candidate) => candidate.path.test(path));
  if (request.method === 'OPTIONS' && known.length > 0) {
    const methods = known.flatMap((candidate) => candidate.methods);
    return { status: 204, headers: { allow: [...methods, 'OPTIONS'].join(', ') } };
  }
  const route = known.find((candidate) => candidate.methods.includes(request.method));
  if (route === undefined) return notFound('The requested endpoint does not exist');
  const refused = refuseKey(request.headers.authorization, context.apiKeys);
  return refused ?? withRateLimit(route.answer({ request, path, context }));
}

function refuseKey(authorization: string | undefined, apiKeys: readonly string[]): ServerAnswer | undefined {
  const key = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
  if (key === undefined) return apiError(401, 'missing_api_key', 'Missing API key in the authorization header');
  return apiKeys.includes(key) ? undefined : apiError(403, 'invalid_api_key', 'API key is invalid');
}

/** The headers of the limit of 5 requests per second and team; it is not enforced, for the clients here are many teams. */
function withRateLimit(answer: ServerAnswer): ServerAnswer {
  const limits = { 'ratelimit-limit': '5', 'ratelimit-remaining': '4', 'ratelimit-reset': '1' };
  return { ...answer, headers: { ...answer.headers, ...limits } };
}

function answerBatch(request: ServerRequest): ServerAnswer {
  return request.body.trim() === '[]' || request.body.trim() === ''
    ? missingField('to')
    : apiError(422, 'validation_error', 'The simulator sends no batches');
}

function answerEmail({ request, path, context }: Call): ServerAnswer {
  const email = context.database.emails.get(path.split('/')[2] ?? '');
  if (email === undefined) return notFound('Email not found');
  return request.method === 'PATCH'
    ? apiError(422, 'validation_error', 'Only scheduled emails can be updated')
    : jsonAnswer(200, { object: 'email', ...email });
}

/** A page of a list: `limit` items from 1 to 100, 20 unless asked (Resend docs, pagination). */
function listOf(all: readonly unknown[], request: ServerRequest): ServerAnswer {
  const limit = Number(new URLSearchParams(request.path.split('?')[1] ?? '').get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
    return apiError(422, 'validation_error', 'The `limit` must be a whole number from 1 to 100');
  }
  return jsonAnswer(200, { object: 'list', has_more: all.length > limit, data: all.slice(0, limit) });
}

function notFound(message: string): ServerAnswer {
  return apiError(404, 'not_found', message);
}
