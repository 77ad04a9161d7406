import { createSocket, type Socket } from 'node:dgram';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import { type DecodedPacket, decode } from 'dns-packet';

/** A record to answer with; data is an address, a name, `mname rname n n n n n` for SOA, or raw bytes. */
export type TestRecord = { name: string; type: keyof typeof typeNumbers; ttl: number; data: string | Buffer };

/** A response by its parts; `flags` holds AA, TC and the response code beside QR. */
type TestResponse = {
  flags?: number;
  answers?: readonly TestRecord[];
  authorities?: readonly TestRecord[];
};

/** Bits of the header's flags. */
export const flagBits = { AA: 0x0400, TC: 0x0200, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

const typeNumbers = { A: 1, NS: 2, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28, SRV: 33, DS: 43, HTTPS: 65, CAA: 257 } as const;

/** What a server was asked. */
export type Asked = {
  name: string;
  type: string;
  recursionDesired: boolean;
  over: 'udp' | 'tcp';
  id: number;
  packet: DecodedPacket;
  bytes: Buffer;
};

/** A DNS server for tests, on one port of 127.0.0.1 over UDP and TCP. */
export type TestDnsServer = { port: number; asked: Asked[]; stop(): Promise<void> };

/**
 * Starts a server that sends what `respond` returns: nothing, or messages in order. Over TCP each message is framed
 * and written in the given pieces (`chunkBytes`), no more than `mostTcpBytes` in all, while the connection stays open.
 */
export async function startDnsServer(
  respond: (asked: Asked) => readonly Buffer[],
  { chunkBytes = 65_536, mostTcpBytes = Number.POSITIVE_INFINITY, host = '127.0.0.1' } = {},
): Promise<TestDnsServer> {
  const asked: Asked[] = [];
  const connections = new Set<TcpSocket>();
  const take = (bytes: Buffer, over: Asked['over']) => {
    const packet = decode(bytes);
    const question = packet.questions?.[0];
    const type = question?.type.replace('UNKNOWN_65', 'HTTPS') ?? '';
    const one = {
      name: question?.name ?? '',
      type,
      recursionDesired: packet.flag_rd,
      over,
      id: packet.id ?? 0,
      packet,
      bytes,
    };
    asked.push(one);
    return respond(one);
  };
  const tcp = createServer((socket) => {
    connections.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      const messages = take(data.subarray(2), 'tcp');
      const framed = Buffer.concat(messages.flatMap((each) => [uint16(each.length), each]));
      for (let at = 0; at < Math.min(framed.length, mostTcpBytes); at += chunkBytes)
        socket.write(framed.subarray(at, at + chunkBytes));
      if (messages.length === 0) socket.end();
    });
  });
  const { udp, port } = await listenOnOnePort(tcp, host);
  udp.on('message', (bytes, from) => {
    for (const message of take(bytes, 'udp')) udp.send(message, from.port, from.address);
  });
  let stopped = false;
  return {
    port,
    asked,
    async stop() {
      if (stopped) return;
      stopped = true;
      for (const socket of connections) socket.destroy();
      await Promise.all([
        new Promise((resolve) => tcp.close(resolve)),
        new Promise<void>((resolve) => udp.close(() => resolve())),
      ]);
    },
  };
}

/** The system picks a port for UDP; the same one may be taken for TCP, then another is tried. */
async function listenOnOnePort(tcp: Server, host: string): Promise<{ udp: Socket; port: number }> {
  for (;;) {
    const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((resolve, reject) => udp.once('error', reject).bind(0, host, resolve));
    const { port } = udp.address();
    const free = await new Promise<boolean>((resolve) => {
      tcp.once('error', () => resolve(false));
      tcp.listen(port, host, () => resolve(true));
    });
    if (free) return { udp, port };
    udp.close();
  }
}

/** The bytes of a response to a query: its id and question, and the given parts. Written without a DNS library. */
export function response(to: Asked, { flags = 0, answers = [], authorities = [] }: TestResponse): Buffer {
  const questionEnd = endOfName(to.bytes, 12) + 4;
  return Buffer.concat([
    uint16(to.id),
    uint16(0x8000 | flags),
    ...[1, answers.length, authorities.length, 0].map(uint16),
    to.bytes.subarray(12, questionEnd),
    ...[...answers, ...authorities].map(recordBytes),
  ]);
}

function recordBytes({ name, type, ttl, data }: TestRecord): Buffer {
  const rdata = Buffer.isBuffer(data) ? data : dataBytes(type, data);
  const fixed = Buffer.alloc(8);
  fixed.writeUInt16BE(typeNumbers[type], 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  return Buffer.concat([nameBytes(name), fixed, uint16(rdata.length), rdata]);
}

function dataBytes(type: TestRecord['type'], data: string): Buffer {
  switch (type) {
    case 'A':
      return Buffer.from(data.split('.').map(Number));
    case 'AAAA': {
      const [head = '', tail = ''] = data.split('::');
      const groups = (text: string) => text.split(':').filter(Boolean);
      const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill('0');
      const all = data.includes('::') ? [...groups(head), ...zeros, ...groups(tail)] : groups(data);
      return Buffer.concat(all.map((group) => uint16(Number.parseInt(group, 16))));
    }
    case 'SOA': {
      const [mname = '', rname = '', ...numbers] = data.split(' ');
      const fixed = Buffer.alloc(20);
      numbers.forEach((number, i) => {
        fixed.writeUInt32BE(Number(number), i * 4);
      });
      return Buffer.concat([nameBytes(mname), nameBytes(rname), fixed]);
    }
    case 'NS':
    case 'CNAME':
      return nameBytes(data);
    default:
      throw new Error(`give raw bytes for ${type}`);
  }
}

function nameBytes(name: string): Buffer {
  const labels = name
    .split('.')
    .filter(Boolean)
    .map((label) => Buffer.from(label));
  return Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)]);
}

function endOfName(bytes: Buffer, start: number): number {
  let at = start;
  while (bytes.readUInt8(at) !== 0) at += bytes.readUInt8(at) + 1;
  return at + 1;
}

function uint16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}
