import { Agent, request as httpsRequest } from 'node:https';
import { OpsError } from '../errors.ts';
import type { Clock } from '../world/clock.ts';
import type { ServerAnswer, ServerRequest } from './http-server.ts';

/** What came of a request to an origin: its answer, or how the connection failed. */
export type Forwarded =
  | { kind: 'answered'; answer: ServerAnswer }
  | { kind: 'unreachable' | 'tls-failed' | 'closed' | 'timed-out' };

/** One request that an edge passes on. */
export type ForwardRequest = {
  request: ServerRequest;
  port: number;
  /** Replaces what the viewer sent: the names are in lower case, `undefined` removes a header. */
  headers: Readonly<Record<string, string | undefined>>;
};

/** The connections of an edge to its origins. */
export type OriginConnections = {
  forward(forward: ForwardRequest): Promise<Forwarded>;
  /** Cuts every connection. */
  close(): void;
};

/** What an edge's connections to its origins need. */
type OriginOptions = {
  clock: Clock;
  /** SNI and the name that the origin's certificate must cover. */
  hostname: string;
  /** The authority that the origins' certificates come from. */
  caPem: string;
  /** How long an answer may take, by the clock. */
  timeoutMs: number;
};

/** Hop-by-hop headers (RFC 9110, section 7.6.1), and what the server that answers makes itself. */
const notForwarded = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'expect',
]);

/** Makes an edge's connections to origins on 127.0.0.1: real TLS, fully verified, kept alive as an edge keeps them. */
export function createOriginConnections(options: OriginOptions): OriginConnections {
  const agent = new Agent({ keepAlive: true, ca: options.caPem, servername: options.hostname, maxFreeSockets: 16 });
  let isOpen = true;
  const forward = async (given: ForwardRequest): Promise<Forwarded> => {
    const first = await send(given, agent, options);
    // A kept connection may have been closed by the origin a moment ago; nothing was processed, so it is sent again.
    const last = first === 'stale' && isOpen ? await send(given, agent, options) : first;
    return last === 'stale' ? { kind: 'closed' } : last;
  };
  const close = () => {
    isOpen = false;
    agent.destroy();
  };
  return { forward, close };
}

async function send(given: ForwardRequest, agent: Agent, options: OriginOptions): Promise<Forwarded | 'stale'> {
  const { request, port } = given;
  const box = options.clock.timeBox(options.timeoutMs);
  try {
    return await new Promise<Forwarded | 'stale'>((resolve) => {
      const outgoing = httpsRequest(
        {
          host: '127.0.0.1',
          port,
          method: request.method,
          path: request.path,
          headers: forwardedHeaders(given),
          servername: options.hostname,
          agent,
          signal: box.signal,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', () => resolve({ kind: box.signal.aborted ? 'timed-out' : 'closed' }));
          response.on('end', () => {
            const headers = Object.fromEntries(
              Object.entries(response.headers).flatMap(([name, value]) =>
                value === undefined || notForwarded.has(name) ? [] : [[name, value]],
              ),
            );
            const body = Buffer.concat(chunks).toString('utf8');
            resolve({ kind: 'answered', answer: { status: response.statusCode ?? 502, headers, body } });
          });
        },
      );
      let connected = false;
      outgoing.on('socket', (socket) => {
        connected = outgoing.reusedSocket;
        if (connected) return;
        socket.once('secureConnect', () => {
          connected = true;
        });
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        if (box.signal.aborted) resolve({ kind: 'timed-out' });
        else resolve(outgoing.reusedSocket ? 'stale' : { kind: failureOf(error, connected) });
      });
      outgoing.end(request.body);
    });
  } finally {
    box.cancel();
  }
}

function forwardedHeaders({ request, headers }: ForwardRequest): Record<string, string | string[]> {
  const kept = Object.entries({ ...request.headers, ...headers }).flatMap(([name, value]) =>
    value === undefined || notForwarded.has(name) ? [] : [[name, value] as const],
  );
  const length = Buffer.byteLength(request.body);
  return { ...Object.fromEntries(kept), ...(length > 0 ? { 'content-length': String(length) } : {}) };
}

function failureOf(error: NodeJS.ErrnoException, connected: boolean): Exclude<Forwarded['kind'], 'answered'> {
  if (connected) return 'closed';
  return /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|EPROTO)/.test(error.code ?? '')
    ? 'tls-failed'
    : 'unreachable';
}

/** The port of a backend; throws `invalid` for a name that no backend has. */
export function portOf(backends: Readonly<Record<string, number>>, name: string): number {
  const port = backends[name];
  if (port !== undefined) return port;
  throw new OpsError('invalid', `the simulator has no backend named ${name}`, {
    hint: `its backends are ${Object.keys(backends).join(' and ')}`,
  });
}
