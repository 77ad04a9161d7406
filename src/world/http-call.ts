import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { unlessAborted } from './dial.ts';
import { sayHeaderLimit } from './header-limit.ts';

/** One HTTP/1.1 request. */
export type HttpCall = { method: string; url: URL; headers: Headers; body: string | undefined };

/** Room for an API's headers; said outright, because a process variable would change what is not said. */
const maxHeaderBytes = 32 * 1024;

/** Statuses whose answers have no body (Fetch standard, "null body status"). */
const bodiless = new Set([204, 205, 304]);

/** Framing, and who is asked, are decided here, whatever the caller says. */
const ownHeaders = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding', 'expect']);

/**
 * Sends one request over a connection that is open and verified, and reads the answer whole. Rejects with Node's error,
 * the signal's reason, or an error that says what was wrong with the answer. The caller destroys the socket.
 */
export async function sendCall(
  socket: Socket,
  call: HttpCall,
  { maxBodyBytes, signal }: { maxBodyBytes: number; signal: AbortSignal },
): Promise<Response> {
  const { request } = await import('node:http');
  if (socket.destroyed) throw new Error('the connection was closed before it was used');
  return unlessAborted(
    new Promise<Response>((resolve, reject) => {
      const outgoing = request({
        createConnection: () => socket,
        method: call.method,
        path: `${call.url.pathname}${call.url.search}`,
        headers: headersOf(call),
        setHost: false,
        maxHeaderSize: maxHeaderBytes,
      });
      outgoing.on('error', (error) => reject(sayHeaderLimit(error, maxHeaderBytes)));
      outgoing.on('response', (incoming) => {
        readBody(incoming, maxBodyBytes)
          .then((body) => responseOf(incoming, body))
          .then(resolve, reject);
      });
      outgoing.end(call.body);
    }),
    signal,
  );
}

function headersOf(call: HttpCall): Record<string, string> {
  const headers: Record<string, string> = { host: call.url.host, 'accept-encoding': 'identity', connection: 'close' };
  for (const [name, value] of call.headers) if (!ownHeaders.has(name)) headers[name] = value;
  if (call.body !== undefined) headers['content-length'] = String(Buffer.byteLength(call.body));
  return headers;
}

function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) {
        const announced = incoming.headers['content-length'];
        const size = announced === undefined ? `${length} had come and it went on` : `it announced ${announced}`;
        incoming.destroy(new Error(`the answer is longer than ${maxBytes} bytes, which is all that is read (${size})`));
      }
      if (length <= maxBytes) chunks.push(chunk);
    });
    incoming.on('end', () => resolve(new Uint8Array(Buffer.concat(chunks))));
    incoming.on('error', reject);
  });
}

function responseOf(incoming: IncomingMessage, body: Uint8Array<ArrayBuffer>): Response {
  const status = incoming.statusCode ?? 0;
  const encoding = incoming.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw new Error('the answer is compressed, unasked');
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  return new Response(bodiless.has(status) ? null : body, { status, headers });
}
