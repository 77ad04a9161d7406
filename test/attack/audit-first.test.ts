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

/** A few of each kind, spread over the stage. */
function sample(blows: readonly Blow[], size: number): Blow[] {
  return blows.filter((_, n) => n % Math.ceil(blows.length / size) === Math.floor(blows.length / size / 2));
}

const stages: readonly { stage: Stage; few: number }[] = [
  { stage: 'run', few: 1 },
  { stage: 'resume', few: 1 },
  { stage: 'rollback', few: 1 },
];

for (const { stage, few } of stages) {
  test(`the disk fails at every act of a ${stage}`, { timeout: 3_600_000 }, async ({ task }) => {
    const tally = createTally(task);
    const grounds = await Promise.all(Array.from({ length: abreast }, field));
    const [first] = grounds;
    if (first === undefined) throw new Error('there is nowhere to attack');
    const all = blowsFor(await surveyStage(first.prepare(), stage));
    const blows = (isFull ? all : sample(all, few)).entries();
    const attack = async ({ prepare }: (typeof grounds)[number]) => {
      for (const [n, blow] of blows) {
        tally.add(await strike(prepare(), stage, blow, n % 2 === 0 ? 'resume' : 'rollback'));
      }
    };
    await Promise.all(grounds.map(attack));
    tally.close();
  });
}
