import { rmSync } from 'node:fs';
import { type TestContext, test } from 'vitest';
import {
  byLoadBalancer,
  byRecordSet,
  type FaultyWorld,
  type LogEntry,
  type Result,
  resultOf,
  startFaultyWorld,
  type Way,
} from './faulty-world.ts';
import { runPool } from './run-pool.ts';
import { createTally, isFull } from './tally.ts';
import { failpoints } from './victim.ts';

/** A way in which a writing call goes wrong, and when at the latest it is over (in seconds from the call). */
type Trouble = { name: string; fault: object; done: boolean; overAfterS: number };

const late = (seconds: number): Trouble => ({
  name: `lands after ${seconds} s`,
  fault: { kind: 'write-late', ms: seconds * 1_000 },
  done: true,
  overAfterS: seconds,
});
const afterwards = (seconds: number): Trouble => ({
  name: `answered at once, lands after ${seconds} s`,
  fault: { kind: 'write-ok-then-late', ms: seconds * 1_000 },
  done: true,
  overAfterS: seconds,
});
const atOnce = (name: string, done: boolean, fault: object): Trouble => ({ name, fault, done, overAfterS: 0 });

const lostAnswer = atOnce('done, never answered', true, { kind: 'write-lost-answer' });
const lost = atOnce('never arrived', false, { kind: 'write-lost' });
const errorButDone = atOnce('500, and done', true, { kind: 'write-error-but-done' });
const errorSaysDone = atOnce('500 that says done, and not done', false, { kind: 'write-error-says-done' });
const refusedButDone = atOnce('429, and done', true, { kind: 'write-refused-but-done' });
const okNotDone = atOnce('200, and not done', false, { kind: 'write-ok-but-not-done' });
const reset = atOnce('reset in the middle of the answer', true, { kind: 'write-breaks-off', how: 'reset' });
const cutShort = atOnce('answer cut short', true, { kind: 'write-breaks-off', how: 'cut-short' });
const stalled = atOnce('headers, then silence', true, { kind: 'write-breaks-off', how: 'stalled' });

const troubles: readonly Trouble[] = [
  ...[lostAnswer, lost, errorButDone, errorSaysDone, refusedButDone, okNotDone, reset, cutShort, stalled],
  ...[0.1, 1, 4, 6, 12].map(late),
  ...[1, 4, 12].map(afterwards),
];

/** What the program must say of a write that nobody could know about: anything but an end. */
const inDoubt = 3;

/** The exit codes that are true after a forward write alone, by trouble: what could be known must be. */
function forwardCodes({ done, fault, overAfterS, name }: Trouble): readonly number[] {
  if (name === okNotDone.name) return [1];
  if ('kind' in fault && fault.kind === 'write-ok-then-late') return [0];
  if (!done) return [inDoubt];
  // On a busy machine the last look comes late enough to see it.
  return overAfterS > 8 ? [0, inDoubt] : [0];
}

/** The same after a failure that rolls the run back, where the revert is what goes wrong. */
function revertCodes({ done, fault, overAfterS }: Trouble): readonly number[] {
  if (!done) return [inDoubt];
  if ('kind' in fault && fault.kind === 'write-ok-then-late') return overAfterS > 2 ? [1, inDoubt] : [1];
  return overAfterS > 8 ? [inDoubt] : [1];
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

type Ended = { code: number | null; stdout: string; stderr: string };

/** What one attack looked at. */
type Seen = { at: string; ended: Ended; result: Result | undefined; log: LogEntry[] };

/** The sentences of what was told and is not so, for every attack. */
function alwaysTold({ at, ended, result, log }: Seen): string[] {
  const found: string[] = [];
  const say = (sentence: string) => found.push(`${at}: ${sentence}`);
  if (result === undefined) say(`no result line; stderr: ${ended.stderr.slice(-300)}`);
  if (result !== undefined && result.exitCode !== ended.code)
    say(`the result says exit ${result.exitCode}, the process ended with ${ended.code}`);
  const last = log.findLast(({ type }) => type === 'run-ended' || type === 'run-suspended');
  if (last?.exitCode !== ended.code) say(`the log's last word is exit ${last?.exitCode}, the process's ${ended.code}`);
  if ((last?.type === 'run-suspended') !== (ended.code === inDoubt))
    say(`exit ${ended.code} and the log ends with ${last?.type}`);
  const text = ended.stderr.replace(/\s+(REHEARSAL │\s*)?/g, ' ');
  if (ended.code === inDoubt) {
    if (!/resend-ops resume \S/.test(text) || !/resend-ops rollback \S/.test(text))
      say('a person must finish, and the next commands are not told');
    if (!/in doubt|could not be rolled back/.test(text)) say('exit 3, and nothing is told to be in doubt');
    if (!(result?.steps ?? []).some(({ outcome, recovery }) => outcome === 'in-doubt' || recovery === 'revert-failed'))
      say('exit 3, and no step of the result is in doubt');
    if (/nothing is changed|rolled back and verified/.test(text)) say('in doubt, and told as if it were known');
  }
  const writesAgain = log.filter(({ type }, index) => {
    if (type !== 'change-intended') return false;
    const step = log[index]?.step;
    const before = log.slice(0, index).findLast((entry) => entry.step === step && entry.type.startsWith('change-'));
    return before !== undefined && before.type !== 'change-not-applied' && before.type !== 'change-reverted';
  });
  if (writesAgain.length > 0) say('a change was intended again although it was not seen to be undone or never done');
  return found;
}

/**
 * The exit codes that are true of another process, once it has looked, while the provider is as bad as before. Whatever
 * lands at all has landed by then, so that a resumption has nothing left to write, or writes as if it were the first; and
 * a rollback has nothing to undo, or undoes it as any revert, which exits 0 where it was asked for.
 */
function unrepairedCodes(trouble: Trouble, recovery: 'resume' | 'rollback'): readonly number[] {
  if (recovery === 'resume') return trouble.done ? [0] : forwardCodes(trouble);
  return trouble.done ? revertCodes(trouble).map((code) => (code === 1 ? 0 : code)) : [0];
}

/** Holds what was told of the hostname against the simulator, at the end and when everything has landed. */
async function heldAgainstTheWorld(
  world: FaultyWorld,
  at: string,
  { told, overAtMs }: { told: 'off' | 'on' | 'in doubt'; overAtMs: number },
): Promise<string[]> {
  if (told === 'in doubt') return [];
  const wanted = told === 'on';
  const now = await world.isOn();
  await sleep(Math.max(0, overAtMs - Date.now()) + 300);
  const finally_ = await world.isOn();
  return [
    ...(now === wanted ? [] : [`${at}: told that the switch is ${told}, and it is not`]),
    ...(finally_ === wanted ? [] : [`${at}: told that the switch is ${told}; a late write made it otherwise`]),
  ];
}

function count<T>(list: readonly T[], value: T): number {
  return list.filter((item) => item === value).length;
}

/**
 * How often the hostname was switched to where `leadsBack` says: by how often that was asked for. Only a batch that Route
 * 53 refuses as one too many is sent again unseen: it names what it replaces, so that a second one changes nothing, and
 * what counts is how often a batch was carried out.
 */
async function timesSwitched(world: FaultyWorld, leadsBack: boolean, { way, trouble }: { way: Way; trouble: Trouble }) {
  if (way !== byRecordSet || trouble !== refusedButDone) return count(await world.switches(), leadsBack);
  return (await world.truth()).hostedZone.changes.length - (leadsBack ? 1 : 0);
}

function codeFinding(at: string, ended: Ended, allowed: readonly number[]): string[] {
  if (allowed.includes(ended.code ?? -1)) return [];
  return [`${at}: exit ${ended.code} where ${allowed.join(' or ')} is true: ${ended.stderr.slice(-400)}`];
}

async function inWorld(work: (world: FaultyWorld) => Promise<string[]>, way?: Way): Promise<string[]> {
  const world = await startFaultyWorld(way);
  try {
    return await work(world);
  } finally {
    await world.stop();
    rmSync(world.home, { recursive: true, force: true });
  }
}

async function forward(trouble: Trouble, way = byLoadBalancer): Promise<string[]> {
  return inWorld(async (world) => {
    const at = `${way.name} switched, ${trouble.name}`;
    await world.fault(way.component, trouble.fault);
    const ended = await world.runbook(way.runbooks.switch, [...world.common, '--json']).ended;
    const overAtMs = Date.now() + trouble.overAfterS * 1_000;
    const told = ended.code === 0 ? 'off' : ended.code === 1 ? 'on' : 'in doubt';
    const repeated = (await timesSwitched(world, false, { way, trouble })) > 1 ? [`${at}: written more than once`] : [];
    return [
      ...codeFinding(at, ended, forwardCodes(trouble)),
      ...alwaysTold({ at, ended, result: resultOf(ended.stdout), log: world.log() }),
      ...repeated,
      ...(await heldAgainstTheWorld(world, at, { told, overAtMs })),
    ];
  }, way);
}

async function twoWays(trouble: Trouble): Promise<string[]> {
  return inWorld(async (world) => {
    const at = `switch or say so, ${trouble.name}`;
    const channel = await world.makeChannel();
    await world.fault('cloudflare-api', trouble.fault);
    const ended = await world.runbook('two-ways', ['--channel', channel, ...world.common, '--json']).ended;
    const overAtMs = Date.now() + trouble.overAfterS * 1_000;
    const allowed = forwardCodes(trouble);
    const said = await world.messages('the second way');
    // The second way is for what is proven not applied, and for nothing else.
    const secondIsRight = allowed.includes(1);
    const found = alwaysTold({ at, ended, result: resultOf(ended.stdout), log: world.log() });
    if (said !== (secondIsRight ? 1 : 0)) found.push(`${at}: the second way was taken ${said} times`);
    const told = ended.code !== 0 ? 'in doubt' : secondIsRight ? 'on' : 'off';
    return [
      ...codeFinding(at, ended, secondIsRight ? [0] : allowed),
      ...found,
      ...(await heldAgainstTheWorld(world, at, { told, overAtMs })),
    ];
  });
}

async function revert(trouble: Trouble, way = byLoadBalancer): Promise<string[]> {
  return inWorld(async (world) => {
    const at = `${way.name} reverted, ${trouble.name}`;
    const running = world.runbook(way.runbooks.undo, [...world.common, '--json']);
    await running.until(/"type":"step-started"[^\n]*"step":"hold"/);
    await world.fault(way.component, trouble.fault);
    const ended = await running.ended;
    const overAtMs = Date.now() + trouble.overAfterS * 1_000;
    const told = ended.code === 1 ? 'on' : 'in doubt';
    const found = (await timesSwitched(world, true, { way, trouble })) > 1 ? [`${at}: reverted more than once`] : [];
    const log = world.log();
    if (ended.code === inDoubt && trouble.done && !/in doubt/.test(ended.stderr))
      found.push(`${at}: a revert that lands later is told as if it surely had not happened`);
    found.push(
      ...codeFinding(at, ended, revertCodes(trouble)),
      ...alwaysTold({ at, ended, result: resultOf(ended.stdout), log }),
      ...(await heldAgainstTheWorld(world, at, { told, overAtMs })),
    );
    if (ended.code !== inDoubt) return found;
    await world.clearFault(way.component);
    const again = await world.run(['rollback', '--json']).ended;
    return [
      ...found,
      ...codeFinding(`${at}; rolled back again`, again, [0]),
      ...(await heldAgainstTheWorld(world, `${at}; rolled back again`, { told: 'on', overAtMs })),
    ];
  }, way);
}

/** Kills the driver as soon as its call has left, and has another process `resume` or `rollback`. */
async function afterKill(
  trouble: Trouble,
  recovery: 'resume' | 'rollback',
  repaired: boolean,
  way = byLoadBalancer,
): Promise<string[]> {
  return inWorld(async (world) => {
    const at = `${way.name}, ${recovery} after kill -9 (${repaired ? 'repaired' : 'still broken'}), ${trouble.name}`;
    await world.fault(way.component, trouble.fault);
    const kill = failpoints({ kill: { text: way.request, when: 'after' } });
    const killed = await world.runbook(way.runbooks.switch, [...world.common, '--json'], kill).ended;
    if (killed.signal !== 'SIGKILL') throw new Error(`it ended with ${killed.code} before it was killed`);
    for (let turn = 0; turn < 200 && (await world.switches()).length === 0; turn += 1) await sleep(10);
    if ((await world.switches()).length !== 1) throw new Error('the call did not arrive before the kill');
    let overAtMs = Date.now() + trouble.overAfterS * 1_000;
    if (repaired) await world.clearFault(way.component);
    const ended = await world.run([recovery, '--json']).ended;
    if (!repaired) overAtMs = Date.now() + trouble.overAfterS * 1_000;
    const log = world.log();
    const switches = await world.switches();
    const intents = log.filter(({ type }) => type === 'change-intended').length;
    const reverts = log.filter(({ type }) => type === 'revert-intended').length;
    const found: string[] = [];
    if (count(switches, false) > intents) found.push(`${at}: ${count(switches, false)} writes for ${intents} intents`);
    if (count(switches, true) > reverts) found.push(`${at}: ${count(switches, true)} reverts for ${reverts} intents`);
    const right = recovery === 'resume' ? 'off' : 'on';
    const allowed = repaired ? [0] : unrepairedCodes(trouble, recovery);
    const told = ended.code === 0 ? right : ended.code === 1 ? 'on' : 'in doubt';
    return [
      ...found,
      ...codeFinding(at, ended, allowed),
      ...alwaysTold({ at, ended, result: resultOf(ended.stdout), log }),
      ...(await heldAgainstTheWorld(world, at, { told, overAtMs })),
    ];
  }, way);
}

/** A message that cannot be unsent: never twice, and never told as unsent when it may be there. */
async function message(trouble: Trouble, killed: boolean): Promise<string[]> {
  return inWorld(async (world) => {
    const at = `post${killed ? ', resumed after kill -9' : ''}, ${trouble.name}`;
    const channel = await world.makeChannel();
    await world.fault('slack-api', trouble.fault);
    const kill = killed ? failpoints({ kill: { text: 'POST /api/chat.postMessage', when: 'after' } }) : {};
    let ended = await world.runbook('post', ['--channel', channel, ...world.common, '--json'], kill).ended;
    if (killed) {
      if (ended.signal !== 'SIGKILL') throw new Error(`it ended with ${ended.code} before it was killed`);
      for (let turn = 0; turn < 200 && (await world.writesTo('chat.postMessage')) === 0; turn += 1) await sleep(10);
      if ((await world.writesTo('chat.postMessage')) !== 1) throw new Error('the call did not arrive before the kill');
      await world.clearFault('slack-api');
      ended = await world.run(['resume', '--json']).ended;
    }
    const found: string[] = [];
    const before = await world.messages('told');
    if (ended.code === 0 && before !== 1) found.push(`${at}: told as posted, and it is there ${before} times`);
    await sleep(trouble.overAfterS * 1_000 + 300);
    const finally_ = await world.messages('told');
    if (finally_ > 1) found.push(`${at}: posted ${finally_} times`);
    if (ended.code === 1 && finally_ > 0) found.push(`${at}: told as not done, and it is there`);
    return [
      ...codeFinding(at, ended, killed ? [0] : forwardCodes(trouble)),
      ...found,
      ...alwaysTold({ at, ended, result: resultOf(ended.stdout), log: world.log() }),
    ];
  });
}

/** A room: at most one, whatever is lost; without its id nobody can tell whose it is. */
async function room(trouble: Trouble): Promise<string[]> {
  return inWorld(async (world) => {
    const at = `open a room, ${trouble.name}`;
    await world.fault('slack-api', trouble.fault);
    const ended = await world.runbook('room', [...world.common, '--json']).ended;
    const found = alwaysTold({ at, ended, result: resultOf(ended.stdout), log: world.log() });
    await sleep(trouble.overAfterS * 1_000 + 300);
    await world.clearFault('slack-api');
    if (ended.code === inDoubt) await world.run(['resume', '--json']).ended;
    const rooms = (await world.truth()).channels.length;
    if (rooms > 1) found.push(`${at}: ${rooms} rooms`);
    if (ended.code === 0 && rooms !== 1) found.push(`${at}: told as open, and there are ${rooms}`);
    // A refusal is believed where nothing can be looked at: a provider that lies there is not found out.
    if (ended.code === 1 && rooms !== 0 && trouble !== refusedButDone)
      found.push(`${at}: told as not open, and there are ${rooms}`);
    return [
      ...found,
      ...codeFinding(at, ended, trouble === refusedButDone || !trouble.done ? [1, inDoubt] : [0, inDoubt]),
    ];
  });
}

/** Everything is silent, refused or in error from the start: nothing is written, and that is what is told. */
async function broken(fault: object): Promise<string[]> {
  return inWorld(async (world) => {
    const at = `switch, ${JSON.stringify(fault)} from the start`;
    await world.fault('cloudflare-api', fault);
    const ended = await world.runbook('switch', [...world.common, '--json']).ended;
    return [
      ...codeFinding(at, ended, [1]),
      ...alwaysTold({ at, ended, result: resultOf(ended.stdout), log: world.log() }),
      ...(await heldAgainstTheWorld(world, at, { told: 'on', overAtMs: 0 })),
    ];
  });
}

/** Done, unanswered, and from then on nobody can look: in doubt, until somebody can. */
async function blind(fault: object): Promise<string[]> {
  return inWorld(async (world) => {
    const at = `switch, done and unanswered, then ${JSON.stringify(fault)}`;
    await world.fault('cloudflare-api', lostAnswer.fault);
    const running = world.runbook('switch', [...world.common, '--json']);
    await running.until(/"type":"change-intended"/);
    while ((await world.switches()).length === 0) await sleep(10);
    await world.fault('cloudflare-api', fault);
    const ended = await running.ended;
    const found = [
      ...codeFinding(at, ended, [inDoubt]),
      ...alwaysTold({ at, ended, result: resultOf(ended.stdout), log: world.log() }),
    ];
    await world.clearFault('cloudflare-api');
    const resumed = await world.run(['resume', '--json']).ended;
    if (count(await world.switches(), false) !== 1) found.push(`${at}: written again by resume`);
    return [...found, ...codeFinding(`${at}; resumed`, resumed, [0])];
  });
}

const silences = [
  { kind: 'hang' },
  { kind: 'refuse' },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 429 },
];

type Attack = () => Promise<string[]>;

/** Every attack of a family, or the few that each run of the tests affords. */
const families: readonly { name: string; full: readonly Attack[]; sample: readonly Attack[] }[] = [
  {
    name: 'a switch that is late or lost, forward, and with a second way',
    full: [
      ...troubles.flatMap((trouble) => [() => forward(trouble), () => twoWays(trouble)]),
      ...silences.flatMap((fault) => [() => broken(fault), () => blind(fault)]),
    ],
    sample: [() => forward(reset), () => forward(lost), () => twoWays(late(1))],
  },
  {
    name: 'a record set at Route 53 that is late or lost, forward, reverted, and resumed by another process',
    full: troubles.flatMap((trouble) => [
      () => forward(trouble, byRecordSet),
      () => revert(trouble, byRecordSet),
      () => afterKill(trouble, 'resume', true, byRecordSet),
    ]),
    sample: [() => forward(errorButDone, byRecordSet)],
  },
  {
    name: 'a revert that is late or lost',
    full: troubles.map((trouble) => () => revert(trouble)),
    sample: [() => revert(errorButDone)],
  },
  {
    name: 'resume and rollback by another process, while the write may still land',
    full: troubles.flatMap((trouble) => [
      () => afterKill(trouble, 'resume', true),
      () => afterKill(trouble, 'rollback', true),
      () => afterKill(trouble, 'resume', false),
      () => afterKill(trouble, 'rollback', false),
    ]),
    sample: [() => afterKill(lostAnswer, 'rollback', true)],
  },
  {
    name: 'messages that are late or lost',
    full: troubles.flatMap((trouble) => [
      () => message(trouble, false),
      () => message(trouble, true),
      () => room(trouble),
    ]),
    sample: [() => message(errorButDone, false)],
  },
];

async function attack(task: TestContext['task'], attacks: readonly Attack[]): Promise<void> {
  const tally = createTally(task);
  await runPool(attacks, isFull ? 8 : 2, async (make) => {
    // An attack that could not be carried out has proven nothing.
    tally.add(await make().catch((error: unknown) => [`not carried out: ${String(error)}`]));
  });
  tally.close();
}

// The sample waits for timers most of the time; in full, the pool is what keeps the machine busy and no more.
const declare = isFull ? test : test.concurrent;
for (const { name, full, sample } of families) {
  declare(name, { timeout: 3_600_000 }, ({ task }) => attack(task, isFull ? full : sample));
}
