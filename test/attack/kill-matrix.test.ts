import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AttackedWorld, startAttackedWorld } from './attacked-world.ts';
import { type Attack, actsOf, attack, type Target } from './killed-run.ts';
import { hasStrace } from './strace.ts';
import { createTally, isFull, type Tally } from './tally.ts';
import type { Act } from './victim.ts';

/** Attacks that are made at the same time, each in a world of its own; most of their time is waiting. */
const lanes = isFull ? 6 : 2;
const worlds: AttackedWorld[] = [];

const targets: Record<'plain' | 'told' | 'undone' | 'shipped', Target> = {
  plain: { runbook: 'switch', own: true, ends: 'succeeded' },
  told: { runbook: 'switch-and-tell', own: true, ends: 'succeeded' },
  undone: { runbook: 'switch-and-undo', own: true, ends: 'rolled-back' },
  shipped: { runbook: 'failover', own: false, ends: 'succeeded' },
};

beforeAll(async () => {
  worlds.push(...(await Promise.all(Array.from({ length: lanes }, startAttackedWorld))));
});

afterAll(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.stop()));
});

/** Makes the attacks, as many at a time as there are worlds. A kill is an attack. */
async function makeAll(tally: Tally, attacks: readonly Attack[]): Promise<number> {
  const queue = [...attacks];
  let kills = 0;
  await Promise.all(
    worlds.map(async (world) => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const made = await attack(world, next);
        kills += made.kills;
        tally.add(made.findings);
        for (let extra = 1; extra < made.kills; extra += 1) tally.add([]);
      }
    }),
  );
  return kills;
}

/** Lines for people are many and alike: of those, some. */
function isLineForPeople({ op, text = '' }: Act): boolean {
  return op === 'print' && !text.startsWith('{');
}

/** The append lock's own files, which every entry moves in the same way. */
function isAboutLock({ op, path }: Act): boolean {
  return path.includes('/append-lock/') || op === 'rm';
}

/** A number that looks picked at random and is the same each time. */
function spread(of: number, upTo: number): number {
  return ((of * 7919 + 104_729) % upTo) + 1;
}

/** Recoveries that are killed in their turn: one in four, and one in sixteen twice. */
function recoveryKills(n: number, recovery: 'resume' | 'rollback'): Attack['recoveryKills'] {
  if (n % 4 !== 0) return [];
  const other = recovery === 'resume' ? 'rollback' : 'resume';
  const first = { kill: { at: spread(n, 110), when: 'before' as const }, next: n % 8 === 0 ? other : recovery };
  if (n % 16 !== 0) return [first];
  return [first, { kill: { at: spread(n + 1, 60), when: 'after' }, next: recovery }];
}

/** Both recoveries from each of the points; where one dies before the act, the other dies after it. */
function matrix(target: Target, points: readonly number[]): Attack[] {
  return points.flatMap((at): Attack[] =>
    (['resume', 'rollback'] as const).map((recovery, second) => ({
      target,
      kill: { at, when: (at + second) % 2 === 0 ? 'before' : 'after' },
      recovery,
      powerCut: (at + second) % 3 === 0,
      recoveryKills: recoveryKills(at * 2 + second, recovery),
      startsOthers: (at + second) % 5 === 0,
    })),
  );
}

/** Numbers of the acts at which a run is killed. */
async function pointsOf(target: Target, isPoint: (act: Act) => boolean): Promise<number[]> {
  const [world] = worlds;
  if (world === undefined) throw new Error('no world');
  const acts = await actsOf(world, target);
  return acts.filter((act) => isPoint(act) && (!isLineForPeople(act) || act.n % 6 === 0)).map(({ n }) => n);
}

const matrices: { name: keyof typeof targets; isPoint: (act: Act) => boolean; atLeast: number }[] = [
  { name: 'plain', isPoint: () => true, atLeast: 400 },
  { name: 'told', isPoint: (act) => !isAboutLock(act), atLeast: 300 },
  { name: 'undone', isPoint: (act) => !isAboutLock(act), atLeast: 250 },
  // Most of its acts ask resolvers whether five minutes are over: each attack takes as long.
  { name: 'shipped', isPoint: ({ n }) => n % 200 === 0, atLeast: 15 },
];

test.skipIf(!isFull).for(matrices)(
  'SIGKILL at every act of a run ($name), then resume, and rollback',
  async ({ name, isPoint, atLeast }, { task }) => {
    const target = targets[name];
    const tally = createTally(task);
    const kills = await makeAll(tally, matrix(target, await pointsOf(target, isPoint)));
    if (kills < atLeast) tally.add([`only ${kills} processes were killed`]);
    tally.close();
  },
);

/** Calls of the system by which the program touches its files or the network, and which of them to kill it at. */
const calls: Readonly<Record<string, { upTo: number; every: number }>> = {
  fdatasync: { upTo: 14, every: 1 },
  rename: { upTo: 16, every: 3 },
  link: { upTo: 36, every: 6 },
  connect: { upTo: 10, every: 1 },
  write: { upTo: 140, every: 10 },
  writev: { upTo: 10, every: 2 },
  sendmsg: { upTo: 26, every: 8 },
};

test.skipIf(!isFull || !hasStrace)(
  'SIGKILL at calls of the system (strace), then resume or rollback',
  async ({ task }) => {
    const tally = createTally(task);
    const attacks = Object.entries(calls).flatMap(([call, { upTo, every }]) =>
      Array.from({ length: Math.ceil(upTo / every) }, (_, index): Attack => {
        const recovery = index % 2 === 0 ? 'resume' : 'rollback';
        const kill = { call, at: 1 + index * every };
        return { target: targets.plain, kill, recovery, powerCut: false, recoveryKills: [], startsOthers: false };
      }),
    );
    const kills = await makeAll(tally, attacks);
    if (kills < attacks.length / 2) tally.add([`only ${kills} processes were killed`]);
    tally.close();
  },
);

test.skipIf(isFull)('SIGKILL at a sample of the acts of a run', { timeout: 120_000 }, async ({ task }) => {
  const target = targets.plain;
  const [world] = worlds;
  if (world === undefined) throw new Error('no world');
  const acts = await actsOf(world, target);
  const numberOf = (op: Act['op'], text: RegExp) =>
    acts.find((act) => act.op === op && text.test(act.text ?? ''))?.n ?? 0;
  const intent = numberOf('write', /"type":"change-intended"/);
  const patch = numberOf('send', /^PATCH /);
  const applied = numberOf('write', /"type":"change-applied"/);
  expect(Math.min(intent, patch, applied), 'the acts that matter most').toBeGreaterThan(0);
  const plain = { target, powerCut: false, recoveryKills: [], startsOthers: false };
  const tally = createTally(task);
  await makeAll(tally, [
    { ...plain, kill: { at: intent, when: 'before' }, recovery: 'resume' },
    { ...plain, kill: { at: intent, when: 'after' }, recovery: 'rollback', powerCut: true },
    { ...plain, kill: { at: patch, when: 'after' }, recovery: 'resume' },
    { ...plain, kill: { at: applied, when: 'before' }, recovery: 'rollback', startsOthers: true },
    { ...plain, kill: { at: applied, when: 'after' }, recovery: 'resume', powerCut: true },
    {
      ...plain,
      kill: { at: applied + 1, when: 'after' },
      recovery: 'rollback',
      recoveryKills: [{ kill: { at: 40, when: 'after' }, next: 'resume' }],
    },
    { ...plain, kill: { at: spread(1, acts.length), when: 'before' }, recovery: 'resume' },
  ]);
  tally.close();
});
