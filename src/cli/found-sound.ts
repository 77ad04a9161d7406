import path from 'node:path';
import { digestOf } from '../world/digest.ts';
import type { Json } from '../world/json.ts';
import type { World } from '../world/world.ts';

/**
 * The texts that lint has found sound. What lint says of a runbook, suite or scenario follows from its text and from what
 * it is held against, and from nothing else: for the same build and the same texts, a mark of them is as good as looking
 * again, and takes a fraction of the time.
 */
export type FoundSound = {
  /** Of everything that the finding follows from; this build's own. */
  markOf(what: Json): Promise<string>;
  has(mark: string): boolean;
  add(mark: string): void;
  /** Writes down what was added. */
  keep(): Promise<void>;
};

/** Some years of edits; the oldest are forgotten first. */
const maxMarks = 1_000;

/** Opens what was found sound before, where the user has a private place to keep it and the program is a build. */
export async function openFoundSound(world: World): Promise<FoundSound | undefined> {
  const { cacheDirectory, files } = world;
  const build = await textOf(world, path.join(world.packageDirectory, 'dist', 'build.txt'));
  if (cacheDirectory === undefined || build === undefined) return undefined;
  const file = path.join(cacheDirectory, 'found-sound');
  const marks = new Set((await textOf(world, file))?.split('\n'));
  let isNew = false;
  return {
    markOf: (what) => digestOf([build, what]),
    has: (mark) => marks.has(mark),
    add(mark) {
      marks.add(mark);
      isNew = true;
    },
    async keep() {
      if (!isNew) return;
      try {
        await files.replace(file, [...marks].slice(-maxMarks).join('\n'));
      } catch (error) {
        // Where nothing can be kept (a full or read-only disk), the next lint looks again.
        if (!isOfSystem(error)) throw error;
      }
    },
  };
}

/** A file's text; none where it is missing or the system will not give it. */
async function textOf({ files }: World, file: string): Promise<string | undefined> {
  try {
    return (await files.exists(file)) ? await files.readText(file) : undefined;
  } catch (error) {
    if (!isOfSystem(error)) throw error;
    return undefined;
  }
}

function isOfSystem(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
