import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CopiedTree } from '../copied-tree.ts';
import { type Mutant, trackReach } from './mutants.ts';
import type { Reached } from './reach.ts';

/** A test that may notice a mutant, and how long it takes. */
export type Suspect = { file: string; name: string; ms: number };

/** Which tests come by which statement, when nothing is changed. */
export type Survey = { testsFor(mutant: Mutant): Suspect[] };

const config = 'test/vitest.config.ts';

/** Runs the tests in `folders` over `sources` once, and notes what each comes by. Throws where one of them fails. */
export async function surveyTests(
  tree: CopiedTree,
  sources: readonly string[],
  folders: readonly string[],
): Promise<Survey> {
  const kept = new Map([...sources, config].map((file) => [file, tree.read(file)]));
  const directory = join(tree.root, 'reached');
  const plain = tree.read(config);
  const listening = plain.replace("include: ['test/**/*.test.ts'],", "$& setupFiles: ['test/mutation/reach.ts'],");
  if (listening === plain) throw new Error(`${config} does not look as it did: nothing can be set up in it`);
  try {
    tree.write(config, listening);
    for (const file of sources) tree.write(file, trackReach(file, kept.get(file) ?? ''));
    // One after the other, and patiently: how long each takes is noted, and a busy machine must not make one fail.
    const args = [...folders, '--maxWorkers', '1', '--testTimeout', '300000'];
    const run = await tree.test(args, { withinMs: 1_800_000, variables: { REACH_DIRECTORY: directory } });
    const failed = run.tests.filter(({ status }) => status === 'failed');
    if (run.kind !== 'ran' || run.code !== 0)
      throw new Error(`the tests fail before anything is changed: ${JSON.stringify(failed)}\n${run.output}`);
    return surveyOf(readReached(directory, tree.root));
  } finally {
    for (const [file, text] of kept) tree.write(file, text);
    rmSync(directory, { recursive: true, force: true });
  }
}

function readReached(directory: string, root: string): Reached[] {
  return readdirSync(directory).map((name) => {
    const reached: Reached = JSON.parse(readFileSync(join(directory, name), 'utf8'));
    return { ...reached, file: reached.file.replace(`${root}/`, '') };
  });
}

function surveyOf(reached: readonly Reached[]): Survey {
  const tests = reached.flatMap(({ file, tests: own, outside }) =>
    own.map(({ name, ms, statements }) => ({ file, name, ms, statements: new Set([...statements, ...outside]) })),
  );
  return {
    testsFor({ file, statement }) {
      // What stands at a file's top level is at work in every test that comes by anything in the file.
      const isNear = ({ statements }: { statements: ReadonlySet<string> }) =>
        statement === undefined
          ? [...statements].some((place) => place.startsWith(`${file} `))
          : statements.has(`${file} ${statement}`);
      return tests
        .filter(isNear)
        .map(({ file: of, name, ms }) => ({ file: of, name, ms }))
        .sort((a, b) => a.ms - b.ms);
    },
  };
}
