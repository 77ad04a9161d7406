import { createHash } from 'node:crypto';
import { failure, success } from './cloudflare-answers.ts';
import type { ServerAnswer, ServerRequest } from './http-server.ts';
import type { SimulatedWorld } from './state.ts';

const prefix = '/client/v4';
const dayMs = 86_400_000;

/** What Cloudflare's API refuses before it looks at the call: no token, one of another form, or one that it does not know. */
export function refuseCredentials(
  world: SimulatedWorld,
  request: ServerRequest,
  token: string,
): ServerAnswer | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) {
    return failure(400, { code: 9106, message: 'Missing X-Auth-Key, X-Auth-Email or Authorization headers' });
  }
  const given = /^Bearer ([A-Za-z0-9_-]{8,})$/.exec(authorization)?.[1];
  if (given === undefined) {
    const chain = [{ code: 6111, message: 'Invalid format for Authorization header' }];
    return failure(400, { code: 6003, message: 'Invalid request headers', chain });
  }
  const owner = /^\/(user|accounts\/[0-9a-f]{32})\/tokens\/verify/.exec(request.path.slice(prefix.length))?.[1];
  const isVerification = owner !== undefined;
  const isOwner = (owner === 'user') === (world.cloudflareToken !== 'account-owned');
  if (given !== token || (isVerification && !isOwner))
    return isVerification ? failure(401, { code: 1000, message: 'Invalid API Token' }) : notAllowed();
  return isVerification || mayCall(world, request) ? undefined : notAllowed();
}

/** A token that may not make the call is told no more than one that is not known (seen in public reports of error 10000). */
function notAllowed(): ServerAnswer {
  return failure(403, { code: 10000, message: 'Authentication error' });
}

function mayCall({ cloudflareToken }: SimulatedWorld, { method, path }: ServerRequest): boolean {
  if (cloudflareToken === 'expired') return false;
  if (cloudflareToken === 'read-only') return method === 'GET';
  return cloudflareToken !== 'without-load-balancers' || !path.includes('/load_balancers');
}

/** The answer to GET /user/tokens/verify, and to that of an account: an expired token is told as such (Cloudflare API, Verify Token). */
export function verifyToken(world: SimulatedWorld, nowMs: number): ServerAnswer {
  const id = createHash('sha256').update(`token:${world.zone.id}`).digest('hex').slice(0, 32);
  const on = (days: number) => new Date(nowMs + days * dayMs).toISOString().replace(/\.\d{3}/, '');
  if (world.cloudflareToken === 'expired') return success({ id, status: 'expired', expires_on: on(-1) });
  const end =
    world.cloudflareToken === 'ends-soon' || world.cloudflareToken === 'account-owned' ? { expires_on: on(5) } : {};
  const messages = [{ code: 10000, message: 'This API Token is valid and active', type: null }];
  return success({ id, status: 'active', ...end }, { messages });
}
