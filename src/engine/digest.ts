import { createHash } from 'node:crypto';
import { canonicalJson } from '../world/canonical-json.ts';
import type { Json } from '../world/json.ts';

/** SHA-256 (hex) of what a plan would do. Confirmations and approvals are bound to it: another plan, another digest. */
export function planDigest(uses: string, input: Json, before: Json, after: Json): string {
  return createHash('sha256')
    .update(canonicalJson([uses, input, before, after]))
    .digest('hex');
}

/** Whether two JSON values say the same, whatever the order of their keys. */
export function sameJson(a: Json, b: Json): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
