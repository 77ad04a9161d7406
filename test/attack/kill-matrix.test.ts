import { afterEach, expect, test } from 'vitest';
import { type AttackedWorld, startAttackedWorld } from './attacked-world.ts';
import { type Attack, actsOf, attack, type Target } from './killed-run.ts';
import { hasStrace } from './strace.ts';
import { createTally, isFull, type Tally } from './tally.ts';
import type { Act, KillAtAct } from './victim.ts';

/** Attacks that are made at the same time, each in a world of its own; most of their time is waiting. */
const lanes = isFull ? 6 : 2;
const worlds: AttackedWorld[] = [];

const targets: Record<'plain' | 'told' | 'undone' | 'shipped', Target> = {
  plain: { runbook: 'switch', own: true, ends: 'succeeded' },
  told: { runbook: 'switch-and-tell', own: true, ends: 'succeeded' },
  undone: { runbook: 'switch-and-undo', own: true, ends: 'rolled-back' },
  shipped: { runbook: 'failover', own: false, ends: 'succeeded' },
};

async function startWorlds(speed: number): Promise<void> {
  worlds.push(...(await Promise.all(Array.from({ length: lanes }, () => startAttackedWorld({ speed })))));
}

afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.stop()));
});

/** What a list of attacks came to: each kill of a process is one. */
type Made = { kills: number; resume: number; rollback: number };

/**
 * How many attacks a world takes. Cloudflare's API is shut for five minutes after 1,200 calls in five minutes
 * (Cloudflare docs, api-rate-limits), in the simulator too: an attack that leaves a write in doubt makes some 90.
 */
const attacksAWorld = 12;

/** Makes the attacks, as many at a time as there are worlds. One whose process did not die is none, and is not counted. */
async function makeAll(tally: Tally, attacks: readonly Attack[], speed: number): Promise<Made> {
  const queue = [...attacks];
  const sum: Made = { kills: 0, resume: 0, rollback: 0 };
  const lane = async (_: unknown, place: number) => {
    let world = worlds[place];
    let made = 0;
    for (let next = queue.shift(); next !== undefined; next = queue.shift(), made += 1) {
      if (world === undefined || made === attacksAWorld) {
        await world?.stop();
        world = await startAttackedWorld({ speed });
        worlds[place] = world;
        made = 0;
      }
      const { isMade, findings, recoveriesKilled } = await attack(world, next);
      if (!isMade && findings.length === 0) continue;
      const { resume, rollback } = recoveriesKilled;
      const kills = Number(isMade) + resume + rollback;
      sum.kills += kills;
      sum.resume += resume;
      sum.rollback += rollback;
      tally.add(findings);
      for (let extra = 1; extra < kills; extra += 1) tally.add([]);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return sum;
}

/** Lines for people are many and alike: of those, some. */
function isLineForPeople({ op, text = '' }: Act): boolean {
  return op === 'print' && !text.startsWith('{');
}

/** The append lock's own files, which every entry moves in the same way. */
function isAboutLock({ op, path }: Act): boolean {
  return path.includes('/append-lock/') || op === 'rm';
}

/** A number that looks picked at random and is the same each time. `upTo` is a prime, so that no digit of `of` rules it. */
function spread(of: number, upTo: 109 | 61): number {
  return ((of * 7919 + 104_729) % upTo) + 1;
}

const recoveries = ['resume', 'rollback'] as const;

/** Of the recoveries by either command one in four is killed in its turn, and one in sixteen twice. */
function recoveryKills(n: number, recovery: 'resume' | 'rollback'): Attack['recoveryKills'] {
  if (n % 4 !== (recovery === 'resume' ? 0 : 2)) return [];
  const place = Math.floor(n / 4);
  const other = recovery === 'resume' ? 'rollback' : 'resume';
  const first = { kill: { at: spread(place, 109), when: 'before' as const }, next: place % 2 === 0 ? other : recovery };
  if (place % 4 !== 0) return [first];
  return [first, { kill: { at: spread(place + 1, 61), when: 'after' }, next: recovery }];
}

/** Acts whose work goes on when the call is back: what comes after them is not what comes before the next act. */
const goOn: ReadonlySet<Act['op']> = new Set<Act['op']>(['connect', 'send']);

/**
 * Both recoveries from the moment before each of the acts, which is that after the act before it; and from the moment
 * after those whose work goes on.
 */
function matrix(target: Target, points: readonly Act[]): Attack[] {
  const moments = points.flatMap(({ n: at, op }): KillAtAct[] => [
    { at, when: 'before' },
    ...(goOn.has(op) ? [{ at, when: 'after' as const }] : []),
  ]);
  return moments.flatMap((kill, n) =>
    recoveries.map(
      (recovery, second): Attack => ({
        target,
        kill,
        recovery,
        powerCut: (n + second) % 3 === 0,
        recoveryKills: recoveryKills(n, recovery),
        startsOthers: (n + second) % 5 === 0,
      }),
    ),
  );
}

/** The request by which the load balancer is switched, there and back. */
const switching = 'PATCH /client/v4/';
/** The entry that it was made. */
const switched = '"how":"answered","output":{"loadBalancer"';

/** The moments of a rollback that matter most. */
const aroundRevert = ['"type":"revert-intended"', switching, '"type":"change-reverted"'];

/** Recoveries that are killed around what they undo, of a run that died when its switch had left, or was known to be made. */
function killedReverts(target: Target): Attack[] {
  const first = target.ends === 'rolled-back' ? recoveries : (['rollback'] as const);
  return [switching, switched].flatMap((made, n) =>
    first.flatMap((recovery) =>
      aroundRevert.flatMap((text, place) =>
        (['before', 'after'] as const).map((when, second): Attack => {
          const next = (n + place + second) % 2 === 0 ? 'resume' : 'rollback';
          const kill = { text: made, when: 'after' as const };
          const powerCut = (place + second) % 2 === 0;
          return {
            target,
            kill,
            recovery,
            powerCut,
            recoveryKills: [{ kill: { text, when }, next }],
            startsOthers: false,
          };
        }),
      ),
    ),
  );
}

/** The acts at which a run is killed. */
async function pointsOf(target: Target, isPoint: (act: Act) => boolean): Promise<Act[]> {
  const [world] = worlds;
  if (world === undefined) throw new Error('no world');
  const acts = await actsOf(world, target);
  return acts.filter((act) => isPoint(act) && (!isLineForPeople(act) || act.n % 6 === 0));
}

/** Where each is killed, the least that must have died (together far more than a thousand), and its world's speed. */
const matrices: {
  name: keyof typeof targets;
  isPoint: (act: Act) => boolean;
  leastKills: number;
  speed: number;
}[] = [
  { name: 'plain', isPoint: () => true, leastKills: 700, speed: 1 },
  { name: 'told', isPoint: (act) => !isAboutLock(act), leastKills: 900, speed: 1 },
  { name: 'undone', isPoint: (act) => !isAboutLock(act), leastKills: 500, speed: 1 },
  // It waits until resolvers have let go of what they may keep for five minutes, and asks them all the time: in this
  // world for a quarter of one. Every sync, and of the rest a share; odd, so that acts of both parities are met.
  { name: 'shipped', isPoint: ({ n, op }) => op === 'fdatasync' || n % 19 === 0, leastKills: 300, speed: 20 },
];

test.skipIf(!isFull).for(matrices)(
  'SIGKILL at every act of a run ($name), then resume, and rollback',
  async ({ name, isPoint, leastKills, speed }, { task }) => {
    await startWorlds(speed);
    const target = targets[name];
    const tally = createTally(task);
    const attacks = matrix(target, await pointsOf(target, isPoint));
    const made = await makeAll(tally, attacks, speed);
    const runs = made.kills - made.resume - made.rollback;
    // No two runs have the same number of acts: near the end a kill may come too late.
    if (runs < attacks.length * 0.95) tally.add([`of ${attacks.length} runs that were to be killed only ${runs} were`]);
    // A recovery that is short is over before many of its kills.
    for (const recovery of recoveries) {
      const meant = attacks.filter((one) => one.recovery === recovery && one.recoveryKills.length > 0).length;
      if (made[recovery] < meant / 3)
        tally.add([`only ${made[recovery]} of ${meant} ${recovery} processes were killed`]);
    }
    const aimed = target.own ? killedReverts(target) : [];
    const hit = await makeAll(tally, aimed, speed);
    if (hit.kills < aimed.length * 2)
      tally.add([`of ${aimed.length} runs and as many that undid them only ${hit.kills} were killed`]);
    const kills = made.kills + hit.kills;
    if (kills < leastKills) tally.add([`only ${kills} processes were killed, not ${leastKills}`]);
    tally.close();
  },
);

/** Calls of the system by which the program touches its files or the network, how many a run makes, and where to kill it. */
const calls: Readonly<Record<string, { upTo: number; every: number }>> = {
  fdatasync: { upTo: 11, every: 1 },
  rename: { upTo: 46, every: 3 },
  link: { upTo: 7, every: 1 },
  connect: { upTo: 10, every: 1 },
  write: { upTo: 110, every: 9 },
  writev: { upTo: 1, every: 1 },
  sendmsg: { upTo: 25, every: 6 },
};

test.skipIf(!isFull || !hasStrace)(
  'SIGKILL at calls of the system (strace), then resume or rollback',
  async ({ task }) => {
    await startWorlds(1);
    const tally = createTally(task);
    const attacks = Object.entries(calls).flatMap(([call, { upTo, every }]) =>
      Array.from({ length: Math.ceil(upTo / every) }, (_, index): Attack => {
        const recovery = index % 2 === 0 ? 'resume' : 'rollback';
        const kill = { call, at: 1 + index * every };
        return { target: targets.plain, kill, recovery, powerCut: false, recoveryKills: [], startsOthers: false };
      }),
    );
    const { kills } = await makeAll(tally, attacks, 1);
    if (kills < attacks.length * 0.9) tally.add([`only ${kills} of ${attacks.length} processes were killed`]);
    tally.close();
  },
);

test.skipIf(isFull)('SIGKILL at a sample of the acts of a run', { timeout: 120_000 }, async ({ task }) => {
  await startWorlds(1);
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
  const attacks: Attack[] = [
    { ...plain, kill: { at: intent, when: 'before' }, recovery: 'resume' },
    { ...plain, kill: { at: intent, when: 'after' }, recovery: 'rollback', powerCut: true },
    { ...plain, kill: { at: patch, when: 'after' }, recovery: 'resume' },
    { ...plain, kill: { at: applied, when: 'before' }, recovery: 'rollback', startsOthers: true },
    { ...plain, kill: { at: applied, when: 'after' }, recovery: 'resume', powerCut: true },
    {
      ...plain,
      kill: { at: applied + 1, when: 'after' },
      recovery: 'rollback',
      recoveryKills: [{ kill: { text: '"type":"revert-intended"', when: 'after' }, next: 'resume' }],
    },
    { ...plain, kill: { at: spread(1, 109), when: 'before' }, recovery: 'resume' },
    // A message that has left, and of which the log does not know.
    { ...plain, target: targets.told, kill: { text: '"type":"timeline-told"', when: 'before' }, recovery: 'resume' },
  ];
  const { kills } = await makeAll(tally, attacks, 1);
  if (kills < attacks.length + 1) tally.add([`only ${kills} processes were killed, not ${attacks.length + 1}`]);
  tally.close();
});
