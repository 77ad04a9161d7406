import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, test } from 'vitest';
import { OpsError } from '../../src/errors.ts';
import { evaluate } from '../../src/runbook/evaluate.ts';
import type { Json } from '../../src/world/json.ts';
import { start } from '../acceptance/program.ts';
import { malformedBytes } from './malformed-bytes.ts';
import { shutNetwork } from './no-traffic.ts';
import { findingsOfLint, findingsOfRefusal, runProgram } from './refused.ts';
import { createTally, isFull } from './tally.ts';
import { failpoints, readTrace } from './victim.ts';

const corpus = fileURLToPath(new URL('./corpus', import.meta.url));
const runbooks = fileURLToPath(new URL('../../runbooks', import.meta.url));
const kinds = ['runbooks', 'environments', 'suites', 'scenarios'] as const;
const files = kinds.flatMap((kind) => readdirSync(path.join(corpus, kind)).map((name) => `${kind}/${name}`));

/** Each of them in full; a part of them, spread evenly, in the sample. */
function sampleOf<Item>(items: readonly Item[], most: number): readonly Item[] {
  const step = isFull ? 1 : Math.max(1, Math.ceil(items.length / most));
  return items.filter((_, index) => index % step === 0);
}

/** `# expect LINE:COLUMN words of the first problem`: the first line of each file of the corpus. */
function expectationOf(file: string): { at: string; says: string } {
  const [, at = '', says = ''] = /^# expect (\d+:\d+) (.+)\n/.exec(readFileSync(path.join(corpus, file), 'utf8')) ?? [];
  if (at === '') throw new Error(`${file} does not say what is expected of it`);
  return { at, says };
}

let home: string;
let network: ReturnType<typeof shutNetwork>;

beforeAll(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'resend-ops-malformed-'));
  network = shutNetwork();
  // The first command of a process loads the program, and once took a second of the processor: no file's fault.
  await runProgram(['lint', '--runbooks', runbooks], corpus);
});

afterAll(() => {
  network.open();
  rmSync(home, { recursive: true, force: true });
});

/** A copy of the runbooks that ship, to put something malformed among. */
function copyRunbooks(name: string): string {
  const directory = path.join(home, name);
  cpSync(runbooks, directory, { recursive: true });
  return directory;
}

function traffic(what: string): string[] {
  return network.tried().map((tried) => `${what}: ${tried} was opened`);
}

test('every malformed file is refused at its place, with a remedy, within a second', async ({ task }) => {
  const tally = createTally(task);
  for (const file of sampleOf(files, 60)) {
    const ended = await runProgram(['lint', file, '--runbooks', runbooks], corpus);
    tally.add([...findingsOfLint(ended, file, expectationOf(file)), ...traffic(file)]);
  }
  tally.close();
});

test('bytes that are no text, and files beyond all bounds, are refused as well', async ({ task }) => {
  const tally = createTally(task);
  for (const { name, bytes, at, says } of sampleOf(malformedBytes, 25)) {
    const file = `${name}.yaml`;
    writeFileSync(path.join(home, file), bytes());
    const ended = await runProgram(['lint', file, '--runbooks', runbooks], home);
    tally.add([...findingsOfLint(ended, file, { at, says }), ...traffic(file)]);
    rmSync(path.join(home, file));
  }
  tally.close();
});

test('the commands that use a malformed file refuse it as lint does, before anything is opened', async ({ task }) => {
  const tally = createTally(task);
  const directory = copyRunbooks('used');
  for (const file of sampleOf(files, 40)) {
    const { at } = expectationOf(file);
    const [kind = '', name = ''] = file.split('/');
    const whole = path.join(corpus, file);
    const reason = ['--reason', 'an attack', '--yes', '--confirm', 'api.resend.com'];
    if (name.startsWith('ca-')) {
      // Beside an environment that has no other problem.
      const production = readFileSync(path.join(runbooks, 'environments/production.yaml'), 'utf8');
      const [line = ''] = /^ca: .*$/m.exec(readFileSync(whole, 'utf8')) ?? [];
      writeFileSync(path.join(home, name), `${production}${line}\n`);
      const argv = ['failover', '--env', name, '--runbooks', runbooks, ...reason];
      const place = `${name}:${production.split('\n').length}:5`;
      const what = `failover --env ${file}`;
      tally.add([...findingsOfRefusal(await runProgram(argv, home), what, place), ...traffic(what)]);
    } else if (kind === 'environments') {
      for (const command of [['failover'], ['rehearse', 'failover']]) {
        const argv = [...command, '--env', whole, '--runbooks', runbooks, ...reason];
        const what = `${command.join(' ')} --env ${file}`;
        tally.add([...findingsOfRefusal(await runProgram(argv, corpus), what, `${file}:${at}`), ...traffic(what)]);
      }
    } else if (kind === 'scenarios') {
      const argv = ['rehearse', 'failover', '--scenario', whole, '--runbooks', runbooks, ...reason];
      const what = `rehearse failover --scenario ${file}`;
      tally.add([...findingsOfRefusal(await runProgram(argv, corpus), what, `${file}:${at}`), ...traffic(what)]);
    } else if (kind === 'suites') {
      cpSync(whole, path.join(directory, 'suites/critical-endpoints.yaml'));
      for (const command of [['failover'], ['show', 'failover'], ['rehearse', 'failover']]) {
        const argv = [...command, '--runbooks', directory, ...(command[0] === 'show' ? [] : reason)];
        const what = `${command.join(' ')} with ${file}`;
        const place = `suites/critical-endpoints.yaml:${at}`;
        tally.add([...findingsOfRefusal(await runProgram(argv, home), what, place), ...traffic(what)]);
      }
      cpSync(path.join(runbooks, 'suites'), path.join(directory, 'suites'), { recursive: true });
    } else if (/^[a-z][a-z0-9-]*\.yaml$/.test(name) && name !== 'lint.yaml') {
      cpSync(whole, path.join(directory, name));
      for (const command of [[], ['show'], ['rehearse']]) {
        const argv = [...command, name.replace('.yaml', ''), '--runbooks', directory];
        const what = `${argv.slice(0, -2).join(' ')} with ${file}`;
        tally.add([...findingsOfRefusal(await runProgram(argv, home), what, `${name}:${at}`), ...traffic(what)]);
      }
      rmSync(path.join(directory, name));
    }
  }
  tally.close();
});

/** Things of a folder that are no files to read, by what puts them there. */
const oddities: readonly { name: string; put: (file: string) => void; unnamed?: true }[] = [
  { name: 'pipe', put: (file) => void execFileSync('mkfifo', [file]) },
  { name: 'folder', put: (file) => mkdirSync(file) },
  { name: 'loop', put: (file) => symlinkSync(file, file) },
  { name: 'nowhere', put: (file) => symlinkSync('gone/away.yaml', file) },
  { name: 'endless', put: (file) => symlinkSync('/dev/zero', file) },
  { name: 'terminal', put: (file) => symlinkSync('/dev/tty', file) },
  { name: 'bell\u0007and\u001b[31mred', put: (file) => writeFileSync(file, 'title: Try\n') },
  { name: 'two\nlines', put: (file) => writeFileSync(file, 'title: Try\n') },
  { name: 'turned\u202Eround', put: (file) => writeFileSync(file, 'title: Try\n') },
  { name: '--help', put: (file) => writeFileSync(file, 'title: Try\n') },
  { name: 'a <b> [c]', put: (file) => writeFileSync(file, 'title: Try\n') },
  { name: '__proto__', put: (file) => writeFileSync(file, 'title: Try\n') },
  { name: '', put: (file) => writeFileSync(file, 'title: Try\n') },
];

test('one malformed file hides no other, and keeps no other runbook from being used', async ({ task }) => {
  const tally = createTally(task);
  const bad = sampleOf(
    files.filter((file) => file.startsWith('runbooks/') && !/(lint|Upper_Case)\.yaml$/.test(file)),
    6,
  ).map((file) => ({
    name: `x-${path.basename(file, '.yaml')}`,
    put: (to: string) => cpSync(path.join(corpus, file), to),
  }));
  const huge = malformedBytes.filter(({ name }) => /megabyte|hundred-thousand|utf-16-le/.test(name));
  const bytes = huge.map(({ name, bytes }) => ({ name, put: (to: string) => writeFileSync(to, bytes()) }));
  for (const { name, put } of [...sampleOf(oddities, 13), ...bad, ...bytes]) {
    const directory = copyRunbooks('among');
    put(path.join(directory, `${name}.yaml`));
    const shown = JSON.stringify(name);
    const findings: string[] = [];
    for (const argv of [['--help'], ['list'], ['show', 'failover'], ['failover', '--help'], ['lint']]) {
      const ended = await runProgram([...argv, '--runbooks', directory], home);
      const said = ended.stdout + ended.stderr;
      const what = `${argv.join(' ')} beside ${shown}`;
      const mayFail = argv[0] === 'list' || argv[0] === 'lint';
      if (ended.code !== 0 && !(mayFail && ended.code === 2))
        findings.push(`${what}: exit code ${ended.code}: ${said.slice(0, 300)}`);
      if (argv[0] === 'lint' ? ended.code !== 2 : !said.includes('Fail over the API'))
        findings.push(`${what}: ${said.slice(0, 300)}`);
      if (argv[0] === 'lint' && !/production\.yaml:\d+:\d+: .* placeholder/.test(said))
        findings.push(`${what}: the other files are not checked`);
      if (/unexpected:|^\s+at .+:\d+:\d+\)?$/m.test(said))
        findings.push(`${what}: a stack trace: ${said.slice(0, 300)}`);
      if (/[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E]/.test(said))
        findings.push(`${what}: control characters are printed as they are`);
      if (ended.cpuMs > 1_000) findings.push(`${what}: took ${Math.round(ended.cpuMs)} ms of the processor`);
    }
    rmSync(directory, { recursive: true });
    tally.add([...findings, ...traffic(shown)]);
  }
  tally.close();
});

test('a process that is given one ends with 2, opens no socket, and waits for nobody', async ({ task }) => {
  const tally = createTally(task);
  const directory = copyRunbooks('traced');
  const pipe = path.join(directory, 'pipe.yaml');
  execFileSync('mkfifo', [pipe]);
  const commands: readonly string[][] = [
    ['lint', pipe],
    ['failover', '--env', pipe, '--reason', 'x'],
    ['rehearse', 'failover', '--scenario', path.join(corpus, 'scenarios/time-negative.yaml'), '--reason', 'x'],
    ['pipe', '--runbooks', directory],
    ['rehearse', 'failover', '--scenario', pipe, '--reason', 'x'],
    ['failover', '--env', path.join(corpus, 'environments/endpoint-plain.yaml'), '--reason', 'x'],
    ['lint', path.join(corpus, 'runbooks/alias-bomb.yaml')],
    ['lint', path.join(corpus, 'suites/header-line-end.yaml')],
    ['show', 'pipe', '--runbooks', directory],
  ];
  for (const argv of sampleOf(commands, 3)) {
    const trace = path.join(home, 'trace.jsonl');
    const running = start(
      [...argv, '--state-dir', path.join(home, 'state')].slice(
        0,
        argv[0] === 'lint' || argv[0] === 'show' ? argv.length : undefined,
      ),
      failpoints({ trace }),
    );
    const timer = setTimeout(() => running.child.kill('SIGKILL'), 20_000);
    const { code, stdout, stderr } = await running.ended;
    clearTimeout(timer);
    const what = argv.map((word) => word.replace(`${corpus}/`, '').replace(`${directory}/`, '')).join(' ');
    const acts = readTrace(trace).filter(({ op, at }) => at === 'begin' && (op === 'connect' || op === 'send'));
    rmSync(trace, { force: true });
    tally.add([
      ...(code === 2 ? [] : [`${what}: exit code ${code}: ${(stdout + stderr).slice(0, 300)}`]),
      ...acts.map(({ op, path: to }) => `${what}: ${op} to ${to}`),
      ...(/:\d+:\d+: /.test(stdout + stderr) ? [] : [`${what}: no place is named: ${(stdout + stderr).slice(0, 300)}`]),
    ]);
  }
  tally.close();
});

/** Expressions that the linter lets through and that are small, over outputs that are not. */
const bombs: readonly string[] = [
  'outputs.items.all(a, outputs.items.exists(b, b.id == a.id + 1))',
  'outputs.items.map(a, outputs.items.map(b, a.id + b.id)).size() > 0',
  'outputs.items.filter(a, outputs.items.all(b, b.name != a.name)).size() == 0',
  'outputs.items.exists_one(a, outputs.items.exists_one(b, a.name == b.name + "x"))',
  'outputs.items.map(a, outputs.items)',
  'outputs.items.map(a, outputs.text)',
  'outputs.items.map(a, outputs.text + outputs.text + outputs.text + outputs.text)',
  'outputs.items.map(a, a.name.matches("^(a|a)*$"))',
  'outputs.items.all(a, outputs.text.matches("(a*)*b"))',
  'outputs.text.matches("(a|aa|aaa|aaaa|aaaaa){1,60}b")',
  'outputs.items.all(a, outputs.text.matches("((a?){60}){3}b"))',
  'outputs.items.map(a, [a, a, a, a]).map(a, [a, a, a, a]).map(a, [a, a, a, a]).map(a, [a, a, a, a])',
  `outputs.text${' + outputs.text'.repeat(60)}`,
  `${'outputs.items + '.repeat(55)}outputs.items`,
  'outputs.items == outputs.items && outputs.items in [outputs.items]',
  'string(outputs.text).split("").map(a, outputs.text)',
];

test('no expression takes longer than a second, whatever it is given', ({ task }) => {
  const tally = createTally(task);
  const where = { file: 'x.yaml', line: 1, column: 1 };
  for (const size of isFull ? [100, 1_000, 10_000, 30_000] : [10_000]) {
    const items: Json = Array.from({ length: size }, (_, id) => ({ id, name: `${'a'.repeat(60)}${id}` }));
    const outputs: Json = { items, text: 'a'.repeat(20 * size) };
    for (const source of bombs) {
      const what = `${source} over ${size} items`;
      const findings: string[] = [];
      const before = process.cpuUsage();
      try {
        const result = evaluate({ source, where, stepsRead: [] }, { inputs: {}, env: {}, run: {}, steps: {}, outputs });
        const length = result.kind === 'value' ? JSON.stringify(result.value).length : 0;
        if (length > 8_000_000) findings.push(`${what}: its value has ${length} characters`);
      } catch (error) {
        if (!(error instanceof OpsError)) findings.push(`${what}: ${String(error)}`);
        else if (error.where === undefined || error.hint === undefined) findings.push(`${what}: no place or no hint`);
      }
      const { user, system } = process.cpuUsage(before);
      if (user + system > 1_000_000) findings.push(`${what}: took ${Math.round((user + system) / 1_000)} ms`);
      tally.add(findings);
    }
  }
  tally.close();
});
