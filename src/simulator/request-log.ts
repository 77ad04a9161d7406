import type { LoggedRequest, SimulatedWorld } from './state.ts';

const keptBodyCharacters = 4_000;
const keptRequests = 20_000;

/**
 * Notes a request that a simulated server received, with credentials masked, and returns the entry so that the
 * server can fill in the status. Writes are kept for ever; of reads only the newest, so that a simulator that runs
 * for days stays small.
 */
export function logRequest(world: SimulatedWorld, entry: Omit<LoggedRequest, 'receivedAt' | 'status'>): LoggedRequest {
  const logged: LoggedRequest = {
    ...entry,
    receivedAt: new Date().toISOString(),
    path: maskCredentials(entry.path),
    body: maskCredentials(entry.body.slice(0, keptBodyCharacters)),
    status: null,
  };
  world.requests.push(logged);
  if (world.requests.length > keptRequests) {
    const firstKept = world.requests.length - keptRequests / 2;
    world.requests = world.requests.filter((request, index) => request.write || index >= firstKept);
  }
  return logged;
}

/** Hides what looks like a credential: Slack and Resend keys, bearer tokens, and fields of forms and JSON that hold a key. */
function maskCredentials(text: string): string {
  return text
    .replace(/\b(xox[a-z]-|xapp-|re_)[A-Za-z0-9_-]{6,}/g, '$1***')
    .replace(/\b((?:Bearer|OAuth)(?:\s|%20|\+)+)[^\s"'&,]+/gi, '$1***')
    .replace(/((?:^|[?&"])(?:token|api_key|apikey|secret|routing_key)"?\s*[=:]\s*"?)[^"&\s]+/gi, '$1***');
}
