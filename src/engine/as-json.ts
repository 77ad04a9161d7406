import type { Json } from '../world/json.ts';

/** An environment is plain JSON by its schema; this says so to the compiler, by going through text once. */
export function asJson(value: unknown): Json {
  const parsed: Json = JSON.parse(JSON.stringify(value ?? null));
  return parsed;
}
