import { test } from 'vitest';
import { type Blow, createBattlefield, type Stage, strike, surveyStage } from './failing-run.ts';
import { createTally, isFull } from './tally.ts';

const codes = ['EIO', 'ENOSPC', 'EROFS', 'EACCES'] as const;
/** Attacks that go on beside each other, each with a world of its own. */
const abreast = isFull ? 2 : 1;

/**
 * How many attacks a world takes. Cloudflare's API is shut for five minutes after 1,200 calls in five minutes
 * (Cloudflare docs, api-rate-limits), in the simulator too: an attack that leaves a write in doubt makes some 90.
 */
const attacksAWorld = 12;

type Battlefield = Awaited<ReturnType<typeof createBattlefield>>;

async function inWorld<Result>(work: (battlefield: Battlefield) => Promise<Result>): Promise<Result> {
  const battlefield = await createBattlefield();
  try {
    return await work(battlefield);
  } finally {
    await battlefield.stop();
  }
}

/** Every act on the state directory, once and for ever, the codes in turn; and where only the log itself fails. */
function blowsFor(acts: Awaited<ReturnType<typeof surveyStage>>): Blow[] {
  const code = (n: number) => codes[n % codes.length] ?? 'EIO';
  const everywhere = acts.flatMap((_, n): Blow[] => [
    { code: code(n), at: n + 1, for: 'once' },
    { code: code(n + 1), at: n + 1, for: 'ever' },
  ]);
  const inLog = acts
    .filter(({ path }) => path.includes('/audit'))
    .map((_, n): Blow => ({ code: code(n + 2), at: n + 1, for: 'ever', only: 'audit' }));
  const short = acts
    .filter(({ op }) => op === 'write')
    .map((_, n): Blow => ({ code: 'SHORT', at: n + 1, for: n % 2 === 0 ? 'once' : 'ever', ops: ['write'] }));
  return [...everywhere, ...inLog, ...short];
}

/** One: a sync of the log, in the middle of the stage. Of all failures it is the easiest to pass over: nothing else goes wrong. */
function sampleOf(acts: Awaited<ReturnType<typeof surveyStage>>): Blow[] {
  const syncs = acts.flatMap(({ op, path }, n) => (op === 'fdatasync' && path.includes('/audit') ? [n + 1] : []));
  const at = syncs[Math.floor(syncs.length / 2)];
  if (at === undefined) throw new Error('the log is never synced');
  return [{ code: 'EIO', at, for: 'once' }];
}

const stages: readonly Stage[] = ['run', 'resume', 'rollback'];

for (const stage of stages) {
  test(`the disk fails at every act of a ${stage}`, { timeout: 3_600_000 }, async ({ task }) => {
    const tally = createTally(task);
    const acts = await inWorld(({ prepare }) => surveyStage(prepare(), stage));
    const blows = [...(isFull ? blowsFor(acts) : sampleOf(acts)).entries()];
    const shares = Array.from({ length: Math.ceil(blows.length / attacksAWorld) }, (_, n) =>
      blows.slice(n * attacksAWorld, (n + 1) * attacksAWorld),
    ).values();
    const attack = async () => {
      for (const share of shares) {
        await inWorld(async ({ prepare }) => {
          for (const [n, blow] of share)
            tally.add(await strike(prepare(), stage, blow, n % 2 === 0 ? 'resume' : 'rollback'));
        });
      }
    };
    const attacked = await Promise.allSettled(Array.from({ length: abreast }, attack));
    for (const ended of attacked) if (ended.status === 'rejected') throw ended.reason;
    tally.close();
  });
}
