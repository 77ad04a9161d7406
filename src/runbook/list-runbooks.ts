import { join } from 'node:path';
import type { Json } from '../world/json.ts';
import { formatProblem } from './problem.ts';
import { parseYaml } from './yaml-source.ts';

/** An input as the command line needs it. A duration's default stays as written. */
export type ListedInput = {
  name: string;
  type: 'string' | 'number' | 'boolean' | 'duration';
  required: boolean;
  default?: string | number | boolean;
  prompt?: string;
  description?: string;
  oneOf?: readonly string[];
};

/** A runbook as `list` and the command line show it. `problem`: it cannot be read, and why. */
export type ListedRunbook = {
  name: string;
  file: string;
  title: string;
  description?: string;
  inputs: readonly ListedInput[];
  problem?: string;
};

/** A folder of runbooks: how to list it (names of files) and to read a file. */
type RunbookFolder = {
  directory: string;
  listFiles(directory: string): Promise<readonly string[]>;
  readText(file: string): Promise<string | undefined>;
};

/** The runbooks of a folder by name, read just far enough for names, titles and options; nothing is linted. */
export async function listRunbooks(folder: RunbookFolder): Promise<ListedRunbook[]> {
  const files = (await folder.listFiles(folder.directory)).filter((file) => /^[a-z][a-z0-9-]*\.yaml$/.test(file));
  const listed = await Promise.all(
    [...files].sort().map(async (name) => {
      const file = join(folder.directory, name);
      const text = await folder.readText(file);
      return text === undefined ? [] : [listRunbook(file, text)];
    }),
  );
  return listed.flat();
}

/** One runbook, read as far as {@link listRunbooks} does. */
export function listRunbook(file: string, text: string): ListedRunbook {
  const name = (file.split(/[\\/]/).at(-1) ?? file).replace(/\.yaml$/, '');
  const parsed = parseYaml(file, text);
  if ('problems' in parsed) {
    const [first] = parsed.problems;
    return { name, file, title: '', inputs: [], ...(first ? { problem: formatProblem(first) } : {}) };
  }
  const data = mapOf(parsed.source.data);
  const description = textOf(data.get('description'));
  return {
    name,
    file,
    title: textOf(data.get('title')) ?? '',
    inputs: [...mapOf(data.get('inputs'))].map(([input, value]) => listInput(input, mapOf(value))),
    ...(description === undefined ? {} : { description }),
  };
}

function listInput(name: string, data: ReadonlyMap<string, Json>): ListedInput {
  const type = data.get('type');
  const value = data.get('default');
  const prompt = textOf(data.get('prompt'));
  const description = textOf(data.get('description'));
  const oneOf = data.get('one-of');
  const values = Array.isArray(oneOf) ? oneOf.filter((item: Json): item is string => typeof item === 'string') : [];
  return {
    name,
    type: type === 'number' || type === 'boolean' || type === 'duration' ? type : 'string',
    required: data.get('required') === true,
    ...(typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? { default: value } : {}),
    ...(prompt === undefined ? {} : { prompt }),
    ...(description === undefined ? {} : { description }),
    ...(values.length > 0 ? { oneOf: values } : {}),
  };
}

function mapOf(value: Json | undefined): ReadonlyMap<string, Json> {
  return new Map(typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []);
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
