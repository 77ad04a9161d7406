import { canonicalIpv6, chunks, escapeBytes, ipv4Bytes, ipv6Bytes, uint16, unescapeBytes } from './svcb-values.ts';

/**
 * The service parameters of an SVCB or HTTPS record (RFC 9460 section 7). Lists keep the record's order; `ech` is
 * base64; `others` are parameters without a name here, by number, with bytes outside plain ASCII as `\DDD`.
 */
export type SvcParams = {
  mandatory?: readonly string[];
  alpn?: readonly string[];
  'no-default-alpn'?: true;
  port?: number;
  ipv4hint?: readonly string[];
  ech?: string;
  ipv6hint?: readonly string[];
  others?: readonly { key: number; value: string }[];
};

/** The data of an HTTPS (type 65) or SVCB (type 64) record. `target` is `.` for the owner itself, else without trailing dot. */
type Svcb = { priority: number; target: string; params: SvcParams };

/** Parameter names by number (RFC 9460 section 14.3.2). */
const keyNames = ['mandatory', 'alpn', 'no-default-alpn', 'port', 'ipv4hint', 'ech', 'ipv6hint'] as const;

type Pair = { key: number; value: Buffer };

/** Writes a record's data in wire form, without compression, keys ascending. Throws RangeError for what has no wire form. */
export function encodeSvcb({ priority, target, params }: Svcb): Buffer {
  const pairs: Pair[] = [];
  if (params.mandatory !== undefined) {
    const keys = params.mandatory.map(keyNumber).sort((a, b) => a - b);
    pairs.push({ key: 0, value: Buffer.concat(keys.map(uint16)) });
  }
  if (params.alpn !== undefined) pairs.push({ key: 1, value: Buffer.concat(params.alpn.map(prefixed)) });
  if (params['no-default-alpn'] === true) pairs.push({ key: 2, value: Buffer.alloc(0) });
  if (params.port !== undefined) pairs.push({ key: 3, value: uint16(params.port) });
  if (params.ipv4hint !== undefined) pairs.push({ key: 4, value: Buffer.concat(params.ipv4hint.map(ipv4Bytes)) });
  if (params.ech !== undefined) pairs.push({ key: 5, value: Buffer.from(params.ech, 'base64') });
  if (params.ipv6hint !== undefined) pairs.push({ key: 6, value: Buffer.concat(params.ipv6hint.map(ipv6Bytes)) });
  for (const { key, value } of params.others ?? []) pairs.push({ key, value: unescapeBytes(value) });
  pairs.sort((a, b) => a.key - b.key);
  const encoded = pairs.flatMap(({ key, value }) => [uint16(key), uint16(value.length), value]);
  return Buffer.concat([uint16(priority), encodeName(target), ...encoded]);
}

/** Reads a record's data from wire form; undefined when it is malformed (RFC 9460 section 2.2). Never throws. */
export function decodeSvcb(data: Uint8Array): Svcb | undefined {
  const bytes = Buffer.from(data);
  if (bytes.length < 3) return undefined;
  const name = decodeName(bytes, 2);
  if (name === undefined) return undefined;
  const pairs = decodePairs(bytes, name.end);
  if (pairs === undefined) return undefined;
  const params: SvcParams = {};
  const others: { key: number; value: string }[] = [];
  for (const { key, value } of pairs) {
    if (key >= keyNames.length) others.push({ key, value: escapeBytes(value, /[\w.:/+=-]/) });
    else if (!decodeKnown(params, key, value)) return undefined;
  }
  if (others.length > 0) params.others = others;
  return { priority: bytes.readUInt16BE(0), target: name.target, params };
}

/** Presentation text as in zone files, e.g. `1 . alpn=h3,h2 ipv4hint=192.0.2.1`. */
export function formatSvcb({ priority, target, params }: Svcb): string {
  const named = keyNames.flatMap((name) => {
    const value = params[name];
    if (value === undefined) return [];
    if (value === true) return [name];
    return [`${name}=${typeof value === 'object' ? value.join(',') : value}`];
  });
  const others = (params.others ?? []).map(({ key, value }) => (value === '' ? `key${key}` : `key${key}=${value}`));
  return [priority, target, ...named, ...others].join(' ');
}

/** Reads presentation text, with or without quotes around values; undefined when it is not a valid record. Never throws. */
export function parseSvcb(text: string): Svcb | undefined {
  const [priority, target, ...fields] = text.trim().split(/\s+/);
  if (priority === undefined || target === undefined || !/^\d{1,5}$/.test(priority)) return undefined;
  const params: SvcParams = {};
  const others: { key: number; value: string }[] = [];
  for (const field of fields) {
    const [, name = '', quoted, plain] = /^([a-z0-9-]+)(?:="([^"]*)"|=([^"]*))?$/.exec(field) ?? [];
    const value = quoted ?? plain ?? '';
    if (name === 'no-default-alpn' && value === '') params[name] = true;
    else if (name === 'port' && /^\d{1,5}$/.test(value)) params.port = Number(value);
    else if (name === 'ech' && value !== '') params.ech = value;
    else if (name === 'mandatory' || name === 'alpn' || name === 'ipv4hint' || name === 'ipv6hint') {
      params[name] = value.split(',');
    } else if (/^key\d{1,5}$/.test(name)) others.push({ key: Number(name.slice(3)), value });
    else return undefined;
  }
  if (others.length > 0) params.others = others;
  try {
    // Through the wire form and back: one place decides what is valid, and text in any spelling becomes one.
    return decodeSvcb(encodeSvcb({ priority: Number(priority), target, params }));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function decodePairs(bytes: Buffer, start: number): Pair[] | undefined {
  const pairs: Pair[] = [];
  let offset = start;
  while (offset < bytes.length) {
    if (offset + 4 > bytes.length) return undefined;
    const key = bytes.readUInt16BE(offset);
    const end = offset + 4 + bytes.readUInt16BE(offset + 2);
    if (end > bytes.length || key <= (pairs.at(-1)?.key ?? -1)) return undefined;
    pairs.push({ key, value: bytes.subarray(offset + 4, end) });
    offset = end;
  }
  return pairs;
}

function decodeKnown(params: SvcParams, key: number, value: Buffer): boolean {
  switch (keyNames[key]) {
    case 'mandatory': {
      if (value.length === 0 || value.length % 2 !== 0) return false;
      const keys = chunks(value, 2).map((chunk) => chunk.readUInt16BE(0));
      params.mandatory = keys.map(keyName);
      return keys.every((each, i) => i === 0 || each > (keys[i - 1] ?? each));
    }
    case 'alpn': {
      const ids = decodeStrings(value);
      if (ids === undefined || ids.length === 0) return false;
      params.alpn = ids.map((id) => escapeBytes(id, /[\w.:/+=-]/));
      return true;
    }
    case 'no-default-alpn':
      params['no-default-alpn'] = true;
      return value.length === 0;
    case 'port':
      if (value.length !== 2) return false;
      params.port = value.readUInt16BE(0);
      return true;
    case 'ipv4hint':
      params.ipv4hint = chunks(value, 4).map((chunk) => chunk.join('.'));
      return value.length > 0 && value.length % 4 === 0;
    case 'ech':
      params.ech = value.toString('base64');
      return value.length > 0;
    case 'ipv6hint':
      if (value.length === 0 || value.length % 16 !== 0) return false;
      params.ipv6hint = chunks(value, 16).map((chunk) =>
        canonicalIpv6(
          chunks(chunk, 2)
            .map((group) => group.readUInt16BE(0).toString(16))
            .join(':'),
        ),
      );
      return true;
    default:
      return false;
  }
}

function decodeStrings(value: Buffer): Buffer[] | undefined {
  const strings: Buffer[] = [];
  let offset = 0;
  while (offset < value.length) {
    const length = value.readUInt8(offset);
    const end = offset + 1 + length;
    if (length === 0 || end > value.length) return undefined;
    strings.push(value.subarray(offset + 1, end));
    offset = end;
  }
  return strings;
}

function decodeName(bytes: Buffer, start: number): { target: string; end: number } | undefined {
  const labels: string[] = [];
  let offset = start;
  while (offset < bytes.length && offset - start < 255) {
    const length = bytes.readUInt8(offset);
    if (length === 0) return { target: labels.join('.') || '.', end: offset + 1 };
    const end = offset + 1 + length;
    if (length > 63 || end > bytes.length) return undefined;
    labels.push(escapeBytes(bytes.subarray(offset + 1, end), /[\w-]/));
    offset = end;
  }
  return undefined;
}

function encodeName(name: string): Buffer {
  const labels = name === '.' ? [] : name.replace(/\.$/, '').split('.').map(unescapeBytes);
  if (labels.some((label) => label.length === 0 || label.length > 63)) throw new RangeError(`not a DNS name: ${name}`);
  const encoded = Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)]);
  if (encoded.length > 255) throw new RangeError(`too long for a DNS name: ${name}`);
  return encoded;
}

function keyName(key: number): string {
  return keyNames[key] ?? `key${key}`;
}

function keyNumber(name: string): number {
  const named: readonly string[] = keyNames;
  if (named.includes(name)) return named.indexOf(name);
  if (!/^key\d{1,5}$/.test(name)) throw new RangeError(`not a service parameter: ${name}`);
  return Number(name.slice(3));
}

function prefixed(text: string): Buffer {
  const bytes = unescapeBytes(text);
  if (bytes.length === 0 || bytes.length > 255) throw new RangeError(`not a protocol id: ${text}`);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}
