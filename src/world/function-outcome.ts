import { z } from 'zod';
import { parseJson } from './parse-json.ts';

const changesSchema = z.looseObject({
  domainName: z.string().optional(),
  hostHeader: z.string().optional(),
  originPath: z.string().optional(),
  timeouts: z.looseObject({ readTimeout: z.number().optional() }).optional(),
});

/**
 * The origin that a function asked for, by the last call of CloudFront's helper (CloudFront docs, helper methods for
 * origin modification): changes to the origin of the cache behavior, another origin of the distribution, or a group.
 */
const originSchema = z.discriminatedUnion('by', [
  z.object({ by: z.literal('update'), changes: changesSchema }),
  z.object({ by: z.literal('id'), originId: z.string(), changes: changesSchema.catch({}) }),
  z.object({ by: z.literal('group'), originIds: z.array(z.string()) }),
]);

/** See the schema. */
export type OriginChoice = z.output<typeof originSchema>;

const valueSchema = z.object({ value: z.string(), multiValue: z.array(z.object({ value: z.string() })).optional() });

/** A header, cookie or query parameter in a function's event (CloudFront docs, functions event structure). */
export type EventValue = z.output<typeof valueSchema>;

const requestSchema = z.object({
  method: z.string(),
  uri: z.string(),
  querystring: z.union([z.record(z.string(), valueSchema), z.string()]).default({}),
  headers: z.record(z.string(), valueSchema).default({}),
  cookies: z.record(z.string(), valueSchema).default({}),
});

/** A request as a viewer-request function gets and gives it. `uri` is the path without query. */
export type FunctionRequest = z.output<typeof requestSchema>;

const responseSchema = z.object({
  statusCode: z.int().min(100).max(599),
  statusDescription: z.string().optional(),
  headers: z.record(z.string(), valueSchema).default({}),
  body: z.union([z.string(), z.object({ data: z.string() }).transform(({ data }) => data)]).optional(),
});

/** What a function's run came to. */
export type FunctionOutcome =
  | { kind: 'request'; request: FunctionRequest; origin: OriginChoice | null; logs: string[] }
  | { kind: 'response'; response: z.output<typeof responseSchema>; logs: string[] }
  /** It returned what is neither a request nor a response. */
  | { kind: 'invalid'; message: string; logs: string[] }
  | { kind: 'threw'; message: string; logs: string[] }
  /** It ran longer, or took more memory, than it may. */
  | { kind: 'limit'; message: string }
  /** It uses what is not known here, so that nothing can be said. */
  | { kind: 'unsupported'; message: string };

const toldSchema = z.object({
  origin: originSchema.nullable().catch(null),
  logs: z.array(z.string()).catch([]),
  outcome: z.object({ kind: z.enum(['returned', 'threw']), value: z.unknown() }).nullable(),
});

/** Names of the runtime that the local one lacks (CloudFront docs, JavaScript runtime 2.0 features). */
const runtimeOnly =
  /^(?:unsupported: (.+)|(Buffer|atob|btoa|TextEncoder|TextDecoder|crypto|require|process) is not defined)$/;

/** Reads one line of the child process. What cannot be read is `invalid`: the function has touched what carries it. */
export function readOutcome(line: string): FunctionOutcome {
  const message = z
    .union([z.object({ told: z.string() }), z.object({ late: z.literal(true) }), z.object({ failed: z.string() })])
    .safeParse(parseJson(line));
  if (!message.success) return invalid('it gave no readable answer');
  if ('late' in message.data) return { kind: 'limit', message: 'it ran too long' };
  if ('failed' in message.data) return threw(message.data.failed, []);
  const told = toldSchema.safeParse(parseJson(message.data.told));
  if (!told.success) return invalid('it gave no readable answer');
  const { origin, logs, outcome } = told.data;
  if (outcome === null) return invalid('its promise never settled', logs);
  if (outcome.kind === 'threw') return threw(String(outcome.value), logs);
  const request = requestSchema.safeParse(outcome.value);
  if (request.success) return { kind: 'request', request: request.data, origin, logs };
  const response = responseSchema.safeParse(outcome.value);
  if (response.success) return { kind: 'response', response: response.data, logs };
  return invalid('it returned neither a request nor a response', logs);
}

function invalid(message: string, logs: string[] = []): FunctionOutcome {
  return { kind: 'invalid', message, logs };
}

function threw(message: string, logs: string[]): FunctionOutcome {
  const [, feature, name] = runtimeOnly.exec(message) ?? [];
  const missing = feature ?? name;
  return missing === undefined
    ? { kind: 'threw', message, logs }
    : { kind: 'unsupported', message: `it uses ${missing}` };
}
