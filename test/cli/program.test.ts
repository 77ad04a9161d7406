import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandTable } from '../../src/cli/command-table.ts';
import { ownCommands } from '../../src/cli/own-commands.ts';
import { program } from '../../src/cli/program.ts';
import { createFakeWorld, type FakeWorld } from './fake-world.ts';

let fake: FakeWorld;

beforeEach(async () => {
  fake = await createFakeWorld();
});
afterEach(() => fake.remove());

const run = (...argv: string[]) => program(argv, fake.world);

const good = `title: Wait a little
inputs:
  reason: { type: string, required: true, prompt: Why? }
  count: { type: number, default: 3 }
  pause: { type: duration, default: 1ms }
  loud: { type: boolean, default: false }
  size: { type: string, default: small, one-of: [small, large] }
steps:
  - id: pause
    title: Wait
    uses: wait
    with: { for: "\${{ inputs.pause }}" }
`;

const environment = `hostname: api.example.com
zone: example.com
routes: { edge: { provider: cloudflare, connect: 192.0.2.1 } }
dns: { resolvers: [192.0.2.53] }
`;

async function writeRunbooks(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = join(fake.home, 'runbooks');
  await mkdir(join(directory, 'environments'), { recursive: true });
  await writeFile(join(directory, 'environments', 'production.yaml'), environment);
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

test('help lists every runbook and every command, in 80 columns', async () => {
  expect(await run('--help')).toBe(0);
  const help = fake.stdout();
  for (const name of ['failover', 'failback', 'validate-fallback'])
    expect(help).toMatch(new RegExp(`^  ${name} `, 'm'));
  for (const name of ownCommands) if (name !== 'help') expect(help).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
  expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(fake.stderr()).toBe('');
});

test('the names that runbooks may not have are the names of the commands', () => {
  const names = new Set(commandTable.map(({ name }) => name.split(' ')[0]));
  expect([...names, 'help'].sort()).toEqual([...ownCommands].sort());
});

test.each(commandTable.map(({ name }) => name))('%s --help explains the command and its options', async (name) => {
  expect(await run(...name.split(' '), '--help')).toBe(0);
  const spec = commandTable.find((one) => one.name === name);
  for (const { flags } of spec?.options ?? []) expect(fake.stdout()).toContain(flags.split(' ')[0]);
});

test('no arguments: help on stderr, exit 2', async () => {
  expect(await run()).toBe(2);
  expect(fake.stdout()).toBe('');
  expect(fake.stderr()).toContain('Usage: resend-ops');
});

test('--version', async () => {
  expect(await run('--version')).toBe(0);
  expect(fake.stdout()).toBe('9.9.9\n');
});

test('`help failover` and `failover --help` show the inputs as options', async () => {
  expect(await run('help', 'failover')).toBe(0);
  const help = fake.stdout();
  expect(help).toContain('--reason <text>');
  expect(help).toContain('--override <guard=reason>');
  fake.clear();
  await run('failover', '--help');
  expect(fake.stdout()).toBe(help);
});

test.each([
  [['failovr'], /unknown command 'failovr'[\s\S]*Did you mean failover/],
  [['failovr', '--help'], /unknown command 'failovr'[\s\S]*Did you mean failover/],
  [['help', 'failovr'], /unknown command 'failovr'[\s\S]*Did you mean failover/],
  [['nosuch', '-h'], /unknown command 'nosuch'/],
  [['audit', 'verfy', '--help'], /unknown command 'verfy'[\s\S]*Did you mean verify/],
  [['audit', 'verfy'], /verfy[\s\S]*Did you mean verify/],
  [['failover', '--dryrun'], /unknown option '--dryrun'[\s\S]*--dry-run/],
  [['status', '--speed', '3'], /unknown option '--speed'/],
  [['rehearse'], /which runbook is to be rehearsed\?/],
  [['rehearse', 'failover', '--speed', 'fast'], /--speed: "fast" is not a number above zero/],
  [['rehearse', 'failover', '--speed', '0'], /--speed: "0" is not a number above zero/],
  [
    ['rehearse', 'failover', '--scenario', 'cloudflare-edge-dwn'],
    /no scenario[\s\S]*did you mean "cloudflare-edge-down"/,
  ],
  [['rehearse', 'failovr'], /no runbook failovr[\s\S]*did you mean "failover"/],
  [['show', 'failbak'], /no runbook failbak[\s\S]*did you mean "failback"/],
  [['failover', '--env', 'productoin', '--reason', 'x'], /no environment productoin[\s\S]*did you mean "production"/],
  [['failover', '--override', 'verdict', '--reason', 'x'], /does not say which guard and why/],
  [['failover', '--override', 'verdict=', '--reason', 'x'], /does not say which guard and why/],
  [['failover', '--reason', 'x', '--override', 'a=1', '--override', 'a=2'], /--override a is given twice/],
  [['list', '--runbooks', '/nowhere/at/all'], /no directory \/nowhere\/at\/all/],
  [['lint', 'nothing.yaml'], /no file .*nothing\.yaml/],
  [['status'], /there are no runs yet/],
  [['audit', 'verify', '--head', '3:abc'], /SEQ:HASH/],
  [['mark-done', 'x', 'y'], /--evidence/],
  [['schema', '--of', 'poem'], /Allowed choices are runbook/],
])('%j is refused with exit 2, and says why', async (argv, text) => {
  expect(await run(...argv)).toBe(2);
  expect(fake.stderr()).toMatch(text);
  expect(fake.stdout()).toBe('');
});

test('a refusal has the shape of every result, and its message needs no label', async () => {
  expect(await run('failover', '--nosuch', '--json')).toBe(2);
  const parsed = JSON.parse(fake.stdout());
  expect(parsed).toMatchObject({ message: "unknown option '--nosuch'", steps: [], leftOpen: [], openBefore: [] });
  fake.clear();
  await writeRunbooks({ 'pause.yaml': good });
  expect(await run('pause', '--reason', 'x', '--json')).toBe(0);
  const ended = JSON.parse(fake.stdout().trim().split('\n').at(-1) ?? '');
  expect(Object.keys(parsed)).toEqual(Object.keys(ended));
});

test.each([
  [['status']],
  [['failover', '--nosuchthing', '--reason', 'x']],
  [['failover', '--reason', 'x', '--env', 'nowhere-at-all-to-be-found-in-any-directory']],
])('errors and hints are broken between words on a terminal, and whole in a pipe: %j', async (argv) => {
  expect(await run(...argv)).toBe(2);
  const whole = fake.stderr();
  expect(whole).toMatch(/^error: .*\nhint: .*\n$/);
  const stderr = { ...fake.world.stderr, isTTY: true, columns: () => 40 };
  fake.clear();
  expect(await program([...argv, '--no-color'], { ...fake.world, stderr })).toBe(2);
  const lines = fake.stderr().trimEnd().split('\n');
  const longest = Math.max(...whole.split(/\s/).map((word) => word.length));
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(Math.max(40, longest + 'error: '.length));
  const beneath = lines.filter((line) => !/^(error|hint): /.test(line));
  expect(beneath.length).toBeGreaterThan(0);
  for (const line of beneath) expect(line).toMatch(/^ {6,7}\S/);
  expect(lines.map((line) => line.trim()).join(' ')).toBe(whole.trim().replace('\n', ' '));
});

test('an environment with placeholders is refused for a live run, naming each place', async () => {
  expect(await run('failover', '--reason', 'x', '--confirm', 'api.resend.com')).toBe(2);
  expect(fake.stderr()).toMatch(/production\.yaml:\d+:\d+: cloudflare\.zone-id is still a placeholder/);
  expect(fake.stderr()).toContain('hint: fill them in');
});

test('without a terminal a missing input stops the run and names the option', async () => {
  await writeRunbooks({ 'pause.yaml': good });
  expect(await run('pause')).toBe(2);
  expect(fake.stderr()).toMatch(/--reason is required: Why\?/);
});

test('inputs become typed options, and reach the log', async () => {
  await writeRunbooks({ 'pause.yaml': good });
  const argv = ['pause', '--reason', 'a test', '--count', '7', '--pause', '2ms', '--loud', '--size', 'large', '--json'];
  expect(await run(...argv)).toBe(0);
  const lines = fake
    .stdout()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({
    type: 'run-started',
    inputs: { reason: 'a test', count: 7, pause: 2, loud: true, size: 'large' },
    actor: { user: 'ada', host: 'bastion' },
    version: '9.9.9',
  });
  expect(lines.at(-1)).toMatchObject({ type: 'result', outcome: 'succeeded', exitCode: 0, mode: 'live' });
  expect(await systemHas('.local/state/resend-ops/audit')).toBe(true);
});

test.each([
  [['--pause', 'soon'], /--pause: "soon" is not a duration/],
  [['--count', 'many'], /--count: "many" is not a number/],
  [['--size', 'huge'], /Allowed choices are small, large/],
])('an input of the wrong type is refused: %j', async (argv, text) => {
  await writeRunbooks({ 'pause.yaml': good });
  expect(await run('pause', '--reason', 'x', ...argv)).toBe(2);
  expect(fake.stderr()).toMatch(text);
});

test('a broken runbook is refused with every problem and its place', async () => {
  await writeRunbooks({ 'pause.yaml': 'title: T\nsteps:\n  - id: a\n    uses: wiat\n    wiht: {}\n' });
  expect(await run('pause')).toBe(2);
  expect(fake.stderr()).toMatch(/runbooks\/pause\.yaml:4:\d+: .*wiat/);
  expect(fake.stderr()).toMatch(/runbooks\/pause\.yaml:5:\d+: .*wiht/);
  fake.clear();
  expect(await run('lint')).toBe(2);
  expect(fake.stdout()).toMatch(/^runbooks\/pause\.yaml:4:/m);
});

test('a runbook with the name of a command cannot be started, and list and lint say so', async () => {
  await writeRunbooks({ 'status.yaml': good, 'pause.yaml': good });
  expect(await run('list')).toBe(2);
  expect(fake.stdout()).toMatch(/status\s+cannot be started/);
  fake.clear();
  expect(await run('lint')).toBe(2);
  expect(fake.stdout()).toMatch(/status\.yaml:1:1: status is a command of the program/);
});

test('a bug says that it is one; its stack comes only with --verbose', async () => {
  const broken = await createFakeWorld();
  const files = { ...broken.world.files, list: () => Promise.reject(new TypeError('boom')) };
  try {
    expect(await program(['list'], { ...broken.world, files })).toBe(1);
    expect(broken.stderr()).toMatch(/unexpected: boom[\s\S]*this is a bug/);
    expect(broken.stderr()).not.toMatch(/ at /);
    broken.clear();
    expect(await program(['list', '--verbose'], { ...broken.world, files })).toBe(1);
    expect(broken.stderr()).toMatch(/TypeError: boom\n\s+at /);
  } finally {
    await broken.remove();
  }
});

test('a variable that would redirect a provider is named and ignored', async () => {
  await writeRunbooks({ 'pause.yaml': good });
  const variables = { LANG: 'C.UTF-8', CLOUDFLARE_BASE_URL: 'http://evil.example' };
  expect(await program(['pause', '--reason', 'x'], { ...fake.world, variables })).toBe(0);
  expect(fake.stderr()).toMatch(/CLOUDFLARE_BASE_URL is set and ignored/);
  expect(fake.stderr()).not.toContain('evil');
});

test('a runbook from outside cannot send control characters to the terminal', async () => {
  await writeRunbooks({ 'pause.yaml': good.replace('Wait a little', '"Wait \\u001b[2J\\u202e a little"') });
  await run('list');
  await run('pause', '--reason', 'x\u001b]0;owned\u0007', '--json');
  await run('status');
  expect(fake.stderr() + fake.stdout().replace(/^\{.*$/gm, '')).not.toMatch(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/,
  );
});

test('schema prints the JSON Schema of each kind of file', async () => {
  for (const kind of ['runbook', 'environment', 'suite', 'scenario']) {
    fake.clear();
    expect(await run('schema', '--of', kind)).toBe(0);
    expect(JSON.parse(fake.stdout())).toMatchObject({ $schema: expect.stringContaining('json-schema.org') });
  }
});

test('show briefs a runbook in 80 columns', async () => {
  expect(await run('show', 'failover')).toBe(0);
  expect(fake.stdout()).toMatch(/the operator types/);
  expect(
    fake
      .stdout()
      .split('\n')
      .filter((line) => line.length > 80),
  ).toEqual([]);
});

async function systemHas(path: string): Promise<boolean> {
  return fake.world.files.exists(join(fake.home, path));
}
