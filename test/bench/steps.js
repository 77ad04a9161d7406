// What a step costs. By hand, after `npm run build`: node test/bench/steps.js [ROUNDS]
//
// Runs of the built program, with their real log, beside the least that Node needs for two synced appends a step
// (floor.js), a shell loop, curl in a shell loop, and Ansible where it is installed. Everything is measured in turn,
// round after round; a ratio is taken within a round, and its median and quartiles are printed. Exits with 1 where a bar
// is missed. docs/cost.md says what the numbers mean.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { inRounds, isInstalled, report, timed } from './measure.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const program = here('../../bin/resend-ops.js');
const rounds = Number(process.argv[2] ?? 9);
/** What a sync took at the median on the disk for which the bar of the step was set. */
const usualSyncMs = 0.5;
const slowDisk = ['--require', here('slow-disk.cjs')];
const home = mkdtempSync(join(tmpdir(), 'resend-ops-bench-'));

/** A runbook directory of its own for one runbook, so that nothing else is read. */
function writeRunbook(name, steps) {
  const directory = join(home, name);
  mkdirSync(join(directory, 'environments'), { recursive: true });
  writeFileSync(join(directory, `${name}.yaml`), `title: A measured run\nsteps:\n${steps.join('')}`);
  writeFileSync(
    join(directory, 'environments', 'bench.yaml'),
    'hostname: api.example.com\nzone: example.com\nroutes:\n  edge: { provider: cloudflare, connect: 127.0.0.1 }\ndns: { resolvers: [127.0.0.1] }\n',
  );
  return directory;
}

const range = (count) => Array.from({ length: count }, (_, at) => at + 1);
const noop = (id, indent) => `${indent}- { id: s${id}, title: Step ${id}, uses: wait, with: { for: 0s } }\n`;
const plain = (count) => range(count).map((id) => noop(id, '  '));
/** A list holds 100 steps at most: longer runs come in groups of five, and shorter ones that they are compared with, too. */
const grouped = (count) =>
  range(count / 5).map(
    (group) =>
      `  - parallel:\n${range(5)
        .map((id) => noop(group * 5 + id, '      '))
        .join('')}`,
  );
const changes = (count) =>
  range(count).map(
    (id) =>
      `  - { id: s${id}, title: Step ${id}, uses: cloudflare.set-load-balancer, with: { enabled: ${id % 2 === 0} } }\n`,
  );

let runs = 0;
/** Arguments of a run on a new state directory. `at` gets the directory. */
function runArguments(name, environment = 'bench') {
  runs += 1;
  const state = join(home, `state-${runs}`);
  return { state, args: [program, name, '--env', environment, '--runbooks', join(home, name), '--state-dir', state] };
}

/** Measures a whole process; notes besides how long its run took by its own log. */
const runOf =
  (name, inRun, more = {}) =>
  async () => {
    const { state, args } = runArguments(name, more.environment);
    const ms = await timed(process.execPath, [...(more.node ?? []), ...args], more.variables);
    const times = readFileSync(join(state, 'audit/00000001.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => Date.parse(JSON.parse(line).time));
    const as = more.as ?? name;
    inRun[as] = [...(inRun[as] ?? []), times.at(-1) - times[0]];
    rmSync(state, { recursive: true });
    return ms;
  };

/** Peak memory and syncs of one run; with `heapEvery`, its heap after a collection at every so-manieth sync. */
async function gauge(name, more = {}) {
  const { args } = runArguments(name, more.environment);
  const file = join(home, 'gauge.json');
  const every = more.heapEvery === undefined ? {} : { GAUGE_EVERY: String(more.heapEvery) };
  await timed(process.execPath, ['--expose-gc', '--require', here('gauge.cjs'), ...args], {
    ...more.variables,
    ...every,
    GAUGE: file,
  });
  return JSON.parse(readFileSync(file, 'utf8'));
}

const floorOf =
  (steps, { node = [], variables } = {}) =>
  async () => {
    const file = join(home, 'floor.jsonl');
    const ms = await timed(process.execPath, [...node, here('floor.js'), file, String(steps)], variables);
    rmSync(file);
    return ms;
  };

async function startTarget() {
  const server = http.createServer((_, response) => response.end('ok'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}

/** The simulator in a process of its own, as the target of real changes; fast, so that its rate limit never bites. */
async function startSimulator() {
  const child = spawn(process.execPath, [program, 'simulate', '--json', '--speed', '100'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value } = await lines.next();
  const { environmentFile, secrets } = JSON.parse(value);
  return {
    environment: environmentFile,
    variables: secrets,
    async stop() {
      child.kill('SIGINT');
      await once(child, 'exit');
    },
  };
}

function ansiblePlaybook(count) {
  const file = join(home, `playbook-${count}.yaml`);
  const tasks = range(count).map((id) => `    - { name: Step ${id}, ansible.builtin.debug: { msg: step } }\n`);
  writeFileSync(file, `- hosts: localhost\n  gather_facts: false\n  tasks:\n${tasks.join('')}`);
  return file;
}

/** Milliseconds a step, of each round: what the longer run took more than the shorter one. */
const perStep = (times, long, short, steps) => times[long].map((ms, round) => (ms - times[short][round]) / steps);
const ratios = (over, under) => over.map((value, round) => value / under[round]);

async function measureSteps(target, simulator) {
  for (const count of [10, 100]) {
    writeRunbook(`plain-${count}`, plain(count));
    writeRunbook(`grouped-${count}`, grouped(count));
  }
  writeRunbook('grouped-500', grouped(500));
  for (const count of [10, 30]) writeRunbook(`changes-${count}`, changes(count));
  const inRun = {};
  const shell = (count, command) => () => timed('bash', ['-c', `for i in $(seq ${count}); do ${command}; done`]);
  const slow = { node: slowDisk, variables: { SYNC_MS: String(usualSyncMs) } };
  const curl = `curl -s -o /dev/null ${target.url}`;
  const times = await inRounds(rounds, {
    'floor-10': floorOf(10),
    'plain-10': runOf('plain-10', inRun),
    'floor-100': floorOf(100),
    'plain-100': runOf('plain-100', inRun),
    'grouped-10': runOf('grouped-10', inRun),
    'grouped-100': runOf('grouped-100', inRun),
    'grouped-500': runOf('grouped-500', inRun),
    'floor-500': floorOf(500),
    'slow-floor-10': floorOf(10, slow),
    'slow-plain-10': runOf('plain-10', inRun, { ...slow, as: 'slow-plain-10' }),
    'slow-floor-100': floorOf(100, slow),
    'slow-plain-100': runOf('plain-100', inRun, { ...slow, as: 'slow-plain-100' }),
    'changes-10': runOf('changes-10', inRun, simulator),
    'changes-30': runOf('changes-30', inRun, simulator),
    'true-100': shell(100, '/bin/true'),
    ...(isInstalled('curl') ? { 'curl-10': shell(10, curl), 'curl-100': shell(100, curl) } : {}),
  });
  // The uncounted first round is in here too.
  for (const list of Object.values(inRun)) list.shift();
  return { times, inRun };
}

async function main() {
  const target = await startTarget();
  const simulator = await startSimulator();
  try {
    const { times, inRun } = await measureSteps(target, simulator);
    const floor = perStep(times, 'floor-100', 'floor-10', 90);
    const longFloor = perStep(times, 'floor-500', 'floor-100', 400);
    const step = perStep(times, 'plain-100', 'plain-10', 90);
    const stepInRun = perStep(inRun, 'plain-100', 'plain-10', 90);
    const longStep = perStep(inRun, 'grouped-500', 'grouped-100', 400);
    const slowFloor = perStep(times, 'slow-floor-100', 'slow-floor-10', 90);
    const slowStep = perStep(inRun, 'slow-plain-100', 'slow-plain-10', 90);
    const change = perStep(times, 'changes-30', 'changes-10', 20);
    const kept = [];
    const say = (what, values, bar) => kept.push(report(what, values, bar));
    console.log(`${rounds} rounds; medians, with quartiles in brackets\n`);
    say('floor, ms a step (10 to 100 steps)', floor);
    say('floor, ms a step (100 to 500 steps)', longFloor);
    say('no-op step, ms, in the run', stepInRun);
    say('no-op step, ms, with the reading of its lines of YAML', step);
    say('no-op step, ms, in the run (100 to 500, in groups)', longStep);
    say('no-op step / floor, in the run', ratios(stepInRun, floor), { atMost: 2 });
    say('no-op step / floor, in the run (100 to 500, in groups)', ratios(longStep, longFloor), { atMost: 2 });
    say(`the same, where a sync takes ${usualSyncMs} ms`, ratios(slowStep, slowFloor), { atMost: 2 });
    say('no-op step / floor, with reading its YAML', ratios(step, floor));
    say('T(500) / T(100), whole processes', ratios(times['grouped-500'], times['grouped-100']), { atMost: 5.5 });
    say('T(500) / T(100), in the run', ratios(inRun['grouped-500'], inRun['grouped-100']), { atMost: 5.5 });
    say('a change against the simulator, ms (HTTPS, 4 calls)', change);
    say('100 no-op steps / bash with 100 /bin/true', ratios(times['plain-100'], times['true-100']));
    if (times['curl-100'] !== undefined) {
      const curl = perStep(times, 'curl-100', 'curl-10', 90);
      say('bash + curl, ms a request', curl);
      say('no-op step / bash + curl', ratios(stepInRun, curl));
      say('a change / bash + curl', ratios(change, curl));
    }
    if (isInstalled('ansible-playbook')) {
      const playbook = (count) =>
        timed('ansible-playbook', ['-i', 'localhost,', '-c', 'local', ansiblePlaybook(count)], { HOME: home });
      const ansible = ((await playbook(30)) - (await playbook(10))) / 20;
      say('ansible debug, ms a task (once)', [ansible]);
    } else console.log('ansible-playbook is not installed: not measured');

    console.log('');
    const gauged = {};
    for (const name of ['plain-10', 'plain-100', 'grouped-10', 'grouped-500']) gauged[name] = await gauge(name);
    for (const name of ['changes-10', 'changes-30']) gauged[name] = await gauge(name, simulator);
    const mib = (name) => gauged[name].rssKib / 1024;
    const syncs = (long, short, steps) => (gauged[long].syncs - gauged[short].syncs) / steps;
    say('syncs a no-op step', [syncs('plain-100', 'plain-10', 90)], { atMost: 1 });
    say('syncs a change', [syncs('changes-30', 'changes-10', 20)], { atMost: 2 });
    say('peak memory, 10 steps, MiB', [mib('grouped-10')], { atMost: 64, digits: 0 });
    say('peak memory, 500 steps, MiB', [mib('grouped-500')], { digits: 0 });
    say('growth from 10 to 500 steps, MiB', [mib('grouped-500') - mib('grouped-10')], { atMost: 6, digits: 0 });
    const { heapKib } = await gauge('grouped-500', { heapEvery: 100 });
    say('heap in use, 100th to last sync of 500 steps, MiB', [(heapKib.at(-1) - heapKib[0]) / 1024], { atMost: 1 });
    const node = await nodeMemory();
    say('Node itself, MiB', [node], { digits: 0 });
    process.exitCode = kept.every((isKept) => isKept) ? 0 : 1;
  } finally {
    await simulator.stop();
    target.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function nodeMemory() {
  const file = join(home, 'gauge.json');
  await timed(process.execPath, ['--require', here('gauge.cjs'), '-e', '0'], { GAUGE: file });
  return JSON.parse(readFileSync(file, 'utf8')).rssKib / 1024;
}

await main();
