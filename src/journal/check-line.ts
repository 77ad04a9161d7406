import { sha256 } from './chain.ts';

/** A line that belongs at its place, or what is wrong with it. */
type Checked = { ok: true; hash: string } | { ok: false; what: string };

/**
 * Checks the bytes of one line (without its line break) by slicing: the opening fields in their order, the sequence
 * number, the link to the line before, the hash at its one place and over the line's exact bytes. Does not look at
 * the event in between, and makes next to no garbage: a million lines are checked in flat memory.
 */
export function checkLine(bytes: Buffer, start: number, end: number, seq: number, prev: string): Checked {
  const hashAt = end - hashTail;
  const prevAt = hashAt - prevTail;
  if (end === start) return { ok: false, what: 'an empty line' };
  if (prevAt <= start) return { ok: false, what: 'not an entry: too short to hold prev and hash' };
  const seqEnd = digitsEnd(bytes, literalEnd(bytes, start, beforeSeq), end);
  if (!isOpening(bytes, seqEnd, end)) {
    return { ok: false, what: 'not an entry: it does not begin with seq, time, run, epoch, type, actor' };
  }
  if (!isSealed(bytes, hashAt, beforeHash) || literalEnd(bytes, end - 2, lineClose) === -1) {
    return { ok: false, what: 'it does not end with its hash' };
  }
  if (!isSealed(bytes, prevAt, beforePrev) || bytes[hashAt - 1] !== quote) {
    return { ok: false, what: 'prev does not stand before its hash' };
  }
  const found = numberAt(bytes, start + beforeSeq.length, seqEnd);
  if (found !== seq) return { ok: false, what: `seq is ${found} where ${seq} belongs` };
  const hash = sha256(bytes.subarray(start, hashAt));
  if (!holds(bytes, hashAt + beforeHash.length, end - 2, hash)) {
    return { ok: false, what: 'its hash is not the hash of its bytes: the line was changed' };
  }
  if (!holds(bytes, prevAt + beforePrev.length, hashAt - 1, prev)) {
    return { ok: false, what: 'prev is not the hash of the line before: a line was changed, removed, added or moved' };
  }
  return { ok: true, hash };
}

/** What a line's opening says, before anything is parsed. */
export type Opening = { run: string; type: string };

/** Reads the opening of a line that was checked. */
export function readOpening(bytes: Buffer, start: number, end: number): Opening {
  const text = bytes.toString('latin1', start, Math.min(end, start + 320));
  const [, run = '', type = ''] = /^[^,]*,[^,]*,"run":"([^"]*)","epoch":\d+,"type":"([^"]*)"/.exec(text) ?? [];
  return { run, type };
}

/**
 * Whether bytes at the end of the log are the beginning of a write that a crash cut short, rather than something that
 * never was an entry: the opening of entry `seq` as far as it goes, or zeros where the file grew before its data came.
 */
export function looksTorn(bytes: Buffer, seq: number): boolean {
  const expected = Buffer.from(`{"seq":${seq},"time":"`, 'latin1');
  return bytes.subarray(0, expected.length).every((byte, at) => byte === expected[at] || byte === 0);
}

const quote = 0x22;
const lineClose = Buffer.from('"}');
const beforeSeq = Buffer.from('{"seq":');
const beforeTime = Buffer.from(',"time":"');
const beforeRun = Buffer.from('","run":"');
const beforeEpoch = Buffer.from('","epoch":');
const beforeType = Buffer.from(',"type":"');
const beforeActor = Buffer.from('","actor":{');
const beforePrev = Buffer.from(',"prev":"');
const beforeHash = Buffer.from(',"hash":"');

/** Length of `,"hash":"<64>"}`, which ends every line. */
const hashTail = 75;
/** Length of `,"prev":"<64>"`, which stands before it. */
const prevTail = 74;
/** Length of a time in UTC with milliseconds. */
const timeLength = 24;

/** From `,"time":"` to the beginning of the actor. Every function here passes on -1 for what does not match. */
function isOpening(bytes: Buffer, seqEnd: number, end: number): boolean {
  const timeAt = literalEnd(bytes, seqEnd, beforeTime);
  const runAt = literalEnd(bytes, timeAt === -1 ? -1 : timeAt + timeLength, beforeRun);
  const epochAt = literalEnd(bytes, nameEnd(bytes, runAt, end, 128), beforeEpoch);
  const typeAt = literalEnd(bytes, digitsEnd(bytes, epochAt, end), beforeType);
  return literalEnd(bytes, nameEnd(bytes, typeAt, end, 64), beforeActor) !== -1;
}

function literalEnd(bytes: Buffer, at: number, literal: Buffer): number {
  if (at === -1) return -1;
  for (let index = 0; index < literal.length; index += 1) if (bytes[at + index] !== literal[index]) return -1;
  return at + literal.length;
}

function digitsEnd(bytes: Buffer, start: number, end: number): number {
  if (start === -1) return -1;
  let at = start;
  while (at < end && at - start < 16 && isDigit(bytes[at] ?? 0)) at += 1;
  return at === start || (bytes[start] === 0x30 && at > start + 1) ? -1 : at;
}

function numberAt(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at += 1) value = value * 10 + ((bytes[at] ?? 0) - 0x30);
  return value;
}

/** A run's id or an event's type: letters, digits, dot, dash, underscore. */
function nameEnd(bytes: Buffer, start: number, end: number, longest: number): number {
  if (start === -1) return -1;
  let at = start;
  while (at < end && at - start < longest && isNameByte(bytes[at] ?? 0)) at += 1;
  return at === start ? -1 : at;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isNameByte(byte: number): boolean {
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || isDigit(byte) || byte === 0x2d || byte === 0x2e || byte === 0x5f;
}

/** A field name and the 64 lower-case hexadecimal digits after it. */
function isSealed(bytes: Buffer, at: number, name: Buffer): boolean {
  const from = literalEnd(bytes, at, name);
  if (from === -1) return false;
  for (let digit = from; digit < from + 64; digit += 1) {
    const byte = bytes[digit] ?? 0;
    if (!isDigit(byte) && !(byte >= 0x61 && byte <= 0x66)) return false;
  }
  return true;
}

function holds(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index += 1)
    if (bytes[start + index] !== text.charCodeAt(index)) return false;
  return true;
}
