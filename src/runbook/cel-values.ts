import type { Json } from '../world/json.ts';

/** Objects become maps: whatever a key is called, it is only a key. Numbers stay as they are (CEL doubles). */
export function toCel(value: Json): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(toCel);
  return new Map(Object.entries(value).map(([key, inner]) => [key, toCel(inner)]));
}

/** Plain JSON of what an expression gave, or undefined when it is not plain: a timestamp, bytes, a number out of range. */
export function toJson(value: unknown): Json | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'bigint') {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : undefined;
  }
  if (Array.isArray(value)) return allOrNone(value.map(toJson));
  const entries = value instanceof Map ? [...value] : isPlainObject(value) ? Object.entries(value) : undefined;
  const values = entries && allOrNone(entries.map(([, inner]) => toJson(inner)));
  return values && entries && Object.fromEntries(values.map((inner, index) => [String(entries[index]?.[0]), inner]));
}

function allOrNone(values: readonly (Json | undefined)[]): Json[] | undefined {
  const defined = values.filter((value) => value !== undefined);
  return defined.length === values.length ? defined : undefined;
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
