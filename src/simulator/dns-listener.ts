import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { type DnsQuery, type DnsReply, datagramBytes, nothing, readMessage, writeReply } from './dns-wire.ts';

/** Answers one query; `hang` sends nothing, ever. */
type DnsResponder = (query: DnsQuery) => DnsReply | 'hang' | Promise<DnsReply | 'hang'>;

/** A running DNS server on `127.0.0.1:port`, UDP and TCP. `close` ends it at once, with every connection. */
export type DnsListener = { address: '127.0.0.1'; port: number; close(): Promise<void> };

const address = '127.0.0.1';
const bindAttempts = 20;
const idleMs = 10_000;
const longestTcpMessage = 65_535;

/**
 * Listens for DNS over UDP and TCP on one free port of 127.0.0.1. Over UDP, answers that do not fit the client's
 * buffer (512 bytes without EDNS, at most 1232 with it) are truncated. Whatever is malformed gets FORMERR, or no answer
 * where it has no id.
 */
export async function startDnsListener(respond: DnsResponder): Promise<DnsListener> {
  const connections = new Set<Socket>();
  let isOpen = true;
  const answer = async (message: Buffer, overTcp: boolean): Promise<Buffer | undefined> => {
    const received = readMessage(message);
    if (received.kind !== 'query') return received.kind === 'drop' ? undefined : received.response;
    const reply = await replyTo(received.query, respond);
    if (reply === 'hang') return undefined;
    const maxBytes = overTcp ? longestTcpMessage : datagramBytes(received.query);
    return writeReply({ query: received.query, message, reply, maxBytes });
  };
  const { tcp, udp, port } = await bindBoth((socket) => serveTcp(socket, connections, answer));
  udp.on('message', (message, client) => {
    void answer(message, false).then((response) => {
      if (response !== undefined && isOpen) udp.send(response, client.port, client.address);
    });
  });
  // A client that is gone before its answer arrives shows here as an error; there is nobody left to tell.
  udp.on('error', () => undefined);

  return {
    address,
    port,
    close: async () => {
      if (!isOpen) return;
      isOpen = false;
      for (const connection of connections) connection.destroy();
      await Promise.all([
        new Promise<void>((resolve) => udp.close(() => resolve())),
        new Promise<void>((resolve) => tcp.close(() => resolve())),
      ]);
    },
  };
}

async function replyTo(query: DnsQuery, respond: DnsResponder): Promise<DnsReply | 'hang'> {
  try {
    return await respond(query);
  } catch {
    // As a real server does when something inside it breaks: the client hears of it, the server goes on.
    return { ...nothing, rcode: 'SERVFAIL' };
  }
}

function serveTcp(
  socket: Socket,
  connections: Set<Socket>,
  answer: (message: Buffer, overTcp: boolean) => Promise<Buffer | undefined>,
): void {
  connections.add(socket);
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on('close', () => connections.delete(socket));
  socket.on('error', () => socket.destroy());
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      const message = Buffer.from(received.subarray(2, end));
      received = received.subarray(end);
      void answer(message, true).then((response) => {
        if (response === undefined || socket.destroyed) return;
        const length = Buffer.alloc(2);
        length.writeUInt16BE(response.length);
        socket.write(Buffer.concat([length, response]));
      });
    }
  });
}

/** The system chooses the TCP port; where the UDP port of that number is taken, another pair is tried. */
async function bindBoth(
  onConnection: (socket: Socket) => void,
): Promise<{ tcp: Server; udp: UdpSocket; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const tcp = createServer(onConnection);
    await new Promise<void>((resolve, reject) => {
      tcp.once('error', reject);
      tcp.listen(0, address, resolve);
    });
    const bound = tcp.address();
    if (bound === null || typeof bound === 'string') throw new TypeError('a TCP server has an address with a port');
    const udp = createSocket('udp4');
    try {
      await new Promise<void>((resolve, reject) => {
        udp.once('error', reject);
        udp.bind(bound.port, address, resolve);
      });
      return { tcp, udp, port: bound.port };
    } catch (error) {
      udp.close();
      await new Promise<void>((resolve) => tcp.close(() => resolve()));
      if (attempt === bindAttempts) throw error;
    }
  }
}
