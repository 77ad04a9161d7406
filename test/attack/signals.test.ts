import { mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'vitest';
import { start } from '../acceptance/program.ts';
import { type FaultyWorld, type LogEntry, startFaultyWorld } from './faulty-world.ts';
import { runPool } from './run-pool.ts';
import { createTally, isFull } from './tally.ts';
import { hasTerminals, startOnTerminal } from './terminal.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof signals)[number];

/** How long after the safe point the process may live. A scene that was later is repeated once, alone. */
const atOnceMs = 1_000;
const isLate = (finding: string): boolean => /ended (-?\d+ ms after|after \d+ ms)/.test(finding);

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 1_500; turn += 1) {
    if (await holds()) return;
    await sleep(10);
  }
  throw new Error(`never came to be: ${what}`);
}

/** A run that is in some state when the signal comes. */
type State = {
  name: string;
  runbook: string;
  /** Breaks the provider before the run starts, or once it stands at `broken`. */
  fault?: { component: string; fault: object; from?: RegExp };
  /** An entry of `--json` by which the state is told. */
  at: RegExp;
  /** A moment within the state that no entry tells. */
  moment?: (world: FaultyWorld) => Promise<void>;
  /** What is true at the end. */
  code: number;
  enabled: boolean;
  /** It goes on after a signal, so that a second one is heard for certain. */
  lasts?: true;
};

const changing = (name: string, fault: object, at: RegExp, moment?: State['moment']): State => ({
  name,
  runbook: 'changed',
  fault: { component: 'cloudflare-api', fault },
  at,
  ...(moment === undefined ? {} : { moment }),
  code: 3,
  enabled: false,
  lasts: true,
});

const inFlight = (world: FaultyWorld) =>
  eventually('a write in flight', async () => (await world.switches()).length > 0);

const states: readonly State[] = [
  { name: 'waiting', runbook: 'slow', at: /"type":"step-started"[^\n]*"step":"hold"/, code: 4, enabled: true },
  { name: 'checking', runbook: 'probe', at: /"type":"step-started"[^\n]*"step":"probe"/, code: 4, enabled: true },
  {
    name: 'planning',
    runbook: 'changed',
    fault: { component: 'cloudflare-api', fault: { kind: 'hang' } },
    at: /"type":"step-started"[^\n]*"step":"switch"/,
    code: 4,
    enabled: true,
  },
  changing('between intent and answer', { kind: 'write-late', ms: 2_000 }, /"type":"change-intended"/),
  changing('a write in flight', { kind: 'write-late', ms: 2_000 }, /"type":"change-intended"/, inFlight),
  changing('in doubt', { kind: 'write-lost-answer' }, /"type":"change-doubted"/),
  {
    ...changing(
      'answered, and it does not show',
      { kind: 'write-ok-but-not-done' },
      /"type":"change-intended"/,
      inFlight,
    ),
    enabled: true,
  },
  {
    name: 'a change in place',
    runbook: 'changed',
    at: /"type":"step-started"[^\n]*"step":"hold"/,
    code: 3,
    enabled: false,
  },
  {
    name: 'a change in place, and a room that follows',
    runbook: 'told-and-changed',
    at: /"type":"step-started"[^\n]*"step":"hold"/,
    code: 3,
    enabled: false,
  },
  {
    name: 'rolling back',
    runbook: 'undo',
    fault: {
      component: 'cloudflare-api',
      fault: { kind: 'write-late', ms: 2_000 },
      from: /"step-started"[^\n]*"hold"/,
    },
    at: /"type":"revert-intended"/,
    code: 1,
    enabled: true,
    lasts: true,
  },
];

const settling: ReadonlySet<string> = new Set([
  'interrupted',
  'change-applied',
  'change-not-applied',
  'change-unresolved',
  'change-reverted',
  'revert-failed',
]);

/** The promises that every stopped run keeps, whatever the state and the signal. */
function keptPromises(
  at: string,
  log: LogEntry[],
  told: { code: number | null; text: string; endedAtMs: number },
  expected: { code: number; heard: readonly string[] },
): string[] {
  const found: string[] = [];
  const say = (sentence: string) => found.push(`${at}: ${sentence}`);
  if (told.code !== expected.code) say(`exit ${told.code}, not ${expected.code}: ${told.text.slice(-500)}`);
  const heard = log.flatMap(({ type, signal }) => (type === 'interrupted' ? [signal] : []));
  if (heard.join() !== expected.heard.join()) say(`the log holds [${heard}], not [${expected.heard}]`);
  const end = log.findLast(({ type }) => type === 'run-ended' || type === 'run-suspended');
  if (end?.exitCode !== expected.code) say(`the log's last word is ${end?.type} ${end?.exitCode}`);
  const text = told.text.replace(/\s+(REHEARSAL [│|]\s*)?/g, ' ');
  const next = expected.code === 3 ? ['resume', 'rollback'] : ['status'];
  for (const command of next)
    if (!new RegExp(`next: .*resend-ops ${command} \\S`).test(text)) say(`${command} is not told`);
  if (expected.code === 3 && (end?.left ?? []).length === 0) say('nothing is named as left');
  const settled = log.findLast(({ type }) => settling.has(type));
  const tookMs = told.endedAtMs - Date.parse(settled?.time ?? '');
  if (!(tookMs < atOnceMs)) say(`ended ${tookMs} ms after its safe point (${settled?.type})`);
  return found;
}

/** What a stopped run must not leave behind: lock files, half-written files, files of its own elsewhere. */
function leftovers(at: string, world: FaultyWorld): string[] {
  const files = readdirSync(world.state, { recursive: true, encoding: 'utf8' });
  const odd = files.filter((name) => /(^|\/)\.|tmp|\.lock|\.broken$|\.new$/.test(name));
  return odd.length === 0 ? [] : [`${at}: left behind ${odd.join(', ')}`];
}

async function inWorld(at: string, work: (world: FaultyWorld) => Promise<string[]>): Promise<string[]> {
  const world = await startFaultyWorld();
  try {
    return await work(world);
  } catch (error) {
    return [`${at}: not carried out: ${String(error)}`];
  } finally {
    await world.stop();
    rmSync(world.home, { recursive: true, force: true });
  }
}

type Running = ReturnType<FaultyWorld['runbook']>;

async function reach(state: State, world: FaultyWorld): Promise<Running> {
  const { fault } = state;
  if (fault !== undefined && fault.from === undefined) await world.fault(fault.component, fault.fault);
  const running = world.runbook(state.runbook, [...world.common, '--json']);
  if (fault?.from !== undefined) {
    await running.until(fault.from);
    await world.fault(fault.component, fault.fault);
  }
  await running.until(state.at);
  await state.moment?.(world);
  return running;
}

/** A signal, or two, to a run without a terminal. */
function withoutTerminal(state: State, signal: Signal, times: 1 | 2): Promise<string[]> {
  const at = `${state.name}, ${signal}${times === 2 ? ' twice' : ''}`;
  return inWorld(at, async (world) => {
    const running = await reach(state, world);
    running.child.kill(signal);
    let heard = 1;
    if (times === 2) {
      await running.until(/"type":"interrupted"/);
      // The run may be over before the second one reaches it.
      if (running.child.exitCode === null && running.child.kill(signal)) heard = 2;
      else if (state.lasts) return [`${at}: it ended before the second signal`];
    }
    const { code, stderr } = await running.ended;
    const endedAtMs = Date.now();
    const log = world.log();
    const signalsHeard = log.filter(({ type }) => type === 'interrupted').length;
    const found = keptPromises(
      at,
      log,
      { code, text: stderr, endedAtMs },
      {
        code: state.code,
        heard: Array(heard === 2 && signalsHeard === 1 && !state.lasts ? 1 : heard).fill(signal),
      },
    );
    if ((await world.isEnabled()) !== state.enabled) found.push(`${at}: enabled is not ${state.enabled}`);
    return [...found, ...leftovers(at, world)];
  });
}

const pause = '  - { id: pause, title: Pause, uses: wait, with: { for: 1s } }\n'
  .repeat(2)
  .replace('pause', 'pause-first');
const switching = `
  - { id: switch, title: Switch, uses: cloudflare.set-load-balancer, with: { enabled: false } }
`;
/** Runbooks that come to their end by themselves, and go on for a while after the state that they are for. */
const ending: Readonly<Record<string, string>> = {
  'check-ends': `
  - { id: probe, title: Probe, uses: dns.verify, with: { route: fallback, ask: resolvers, every: 1s }, timeout: 2s, on-failure: continue }
${pause}`,
  'switch-ends': switching + pause,
  'asked-ends': `
  - { id: switch, title: Switch, confirm: true, uses: cloudflare.set-load-balancer, with: { enabled: false } }
${pause}`,
  'undo-ends': `${switching}  - id: hold
    title: Hold
    uses: wait
    with: { for: 2s }
    expect: outputs.waitedMs < 0
    on-failure: rollback
`,
};

function addRunbooks(world: FaultyWorld): void {
  for (const [name, steps] of Object.entries(ending))
    writeFileSync(
      join(world.runbooks, `${name}.yaml`),
      `title: ${name}\nlock: dns/\${{ env.hostname }}\nsteps:${steps}`,
    );
}

const late = { component: 'cloudflare-api', fault: { kind: 'write-late', ms: 1_000 } };
const started = (step: string) => new RegExp(`"type":"step-started"[^\n]*"step":"${step}"`);

/** The states in which a reader goes away; the run comes to the end that it would have come to. */
const leaving: readonly State[] = [
  { name: 'checking', runbook: 'check-ends', at: started('probe'), code: 1, enabled: true },
  {
    name: 'planning',
    runbook: 'switch-ends',
    fault: { component: 'cloudflare-api', fault: { kind: 'slow', ms: 1_000 } },
    at: started('switch'),
    code: 0,
    enabled: false,
  },
  { name: 'intent', runbook: 'switch-ends', fault: late, at: /"type":"change-intended"/, code: 0, enabled: false },
  {
    name: 'a write in flight',
    runbook: 'switch-ends',
    fault: late,
    at: /"type":"change-intended"/,
    moment: inFlight,
    code: 0,
    enabled: false,
  },
  { name: 'waiting', runbook: 'switch-ends', at: started('pause'), code: 0, enabled: false },
  {
    name: 'rolling back',
    runbook: 'undo-ends',
    fault: { ...late, from: started('hold') },
    at: /"type":"revert-intended"/,
    code: 1,
    enabled: true,
  },
];

/** Whose reader goes away: of one output, of both at once, or of one, and of the other once the first was noted. */
const goings = ['stdout', 'stderr', 'both', 'stdout, then stderr', 'stderr, then stdout'] as const;
type Going = (typeof goings)[number];

/** The reader of an output goes away in some state: the run goes on, and the log holds everything. */
function readerGone(state: State, going: Going): Promise<string[]> {
  const at = `${state.name}: the reader of ${going} goes away`;
  return inWorld(at, async (world) => {
    addRunbooks(world);
    const running = await reach(state, world);
    const { stdout, stderr } = running.child;
    if (going !== 'stderr' && going !== 'stderr, then stdout') stdout?.destroy();
    if (going !== 'stdout' && going !== 'stdout, then stderr') stderr?.destroy();
    if (going.includes('then')) {
      // The other output tells that the first was noted, where the run still has that to tell.
      await Promise.race([running.until(/nobody reads an output|"signal":"SIGPIPE"/), running.ended]);
      stdout?.destroy();
      stderr?.destroy();
    }
    const { code, signal, stderr: text } = await running.ended;
    const endedAtMs = Date.now();
    const log = world.log();
    const found: string[] = [];
    const say = (sentence: string) => found.push(`${at}: ${sentence}`);
    if (code !== state.code) say(`ended with ${code ?? signal}, not ${state.code}: ${text.slice(-300)}`);
    const end = log.at(-1);
    if (end?.type !== 'run-ended' || end.exitCode !== state.code)
      say(`the log ends with ${end?.type} ${end?.exitCode}`);
    const heard = log.filter(({ type, signal: name }) => type === 'interrupted' && name === 'SIGPIPE').length;
    const gone = going === 'stdout' || going === 'stderr' ? 1 : 2;
    // Who leaves once the first was noted may be missed by a run that has nothing more to tell but its end.
    const first = log.findIndex(({ type }) => type === 'interrupted');
    const toldMore = log.slice(first + 1).some(({ type }) => type !== 'run-ended' && type !== 'interrupted');
    if (heard !== gone && !(going.includes('then') && heard === 1 && !toldMore))
      say(`the log holds it ${heard} times, not ${gone}`);
    const tookMs = endedAtMs - Date.parse(end?.time ?? '');
    if (!(tookMs < atOnceMs)) say(`ended ${tookMs} ms after the run`);
    if (going === 'stdout' && !/next: .*resend-ops|exit 0/.test(text)) say(`the end is not told: ${text.slice(-300)}`);
    if ((await world.isEnabled()) !== state.enabled) say(`enabled is not ${state.enabled}`);
    return [...found, ...leftovers(at, world)];
  });
}

/** The reader of stdout goes away while a question stands open on the terminal: it is answered, and the run goes on. */
function readerGoneAtPrompt(): Promise<string[]> {
  const at = 'a prompt: the reader of stdout goes away';
  return inWorld(at, async (world) => {
    addRunbooks(world);
    const { environmentFile, state, common, home } = world;
    const args = ['asked-ends', '--env', environmentFile, '--state-dir', state, ...common, '--json'];
    const leave = join(home, 'leave');
    const running = await startOnTerminal(args, world.secrets, { readUntil: leave });
    await running.until(/Switch\?/);
    writeFileSync(leave, '');
    await running.until(/reader left/);
    running.type('y\r');
    const { restored, output } = await running.ended;
    const found: string[] = [];
    if (!/exit code 0\b/.test(output)) found.push(`${at}: ${output.slice(-400)}`);
    if (restored === false) found.push(`${at}: the terminal’s settings are not as before`);
    const log = world.log();
    if (log.at(-1)?.type !== 'run-ended') found.push(`${at}: the log ends with ${log.at(-1)?.type}`);
    if (log.filter(({ type, signal }) => type === 'interrupted' && signal === 'SIGPIPE').length !== 1)
      found.push(`${at}: the log does not hold it once`);
    if (await world.isEnabled()) found.push(`${at}: the change was not made`);
    return found;
  });
}

/** The output goes to a full disk: the run goes on. */
function fullOutput(): Promise<string[]> {
  const at = 'stdout is a full disk';
  return inWorld(at, async (world) => {
    const args = ['switch', '--env', world.environmentFile, '--state-dir', world.state, ...world.common, '--json'];
    const running = start(args, world.secrets, { stdout: openSync('/dev/full', 'w') });
    const { code } = await running.ended;
    const found = code === 0 ? [] : [`${at}: ended with ${code}`];
    if (world.log().at(-1)?.type !== 'run-ended') found.push(`${at}: the log does not hold the end`);
    return found;
  });
}

/** Signals to the second command of a run: a rollback is not left half done, a resumed run stops again. */
function onContinued(command: 'resume' | 'rollback', signal: Signal): Promise<string[]> {
  const at = `${command}, ${signal}`;
  return inWorld(at, async (world) => {
    const first = world.runbook('changed', [...world.common, '--json']);
    await first.until(/"type":"step-started"[^\n]*"step":"hold"/);
    first.child.kill('SIGTERM');
    await first.ended;
    const since = world.log().length;
    await world.fault('cloudflare-api', { kind: 'write-late', ms: 2_000 });
    const running = world.run([command, '--json']);
    await running.until(command === 'resume' ? /"type":"step-started"[^\n]*"hold"/ : /"type":"revert-intended"/);
    running.child.kill(signal);
    const { code, stderr } = await running.ended;
    const told = { code, text: stderr, endedAtMs: Date.now() };
    const expected = { code: command === 'resume' ? 3 : 0, heard: [signal] };
    const found = keptPromises(at, world.log().slice(since), told, expected);
    if ((await world.isEnabled()) !== (command === 'rollback')) found.push(`${at}: the load balancer is not as told`);
    return found;
  });
}

/** Before the run begins: nothing is started, or what is started is ended. */
function inPreflight(signal: Signal): Promise<string[]> {
  const at = `looking at the credentials, ${signal}`;
  return inWorld(at, async (world) => {
    await world.fault('cloudflare-api', { kind: 'hang' });
    const running = world.runbook('changed', [...world.common, '--json']);
    await eventually('a look at the token', async () =>
      (await world.call('GET', '/requests?server=cloudflare-api')).includes('tokens/verify'),
    );
    const sentAtMs = Date.now();
    running.child.kill(signal);
    const { code, stderr } = await running.ended;
    const found = code === 4 ? [] : [`${at}: exit ${code}: ${stderr.slice(-300)}`];
    if (Date.now() - sentAtMs > atOnceMs) found.push(`${at}: ended after ${Date.now() - sentAtMs} ms`);
    if (!/next: .*resend-ops|nothing was (written|started)/.test(stderr.replace(/\s+/g, ' ')))
      found.push(`${at}: nothing is said: ${stderr}`);
    return found;
  });
}

/** Whoever watches may go; the run does not notice. */
function watching(how: Signal | 'reader gone'): Promise<string[]> {
  const at = `watch, ${how}`;
  return inWorld(at, async (world) => {
    const driven = world.runbook('slow', [...world.common, '--json']);
    await driven.until(/"type":"step-started"[^\n]*"hold"/);
    const watcher = world.run(['watch', '--json']);
    await watcher.until(/"type":"step-started"[^\n]*"hold"/);
    const sentAtMs = Date.now();
    if (how === 'reader gone') {
      watcher.child.stdout?.destroy();
      await world.run(['release']).ended;
      driven.child.kill('SIGTERM');
    } else watcher.child.kill(how);
    const { code, stderr } = await watcher.ended;
    const found: string[] = [];
    if (how !== 'reader gone') {
      if (code !== 0) found.push(`${at}: exit ${code}`);
      if (Date.now() - sentAtMs > atOnceMs) found.push(`${at}: ended after ${Date.now() - sentAtMs} ms`);
      if (!/resend-ops (watch|status)/.test(stderr)) found.push(`${at}: the next command is not told`);
      if (world.log().some(({ type }) => type === 'interrupted')) found.push(`${at}: the run took it for its own`);
      if (driven.child.exitCode !== null) found.push(`${at}: the run has ended`);
      driven.child.kill('SIGTERM');
    }
    await driven.ended;
    return found;
  });
}

/** Commands with a simulator of their own: whatever the moment, they take it with them. */
async function rehearsing(name: string, args: readonly string[], at: RegExp | 'at once', signal: Signal, code: number) {
  const what = `${name}, ${signal}`;
  const home = mkdtempSync(join(tmpdir(), 'resend-ops-signals-'));
  const temporary = mkdtempSync(join(home, 'tmp-'));
  const state = join(home, 'state');
  try {
    const stateful = args[0] === 'simulate' ? [] : ['--state-dir', state];
    const running = start([...args, ...stateful], { TMPDIR: temporary });
    if (at === 'at once') await eventually('a directory of the simulator', () => readdirSync(temporary).length > 0);
    else await running.until(at);
    const sentAtMs = Date.now();
    running.child.kill(signal);
    const ended = await running.ended;
    const found =
      ended.code === code ? [] : [`${what}: exit ${ended.code ?? ended.signal}: ${ended.stderr.slice(-400)}`];
    if (Date.now() - sentAtMs > 2 * atOnceMs) found.push(`${what}: ended after ${Date.now() - sentAtMs} ms`);
    const left = readdirSync(temporary);
    if (left.length > 0) found.push(`${what}: left behind ${left.join(', ')}`);
    return found;
  } catch (error) {
    return [`${what}: not carried out: ${String(error)}`];
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** How a person, or the line to them, ends a run on a terminal. */
type Stop = Signal | 'Ctrl-C' | 'Ctrl-C twice' | 'lost connection';
const stops: readonly Stop[] = [...signals, 'Ctrl-C', 'Ctrl-C twice', 'lost connection'];

type Scene = {
  name: string;
  runbook: string;
  fault?: object;
  /** The provider is broken once the screen shows this; from the beginning unless given. */
  from?: RegExp;
  /** What the screen shows, and what the simulator saw, when it stands there. */
  at: RegExp;
  moment?: (world: FaultyWorld) => Promise<void>;
  code: number;
  enabled: boolean;
  /** Nothing was begun: there is no log to look at. */
  begun: boolean;
  /** What a first Ctrl-C does: a question what to do now, or nothing but a note (a rollback is finished). */
  heeds?: 'asks' | 'notes';
};

const scenes: readonly Scene[] = [
  { name: 'asked for an input', runbook: 'two-ways', at: /channel\?/, code: 4, enabled: true, begun: false },
  { name: 'a typed prompt', runbook: 'typed', at: /to go; wrong twice/, code: 4, enabled: true, begun: true },
  { name: 'a plain prompt', runbook: 'plain', at: /Switch\?/, code: 4, enabled: true, begun: true },
  { name: 'waiting', runbook: 'slow', at: /waiting 120 s/, code: 4, enabled: true, begun: true, heeds: 'asks' },
  { name: 'checking', runbook: 'probe', at: /Probe/, code: 4, enabled: true, begun: true, heeds: 'asks' },
  {
    name: 'planning',
    runbook: 'changed',
    fault: { kind: 'hang' },
    at: /Switch/,
    moment: (world) =>
      eventually('a look at the load balancer', async () =>
        (await world.call('GET', '/requests?server=cloudflare-api')).includes('/load_balancers'),
      ),
    code: 4,
    enabled: true,
    begun: true,
    heeds: 'asks',
  },
  {
    name: 'rolling back',
    runbook: 'undo-ends',
    fault: { kind: 'write-late', ms: 2_000 },
    from: /waiting 2 s/,
    at: /waiting 2 s/,
    moment: (world) => eventually('a revert in flight', async () => (await world.switches()).length > 1),
    code: 1,
    enabled: true,
    begun: true,
    heeds: 'notes',
  },
  {
    name: 'a write in flight',
    runbook: 'changed',
    fault: { kind: 'write-late', ms: 2_000 },
    at: /Switch/,
    moment: inFlight,
    code: 3,
    enabled: false,
    begun: true,
    heeds: 'asks',
  },
  {
    name: 'a change in place',
    runbook: 'changed',
    at: /waiting 120 s/,
    code: 3,
    enabled: false,
    begun: true,
    heeds: 'asks',
  },
];

const cursor = { hidden: '\u001b[?25l', shown: '\u001b[?25h' };

function onTerminal(scene: Scene, stop: Stop): Promise<string[]> {
  const at = `on a terminal: ${scene.name}, ${stop}`;
  return inWorld(at, async (world) => {
    addRunbooks(world);
    if (scene.fault !== undefined && scene.from === undefined) await world.fault('cloudflare-api', scene.fault);
    const { environmentFile, state, common } = world;
    const args = [scene.runbook, '--env', environmentFile, '--state-dir', state, ...common];
    const running = await startOnTerminal(args, world.secrets);
    await running.until(scene.at);
    if (scene.fault !== undefined && scene.from !== undefined) await world.fault('cloudflare-api', scene.fault);
    await scene.moment?.(world);
    const asks = scene.heeds === 'asks';
    const hearings = () => world.log().filter(({ type }) => type === 'interrupted').length;
    if (stop === 'lost connection') running.hangUp();
    else if (stop === 'SIGTERM' || stop === 'SIGHUP') process.kill(running.pid, stop);
    else {
      if (stop === 'SIGINT') process.kill(running.pid, stop);
      else running.type('\u0003');
      if (asks) await running.until(/Stop\?/);
      if (scene.heeds === 'notes') await eventually('a note of the signal', () => hearings() > 0);
      // The question after the first one has an answer: the last is to leave things as they are.
      if (stop === 'Ctrl-C twice') running.type('\u0003');
      else if (asks) running.type('\u001b[B\u001b[B\r');
    }
    const { code, signal, restored, output } = await running.ended;
    const endedAtMs = Date.now();
    const found: string[] = [];
    const say = (sentence: string) => found.push(`${at}: ${sentence}`);
    if (restored === false) say('the terminal’s settings are not as before');
    if (restored !== null && output.lastIndexOf(cursor.hidden) > output.lastIndexOf(cursor.shown))
      say('the cursor is left hidden');
    // Node itself aborts when it cannot restore a terminal that is gone; by then the log holds the end.
    const aborted =
      (stop === 'lost connection' && signal === 6) ||
      // The first Ctrl-C had ended it already: nothing was begun, so nobody heeds the second.
      (!scene.begun && stop === 'Ctrl-C twice' && signal === 2);
    if (code !== scene.code && !aborted)
      say(`exit ${code ?? `by signal ${signal}`}, not ${scene.code}: ${output.slice(-700)}`);
    if ((await world.isEnabled()) !== scene.enabled) say(`enabled is not ${scene.enabled}`);
    if (!scene.begun) return found;
    const log = world.log();
    const heard = log.flatMap(({ type, signal: name }) => (type === 'interrupted' ? [name] : []));
    const wanted = stop === 'lost connection' ? 'SIGHUP' : stop.startsWith('Ctrl-C') ? 'SIGINT' : stop;
    if (!heard.includes(wanted)) say(`the log holds [${heard}], not ${wanted}`);
    // A terminal that is gone is a reader less, too, and is noted as that.
    if (scene.heeds === 'notes' && heard.filter((name) => name === wanted).length !== (stop === 'Ctrl-C twice' ? 2 : 1))
      say(`the log holds [${heard}]: not each of them`);
    const end = log.findLast(({ type }) => type === 'run-ended' || type === 'run-suspended');
    if (end?.exitCode !== scene.code) say(`the log's last word is ${end?.type} ${end?.exitCode}`);
    const read = output.replace(/\u001b\[[0-9;?]*[a-zA-Z]/g, '').replace(/\s+/g, ' ');
    if (restored !== null && !/next: .*resend-ops/.test(read)) say(`the next command is not told: ${read.slice(-300)}`);
    const settled = log.findLast(({ type }) => settling.has(type) || type === 'decided');
    const tookMs = endedAtMs - Date.parse(settled?.time ?? '');
    if (!(tookMs < atOnceMs)) say(`ended ${tookMs} ms after its safe point (${settled?.type})`);
    return [...found, ...leftovers(at, world)];
  });
}

type Attack = () => Promise<string[]>;

function named<T extends { name: string }>(list: readonly T[], name: string): T {
  const found = list.find((item) => item.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

const failoverRehearsal = ['rehearse', 'failover', '--speed', '30', '--json'];

const families: readonly { name: string; skip?: boolean; full: readonly Attack[]; sample: readonly Attack[] }[] = [
  {
    name: 'signals to a run without a terminal, in every state, once and twice',
    full: states.flatMap((state) =>
      signals.flatMap((signal) => [() => withoutTerminal(state, signal, 1), () => withoutTerminal(state, signal, 2)]),
    ),
    sample: [
      () => withoutTerminal(named(states, 'a write in flight'), 'SIGTERM', 2),
      () => withoutTerminal(named(states, 'waiting'), 'SIGHUP', 1),
    ],
  },
  {
    name: 'signals to resume, rollback, and before a run begins',
    full: signals.flatMap((signal) => [
      () => onContinued('resume', signal),
      () => onContinued('rollback', signal),
      () => inPreflight(signal),
    ]),
    sample: [],
  },
  {
    name: 'outputs that nobody reads any more',
    full: [
      ...leaving.flatMap((state) => goings.map((going) => () => readerGone(state, going))),
      ...(hasTerminals ? [readerGoneAtPrompt] : []),
      fullOutput,
      () => watching('reader gone'),
    ],
    sample: [() => readerGone(named(leaving, 'a write in flight'), 'stderr, then stdout')],
  },
  {
    name: 'signals to watch, simulate and rehearse',
    full: signals.flatMap((signal) => [
      () => watching(signal),
      () => rehearsing('simulate starting', ['simulate', '--json'], 'at once', signal, 0),
      () => rehearsing('simulate', ['simulate', '--json'], /"type":"simulator"/, signal, 0),
      () => rehearsing('rehearse starting', failoverRehearsal, 'at once', signal, 4),
      () => rehearsing('rehearse', failoverRehearsal, /"type":"step-started"[^\n]*"standby"/, signal, 4),
      () => rehearsing('rehearse, a change in place', failoverRehearsal, /"step-started"[^\n]*"drained"/, signal, 3),
      () => rehearsing('rehearse, its end', failoverRehearsal, /"type":"run-ended"/, signal, 0),
    ]),
    sample: [() => rehearsing('rehearse starting', failoverRehearsal, 'at once', 'SIGTERM', 4)],
  },
  {
    name: 'signals, Ctrl-C and lost connections on a terminal, in every state',
    skip: !hasTerminals,
    full: scenes.flatMap((scene) => stops.map((stop) => () => onTerminal(scene, stop))),
    sample: [
      () => onTerminal(named(scenes, 'a typed prompt'), 'SIGTERM'),
      () => onTerminal(named(scenes, 'a plain prompt'), 'SIGINT'),
      () => onTerminal(named(scenes, 'a typed prompt'), 'lost connection'),
      () => onTerminal(named(scenes, 'a write in flight'), 'lost connection'),
    ],
  },
];

async function attack(task: TestContext['task'], attacks: readonly Attack[]): Promise<void> {
  const tally = createTally(task);
  // What was late and nothing else is looked at again alone, when the machine has nothing else to do.
  const again: Attack[] = [];
  await runPool(attacks, isFull ? 4 : 2, async (make) => {
    const found = await make();
    if (found.length > 0 && found.every(isLate)) again.push(make);
    else tally.add(found);
  });
  for (const make of again) tally.add(await make());
  tally.close();
}

// The sample waits for timers most of the time; in full, the pool is what keeps the machine busy and no more.
for (const { name, skip, full, sample } of families) {
  const attacks = isFull ? full : sample;
  if (attacks.length === 0) continue;
  const declare = skip === true ? test.skip : isFull ? test : test.concurrent;
  declare(name, { timeout: 3_600_000 }, ({ task }) => attack(task, attacks));
}
