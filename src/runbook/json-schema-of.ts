import { z } from 'zod';
import type { JsonSchema } from './json-schema.ts';

const made = { input: new WeakMap<z.ZodType, JsonSchema>(), output: new WeakMap<z.ZodType, JsonSchema>() };

/** The JSON Schema of a zod schema: what may be written (`input`), or what parsing gives (`output`). Made once a schema. */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const known = made[io].get(schema);
  if (known !== undefined) return known;
  const fresh = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;
  made[io].set(schema, fresh);
  return fresh;
}
