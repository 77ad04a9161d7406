import type { Json } from '../world/json.ts';

/** Objects become maps: whatever a key is called, it is only a key. Numbers stay as they are (CEL doubles). */
export function toCel(value: Json): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(toCel);
  return new Map(Object.entries(value).map(([key, inner]) => [key, toCel(inner)]));
}

/** How much more a result may hold; counted down while it is read. */
type Room = { characters: number; values: number };

/**
 * Plain JSON of what an expression gave, or undefined when it is not plain: a timestamp, bytes, a number out of range.
 * Throws a RangeError where it does not fit into `room`: what an expression makes of one list may share its parts, and
 * be far larger written out than it is in memory.
 */
export function toJson(value: unknown, room: Room): Json | undefined {
  room.values -= 1;
  if (typeof value === 'string') room.characters -= value.length;
  if (room.values < 0 || room.characters < 0) throw new RangeError('too large');
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : undefined;
  }
  if (Array.isArray(value)) return allOrNone(value.map((item) => toJson(item, room)));
  const entries = value instanceof Map ? [...value] : isPlainObject(value) ? Object.entries(value) : undefined;
  const values = entries && allOrNone(entries.map(([, inner]) => toJson(inner, room)));
  return values && entries && Object.fromEntries(values.map((inner, index) => [String(entries[index]?.[0]), inner]));
}

function allOrNone(values: readonly (Json | undefined)[]): Json[] | undefined {
  const defined = values.filter((value) => value !== undefined);
  return defined.length === values.length ? defined : undefined;
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
