import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeDirectory } from '../../src/world/make-directory.ts';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'resend-ops-make-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

test('what is missing is made private, and the first of it is told; what is there is left as it is', () => {
  const [top, deep] = [join(home, 'a'), join(home, 'a/b/c')];
  expect(makeDirectory(deep)).toBe(top);
  for (const made of [top, join(top, 'b'), deep]) expect(statSync(made).mode & 0o777).toBe(0o700);
  expect(makeDirectory(deep)).toBeUndefined();
});

test('what is in the way is told in the system’s own words', () => {
  writeFileSync(join(home, 'file'), '');
  symlinkSync(join(home, 'nowhere'), join(home, 'dangling'));
  expect(() => makeDirectory(join(home, 'file'))).toThrow('EEXIST');
  expect(() => makeDirectory(join(home, 'file/below'))).toThrow('ENOTDIR');
  expect(() => makeDirectory(join(home, 'dangling'))).toThrow('EEXIST');
});

test.runIf(existsSync('/proc/self'))('where the system takes no new name, it says so and returns', () => {
  expect(() => makeDirectory('/proc/resend-ops/state')).toThrow('ENOENT');
});
