import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  type DecodedPacket,
  decode,
  encode,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import type { DnsRecord } from '../world/dns.ts';
import { encodeSvcb, parseSvcb } from '../world/svcb.ts';

/** The response codes the simulated servers give (RFC 1035, 6891). */
export type Rcode = keyof typeof rcodes;

const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;

/** A question that can be answered. */
export type DnsQuery = {
  id: number;
  name: string;
  /** Presentation name: `A`, `HTTPS`, …; `UNKNOWN_n` for types without one. */
  type: string;
  /** `IN`, or another class, which no server here knows. */
  class: string;
  recursionDesired: boolean;
  /** The client's EDNS buffer, in bytes; null without EDNS (then 512 over UDP). */
  bufferBytes: number | null;
};

/** A received message: a query, one that gets an error at once, or one that must not be answered at all. */
type ReceivedMessage =
  | { kind: 'query'; query: DnsQuery; message: Buffer }
  | { kind: 'answer-now'; response: Buffer }
  | { kind: 'drop' };

/** What a server replies to a query. */
export type DnsReply = {
  rcode: Rcode;
  authoritative: boolean;
  recursionAvailable: boolean;
  answers: readonly DnsRecord[];
  authorities: readonly DnsRecord[];
};

const headerBytes = 12;
const ownBufferBytes = 1232;
const httpsTypeNumber = 65;

/** Reads a message. Never throws: whatever arrives is a query, an error to answer, or nothing (RFC 1035, section 4). */
export function readMessage(message: Buffer): ReceivedMessage {
  // Answering a response, or something without an id, would let two servers talk to each other for ever.
  if (message.length < headerBytes || (message.readUInt16BE(2) & 0x8000) !== 0) return { kind: 'drop' };
  const opcode = (message.readUInt16BE(2) >> 11) & 0xf;
  if (opcode !== 0) return { kind: 'answer-now', response: bareResponse(message, rcodes.NOTIMP) };
  const packet = tryDecode(message);
  const question = packet?.questions?.[0];
  if (packet === undefined || question === undefined || packet.questions?.length !== 1) {
    return { kind: 'answer-now', response: bareResponse(message, rcodes.FORMERR) };
  }
  const edns = packet.additionals?.find((additional) => additional.type === 'OPT');
  const query: DnsQuery = {
    id: message.readUInt16BE(0),
    name: question.name,
    type: typeName(question.type),
    class: question.class ?? 'IN',
    recursionDesired: packet.flag_rd,
    bufferBytes: edns?.type === 'OPT' ? Math.max(512, edns.udpPayloadSize) : null,
  };
  if (edns?.type === 'OPT' && edns.ednsVersion !== 0) {
    const reply: DnsReply = { ...nothing, rcode: 'BADVERS' };
    return { kind: 'answer-now', response: writeReply({ query, message, reply, maxBytes: ownBufferBytes }) };
  }
  return { kind: 'query', query, message };
}

/** The longest answer that a datagram may carry: what the client takes, and never more than fits every path. */
export function datagramBytes(query: DnsQuery): number {
  return query.bufferBytes === null ? 512 : Math.min(query.bufferBytes, ownBufferBytes);
}

/** A reply with no records. */
export const nothing: DnsReply = {
  rcode: 'NOERROR',
  authoritative: false,
  recursionAvailable: false,
  answers: [],
  authorities: [],
};

/**
 * Writes the reply to a query: question echoed byte for byte, EDNS where the client spoke it, and TC=1 with no
 * records where it would be longer than `maxBytes` (RFC 2181, section 9). Records that cannot be encoded give SERVFAIL.
 */
export function writeReply(reply: { query: DnsQuery; message: Buffer; reply: DnsReply; maxBytes: number }): Buffer {
  const whole = tryEncode(reply, false) ?? tryEncode({ ...reply, reply: { ...nothing, rcode: 'SERVFAIL' } }, false);
  if (whole !== undefined && whole.length <= reply.maxBytes) return whole;
  const emptied = { ...reply, reply: { ...reply.reply, answers: [], authorities: [] } };
  return tryEncode(emptied, true) ?? bareResponse(reply.message, rcodes.SERVFAIL);
}

function tryEncode(
  { query, message, reply }: { query: DnsQuery; message: Buffer; reply: DnsReply },
  truncated: boolean,
): Buffer | undefined {
  const code = rcodes[reply.rcode];
  const flags =
    (reply.authoritative ? AUTHORITATIVE_ANSWER : 0) |
    (truncated ? TRUNCATED_RESPONSE : 0) |
    (query.recursionDesired ? RECURSION_DESIRED : 0) |
    (reply.recursionAvailable ? RECURSION_AVAILABLE : 0) |
    (code & 0xf);
  try {
    const rest = encode({
      type: 'response',
      id: query.id,
      flags,
      answers: reply.answers.map(wireRecord),
      authorities: reply.authorities.map(wireRecord),
      additionals: query.bufferBytes === null ? [] : [optRecord(code >> 4)],
    });
    // The question is spliced in as it came, so that no byte of a client's 0x20 spelling is lost.
    rest.writeUInt16BE(1, 4);
    return Buffer.concat([rest.subarray(0, headerBytes), questionBytes(message), rest.subarray(headerBytes)]);
  } catch {
    return undefined;
  }
}

/** Name, type and class of the first question, which has been decoded before and so is whole and not compressed. */
function questionBytes(message: Buffer): Buffer {
  let end = headerBytes;
  for (let length = message[end]; length !== undefined && length !== 0; length = message[end]) end += length + 1;
  return message.subarray(headerBytes, end + 5);
}

function wireRecord(record: DnsRecord): Answer {
  const { name, ttl, data } = record;
  switch (record.type) {
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'NS':
      return { type: record.type, name, ttl, data };
    case 'TXT':
      return { type: 'TXT', name, ttl, data: characterStrings(data) };
    case 'HINFO':
      return { type: 'HINFO', name, ttl, data: { cpu: data, os: '' } };
    case 'SOA': {
      const [mname = '', rname = '', ...numbers] = data.split(/\s+/);
      const [serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0] = numbers.map(Number);
      return { type: 'SOA', name, ttl, data: { mname, rname, serial, refresh, retry, expire, minimum } };
    }
    case 'MX': {
      const [preference = '', exchange = ''] = data.split(/\s+/);
      return { type: 'MX', name, ttl, data: { preference: Number(preference), exchange } };
    }
    case 'CAA': {
      const [flags = '', tag = '', ...value] = data.split(/\s+/);
      return {
        type: 'CAA',
        name,
        ttl,
        data: { ...caaTag(tag), flags: Number(flags), value: unquoted(value.join(' ')) },
      };
    }
    case 'DS': {
      const [keyTag = 0, algorithm = 0, digestType = 0] = data.split(/\s+/, 3).map(Number);
      const digest = Buffer.from(data.split(/\s+/).slice(3).join(''), 'hex');
      return { type: 'DS', name, ttl, data: { keyTag, algorithm, digestType, digest } };
    }
    case 'HTTPS':
      return { type: unlistedType(httpsTypeNumber), name, ttl, data: httpsBytes(data) };
    default:
      throw new TypeError(`no wire form for ${record.type} records`);
  }
}

function caaTag(tag: string): { tag: 'issue' | 'issuewild' | 'iodef' } {
  if (tag === 'issue' || tag === 'issuewild' || tag === 'iodef') return { tag };
  throw new RangeError(`not the tag of a CAA record: ${tag}`);
}

function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/, '$1');
}

function httpsBytes(text: string): Buffer {
  const parsed = parseSvcb(text);
  if (parsed === undefined) throw new RangeError(`not an HTTPS record: ${text}`);
  return encodeSvcb(parsed);
}

/** dns-packet writes `UNKNOWN_n` with raw data; its types only know the types it has names for, and NULL is raw too. */
function unlistedType(number: number): 'NULL' {
  const name: string = `UNKNOWN_${number}`;
  return name as 'NULL';
}

function typeName(type: string): string {
  return type === `UNKNOWN_${httpsTypeNumber}` ? 'HTTPS' : type;
}

/** A TXT value as strings of at most 255 bytes; quoted parts, as Cloudflare's API gives them, lose their quotes. */
function characterStrings(data: string): Buffer[] {
  const parts = data.startsWith('"') ? [...data.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((part) => part[1] ?? '') : [data];
  return parts.flatMap((part) => {
    const bytes = Buffer.from(part.replace(/\\(.)/g, '$1'));
    const count = Math.max(1, Math.ceil(bytes.length / 255));
    return Array.from({ length: count }, (_, index) => bytes.subarray(index * 255, (index + 1) * 255));
  });
}

function optRecord(extendedRcode: number): Answer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize: ownBufferBytes,
    extendedRcode,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

function bareResponse(message: Buffer, code: number): Buffer {
  const response = Buffer.alloc(headerBytes);
  message.copy(response, 0, 0, 2);
  response.writeUInt16BE(0x8000 | (message.readUInt16BE(2) & 0x7900) | code, 2);
  return response;
}

function tryDecode(message: Buffer): DecodedPacket | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}
