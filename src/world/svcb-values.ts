/** Two bytes, highest first. Throws RangeError outside 0–65535. */
export function uint16(value: number): Buffer {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff) throw new RangeError(`not in 0–65535: ${value}`);
  return Buffer.of(value >> 8, value & 0xff);
}

/** The four bytes of an IPv4 address. Throws RangeError for anything else. */
export function ipv4Bytes(address: string): Buffer {
  const parts = address.split('.').map(Number);
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(address) || parts.some((part) => part > 255)) {
    throw new RangeError(`not an IPv4 address: ${address}`);
  }
  return Buffer.from(parts);
}

/** The sixteen bytes of an IPv6 address in any spelling. Throws RangeError for anything else. */
export function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = canonicalIpv6(address).split('::');
  const before = head.split(':').filter(Boolean);
  const after = (tail ?? '').split(':').filter(Boolean);
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return Buffer.concat([...before, ...zeros, ...after].map((group) => uint16(Number.parseInt(group, 16))));
}

/**
 * The one short spelling of an IPv6 address (RFC 5952, as the URL standard writes hosts: validator and serializer that
 * every runtime has). Throws RangeError for anything else.
 */
export function canonicalIpv6(address: string): string {
  const url = `http://[${address}]/`;
  if (!/^[0-9a-f:.]+$/i.test(address) || !URL.canParse(url)) throw new RangeError(`not an IPv6 address: ${address}`);
  return new URL(url).hostname.slice(1, -1);
}

/** Cuts bytes into pieces of `size`; the last one may be shorter. */
export function chunks(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

/** Text of bytes: characters that `keep` matches as they are, all others as `\DDD` (RFC 1035 section 5.1). */
export function escapeBytes(bytes: Uint8Array, keep: RegExp): string {
  return Array.from(bytes, (byte) => {
    const character = String.fromCharCode(byte);
    return keep.test(character) ? character : `\\${String(byte).padStart(3, '0')}`;
  }).join('');
}

/** Bytes of such text. Throws RangeError for an escape above 255. */
export function unescapeBytes(text: string): Buffer {
  const parts = text.match(/\\\d{3}|\\.|[^\\]|\\$/gsu) ?? [];
  return Buffer.concat(
    parts.map((part) => {
      if (/^\\\d{3}$/.test(part)) {
        const byte = Number(part.slice(1));
        if (byte > 255) throw new RangeError(`not a byte: ${part}`);
        return Buffer.of(byte);
      }
      return Buffer.from(part.startsWith('\\') ? part.slice(1) : part);
    }),
  );
}
