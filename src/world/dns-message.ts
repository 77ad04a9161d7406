import { isIP } from 'node:net';
import type { Answer, DecodedPacket } from 'dns-packet';
import type { DnsQuestion, DnsRecord, RecordType } from './dns.ts';
import { decodeSvcb, formatSvcb } from './svcb.ts';

type Codec = typeof import('dns-packet');

/** Numbers of the record types (IANA DNS parameters); dns-packet has no name for HTTPS. */
const typeNumbers: Readonly<Record<RecordType, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  TXT: 16,
  AAAA: 28,
  DS: 43,
  HTTPS: 65,
  CAA: 257,
};

/** Largest UDP answer asked for: fits every path without fragments (DNS flag day 2020). */
const udpPayloadSize = 1_232;

/** More than any zone needs for a name or its servers: what is shown and journaled stays readable. */
const mostRecords = 512;

const headerBytes = 12;

/** What a datagram or a TCP message is, seen from one question. */
export type Reply =
  | {
      kind: 'answer';
      rcode: string;
      authoritative: boolean;
      truncated: boolean;
      answers: DnsRecord[];
      authorities: DnsRecord[];
      additionals: DnsRecord[];
    }
  /** Not for this question: another id, another name or type, or no response at all. */
  | { kind: 'other' }
  /** For this question by its id, but it cannot be read. */
  | { kind: 'malformed'; truncated: boolean; message: string };

/** Writes a query with EDNS. Undefined when the name has no wire form (a label over 63 bytes, a name over 253). */
export function encodeQuery(codec: Codec, id: number, question: DnsQuestion): Buffer | undefined {
  const labels = question.name.replace(/\.$/, '').split('.');
  const bytes = labels.reduce((sum, label) => sum + Buffer.byteLength(label) + 1, 0);
  if (bytes > 254 || labels.some((label) => label === '' || Buffer.byteLength(label) > 63)) return undefined;
  const query = codec.encode({
    type: 'query',
    id,
    flags: question.recursionDesired ? codec.RECURSION_DESIRED : 0,
    questions: [{ type: 'A', name: question.name }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  });
  // The codec writes an unknown type's name as type 0, so the type's number is put in its place after the name.
  query.writeUInt16BE(typeNumbers[question.type], headerBytes + bytes + 1);
  return query;
}

/** Reads what came back. Never throws. */
export function readReply(codec: Codec, message: Buffer, id: number, question: DnsQuestion): Reply {
  if (message.length < headerBytes || message.readUInt16BE(0) !== id || (message.readUInt8(2) & 0x80) === 0) {
    return { kind: 'other' };
  }
  const truncated = (message.readUInt8(2) & 0x02) !== 0;
  const count = [6, 8, 10].reduce((sum, at) => sum + message.readUInt16BE(at), 0);
  if (count > mostRecords) {
    return { kind: 'malformed', truncated, message: `it announces ${count} records; at most ${mostRecords} are read` };
  }
  try {
    const packet = codec.decode(message);
    if (codec.decode.bytes !== message.length) {
      return { kind: 'malformed', truncated, message: 'the message does not end where its records end' };
    }
    if (!asks(packet, question)) return { kind: 'other' };
    const records = (section: Answer[] | undefined) => (section ?? []).flatMap(toRecord);
    return {
      kind: 'answer',
      rcode: rcodeOf(packet, message),
      authoritative: packet.flag_aa,
      truncated,
      answers: records(packet.answers),
      authorities: records(packet.authorities),
      additionals: records(packet.additionals),
    };
  } catch (error) {
    return { kind: 'malformed', truncated, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Whether the response repeats the question. Servers that refuse a query may leave the question out (RFC 1035 4.1.1). */
function asks(packet: DecodedPacket, question: DnsQuestion): boolean {
  const [asked, more] = packet.questions ?? [];
  if (asked === undefined) return (packet.flags ?? 0) % 16 !== 0 && (packet.answers ?? []).length === 0;
  return (
    more === undefined &&
    asked.name.toLowerCase() === question.name.toLowerCase().replace(/\.$/, '') &&
    typeName(asked.type) === question.type &&
    asked.class === 'IN'
  );
}

/** The response code's name; EDNS holds its upper bits (RFC 6891 section 6.1.3). */
function rcodeOf(packet: DecodedPacket, message: Buffer): string {
  const extended = (packet.additionals ?? []).find((record) => record.type === 'OPT')?.extendedRcode ?? 0;
  const code = message.readUInt8(3) % 16;
  if (extended > 0) return `RCODE_${extended * 16 + code}`;
  return rcodeNames[code] ?? `RCODE_${code}`;
}

const rcodeNames = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
];

/** The codec's `UNKNOWN_n` as people and RFC 3597 write it. */
function typeName(type: string): string {
  const number = /^UNKNOWN_(\d+)$/.exec(type)?.[1];
  if (number === undefined) return type;
  return { 64: 'SVCB', 65: 'HTTPS' }[Number(number)] ?? `TYPE${number}`;
}

function toRecord(answer: Answer): DnsRecord[] {
  if (answer.type === 'OPT') return [];
  const name = answer.name.toLowerCase();
  return [{ name, type: typeName(answer.type), ttl: validTtl(answer.ttl ?? 0), data: dataText(answer) }];
}

/** A TTL with the highest bit set counts as zero (RFC 2181 section 8). */
function validTtl(ttl: number): number {
  return ttl > 0x7fffffff ? 0 : ttl;
}

function dataText(answer: Exclude<Answer, { type: 'OPT' }>): string {
  const { data } = answer;
  switch (answer.type) {
    case 'A':
    case 'AAAA':
      if (isIP(answer.data) === 0) throw new Error(`an ${answer.type} record without an address`);
      return answer.data;
    case 'CNAME':
    case 'NS':
    case 'DNAME':
    case 'PTR':
      return answer.data.toLowerCase();
    case 'SOA': {
      const { mname, rname, serial, refresh, retry, expire, minimum } = answer.data;
      return [mname, rname, serial, refresh, retry, expire, minimum].join(' ');
    }
    case 'TXT':
      return [answer.data]
        .flat()
        .map((part) => JSON.stringify(part.toString()))
        .join(' ');
    case 'CAA':
      return `${answer.data.flags ?? 0} ${answer.data.tag} ${JSON.stringify(answer.data.value)}`;
    case 'DS': {
      const { keyTag, algorithm, digestType, digest } = answer.data;
      return `${keyTag} ${algorithm} ${digestType} ${digest.toString('hex').toUpperCase()}`;
    }
    default:
      if (!Buffer.isBuffer(data)) return JSON.stringify(data);
      return svcbText(typeName(answer.type), data) ?? `\\# ${data.length} ${data.toString('hex')}`.trimEnd();
  }
}

/** A malformed record stays visible as bytes: it is a finding, and no reason to lose the rest of the answer. */
function svcbText(type: string, data: Buffer): string | undefined {
  if (type !== 'HTTPS' && type !== 'SVCB') return undefined;
  const svcb = decodeSvcb(data);
  return svcb === undefined ? undefined : formatSvcb(svcb);
}
