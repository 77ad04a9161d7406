import { hash as hashOf } from 'node:crypto';
import { escapeUnseen } from '../world/visible-text.ts';
import type { Actor, Entry } from './events.ts';
import type { MaskedEvent } from './mask-event.ts';

/** The `prev` of a log's first line. */
export const genesis = '0'.repeat(64);

/** The longest line that is written or read, in bytes: it bounds what verifying a log keeps in memory. */
export const longestLine = 1024 * 1024;

/** What the store stamps on an event. */
type Stamp = { seq: number; time: string; run: string; epoch: number; actor: Actor; prev: string; key?: string };

/**
 * The text of one entry, without its line break: one JSON object whose fields stand in the order of the format.
 * `hash` is the SHA-256 (hex) of the text's bytes before `,"hash":`.
 */
export function formatLine(stamp: Stamp, event: MaskedEvent): { line: string; hash: string } {
  const { type, ...own } = event;
  const { seq, time, run, epoch, actor, key, prev } = stamp;
  for (const field of Object.keys(own)) {
    if (reserved.has(field)) throw new Error(`${type} has a field of its own named ${field}`);
  }
  const body = toSafeJson({ seq, time, run, epoch, type, actor, ...own, ...(key === undefined ? {} : { key }), prev });
  const sealed = body.slice(0, -1);
  const hash = sha256(sealed);
  return { line: `${sealed},"hash":"${hash}"}`, hash };
}

const reserved = new Set(['seq', 'time', 'run', 'epoch', 'actor', 'key', 'prev', 'hash']);

function toSafeJson(value: object): string {
  return escapeUnseen(JSON.stringify(value));
}

/** SHA-256 in lower-case hex of text (as UTF-8) or bytes. */
export function sha256(data: string | Uint8Array): string {
  return hashOf('sha256', data, 'hex');
}

/** An entry as stored: `key` is there when it was appended with one. */
export type StoredEntry = Entry & { readonly key?: string };

/** The entry of a checked line. The chain vouches for its shape: it is what `formatLine` was given. */
export function parseEntry(line: string): StoredEntry {
  return JSON.parse(line);
}
