import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'vitest';
import { slackText } from '../../src/actions/slack/slack-text.ts';
import { program } from '../../src/cli/program.ts';
import type { Entry } from '../../src/journal/events.ts';
import { isPlainText } from '../../src/world/visible-text.ts';
import { createFakeWorld } from '../cli/fake-world.ts';
import { started, stateDirectory, storeOn } from '../journal/support/store-fixture.ts';
import { faultsOf, payloads } from './payloads.ts';
import { createTally, isFull } from './tally.ts';

const source = fileURLToPath(new URL('../../src', import.meta.url));
const bin = fileURLToPath(new URL('../../bin/resend-ops.js', import.meta.url));
const sampled = [
  'CSI clear',
  'OSC 52 clipboard',
  'C1 CSI',
  'forged line, CRLF',
  'overwritten',
  'U+202e',
  'tag characters',
];
const sample = isFull ? payloads : payloads.filter(({ name }) => sampled.includes(name));

/** A runbook whose every text holds the payload, as JSON is YAML. */
function runbookWith(text: string): string {
  const step = { id: 'look', title: `step ${text}`, uses: 'manual.confirm', with: { question: `ask ${text}` } };
  return JSON.stringify({
    title: `title ${text}`,
    description: `about ${text}`,
    inputs: { reason: { type: 'string', description: `input ${text}`, prompt: `why ${text}` } },
    steps: [step],
  });
}

test('what files and command lines say is shown by no command as it is', { timeout: 3_600_000 }, async ({ task }) => {
  const tally = createTally(task);
  for (const { name, text } of sample) {
    const fake = await createFakeWorld();
    const directory = join(fake.home, 'runbooks');
    mkdirSync(directory);
    writeFileSync(join(directory, 'odd.yaml'), runbookWith(text));
    writeFileSync(join(directory, 'bad.yaml'), `title: x\n${JSON.stringify(`key ${text}`)}: 1\nsteps: []\n`);
    const said = `x${text}`;
    const lines: string[][] = [
      ['list'],
      ['list', '--json'],
      ['lint'],
      ['lint', '--json'],
      ['lint', `no${text}.yaml`],
      ['show', said],
      ['show', 'odd'],
      ['odd', '--help'],
      ['odd', '--dry-run', '--reason', said],
      ['--help'],
      [said],
      [`--${said}`],
      ['odd', `--${said}`],
      ['odd', '--override', said],
      ['odd', '--env', said],
      ['status', said, '--json'],
      ['runs', '--state-dir', join(fake.home, said.replaceAll('\0', ''))],
      ['audit', 'verify', '--head', said],
      ['audit', 'verify', '--state-dir', said],
      ['rehearse', said],
      ['rehearse', 'odd', '--scenario', said],
      ['rehearse', 'odd', '--speed', said],
      ['schema', '--of', said],
    ];
    for (const argv of lines) {
      fake.clear();
      await program(argv, fake.world);
      const faults = [...faultsOf(fake.stdout()), ...faultsOf(fake.stderr())];
      if (argv.includes('--json')) faults.push(...brokenLines(fake.stdout()));
      tally.add(faults.map((fault) => `${JSON.stringify(argv)} with ${name}: ${fault}`));
    }
    await fake.remove();
  }
  tally.close();
});

function brokenLines(stdout: string): string[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => {
      try {
        JSON.parse(line);
        return [];
      } catch {
        return [`a line that is no JSON: ${line.slice(0, 60)}`];
      }
    });
}

test('what the journal says is shown by no command as it is', { timeout: 3_600_000 }, async ({ task }) => {
  const tally = createTally(task);
  for (const { name, text } of sample) {
    const fake = await createFakeWorld();
    const { directory, remove } = stateDirectory();
    const store = storeOn(directory);
    const actor = { user: `ada${text}`, host: `bastion${text}` };
    await store.begin('r1', actor, [`dns/${text}`], {
      ...started(),
      title: `t ${text}`,
      inputs: { reason: `r ${text}` },
    });
    const lease = await store.drive('r1', actor);
    await lease.append({ type: 'step-started', step: 'look', title: `look ${text}`, uses: 'http.check' });
    await lease.append({
      type: 'step-failed',
      step: 'look',
      error: { code: 'failed', message: `m ${text}`, hint: `h ${text}` },
      summary: { headline: `found ${text}`, detail: [`d ${text}`] },
    });
    await store.say('r1', actor, { type: 'commented', text: `c ${text}` });
    await lease.append({ type: 'run-suspended', exitCode: 3, message: `m ${text}`, left: [`l ${text}`] });
    await store.close();
    const log = readdirSync(join(directory, 'audit'))
      .filter((file) => file.endsWith('.jsonl'))
      .map((file) => readFileSync(join(directory, 'audit', file), 'utf8'))
      .join('');
    tally.add([...faultsOf(log), ...brokenLines(log)].map((fault) => `the log with ${name}: ${fault}`));
    const commands = ['runs', 'status', 'watch', 'audit show', 'audit export', 'audit verify'];
    for (const command of commands.flatMap((one) => [one, `${one} --json`])) {
      if (command === 'audit export --json') continue;
      fake.clear();
      await program(
        [...command.split(' '), '--verbose', '--state-dir', directory].filter(
          (word) => word !== '--verbose' || command !== 'audit export',
        ),
        fake.world,
      );
      const faults = [...faultsOf(fake.stdout()), ...faultsOf(fake.stderr())];
      if (command.endsWith('--json') || command === 'audit export') faults.push(...brokenLines(fake.stdout()));
      if (fake.stdout() + fake.stderr() === '') faults.push('nothing was shown');
      tally.add(faults.map((fault) => `${command} with ${name}: ${fault}`));
    }
    const read = storeOn(directory);
    const [first] = (await read.read('r1')) as [Extract<Entry, { type: 'run-started' }>];
    const isKept = first.title === `t ${text}` || /\p{Cs}/u.test(text);
    tally.add(isKept ? [] : [`the log with ${name}: the text is not the one that was said`]);
    await read.close();
    remove();
    await fake.remove();
  }
  tally.close();
});

function hasScript(): boolean {
  try {
    execFileSync('script', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!hasScript())('a terminal gets no code but our own colours', { timeout: 600_000 }, ({ task }) => {
  const tally = createTally(task);
  const home = mkdtempSync(join(tmpdir(), 'resend-ops-attack-'));
  try {
    for (const { name, text } of sample.slice(0, isFull ? undefined : 2)) {
      const directory = join(home, 'runbooks');
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, 'odd.yaml'), runbookWith(text));
      const command = `'${process.execPath}' '${bin}' list --runbooks '${directory}'`;
      const env = { PATH: process.env.PATH ?? '', HOME: home, TERM: 'xterm', LANG: 'C.UTF-8' };
      // Most payloads make the file one that is refused (exit 2): then its problems are what is shown.
      const { stdout, status } = spawnSync('script', ['-qec', command, '/dev/null'], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
        encoding: 'utf8',
      });
      if (status !== 0 && status !== 2) tally.add([`list on a terminal with ${name}: exit ${status}`]);
      const own = stdout.replaceAll('\r\n', '\n').replace(/\x1b\[(1|2|22|31|33|39)m/g, '');
      const faults = own.includes('odd') ? faultsOf(own) : ['nothing was shown'];
      tally.add(faults.map((fault) => `list on a terminal with ${name}: ${fault}`));
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
  tally.close();
});

test('Slack gets no markup and nothing unseen', ({ task }) => {
  const tally = createTally(task);
  for (const { name, text } of payloads) {
    const faults = faultsOf(slackText(`a ${text} b`)).filter((fault) => fault !== 'a forged line');
    tally.add(faults.map((fault) => `slackText of ${name}: ${fault}`));
  }
  for (const markup of [
    '<!channel>',
    '<!here>',
    '<@U024BE7LH>',
    '<#C1>',
    '<https://evil.test|safe>',
    '&lt;!channel&gt;',
  ]) {
    tally.add(/[<>]|&(?!amp;|lt;|gt;)/.test(slackText(markup)) ? [`slackText leaves ${markup}`] : []);
  }
  tally.close();
});

test('a phrase with hidden or look-alike characters is not plain', ({ task }) => {
  const tally = createTally(task);
  const odd = [
    'аpi.example.com',
    'api.exаmple.com',
    'αpi',
    'ap\u200bi',
    'api\u202e',
    'api\u3164',
    'a\ufe0fpi',
    'ο-one',
  ];
  for (const phrase of odd) tally.add(isPlainText(phrase) ? [`${JSON.stringify(phrase)} passes for plain`] : []);
  for (const phrase of ['api.example.com', 'ja, wirklich löschen', 'продолжить', 'はい']) {
    tally.add(isPlainText(phrase) ? [] : [`${JSON.stringify(phrase)} is refused`]);
  }
  tally.close();
});

test('there is one way to the outputs, and it is guarded', ({ task }) => {
  const tally = createTally(task);
  const writers: Record<string, string[]> = {};
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  )) {
    const code = readFileSync(join(source, name), 'utf8');
    const ways = [...code.matchAll(/process\.std(?:out|err)|\bconsole\./g)].map(([way]) => way);
    if (ways.length > 0) writers[name] = ways;
  }
  const elsewhere = Object.keys(writers).filter((name) => name !== 'main.ts');
  tally.add(elsewhere.map((name) => `src/${name} writes to the process’s own streams`));
  const whole = readFileSync(join(source, 'cli/program.ts'), 'utf8');
  const isGuarded =
    /program\(argv: readonly string\[\], given: World\)[^{]*\{\s*const world = guardOutputs\(given\);/.test(whole);
  tally.add(isGuarded ? [] : ['program() does not guard its outputs first']);
  tally.close();
});
