import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory, writeWhole } from './durable-file.ts';

/** A file that takes the entries which the log could not: private, and with a name that nobody can guess. */
type Fallback = {
  /** Keeps a line, durably; from the first that the file refuses, lines are only remembered, to be printed. */
  add(line: string): void;
  /** What became of the lines: the file's first `count` lines, and then those to be printed. */
  kept(): { file: { path: string; count: number } | undefined; printed: readonly string[]; why: unknown };
};

/** Names a fallback file in `directory`; the file is made when the first line comes. */
export function createFallback(directory: string): Fallback {
  const path = join(directory, `fallback-${randomBytes(12).toString('hex')}.jsonl`);
  const printed: string[] = [];
  let count = 0;
  let why: unknown;

  function append(line: string): void {
    const isNew = count === 0;
    const fd = openSync(path, isNew ? 'ax' : 'a', 0o600);
    try {
      writeWhole(fd, Buffer.from(`${line}\n`));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (isNew) syncDirectory(directory);
    count += 1;
  }

  return {
    add(line) {
      if (printed.length === 0) {
        try {
          append(line);
          return;
        } catch (error) {
          why = error;
        }
      }
      printed.push(line);
    },
    kept: () => ({ file: count === 0 ? undefined : { path, count }, printed, why }),
  };
}
