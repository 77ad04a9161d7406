import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { program } from '../../src/cli/program.ts';
import { createFakeWorld, type FakeWorld } from './fake-world.ts';

const { privateCache } = createRequire(import.meta.url)('../../bin/private-cache.js') as {
  privateCache(base: string, home: string): string | undefined;
};
let fake: FakeWorld;
let runbook: string;
let kept: string;

beforeEach(async () => {
  const cacheDirectory = mkdtempSync(join(tmpdir(), 'resend-ops-cache-'));
  fake = await createFakeWorld({ cacheDirectory });
  cpSync(fileURLToPath(new URL('../../runbooks', import.meta.url)), join(fake.home, 'runbooks'), { recursive: true });
  runbook = join(fake.home, 'runbooks/failover.yaml');
  kept = join(cacheDirectory, 'found-sound');
});
afterEach(async () => {
  rmSync(join(kept, '..'), { recursive: true, force: true });
  await fake.remove();
});

async function lint(...args: string[]): Promise<{ code: number; said: string }> {
  fake.clear();
  const code = await program(['lint', ...args], fake.world);
  return { code, said: fake.stdout() + fake.stderr() };
}

const marks = () => readFileSync(kept, 'utf8').split('\n');
const edit = (file: string, from: RegExp | string, to: string) =>
  writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));

test('what was found sound is marked once, and said to be sound again in the same words', async () => {
  const first = await lint(runbook);
  expect(first).toEqual({ code: 0, said: '1 file checked: no problems\n' });
  expect(marks()).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
  const written = statSync(kept).mtimeMs;
  expect(await lint(runbook)).toEqual(first);
  expect(statSync(kept).mtimeMs).toBe(written);
});

test('what bears a mark is not read as YAML again, unless --no-cache asks for it', async () => {
  const read: string[] = [];
  const { files } = fake.world;
  Object.assign(fake.world, {
    files: {
      ...files,
      readText(file: string) {
        read.push(basename(file));
        return files.readText(file);
      },
    },
  });
  const isLookedAt = async (...args: string[]) => {
    read.length = 0;
    expect((await lint(runbook, ...args)).code).toBe(0);
    return read.includes('language.json');
  };
  expect(await isLookedAt()).toBe(true);
  expect(await isLookedAt()).toBe(false);
  expect(await isLookedAt('--no-cache')).toBe(true);
});

test.each([
  ['the runbook', (home: string) => edit(join(home, 'runbooks/failover.yaml'), /^title: .*$/m, 'titel: x')],
  [
    'the environment',
    (home: string) => edit(join(home, 'runbooks/environments/production.yaml'), /fallback:/g, 'standby:'),
  ],
  ['the suites', (home: string) => rmSync(join(home, 'runbooks/suites/critical-endpoints.yaml'))],
])('a change of %s is looked at, whatever was found before', async (_, change) => {
  await lint(runbook);
  change(fake.home);
  const { code, said } = await lint(runbook);
  expect(code).toBe(2);
  expect(said).toMatch(/failover\.yaml:\d+:\d+: /);
});

test('an environment that is asked for by name must be sound, also for a runbook that was', async () => {
  edit(join(fake.home, 'runbooks/environments/production.yaml'), /^hostname: .*$/m, 'hostnam: x');
  await lint(runbook);
  expect((await lint(runbook, '--env', 'production')).code).toBe(2);
});

test('an environment is always looked at: acceptances run out by the day', async () => {
  const file = join(fake.home, 'runbooks/environments/production.yaml');
  const first = await lint(file);
  expect(first.said).toContain('placeholder');
  expect(await lint(file)).toEqual(first);
});

test('where nothing can be kept, lint says the same', async () => {
  mkdirSync(kept);
  expect(await lint(runbook)).toEqual({ code: 0, said: '1 file checked: no problems\n' });
});

test('marks are bounded, and the oldest go first', async () => {
  writeFileSync(kept, Array.from({ length: 1_000 }, (_, number) => `old ${number}`).join('\n'));
  await lint(runbook);
  expect(marks()).toHaveLength(1_000);
  expect(marks()).not.toContain('old 0');
  expect(marks()).toContain('old 1');
});

test('the cache is a directory of this user alone, or none', () => {
  const directory = join(fake.home, 'resend-ops');
  expect(privateCache(fake.home, '/nowhere')).toBe(directory);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  chmodSync(directory, 0o770);
  expect(privateCache(fake.home, '/nowhere')).toBeUndefined();
  rmSync(directory, { recursive: true });
  symlinkSync(fake.home, directory);
  expect(privateCache(fake.home, '/nowhere')).toBeUndefined();
  rmSync(directory);
  writeFileSync(directory, '');
  expect(privateCache(fake.home, '/nowhere')).toBeUndefined();
  expect(privateCache('relative', fake.home)).toBe(join(fake.home, '.cache/resend-ops'));
});
