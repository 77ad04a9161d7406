import { createHash } from 'node:crypto';
import type { Json } from '../world/json.ts';

/** SHA-256 (hex) of what a plan would do. Confirmations and approvals are bound to it: another plan, another digest. */
export function planDigest(uses: string, input: Json, before: Json, after: Json): string {
  return createHash('sha256')
    .update(canonical([uses, input, before, after]))
    .digest('hex');
}

/** Whether two JSON values say the same, whatever the order of their keys. */
export function sameJson(a: Json, b: Json): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonical).join(',')}]`;
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`).join(',')}}`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
