/**
 * Whether bytes are exactly one JSON object (RFC 8259) without white space between its tokens, as the log writes it.
 * Makes no garbage: verifying a long log would otherwise spend its time and memory on values that nobody looks at.
 * Bytes from 0x80 are taken as they are within strings.
 */
export function isCompactObject(bytes: Buffer, start: number, end: number): boolean {
  return bytes[start] === openBrace && valueEnd(bytes, start, end, 0) === end;
}

const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Deeper nesting than any event has; bounds the recursion on hostile input. */
const deepest = 200;

/** Where the value that begins at `at` ends, or -1 where there is none. */
function valueEnd(bytes: Buffer, at: number, end: number, depth: number): number {
  if (at >= end || depth > deepest) return -1;
  switch (bytes[at]) {
    case quote:
      return stringEnd(bytes, at, end);
    case openBrace:
      return membersEnd(bytes, at, end, depth, closeBrace);
    case openBracket:
      return membersEnd(bytes, at, end, depth, closeBracket);
    case 0x74:
      return wordEnd(bytes, at, end, 'true');
    case 0x66:
      return wordEnd(bytes, at, end, 'false');
    case 0x6e:
      return wordEnd(bytes, at, end, 'null');
    default:
      return numberEnd(bytes, at, end);
  }
}

/** An object or an array, told apart by what closes it. */
function membersEnd(bytes: Buffer, start: number, end: number, depth: number, close: number): number {
  let at = start + 1;
  if (bytes[at] === close) return at < end ? at + 1 : -1;
  while (at < end) {
    if (close === closeBrace) {
      at = bytes[at] === quote ? stringEnd(bytes, at, end) : -1;
      if (at === -1 || bytes[at] !== colon) return -1;
      at += 1;
    }
    at = valueEnd(bytes, at, end, depth + 1);
    if (at === -1 || at >= end) return -1;
    if (bytes[at] === close) return at + 1;
    if (bytes[at] !== comma) return -1;
    at += 1;
  }
  return -1;
}

function stringEnd(bytes: Buffer, start: number, end: number): number {
  for (let at = start + 1; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) return at + 1;
    if (byte < 0x20) return -1;
    if (byte === backslash) {
      const length = escapeLength(bytes, at, end);
      if (length === 0) return -1;
      at += length - 1;
    }
  }
  return -1;
}

/** Two for `\n` and its like, six for `\u0000`, zero for what is no escape. */
function escapeLength(bytes: Buffer, at: number, end: number): number {
  const char = bytes[at + 1] ?? 0;
  if (char !== 0x75) return '"\\/bfnrt'.includes(String.fromCharCode(char)) && at + 1 < end ? 2 : 0;
  if (at + 6 > end) return 0;
  for (let digit = at + 2; digit < at + 6; digit += 1) if (!isHexDigit(bytes[digit] ?? 0)) return 0;
  return 6;
}

function wordEnd(bytes: Buffer, at: number, end: number, word: string): number {
  const after = at + word.length;
  return after <= end && bytes.toString('latin1', at, after) === word ? after : -1;
}

function numberEnd(bytes: Buffer, start: number, end: number): number {
  let at = bytes[start] === minus ? start + 1 : start;
  const whole = digitsEnd(bytes, at, end);
  // No number has a leading zero.
  if (whole === at || (bytes[at] === 0x30 && whole > at + 1)) return -1;
  at = whole;
  if (at < end && bytes[at] === 0x2e) {
    const fraction = digitsEnd(bytes, at + 1, end);
    if (fraction === at + 1) return -1;
    at = fraction;
  }
  if (at < end && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
    const sign = bytes[at + 1] === 0x2b || bytes[at + 1] === minus ? 1 : 0;
    const exponent = digitsEnd(bytes, at + 1 + sign, end);
    if (exponent === at + 1 + sign) return -1;
    at = exponent;
  }
  return at;
}

function digitsEnd(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(bytes[at] ?? 0)) at += 1;
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x61 && byte <= 0x66) || (byte >= 0x41 && byte <= 0x46);
}
