import { environmentSchema } from '../world/environment.ts';
import type { Problem } from './problem.ts';
import { type LoadedEnvironment, readEnvironment } from './read-environment.ts';
import { parseBySchema } from './schema-problems.ts';

/** Loads an environment: its values and what is still a placeholder in it, or every problem that it has. Never throws for any text. */
export function loadEnvironment(file: string, text: string): LoadedEnvironment | { problems: Problem[] } {
  return readEnvironment(file, text, (data) => parseBySchema(environmentSchema, data));
}
