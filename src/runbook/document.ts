import type { z } from 'zod';
import { type Problem, sortProblems } from './problem.ts';
import { placeProblems } from './schema-problem.ts';
import { parseBySchema } from './schema-problems.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

/** A document that a schema accepted, and where its parts stand. */
type LoadedDocument<Value> = { value: Value; source: YamlSource };

/** Reads a YAML file's text by a schema: the parsed value with its positions, or all that is wrong with it. Never throws. */
export function loadDocument<Value>(
  file: string,
  text: string,
  schema: z.ZodType<Value>,
): LoadedDocument<Value> | { problems: Problem[] } {
  const { source, problems } = readYaml(file, text);
  if (source === undefined) return { problems: sortProblems(problems) };
  const result = parseBySchema(schema, source.data);
  if ('problems' in result) problems.push(...placeProblems(result.problems, source));
  if (problems.length > 0 || 'problems' in result) return { problems: sortProblems(problems) };
  return { value: result.value, source };
}
