import type { Material } from '../engine/options.ts';
import { OpsError } from '../errors.ts';
import { parseYaml, type Path, type YamlSource } from '../runbook/yaml-source.ts';
import { isPlaceholder } from '../world/environment.ts';
import type { Json } from '../world/json.ts';
import type { World } from '../world/world.ts';
import { shorten } from './problems.ts';

/** A value of an environment that nobody has filled in: where, and its key. */
export type Placeholder = { file: string; line: number; column: number; key: string; value: string };

/** Every placeholder of an environment's file, in its order. */
export function findPlaceholders(file: string, text: string): Placeholder[] {
  const parsed = parseYaml(file, text);
  return 'problems' in parsed ? [] : [...search(parsed.source, parsed.source.data, [])];
}

function* search(source: YamlSource, value: Json, path: Path): Generator<Placeholder> {
  if (typeof value === 'string' && isPlaceholder(value)) {
    yield { ...source.positionOf(path), key: path.join('.'), value };
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* search(source, item, [...path, index]);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) yield* search(source, item, [...path, key]);
  }
}

/** Throws `invalid` where a run would use an environment that is not filled in yet. */
export function assertNoPlaceholders(world: World, { documents }: Material): void {
  const environment = documents.find(({ kind }) => kind === 'environment');
  if (environment === undefined) return;
  const found = findPlaceholders(environment.file, environment.text);
  if (found.length === 0) return;
  const lines = found.map((place) => `${shorten(world, place.file)}:${place.line}:${place.column}: ${place.key}: ${place.value}`);
  throw new OpsError('invalid', ['the environment still has placeholders:', ...lines].join('\n'), {
    hint: 'fill them in; `resend-ops rehearse` needs none of them',
  });
}
