import type { z } from 'zod';
import { type Problem, sortProblems } from './problem.ts';
import { parseBySchema, placeProblems } from './schema-problems.ts';
import { parseYaml, type YamlSource } from './yaml-source.ts';

/** A document that a schema accepted, and where its parts stand. */
type LoadedDocument<Value> = { value: Value; source: YamlSource };

/** Reads a YAML file's text by a schema: the parsed value with its positions, or all that is wrong with it. Never throws. */
export function loadDocument<Value>(
  file: string,
  text: string,
  schema: z.ZodType<Value>,
): LoadedDocument<Value> | { problems: Problem[] } {
  const parsed = parseYaml(file, text);
  if ('problems' in parsed) return { problems: sortProblems(parsed.problems) };
  const { source } = parsed;
  const result = parseBySchema(schema, source.data);
  if ('value' in result) return { value: result.value, source };
  return { problems: sortProblems(placeProblems(result.problems, source)) };
}
