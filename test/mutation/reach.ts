import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, type TestContext } from 'vitest';

/** What one test file came by: statements as `file number`, by test, and those outside any test (as it was loaded). */
export type Reached = { file: string; outside: string[]; tests: { name: string; ms: number; statements: string[] }[] };

const directory = process.env.REACH_DIRECTORY;
const outside = new Set<string>();
const tests: Reached['tests'] = [];
let file = '';
let begunAt = 0;
let current = new Set<string>();

function listen(to: Set<string>): void {
  Object.assign(globalThis, { reached: (source: string, statement: number) => to.add(`${source} ${statement}`) });
}

listen(outside);

beforeEach(({ task }: TestContext) => {
  file = task.file.filepath;
  current = new Set();
  begunAt = performance.now();
  listen(current);
});

afterEach(({ task }: TestContext) => {
  tests.push({ name: task.name, ms: performance.now() - begunAt, statements: [...current] });
});

afterAll(() => {
  listen(new Set());
  if (directory === undefined || file === '') return;
  mkdirSync(directory, { recursive: true });
  const reached: Reached = { file, outside: [...outside], tests: tests.splice(0) };
  const name = createHash('sha256').update(file).digest('hex');
  writeFileSync(join(directory, `${name}.json`), JSON.stringify(reached));
  outside.clear();
});
