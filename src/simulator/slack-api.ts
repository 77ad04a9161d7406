import { edgeHeaders } from './cloudflare-api.ts';
import { type RunningServer, type ServerAnswer, type ServerRequest, startHttpServer } from './http-server.ts';
import { botUser, type SlackArguments, type SlackResult } from './slack-call.ts';
import { slackMethods } from './slack-methods.ts';
import type { SimulatedWorld } from './state.ts';

const readingMethods =
  /^\/api\/(auth\.test|api\.test|conversations\.(info|history|replies|list|members)|users\.info|reactions\.get)$/;

/**
 * Starts Slack's Web API as far as a war room needs it: channels, messages, pins, bookmarks. Answers as Slack does:
 * status 200 with `ok: false` and an error's name when it says no. The base URL is `http://127.0.0.1:PORT/api/`; only
 * `token` is accepted, as a bearer token or as the `token` argument.
 */
export function startSlackApi(options: {
  world: SimulatedWorld;
  token: string;
  now(): number;
  speed?: number;
}): Promise<RunningServer> {
  const { world, token, now } = options;
  return startHttpServer({
    world,
    component: 'slack-api',
    server: 'slack-api',
    now,
    ...(options.speed === undefined ? {} : { speed: options.speed }),
    handle: (request) => {
      const answered = json(200, answer(world, { request, token, nowMs: now() }));
      return { ...answered, headers: { ...answered.headers, ...marksOfTheFront(world) } };
    },
    errorPage: (status) => {
      if (status === 429) {
        const { headers, body } = json(429, { ok: false, error: 'ratelimited' });
        return { headers: { ...headers, 'retry-after': '30' }, ...(body === undefined ? {} : { body }) };
      }
      const headers = { 'content-type': 'text/html; charset=utf-8', ...marksOfTheFront(world) };
      return { headers, body: `<h1>${status} Server Error</h1>\n` };
    },
    writes: {
      isWrite: ({ path }) => path.startsWith('/api/') && !readingMethods.test(path.replace(/\?.*$/, '')),
      capture: () => {
        const saved = structuredClone(world.channels);
        return () => {
          world.channels = saved;
        };
      },
    },
  });
}

/** What the edge adds to the answers of what stands behind it. */
function marksOfTheFront(world: SimulatedWorld): Record<string, string> {
  return world.slackBehindProvider === true ? edgeHeaders() : {};
}

function answer(
  world: SimulatedWorld,
  { request, token, nowMs }: { request: ServerRequest; token: string; nowMs: number },
): SlackResult {
  if (!request.path.startsWith('/')) return { ok: false, error: 'unknown_method', req_method: request.path };
  const url = new URL(`https://slack.com${request.path}`);
  const method = /^\/api\/([a-zA-Z.]+)$/.exec(url.pathname)?.[1];
  const run = method === undefined ? undefined : slackMethods.get(method);
  if (run === undefined) return { ok: false, error: 'unknown_method', req_method: method ?? url.pathname };
  const given = readArguments(request, url);
  if ('error' in given) return { ok: false, error: given.error };
  if (method === 'api.test') return { ok: true };
  const offered = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? given.values.token;
  if (offered === undefined) return { ok: false, error: 'not_authed' };
  if (offered !== token) return { ok: false, error: 'invalid_auth' };
  return run(world, given.values, nowMs);
}

/** Arguments come as a query, as a form, or as a JSON document; structured ones in a form are JSON in a string. */
function readArguments(request: ServerRequest, url: URL): { values: SlackArguments } | { error: string } {
  const values: SlackArguments = Object.fromEntries(url.searchParams);
  if (request.body === '') return { values };
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) {
    return { values: { ...values, ...Object.fromEntries(new URLSearchParams(request.body)) } };
  }
  try {
    const document: unknown = JSON.parse(request.body);
    if (typeof document !== 'object' || document === null || Array.isArray(document))
      return { error: 'json_not_object' };
    for (const [name, value] of Object.entries(document)) {
      values[name] = typeof value === 'string' ? value : JSON.stringify(value);
    }
    return { values };
  } catch {
    return { error: 'invalid_json' };
  }
}

function json(status: number, document: SlackResult): ServerAnswer {
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'x-oauth-scopes': 'channels:manage,channels:history,chat:write,pins:write,bookmarks:write,reactions:read',
    'x-slack-req-id': `${botUser.id}-${document.ok ? 'ok' : String(document.error)}`,
  };
  return { status, headers, body: JSON.stringify(document) };
}
