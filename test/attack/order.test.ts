import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { start } from '../acceptance/program.ts';
import { type AttackedWorld, startAttackedWorld } from './attacked-world.ts';
import { hasStrace, readStrace, runUnderStrace, tracing } from './strace.ts';
import { createTally, isFull } from './tally.ts';
import { type Act, failpoints, readTrace } from './victim.ts';
import { judgeNames, judgeOrder } from './write-order.ts';

/** Steps of a long run; each changes the world. A runbook's list takes no more than 100. */
const steps = isFull ? 100 : 16;
const runs = isFull ? 5 : 1;
/** Of its intent, and of its result. */
const syncsOfAStep = 2;
const longTest = 1_800_000;

let world: AttackedWorld;
let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'resend-ops-order-'));
});

afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

/** Does it in a world of its own each time: a provider takes only so many requests in five minutes. */
async function inFreshWorlds(attack: (run: number) => Promise<void>): Promise<void> {
  for (let run = 1; run <= runs; run += 1) {
    world = await startAttackedWorld();
    try {
      await attack(run);
    } finally {
      await world.stop();
    }
  }
}

/** The arguments of a run that turns the load balancer off and on, again and again, with a state directory of its own. */
function longRun(name: string): string[] {
  const runbooks = join(home, name);
  mkdirSync(runbooks);
  const change = (at: number) =>
    `  - { id: s${at}, title: Change ${at}, uses: cloudflare.set-load-balancer, with: { enabled: ${at % 2 === 0} } }`;
  const lines = Array.from({ length: steps }, (_, index) => change(index + 1));
  writeFileSync(join(runbooks, 'long.yaml'), ['title: A long run', 'steps:', ...lines, ''].join('\n'));
  const state = join(home, `${name}-state`);
  return ['long', '--json', '--env', world.environmentFile, '--runbooks', runbooks, '--state-dir', state];
}

/** How often the log is synced from the beginning of each step to that of the next. */
function syncsBySteps(acts: readonly Act[]): number[] {
  const counts: number[] = [];
  for (const { at, op, path, text = '' } of acts) {
    if (at !== 'begin' || !/\/audit\/\d+\.jsonl$/.test(path)) continue;
    if (op === 'write' && text.includes('"type":"step-started"')) counts.push(0);
    if (op === 'write' && text.includes('"type":"run-ended"')) return counts;
    if (op === 'fdatasync' && counts.length > 0) counts.push((counts.pop() ?? 0) + 1);
  }
  return counts;
}

/** What the trace of a run of so many steps shows to be wrong. */
async function judge(acts: readonly Act[], code: number | null): Promise<string[]> {
  const findings = judgeOrder(acts, world.providers);
  if (code !== 0) findings.push(`the run exits ${code}`);
  const writes = (await world.writes()).length;
  if (writes !== steps) findings.push(`${writes} writes reached the provider in ${steps} steps`);
  const seen = acts.filter(
    ({ op, at, text = '' }) => op === 'send' && at === 'begin' && text.startsWith('PATCH '),
  ).length;
  if (seen !== writes) findings.push(`the trace shows ${seen} writes, the provider’s log ${writes}`);
  const counts = syncsBySteps(acts);
  const wrong = counts.filter((count) => count !== syncsOfAStep).length;
  if (counts.length !== steps || wrong > 0)
    findings.push(
      `${wrong} of ${counts.length} steps sync the log not ${syncsOfAStep} times (${counts.slice(0, 5)} …)`,
    );
  return findings;
}

test('no write leaves before its intent and the names of the log are synced; two syncs a step', {
  timeout: longTest,
}, async ({ task }) => {
  const tally = createTally(task);
  await inFreshWorlds(async (run) => {
    const trace = join(home, `acts-${run}`);
    const ended = await start(longRun(`traced-${run}`), { ...world.secrets, ...failpoints({ trace }) }).ended;
    for (let step = 1; step < steps; step += 1) tally.add([]);
    const acts = readTrace(trace);
    const state = join(home, `traced-${run}-state`);
    tally.add([...(await judge(acts, ended.code)), ...judgeNames(acts, world.cloudflare, state)]);
  });
  tally.close();
});

test.skipIf(!hasStrace)('the same, as the system saw it (strace)', { timeout: longTest }, async ({ task }) => {
  const tally = createTally(task);
  await inFreshWorlds(async (run) => {
    const file = join(home, `strace-${run}`);
    const ended = await runUnderStrace(tracing(file), longRun(`straced-${run}`), world.secrets);
    for (let step = 1; step < steps; step += 1) tally.add([]);
    tally.add(await judge(readStrace(readFileSync(file, 'utf8')), ended.code));
  });
  tally.close();
});

test('a trace in which a write leaves too early is found', () => {
  const path = '/state/audit/00000001.jsonl';
  const intent = '{"seq":9,"type":"change-intended","uses":"cloudflare.set-load-balancer"}';
  const act = (op: Act['op'], at: Act['at'], text?: string): Act => ({
    ...{ n: 1, op, at },
    path: op === 'send' ? '127.0.0.1:1' : path,
    ...(text === undefined ? {} : { text }),
  });
  const write = [act('write', 'begin', intent), act('write', 'end')];
  const sync = [act('fdatasync', 'begin'), act('fdatasync', 'end')];
  const send = [act('send', 'begin', 'PATCH /client/v4 HTTP/1.1\r\n')];
  const provider = '127.0.0.1:1';
  const found = (acts: Act[]) => judgeOrder(acts, new Map([[provider, 'cloudflare-api']])).length;
  expect(found([...write, ...sync, ...send])).toBe(0);
  expect(found([...write, ...send, ...sync])).toBe(1);
  expect(found([...sync, ...write, ...send])).toBe(1);
  expect(found([...write, act('fdatasync', 'begin'), ...send, act('fdatasync', 'end')])).toBe(1);
  expect(found([...write, act('fdatasync', 'refused'), ...send])).toBe(1);
  expect(found([...write, ...sync, ...send, ...send])).toBe(1);
  expect(found(send)).toBe(1);
});

test('a trace in which a message leaves without an intent of its own is found', () => {
  const slack = '127.0.0.1:2';
  const log = '/state/audit/00000001.jsonl';
  const entry = (type: string, more = ''): Act[] => [
    { n: 1, at: 'begin', op: 'write', path: log, text: `{"type":"${type}","step":"room"${more}}` },
    { n: 2, at: 'end', op: 'fdatasync', path: log },
  ];
  const send = (method: string): Act => {
    return { n: 3, at: 'begin', op: 'send', path: slack, text: `POST /api/${method} HTTP/1.1\r\n` };
  };
  const found = (...acts: (Act | Act[])[]) => judgeOrder(acts.flat(), new Map([[slack, 'slack-api']])).length;
  const open = entry('change-intended', ',"uses":"slack.open-room"');
  const follow = entry('follow-up-intended', ',"upTo":4');
  expect(found(open, send('conversations.create'), send('chat.postMessage'), send('conversations.info'))).toBe(0);
  expect(found(open, send('chat.postMessage'), send('chat.postMessage'))).toBe(1);
  expect(found(open, send('chat.update'))).toBe(1);
  expect(found(open, entry('change-applied'), send('pins.add'))).toBe(1);
  expect(found(open, follow, send('chat.update'), send('chat.postMessage'))).toBe(0);
  expect(found(open, entry('change-applied'), follow, send('chat.update'), send('chat.update'))).toBe(1);
  expect(found(open, entry('change-applied'), entry('follow-up-intended'), send('chat.postMessage'))).toBe(1);
  expect(found(send('chat.update'))).toBe(1);
  const page: Act = { n: 4, at: 'begin', op: 'send', path: slack, text: 'PATCH /v1/pages/p/incidents/i HTTP/1.1\r\n' };
  const ofNotice = (acts: Act[]) =>
    judgeOrder(acts, new Map([[slack, 'statuspage-api']]), new Map([['room', 'statuspage.open']])).length;
  expect(ofNotice([...entry('follow-up-intended'), page])).toBe(0);
  expect(ofNotice([...entry('follow-up-intended'), page, page])).toBe(1);
  expect(ofNotice([page])).toBe(1);
});

test('a trace in which a name is not durable when a write leaves is found', () => {
  const provider = '127.0.0.1:1';
  const act = (op: Act['op'], path: string, more: Partial<Act> = {}): Act[] =>
    (['begin', 'end'] as const).map((at) => ({ n: 1, at, op, path, ...more }));
  const send = act('send', provider, { text: 'PATCH /client/v4 HTTP/1.1\r\n' });
  const make = act('mkdir', '/home/state/audit');
  const file = act('open', '/home/state/audit/00000001.jsonl');
  const rename = act('rename', '/home/state/audit/HEAD.next', { to: '/home/state/audit/HEAD' });
  const syncs = ['/home', '/home/state', '/home/state/audit'].map((path) => act('fsync', path));
  const found = (...acts: Act[][]) => judgeNames(acts.flat(), provider, '/home/state').length;
  expect(found(make, file, ...syncs, send)).toBe(0);
  expect(found(make, file, rename, ...syncs, send)).toBe(0);
  expect(found(make, file, ...syncs, rename, send)).toBe(1);
  expect(found(make, file, ...syncs.slice(1), send)).toBe(1);
  expect(found(make, ...syncs, file, send)).toBe(1);
  expect(found(make, file, send)).toBe(3);
  expect(found(send)).toBe(1);
});
