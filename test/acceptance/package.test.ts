import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'resend-ops-package-'));
const program = join(home, 'node_modules/.bin/resend-ops');

/** Runs the installed program in an empty directory, as an operator's machine would. */
function run(...args: string[]) {
  return spawnSync(program, [...args, '--state-dir', join(home, 'state')], { cwd: home, encoding: 'utf8', input: '' });
}

beforeAll(() => {
  // What is built is what is tested: packing must not build again beside the other tests.
  const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', home], {
    cwd: root,
    encoding: 'utf8',
  });
  const [{ filename = '' } = {}]: { filename?: string }[] = JSON.parse(packed);
  const install = ['install', '--offline', '--no-audit', '--no-fund', '--prefix', home, join(home, filename)];
  execFileSync('npm', install, { cwd: home, stdio: 'pipe' });
}, 120_000);

afterAll(() => rmSync(home, { recursive: true, force: true }));

test('the tarball installs without a network and without anything else', () => {
  const installed = execFileSync('ls', [join(home, 'node_modules')], { encoding: 'utf8' });
  expect(installed.trim()).toBe('resend-ops');
});

test('the installed program brings its runbooks, and rehearses', { timeout: 60_000 }, () => {
  expect(spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(spawnSync(program, ['list'], { cwd: home, encoding: 'utf8' }).stdout).toMatch(/failover/);
  const rehearsed = run('rehearse', 'validate-fallback', '--scenario', 'healthy', '--speed', '20');
  expect([rehearsed.status, rehearsed.stderr]).toEqual([0, expect.stringContaining('healthy')]);
});
