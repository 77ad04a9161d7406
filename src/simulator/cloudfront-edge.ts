import { randomBytes } from 'node:crypto';
import { appended, type EdgeOptions, hostOf } from './edge.ts';
import { createOriginConnections, type Forwarded, type OriginConnections, portOf } from './forward-to-backend.ts';
import { type RunningServer, type ServerAnswer, type ServerRequest, startHttpServer } from './http-server.ts';

/** CloudFront's default origin response timeout (CloudFront docs, quotas). */
const originTimeoutMs = 30_000;
const longestUrl = 8_192;
const pointOfPresence = 'IAD55-P3';
const allowedMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE']);

/**
 * Starts the simulated CloudFront edge, over TLS on a free port of 127.0.0.1, with one distribution: all methods, no
 * caching, all viewer headers forwarded, and a function that sends `POST /emails` to the Email API and the rest to the
 * Resend API. A Host that is no attached alias gets the 403 page, and so does a GET with a body (CloudFront docs,
 * custom origins). The certificate stays on the distribution whether the alias is attached or not.
 */
export async function startCloudFrontEdge(options: EdgeOptions): Promise<RunningServer> {
  const { world, clock, authority } = options;
  const connections = createOriginConnections({
    clock,
    hostname: world.hostname,
    caPem: authority.caPem,
    timeoutMs: originTimeoutMs,
  });
  const ownCertificate = authority.issue({ names: [world.distribution.domain, '*.cloudfront.net'] });
  const aliasCertificate = authority.issue({ names: [world.hostname] });
  const server = await startHttpServer({
    world,
    component: 'fallback',
    server: 'fallback',
    tls: {
      ...ownCertificate,
      certificateFor: (servername) => (servername.toLowerCase() === world.hostname ? aliasCertificate : undefined),
    },
    now: () => clock.now(),
    speed: clock.speed,
    handle: async (request) => marked(await serve(request, options, connections)),
    errorPage: (status) => marked(unsatisfied(status, 'CloudFront cannot serve the request at this moment.')),
  });
  return {
    port: server.port,
    close: async () => {
      connections.close();
      await server.close();
    },
  };
}

async function serve(
  request: ServerRequest,
  { world, backends }: EdgeOptions,
  connections: OriginConnections,
): Promise<ServerAnswer> {
  const host = hostOf(request);
  if (host !== world.distribution.domain && !world.distribution.aliases.includes(host)) {
    return unsatisfied(403, 'Bad request. We can’t connect to the server for this app or website at this time.');
  }
  if (!allowedMethods.has(request.method)) {
    return unsatisfied(403, 'This distribution is not configured to allow the HTTP request method.');
  }
  if ((request.method === 'GET' || request.method === 'HEAD') && request.body !== '') {
    return unsatisfied(403, 'Bad request. A GET request must not have a body.');
  }
  if (request.path.length > longestUrl) return unsatisfied(413, 'The URL is longer than 8192 bytes.');
  const isSending = request.method === 'POST' && request.path.split('?')[0] === '/emails';
  const forwarded = await connections.forward({
    request,
    port: portOf(backends, isSending ? 'email-api' : 'resend-api'),
    headers: {
      via: appended(request.headers.via, `1.1 ${edgeName()} (CloudFront)`),
      'x-amz-cf-id': requestId(),
      'x-forwarded-for': appended(request.headers['x-forwarded-for'], '127.0.0.1'),
      'x-forwarded-proto': undefined,
      'x-real-ip': undefined,
      'x-http-method-override': undefined,
      'proxy-authorization': undefined,
    },
  });
  return passOn(forwarded);
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
  return {
    ...answer,
    headers: {
      ...answer.headers,
      via: appended(answer.headers?.via, `1.1 ${edgeName()} (CloudFront)`),
      'x-cache': answer.status >= 400 ? 'Error from cloudfront' : 'Miss from cloudfront',
      'x-amz-cf-pop': pointOfPresence,
      'x-amz-cf-id': answer.headers?.['x-amz-cf-id'] ?? requestId(),
    },
  };
}

/** A page that CloudFront makes itself: `server: CloudFront` and its request id in the text. */
function unsatisfied(status: number, reason: string): ServerAnswer {
  const id = requestId();
  const body = [
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">',
    '<HTML><HEAD><META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=utf-8">',
    '<TITLE>ERROR: The request could not be satisfied</TITLE>',
    '</HEAD><BODY>',
    `<H1>${status} ERROR</H1>`,
    '<H2>The request could not be satisfied.</H2>',
    '<HR noshade size="1px">',
    reason,
    '<BR clear="all">',
    '<HR noshade size="1px">',
    '<PRE>',
    'Generated by cloudfront (CloudFront)',
    `Request ID: ${id}`,
    '</PRE>',
    '</BODY></HTML>',
    '',
  ].join('\n');
  return { status, headers: { server: 'CloudFront', 'content-type': 'text/html', 'x-amz-cf-id': id }, body };
}

function edgeName(): string {
  return `${randomBytes(16).toString('hex')}.cloudfront.net`;
}

function requestId(): string {
  return `${randomBytes(39).toString('base64url')}==`;
}
