import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sealedLog } from '../attack/sealed-log.ts';
import { stateDirectory, storeOn } from './support/store-fixture.ts';

let directory: string;
let remove: () => void;
beforeEach(() => {
  ({ directory, remove } = stateDirectory());
  mkdirSync(join(directory, 'audit'), { recursive: true });
});
afterEach(() => remove());

/** The lines that a log of these files gives, and what it says after them. */
async function chainOf(...files: readonly (readonly string[])[]): Promise<{ lines: string[]; said: string }> {
  files.forEach((lines, at) => {
    writeFileSync(join(directory, 'audit', `0000000${at + 1}.jsonl`), lines.map((line) => `${line}\n`).join(''));
  });
  const lines: string[] = [];
  try {
    for await (const line of storeOn(directory).chain()) lines.push(line);
    return { lines, said: '' };
  } catch (error) {
    return { lines, said: error instanceof Error ? error.message : String(error) };
  }
}

test.each([1, 255, 256, 257, 511, 512, 513])(
  '%i lines are given as they stand, in one file or in several',
  async (count) => {
    const lines = sealedLog(count);
    expect(await chainOf(lines)).toEqual({ lines, said: '' });
    const half = Math.floor(count / 2);
    expect(await chainOf(lines.slice(0, half), lines.slice(half, -1), lines.slice(-1))).toEqual({ lines, said: '' });
  },
);

test.each([0, 1, 256, 300, 599])('those before the damage are given, %i of them, and then it is told', async (good) => {
  const lines = sealedLog(600);
  const damaged = lines.with(good, (lines[good] ?? '').replace('laptop', 'lapdog'));
  expect(await chainOf(damaged.slice(0, 300), damaged.slice(300))).toEqual({
    lines: lines.slice(0, good),
    said: expect.stringContaining(`0000000${good < 300 ? 1 : 2}.jsonl:${(good % 300) + 1}: its hash is not`),
  });
});
