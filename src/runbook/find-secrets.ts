import type { Json } from '../world/json.ts';
import type { Problem } from './problem.ts';
import { looksLikeSecret } from './secret-shapes.ts';
import type { Path, YamlSource } from './yaml-source.ts';

/** Credentials written into a file, which anyone with the repository could read. Their values are not repeated. */
export function findSecrets(source: YamlSource): Problem[] {
  return textsOf(source.data).flatMap(({ path, text }) =>
    looksLikeSecret(text)
      ? [
          {
            where: source.positionOf(path),
            what: 'the text looks like a real credential',
            remedy: 'take it out, revoke it, and name a process variable under secrets instead',
          },
        ]
      : [],
  );
}

/** Every text in the data, with its path. */
export function textsOf(data: Json, path: Path = []): { path: Path; text: string }[] {
  if (typeof data === 'string') return [{ path, text: data }];
  if (typeof data !== 'object' || data === null) return [];
  if (Array.isArray(data)) return data.flatMap((item: Json, index) => textsOf(item, [...path, index]));
  return Object.entries(data).flatMap(([key, value]) => textsOf(value, [...path, key]));
}
