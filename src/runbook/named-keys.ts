import type { Json } from '../world/json.ts';
import { textsOf } from './find-secrets.ts';

/** The keys of a variable that some expression of the data may read; undefined where it may be any. */
export type NamedKeys = Readonly<Record<'env' | 'steps', ReadonlySet<string> | undefined>>;

/**
 * Looks for what is read of `env` and `steps`: so much of an environment and of the outputs is never asked about that
 * making types of it all takes longer than the checking. Whatever follows the variable but a dot and a name (`env[…]`,
 * the whole of it) may read anything.
 */
export function namedKeys(data: Json): NamedKeys {
  const named = { env: new Set<string>(), steps: new Set<string>() };
  const any = new Set<string>();
  for (const { text } of textsOf(data)) {
    for (const [, variable, key] of text.matchAll(/\b(env|steps)\b(?:\s*\.\s*([A-Za-z_][\w-]*))?/g)) {
      if (variable !== 'env' && variable !== 'steps') continue;
      if (key === undefined) any.add(variable);
      else named[variable].add(key);
    }
  }
  return {
    env: any.has('env') ? undefined : named.env,
    steps: any.has('steps') ? undefined : named.steps,
  };
}
