import { canonicalJson } from './canonical-json.ts';
import type { Json } from './json.ts';

/** SHA-256 of a value in lower-case hex, the same whatever the order of its keys. `node:crypto` is loaded when it is asked for. */
export async function digestOf(value: Json): Promise<string> {
  const { createHash } = await import('node:crypto');
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
