import type { Json } from '../world/json.ts';
import { type JsonSchema, schemasAt, typesOf } from './json-schema.ts';
import type { Path } from './yaml-source.ts';

/** The data with a plausible value at each of the paths, so that the rest can be checked by the schema. */
export function fillHoles(data: Json, shape: JsonSchema, holes: readonly Path[]): Json {
  return holes.reduce((filled, path) => replaceAt(filled, path, sampleOf(schemasAt(shape, path))), data);
}

/** The data with another value at the path; unchanged where there is no such path. */
export function replaceAt(data: Json, path: Path, value: Json): Json {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (Array.isArray(data))
    return data.map((item: Json, index) => (index === first ? replaceAt(item, rest, value) : item));
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, inner]) => [key, key === first ? replaceAt(inner, rest, value) : inner]),
  );
}

function sampleOf(nodes: readonly JsonSchema[]): Json {
  const node = nodes[0] ?? {};
  const fixed = node.const ?? node.enum?.[0];
  if (typeof fixed === 'string' || typeof fixed === 'number' || typeof fixed === 'boolean') return fixed;
  switch (typesOf(node)?.[0]) {
    case 'number':
    case 'integer':
      return typeof node.minimum === 'number' ? node.minimum : 1;
    case 'boolean':
      return true;
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return textFor(node.pattern);
  }
}

/** A word or a duration: a value that does not fit keeps the schema from looking at its rules over several values. */
function textFor(pattern: string | undefined): Json {
  return pattern !== undefined && !new RegExp(pattern).test('x') && new RegExp(pattern).test('1s') ? '1s' : 'x';
}
