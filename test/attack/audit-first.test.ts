import { afterEach, test } from 'vitest';
import { type Blow, createBattlefield, type Stage, strike, surveyStage } from './failing-run.ts';
import { createTally, isFull } from './tally.ts';

const codes = ['EIO', 'ENOSPC', 'EROFS', 'EACCES'] as const;
/** Attacks that go on beside each other, each with a world of its own. */
const abreast = isFull ? 2 : 1;

const fields: Awaited<ReturnType<typeof createBattlefield>>[] = [];

async function field() {
  const made = await createBattlefield();
  fields.push(made);
  return made;
}

afterEach(async () => {
  for (const made of fields.splice(0)) await made.stop();
});

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
    const grounds = await Promise.all(Array.from({ length: abreast }, field));
    const [first] = grounds;
    if (first === undefined) throw new Error('there is nowhere to attack');
    const acts = await surveyStage(first.prepare(), stage);
    const blows = (isFull ? blowsFor(acts) : sampleOf(acts)).entries();
    const attack = async ({ prepare }: (typeof grounds)[number]) => {
      for (const [n, blow] of blows) {
        tally.add(await strike(prepare(), stage, blow, n % 2 === 0 ? 'resume' : 'rollback'));
      }
    };
    await Promise.all(grounds.map(attack));
    tally.close();
  });
}
