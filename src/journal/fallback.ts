import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { syncDirectory, writeWhole } from './durable-file.ts';

/** A file that takes the entries which the log could not: private, and with a name that nobody can guess. */
export type Fallback = {
  readonly file: string;
  /** Adds a line, durably. Throws what the system throws. */
  add(line: string): void;
};

/** Names a fallback file in `directory`; the file is made when the first line comes. */
export function createFallback(directory: string): Fallback {
  const file = join(directory, `fallback-${randomBytes(12).toString('hex')}.jsonl`);
  let made = false;
  return {
    file,
    add(line) {
      const isNew = !made;
      const fd = openSync(file, made ? 'a' : 'ax', 0o600);
      made = true;
      try {
        writeWhole(fd, Buffer.from(`${line}\n`));
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      if (isNew) syncDirectory(directory);
    },
  };
}
