import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { program } from '../../src/cli/program.ts';
import { createFakeWorld } from './fake-world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
let home: string;
/** The package as a user installs it: unpacked from the tarball, with no node_modules anywhere near. */
let installed: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'resend-ops-bin-'));
  // The build has been made by the test command; building it again here would pull it from under other tests.
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', home], { cwd: root, stdio: 'ignore' });
  execFileSync('tar', ['xzf', join(home, `resend-ops-${version}.tgz`), '-C', home]);
  installed = join(home, 'package');
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function run(args: readonly string[], { bin = join(installed, 'bin/resend-ops.js'), cwd = home } = {}) {
  const env = { PATH: process.env.PATH ?? '', HOME: home, LANG: 'C.UTF-8' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd, env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('the tarball holds what is needed to run, and nothing else', () => {
  expect(
    readdirSync(installed)
      .filter((name) => !/^(README|LICENSE)/.test(name))
      .sort(),
  ).toEqual(['bin', 'dist', 'package.json', 'runbooks']);
  expect(Object.keys(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')))).not.toContain('dependencies');
});

test.each(['--version', '-V'])('%s', (flag) => {
  expect(run([flag])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
});

test('what needs no provider loads no part of AWS’s SDK, and no search for credentials is in the package', () => {
  const chunks = readdirSync(join(installed, 'dist')).filter((name) => name.endsWith('.js'));
  const holding = (text: string) =>
    chunks.filter((name) => readFileSync(join(installed, 'dist', name), 'utf8').includes(text));
  const sdks = ['AWSDnsV20130401', 'aws.auth#sigv4'].map(holding);
  for (const found of sdks) expect(found.length).toBeGreaterThan(0);
  for (const text of ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_WEB_IDENTITY_TOKEN_FILE'])
    expect(holding(text), text).toEqual([]);
  const preload = join(home, 'loaded.cjs');
  writeFileSync(
    preload,
    "process.on('exit', () => require('node:fs').writeFileSync(process.env.LOADED, Object.keys(require.cache).join('\\n')));",
  );
  for (const args of [['--version'], ['--help'], ['list'], ['lint'], ['failover', '--help']]) {
    const list = join(home, 'loaded.txt');
    const env = { PATH: process.env.PATH ?? '', HOME: home, NODE_OPTIONS: `--require ${preload}`, LOADED: list };
    const { status } = spawnSync(process.execPath, [join(installed, 'bin/resend-ops.js'), ...args], { cwd: home, env });
    expect(status, args.join(' ')).toBe(0);
    const loaded = readFileSync(list, 'utf8');
    for (const name of sdks.flat()) expect(loaded, args.join(' ')).not.toContain(name);
  }
});

test('the help that was prepared at build time is the help that the program gives', async () => {
  const fake = await createFakeWorld({ packageDirectory: root, version });
  try {
    expect(await program(['--help'], fake.world)).toBe(0);
    expect(run(['--help'])).toEqual({ status: 0, stdout: fake.stdout(), stderr: '' });
    expect(run(['-h']).stdout).toBe(fake.stdout());
  } finally {
    await fake.remove();
  }
});

test('runbooks of one’s own take the place of the built-in ones, in the help too', () => {
  const cwd = join(home, 'own');
  mkdirSync(join(cwd, 'runbooks'), { recursive: true });
  writeFileSync(
    join(cwd, 'runbooks', 'tea.yaml'),
    'title: Make tea\nsteps: [{ id: a, title: A, uses: wait, with: { for: 1s } }]\n',
  );
  const { stdout } = run(['--help'], { cwd });
  expect(stdout).toMatch(/tea \[options\]\s+Make tea/);
  expect(stdout).not.toContain('failover [options]');
});

test('a built-in runbook that was edited after the build is read again', () => {
  const edited = join(home, 'edited');
  cpSync(installed, edited, { recursive: true });
  const file = join(edited, 'runbooks/failover.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^title: .*$/m, 'title: Another title altogether'));
  const bin = join(edited, 'bin/resend-ops.js');
  expect(run(['--help'], { bin }).stdout).toContain('Another title altogether');
  expect(run(['failover', '--help'], { bin }).stdout).toContain('Another title altogether');
});

test('a checkout that was not built says what to do', () => {
  const bare = join(home, 'bare');
  cpSync(join(installed, 'bin'), join(bare, 'bin'), { recursive: true });
  const { status, stderr } = run(['list'], { bin: join(bare, 'bin/resend-ops.js') });
  expect(status).toBe(2);
  expect(stderr).toMatch(/main\.js is missing[\s\S]*npm ci && npm run build/);
});

test('the installed package lints and lists what it brings', () => {
  const { status, stdout } = run(['lint']);
  expect([status, stdout]).toEqual([0, expect.stringMatching(/files checked: no problems/)]);
  expect(run(['list']).stdout).toMatch(/^failover\s/m);
});

test.each([['--help'], ['schema']])('a reader that goes away early is no error: %s | head -1', (...args) => {
  const bin = join(installed, 'bin/resend-ops.js');
  const script = `"${process.execPath}" "${bin}" ${args.join(' ')} | head -c 1 > /dev/null; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { cwd: home, encoding: 'utf8' });
  expect([stdout, stderr]).toEqual(['0\n', '']);
});
