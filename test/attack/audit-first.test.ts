import { test } from 'vitest';
import { type Blow, createBattlefield, type Stage, type SurveyedAct, strike, surveyStage } from './failing-run.ts';
import { createTally, isFull } from './tally.ts';

const codes = ['EIO', 'ENOSPC', 'EROFS', 'EACCES'] as const;
/** Attacks that go on beside each other, each with a world of its own: most of the time they wait for a write to land. */
const abreast = isFull ? 10 : 1;

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

/**
 * Every act on the state directory, once and for ever, the codes in turn; every act on the log itself with every code,
 * once and for ever, while the rest of the disk is well; and every write cut short.
 */
function blowsFor(acts: readonly SurveyedAct[]): Blow[] {
  const code = (n: number) => codes[n % codes.length] ?? 'EIO';
  const isOfLog = ({ path }: SurveyedAct) => path.includes('/audit');
  const everywhere = acts.flatMap((act, n): Blow[] => {
    const forEver: Blow = { code: code(n + 1), at: n + 1, for: 'ever' };
    // Once at an act on the log is among those below.
    return isOfLog(act) ? [forEver] : [{ code: code(n), at: n + 1, for: 'once' }, forEver];
  });
  const inLog = acts.filter(isOfLog).flatMap((_, n): Blow[] =>
    codes.flatMap((each): Blow[] => [
      { code: each, at: n + 1, for: 'once', only: 'audit' },
      { code: each, at: n + 1, for: 'ever', only: 'audit' },
    ]),
  );
  const short = acts
    .filter(({ op }) => op === 'write')
    .map((_, n): Blow => ({ code: 'SHORT', at: n + 1, for: n % 2 === 0 ? 'once' : 'ever', ops: ['write'] }));
  return [...everywhere, ...inLog, ...short];
}

/**
 * A sync of the log between the two writes: of all failures it is the easiest to pass over, for nothing else goes wrong,
 * and there is a write to come. And the first entry of a rollback that was confirmed: there is nothing on the screen yet.
 */
function sampleOf(acts: readonly SurveyedAct[], stage: Stage): Blow[] {
  const syncs = acts.flatMap(({ op, path, sent }, n) =>
    op === 'fdatasync' && path.includes('/audit') && sent === 1 ? [n + 1] : [],
  );
  const at = syncs[Math.floor(syncs.length / 2)];
  if (at === undefined) throw new Error('the log is never synced between the writes');
  const sync: Blow = { code: 'EIO', at, for: 'once' };
  if (stage !== 'rollback') return [sync];
  const confirmed = acts.findIndex(({ text = '' }) => text.includes('"type":"confirmation-given"')) + 1;
  if (confirmed === 0) throw new Error('the rollback is not confirmed');
  return [sync, { code: 'EIO', at: confirmed, for: 'once' }];
}

const stages: readonly Stage[] = ['run', 'resume', 'rollback'];

// The sample waits most of the time, for writes that could still land; in full, the attacks are abreast already.
const declare = isFull ? test : test.concurrent;
for (const stage of stages) {
  declare(`the disk fails at every act of a ${stage}`, { timeout: 3_600_000 }, async ({ task }) => {
    const tally = createTally(task);
    const acts = await inWorld(({ prepare }) => surveyStage(prepare(), stage));
    const blows = [...(isFull ? blowsFor(acts) : sampleOf(acts, stage)).entries()];
    const shares = Array.from({ length: Math.ceil(blows.length / attacksAWorld) }, (_, n) =>
      blows.slice(n * attacksAWorld, (n + 1) * attacksAWorld),
    ).values();
    let between = 0;
    const attack = async () => {
      for (const share of shares) {
        await inWorld(async ({ prepare }) => {
          for (const [n, blow] of share) {
            const { findings, isBetween } = await strike(prepare(), stage, blow, n % 2 === 0 ? 'resume' : 'rollback');
            if (isBetween) between += 1;
            tally.add(findings);
          }
        });
      }
    };
    const attacked = await Promise.allSettled(Array.from({ length: abreast }, attack));
    for (const ended of attacked) if (ended.status === 'rejected') throw ended.reason;
    console.log(`${between} of ${blows.length} failures fell between the first write and the second`);
    if (between === 0) tally.add(['no failure fell between the first write and the second']);
    tally.close();
  });
}
