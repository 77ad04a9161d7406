import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { answerUnderFaults, breakOff } from './answer-under-faults.ts';
import { faultFor } from './faults.ts';
import type { HttpServerOptions, ServerAnswer, ServerRequest } from './http-server-options.ts';
import { listenOnLoopback, type RunningServer } from './listen-on-loopback.ts';
import { logRequest } from './request-log.ts';

const largestBody = 32 * 1024 * 1024;

export type { ServerAnswer, ServerRequest, TlsIdentity } from './http-server-options.ts';
export type { RunningServer } from './listen-on-loopback.ts';

/**
 * Starts an http or https server on a free port of 127.0.0.1, logs each request, and applies the component's faults
 * before and around `handle`: refused connections, silence, error pages, and for writes every way of losing an answer.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<RunningServer> {
  const onRequest = (message: IncomingMessage, response: ServerResponse) => {
    // A client that hangs up is no trouble of the server; without a listener Node would raise it.
    message.on('error', () => response.destroy());
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= largestBody) chunks.push(chunk);
    });
    message.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      void answerRequest(options, { message, response, body, tooLarge: size > largestBody });
    });
  };
  const server = options.tls ? createHttpsServer(secure(options.tls), onRequest) : createHttpServer(onRequest);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    if (faultFor(options.world, options.component, options.now(), options.region)?.kind === 'refuse') socket.destroy();
  });
  server.on('tlsClientError', (_error: Error, socket: TLSSocket) => socket.destroy());
  return listenOnLoopback(server, sockets);
}

function secure(tls: NonNullable<HttpServerOptions['tls']>) {
  const contexts = new Map<string, ReturnType<typeof createSecureContext>>();
  return {
    key: tls.keyPem,
    cert: tls.certPem,
    SNICallback: (
      servername: string,
      done: (error: Error | null, context?: ReturnType<typeof createSecureContext>) => void,
    ) => {
      const identity = tls.certificateFor?.(servername) ?? tls;
      const context =
        contexts.get(identity.certPem) ?? createSecureContext({ key: identity.keyPem, cert: identity.certPem });
      contexts.set(identity.certPem, context);
      done(null, context);
    },
  };
}

type Exchange = { message: IncomingMessage; response: ServerResponse; body: string; tooLarge: boolean };

async function answerRequest(options: HttpServerOptions, exchange: Exchange): Promise<void> {
  const { message, response } = exchange;
  const servername = message.socket instanceof TLSSocket ? message.socket.servername : undefined;
  const request: ServerRequest = {
    method: message.method ?? 'GET',
    path: message.url ?? '/',
    headers: message.headers,
    body: exchange.body,
    // Node gives `false` for a handshake without a name, and its types give a string or undefined.
    servername: typeof servername === 'string' && servername !== '' ? servername : undefined,
  };
  const write = options.writes?.isWrite(request) ?? false;
  const { method, path, body } = request;
  const at = new Date(options.now()).toISOString();
  const entry = logRequest(options.world, { at, server: options.server, method, path, body, write });
  const answer = exchange.tooLarge
    ? { status: 413, ...options.errorPage(413, request) }
    : await answerUnderFaults(options, request, write).catch(bugAnswer);
  if (answer === 'refuse') {
    response.destroy();
    return;
  }
  if (answer === 'silence') return;
  if ('breaksOff' in answer) {
    breakOff(response, answer);
    return;
  }
  try {
    sendAnswer(response, method, answer);
  } catch (error) {
    // A header that cannot be sent is a bug of the simulator; it must show, and must not end the process.
    sendAnswer(response, method, bugAnswer(error));
  }
  entry.status = response.statusCode;
}

function sendAnswer(response: ServerResponse, method: string, answer: ServerAnswer): void {
  if (response.destroyed) {
    response.statusCode = answer.status;
    return;
  }
  const text =
    answer.encoding === 'utf-16be'
      ? Buffer.from(`\ufeff${answer.body ?? ''}`, 'utf16le').swap16()
      : Buffer.from(answer.body ?? '', 'utf8');
  const bodyless = answer.status === 204 || answer.status === 304;
  response.writeHead(answer.status, { ...answer.headers, ...(bodyless ? {} : { 'content-length': text.length }) });
  response.end(bodyless || method === 'HEAD' ? undefined : text);
}

function bugAnswer(error: unknown): ServerAnswer {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { status: 500, headers: { 'content-type': 'text/plain', 'x-simulator-bug': 'yes' }, body: `${text}\n` };
}
