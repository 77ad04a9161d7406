import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { unlessAborted } from './dial.ts';
import { sayHeaderLimit } from './header-limit.ts';
import type { ProbeRequest } from './probe.ts';

/** Room for a large answer's headers; more is an error of the answer (Node's own bound is 16 KiB, CloudFront's about 20). */
const maxHeaderBytes = 32 * 1024;

/** Framing and the name asked for are decided by the prober, whatever a suite says. */
const ownHeaders = new Set(['host', 'content-length', 'transfer-encoding', 'connection']);

/** The answer to one request. */
type Exchanged = { status: number; headers: Record<string, string>; body: string; bodyTruncated: boolean };

/**
 * Sends one HTTP/1.1 request over an open TLS socket and reads the answer, up to `maxBodyBytes` of its body.
 * `onResponse` is called when the answer's headers are in. Redirects are not followed. Rejects with Node's error (a
 * reset, a malformed answer, an invalid header) or the signal's reason. The caller destroys the socket.
 */
export async function exchange(
  socket: TLSSocket,
  request: ProbeRequest,
  options: { maxBodyBytes: number; signal: AbortSignal; onResponse: () => void },
): Promise<Exchanged> {
  const https = await import('node:https');
  const body = request.body === undefined ? undefined : Buffer.from(request.body, 'utf8');
  const headers: Record<string, string> = { host: request.hostname };
  for (const [name, value] of Object.entries(request.headers)) {
    if (!ownHeaders.has(name.toLowerCase())) headers[name] = value;
  }
  if (body !== undefined) headers['content-length'] = String(body.length);
  return unlessAborted(
    new Promise<Exchanged>((resolve, reject) => {
      const outgoing = https.request({
        createConnection: () => socket,
        method: request.method,
        path: request.path,
        headers,
        setHost: false,
        maxHeaderSize: maxHeaderBytes,
      });
      outgoing.on('error', (error) => reject(sayHeaderLimit(error, maxHeaderBytes)));
      outgoing.on('response', (incoming) => {
        options.onResponse();
        readBody(incoming, options.maxBodyBytes).then(
          ({ text, truncated }) =>
            resolve({
              status: incoming.statusCode ?? 0,
              headers: joinHeaders(incoming),
              body: text,
              bodyTruncated: truncated,
            }),
          reject,
        );
      });
      outgoing.end(body);
    }),
    options.signal,
  );
}

function readBody(incoming: IncomingMessage, maxBytes: number): Promise<{ text: string; truncated: boolean }> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (truncated: boolean) => {
      const bytes = Buffer.concat(chunks).subarray(0, maxBytes);
      // Streaming leaves out a character that the cut went through, instead of making it a replacement character.
      resolve({ text: new TextDecoder().decode(bytes, { stream: truncated }), truncated });
    };
    incoming.on('data', (chunk: Buffer) => {
      if (length > maxBytes) return;
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) finish(true);
    });
    incoming.on('end', () => finish(false));
    incoming.on('error', reject);
  });
}

function joinHeaders(incoming: IncomingMessage): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    if (values !== undefined) joined[name] = values.join(', ');
  }
  return joined;
}
