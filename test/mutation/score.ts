import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { type CopiedTree, copyTree, type TestRun } from '../copied-tree.ts';
import { type Explained, explained } from './explained.ts';
import { applyMutant, findMutants, type Mutant } from './mutants.ts';
import { type Survey, type Suspect, surveyTests } from './survey.ts';

const { MUTATION_SAMPLE = '200', MUTATION_SEED = '20261118', MUTATION_ONLY = '', MUTATION_PLACES } = process.env;
/** Mutants that are tried at the same time, each in a tree of its own. */
const abreast = 2;
/** The score that is asked for. */
const wanted = 0.9;
const folders = ['test/engine', 'test/journal', 'test/cli', 'test/report'];
/** Tests that start processes of their own: what those come by cannot be seen from here. */
const starting = ['test/journal/processes.test.ts', 'test/journal/failing-disk.test.ts'];
const root = fileURLToPath(new URL('../..', import.meta.url));

const trees: CopiedTree[] = [];
afterAll(() => {
  for (const tree of trees) tree.remove();
});

/** What became of a mutant. `by`: the first test that failed, or what else ended it. */
type Verdict = { mutant: Mutant; outcome: 'killed' | 'survived' | 'unreached'; by: string };

function sourceFiles(): string[] {
  return ['src/engine', 'src/journal']
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .filter((file) => file.includes(MUTATION_ONLY));
}

/** The same order for the same seed: a shuffle by a linear congruential generator. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return list
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** The quickest tests alone first: most mutants are noticed by them. */
function inStages(suspects: readonly Suspect[]): Suspect[][] {
  let total = 0;
  const quick = suspects.filter(({ ms }, index) => {
    total += ms;
    return index < 40 && total <= 1_500;
  });
  return [quick, suspects.filter((suspect) => !quick.includes(suspect))].filter((stage) => stage.length > 0);
}

function runSuspects(tree: CopiedTree, suspects: readonly Suspect[]): Promise<TestRun> {
  const names = [...new Set(suspects.map(({ name }) => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')))];
  const files = [...new Set(suspects.map(({ file }) => file))];
  const ms = suspects.reduce((sum, suspect) => sum + suspect.ms, 0);
  const args = ['--bail', '1', '--maxWorkers', '1', '-t', names.join('|'), ...files];
  return tree.test(args, { withinMs: 60_000 + ms * 5 });
}

async function judge(tree: CopiedTree, mutant: Mutant, survey: Survey): Promise<Verdict> {
  const suspects = survey.testsFor(mutant);
  if (suspects.length === 0) return { mutant, outcome: 'unreached', by: 'no test comes by' };
  const text = tree.read(mutant.file);
  tree.write(mutant.file, applyMutant(text, mutant));
  try {
    for (const stage of inStages(suspects)) {
      const run = await runSuspects(tree, stage);
      if (run.kind === 'timed-out') return { mutant, outcome: 'killed', by: 'it never ends' };
      const failed = run.tests.find(({ status }) => status === 'failed');
      if (failed !== undefined) return { mutant, outcome: 'killed', by: failed.name };
      if (run.code !== 0)
        return { mutant, outcome: 'killed', by: run.output.trim().split('\n').at(-1) ?? 'it crashes' };
    }
    const last = mutant.file.startsWith('src/journal/') ? await tree.test(starting, { withinMs: 600_000 }) : undefined;
    const failed = last?.tests.find(({ status }) => status === 'failed');
    if (last !== undefined && last.code !== 0) return { mutant, outcome: 'killed', by: failed?.name ?? last.kind };
    return { mutant, outcome: 'survived', by: `${suspects.length} tests come by` };
  } finally {
    tree.write(mutant.file, text);
  }
}

function isExplained({ file, operator, start, end }: Mutant, text: string): Explained | undefined {
  return explained.find((known) => {
    const at = text.indexOf(known.within);
    const isWithin = at !== -1 && at <= start && end <= at + known.within.length;
    return known.file === file && isWithin && known.operators.includes(operator);
  });
}

function describe({ file, line, column, operator, replacement }: Mutant): string {
  return `${file}:${line}:${column} ${operator} (${replacement.replace(/\s+/g, ' ').slice(0, 80)})`;
}

test('the tests notice changes of the engine and the journal', async () => {
  const sources = sourceFiles();
  trees.push(...Array.from({ length: abreast }, copyTree));
  const [first] = trees;
  if (first === undefined) throw new Error('there is no tree');
  const every = sources.flatMap((file) => findMutants(file, first.read(file)));
  const size = MUTATION_SAMPLE === 'all' ? every.length : Number(MUTATION_SAMPLE);
  // Places, each `file:line:column` of an earlier run's line: whether a new test notices what others did not.
  const places = MUTATION_PLACES?.split(',');
  const isAsked = ({ file, line, column }: Mutant) => places?.includes(`${file}:${line}:${column}`) === true;
  const sample = places === undefined ? shuffled(every, Number(MUTATION_SEED)).slice(0, size) : every.filter(isAsked);
  console.log(`${every.length} mutants in ${sources.length} files; ${sample.length} are tried, seed ${MUTATION_SEED}`);
  const survey = await surveyTests(first, sources, folders);
  const verdicts: Verdict[] = [];
  const queue = [...sample];
  await Promise.all(
    trees.map(async (tree) => {
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        const verdict = await judge(tree, mutant, survey);
        verdicts.push(verdict);
        console.log(`${verdict.outcome.padEnd(9)} ${describe(mutant)}: ${verdict.by}`);
      }
    }),
  );
  const survivors = verdicts.filter(({ outcome }) => outcome !== 'killed');
  const known = survivors.filter(({ mutant }) => isExplained(mutant, first.read(mutant.file)) !== undefined);
  const killed = verdicts.length - survivors.length;
  for (const { mutant } of known) {
    console.log(`explained ${describe(mutant)}: ${isExplained(mutant, first.read(mutant.file))?.why}`);
  }
  for (const { mutant, by } of survivors.filter((survivor) => !known.includes(survivor))) {
    console.log(`SURVIVED  ${describe(mutant)}: ${by}`);
  }
  const score = killed / verdicts.length;
  const percent = (part: number) => `${(part * 100).toFixed(1)} %`;
  console.log(
    `${killed} of ${verdicts.length} noticed: ${percent(score)}; without the ${known.length} that change nothing: ${percent(killed / (verdicts.length - known.length))}`,
  );
  expect(verdicts.length).toBeGreaterThan(0);
  expect(killed / (verdicts.length - known.length)).toBeGreaterThanOrEqual(wanted);
});
