import { randomBytes } from 'node:crypto';
import { matchesPattern } from '../actions/cloudfront/path-pattern.ts';
import type { OriginChoice } from '../world/function-outcome.ts';
import { chosenOrigin, forwardingOf, originRequest } from './cloudfront-origin.ts';
import { requestId, unsatisfied } from './cloudfront-pages.ts';
import type { SimulatedBehavior } from './cloudfront-state.ts';
import { appended, type EdgeOptions, hostOf } from './edge.ts';
import { createOriginConnections, type Forwarded, type OriginConnections, portOf } from './forward-to-backend.ts';
import { changedRequest, eventRequest } from './function-event.ts';
import { createFunctionRunner, type FunctionRunner } from './function-runner.ts';
import { type RunningServer, type ServerAnswer, type ServerRequest, startHttpServer } from './http-server.ts';
import { issueOnDemand } from './issue-on-demand.ts';

const longestUrl = 8_192;
const pointOfPresence = 'IAD55-P3';

/** What serving a request needs beside the world. */
type Means = EdgeOptions & {
  runner: FunctionRunner;
  connectionsTo(name: string, timeoutMs: number): OriginConnections;
};

/**
 * Starts the simulated CloudFront edge, over TLS on a free port of 127.0.0.1, with one distribution: its certificate, its
 * aliases, its cache behaviors with their methods and policies, its web ACL, and the LIVE code of the function at
 * viewer-request, as they are at this moment. A Host that is no attached alias gets the 403 page, and so does a GET with
 * a body (CloudFront docs, custom origins). Nothing is cached.
 */
export async function startCloudFrontEdge(options: EdgeOptions): Promise<RunningServer> {
  const { world, clock, authority } = options;
  const connections = new Map<string, OriginConnections>();
  const connectionsTo = (hostname: string, timeoutMs: number): OriginConnections => {
    const key = `${timeoutMs} ${hostname}`;
    const made =
      connections.get(key) ?? createOriginConnections({ clock, hostname, caPem: authority.caPem, timeoutMs });
    connections.set(key, made);
    return made;
  };
  const runner = createFunctionRunner();
  const means: Means = { ...options, runner, connectionsTo };
  const issue = issueOnDemand(authority);
  const server = await startHttpServer({
    world,
    component: 'fallback',
    server: 'fallback',
    tls: {
      ...issue({ names: [world.distribution.domain, '*.cloudfront.net'], daysValid: 30 }),
      certificateFor: (servername) => {
        const { certificate } = world.distribution;
        return certificate?.names.some((name) => covers(name, servername.toLowerCase()))
          ? issue(certificate)
          : undefined;
      },
    },
    now: () => clock.now(),
    speed: clock.speed,
    handle: async (request) => marked(await serve(request, means)),
    errorPage: (status) => marked(unsatisfied(status, 'CloudFront cannot serve the request at this moment.')),
  });
  return {
    port: server.port,
    close: async () => {
      for (const each of connections.values()) each.close();
      await server.close();
    },
  };
}

function covers(name: string, servername: string): boolean {
  return name === servername || (name.startsWith('*.') && servername.slice(servername.indexOf('.')) === name.slice(1));
}

async function serve(request: ServerRequest, means: Means): Promise<ServerAnswer> {
  const { distribution } = means.world;
  const host = hostOf(request);
  const isOwn = host === distribution.domain || distribution.aliases.includes(host);
  if (!distribution.enabled || !isOwn) {
    return unsatisfied(403, 'Bad request. We can’t connect to the server for this app or website at this time.');
  }
  if (request.path.length > longestUrl) return unsatisfied(413, 'The URL is longer than 8192 bytes.');
  const path = request.path.split('?')[0] ?? '/';
  const behavior = distribution.behaviors.find(({ pathPattern }) => matchesPattern(pathPattern, path));
  if (behavior === undefined || !behavior.allowedMethods.includes(request.method)) {
    return unsatisfied(
      403,
      'This distribution is not configured to allow the HTTP request method that was used for this request. The ' +
        'distribution supports only cachable requests.',
    );
  }
  if ((request.method === 'GET' || request.method === 'HEAD') && request.body !== '') {
    return unsatisfied(403, 'Bad request. A GET request must not have a body.');
  }
  const { webAcl } = distribution;
  if (webAcl !== null && Buffer.byteLength(request.body) > webAcl.maxBodyBytes) {
    return unsatisfied(403, 'Request blocked. We can’t connect to the server for this app or website at this time.');
  }
  const after = atViewerRequest(request, behavior, means);
  return 'status' in after ? after : toOrigin(after.request, { behavior, choice: after.choice }, means);
}

type AfterFunction = ServerAnswer | { request: ServerRequest; choice: OriginChoice | null };

function atViewerRequest(request: ServerRequest, behavior: SimulatedBehavior, { world, runner }: Means): AfterFunction {
  const association = behavior.functions.find(({ eventType }) => eventType === 'viewer-request');
  if (association === undefined) return { request, choice: null };
  const running = world.functions.find(({ name }) => name === association.name);
  if (running?.live == null) return functionFailed('FunctionExecutionError');
  if (running.utilization >= 100) return functionFailed('FunctionThrottledError');
  const outcome = runner(running.live.code, eventRequest(request), world.distribution);
  switch (outcome.kind) {
    case 'request': {
      const changed = changedRequest(request, outcome.request);
      return changed === undefined ? functionInvalid() : { request: changed, choice: outcome.origin };
    }
    case 'response': {
      const { statusCode: status, headers, body = '' } = outcome.response;
      const values = Object.entries(headers).map(([name, { value }]) => [name.toLowerCase(), value] as const);
      const cache = { 'x-cache': 'FunctionGeneratedResponse from cloudfront' };
      return { status, headers: { ...Object.fromEntries(values), ...cache }, body };
    }
    case 'invalid':
      return functionInvalid();
    default:
      return functionFailed('FunctionExecutionError');
  }
}

function functionFailed(cache: string): ServerAnswer {
  const reason =
    'The CloudFront function associated with the CloudFront distribution is invalid or could not run. We can’t connect ' +
    'to the server for this app or website at this time.';
  return unsatisfied(503, reason, cache);
}

function functionInvalid(): ServerAnswer {
  return unsatisfied(502, 'The CloudFront function returned an invalid value or changed a read-only header.');
}

async function toOrigin(
  request: ServerRequest,
  { behavior, choice }: { behavior: SimulatedBehavior; choice: OriginChoice | null },
  { world, backends, connectionsTo }: Means,
): Promise<ServerAnswer> {
  const origin = chosenOrigin(world.distribution, behavior, choice);
  const backend = [...world.pools.values()].find(({ domain }) => domain === origin?.domain)?.backend;
  if (origin === undefined || backend === undefined) {
    return unsatisfied(502, 'CloudFront wasn’t able to resolve the origin domain name.');
  }
  const onward = originRequest(request, forwardingOf(world, behavior), origin);
  // The origin's certificate must cover the Host that is forwarded; its own domain, where the viewer's is not.
  const forwarded = await connectionsTo(hostOf(onward), origin.readTimeoutMs).forward({
    request: onward,
    port: portOf(backends, backend),
    headers: { via: appended(request.headers.via, `1.1 ${edgeName()} (CloudFront)`), 'x-amz-cf-id': requestId() },
  });
  const answer = passOn(forwarded);
  return world.distribution.errorPages.includes(answer.status)
    ? { status: answer.status, headers: { 'content-type': 'text/html' }, body: '<h1>Something went wrong</h1>\n' }
    : answer;
}

function passOn(forwarded: Forwarded): ServerAnswer {
  switch (forwarded.kind) {
    case 'answered':
      return forwarded.answer;
    case 'timed-out':
      return unsatisfied(504, 'CloudFront attempted to establish a connection with the origin, but it did not answer.');
    case 'unreachable':
    case 'tls-failed':
    case 'closed':
      return unsatisfied(502, 'CloudFront wasn’t able to connect to the origin.');
  }
}

/** The headers that are on every answer through CloudFront. `Error from cloudfront` is on the origin's own errors too. */
function marked(answer: ServerAnswer): ServerAnswer {
  const { headers } = answer;
  return {
    ...answer,
    headers: {
      ...headers,
      via: appended(headers?.via, `1.1 ${edgeName()} (CloudFront)`),
      'x-cache': headers?.['x-cache'] ?? (answer.status >= 400 ? 'Error from cloudfront' : 'Miss from cloudfront'),
      'x-amz-cf-pop': pointOfPresence,
      'x-amz-cf-id': headers?.['x-amz-cf-id'] ?? requestId(),
    },
  };
}

function edgeName(): string {
  return `${randomBytes(16).toString('hex')}.cloudfront.net`;
}
