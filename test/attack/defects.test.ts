import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CopiedTree, copyTree, type TestRun } from '../copied-tree.ts';
import { type Catcher, type Defect, defects } from './defects/defects.ts';
import { createTally, isFull } from './tally.ts';

/** How long one run of a test that is to notice a defect may take; past that, the defect has made it hang. */
const withinMs = 300_000;
const only = process.env.RESEND_OPS_DEFECT;
const tried = defects.filter(({ name, always }) => (only === undefined ? isFull || always === true : name === only));

let tree: CopiedTree;
const controls = new Map<string, Promise<TestRun>>();
/** A row of the record for each defect. */
const caught: { defect: Defect; where: string; attacks: number; seen: string }[] = [];

beforeAll(() => {
  tree = copyTree();
});

afterAll(() => {
  tree.remove();
  if (isFull && only === undefined) writeFileSync(record, page());
});

/** What a defect replaces has to stand in the sources exactly once: code that was changed since has to be spoilt anew. */
function misfitsOf({ name, edits }: Defect): string[] {
  return edits.flatMap(({ file, find }) => {
    const times = tree.read(file).split(find).length - 1;
    return times === 1 ? [] : [`${name}: ${file} holds ${times} times, not once, what it replaces: ${find}`];
  });
}

test('each defect fits the sources as they are', ({ task }) => {
  const tally = createTally(task);
  for (const defect of defects) tally.add(misfitsOf(defect));
  tally.close();
});

function runCatcher({ file, named }: Catcher): Promise<TestRun> {
  return tree.test([file, '-t', named], { withinMs });
}

/** The same test in the same copy, with nothing put in: it has to pass, or its failure proves nothing. Once each. */
function control(catcher: Catcher): Promise<TestRun> {
  const key = `${catcher.file} ${catcher.named}`;
  const known = controls.get(key) ?? runCatcher(catcher);
  controls.set(key, known);
  return known;
}

/** How a failed expectation begins, as the runner and the helpers of the tests word it. */
const expectation = /^(AssertionError|Error: promise resolved|Error: no OpsError)/;

/**
 * What the run saw of the defect: a promise that an attack found broken, or what a test expected and did not get. A crash
 * of the test, or one that never ends, would come of many a mistake, and shows that none was looked for.
 */
function seenBy(run: TestRun): { test: string; attacks: number; seen: string } | undefined {
  for (const { status, name, messages, tally } of run.tests) {
    if (status !== 'failed') continue;
    const seen = tally === undefined ? messages.find((message) => expectation.test(message)) : tally.findings[0];
    if (seen !== undefined) return { test: name, attacks: tally?.attacks ?? 1, seen: firstLine(seen) };
  }
  return undefined;
}

function firstLine(text: string): string {
  const [line = ''] = stripVTControlCharacters(text)
    .replaceAll(/\/\S*resend-ops-\S*?([^/\s]*)(?=\s|$)/g, '…/$1')
    .split('\n');
  return line.length <= 140 ? line : `${line.slice(0, 139)}…`;
}

function putIn(defect: Defect): void {
  const misfits = misfitsOf(defect);
  if (misfits.length > 0) throw new Error(misfits.join('\n'));
  for (const { file, find, replace } of defect.edits) tree.write(file, tree.read(file).split(find).join(replace));
}

for (const defect of tried) {
  test(`the defect is caught: ${defect.name}`, { timeout: 3_600_000 }, async ({ task }) => {
    const tally = createTally(task);
    const { caughtBy } = defect;
    const sound = await control(caughtBy);
    expect(sound, 'the test without the defect').toMatchObject({ kind: 'ran', code: 0 });
    const before = new Map(defect.edits.map(({ file }) => [file, tree.read(file)]));
    let run: TestRun;
    try {
      putIn(defect);
      if (caughtBy.builds) await tree.build();
      run = await runCatcher(caughtBy);
    } finally {
      for (const [file, text] of before) tree.write(file, text);
      if (caughtBy.builds) await tree.build();
    }
    const found = seenBy(run);
    if (found !== undefined) {
      const where = `${caughtBy.file.replace('test/', '')}: ${found.test}`;
      caught.push({ defect, where, attacks: found.attacks, seen: found.seen });
    }
    const failures = run.tests.flatMap(({ messages }) => messages.map(firstLine));
    tally.add(
      found === undefined
        ? [
            `${defect.name} is not caught (${run.kind}, exit ${run.code}): ${[...failures, run.output.slice(-500)].join(' | ')}`,
          ]
        : [],
    );
    tally.close();
  });
}

const record = fileURLToPath(new URL('../../docs/defects.md', import.meta.url));

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function page(): string {
  const rows = caught.map(
    ({ defect, where, attacks, seen }) =>
      `| ${[defect.name, defect.harm, where, seen].map(cell).join(' | ')} | ${attacks} |`,
  );
  return `# Defects put in on purpose

Each of these mistakes was put into a copy of the program, and the tests of it were run: a harness that cannot find what
is there proves nothing by finding nothing. Written by the last full run of \`npm run attack\`: ${caught.length} of ${defects.length} caught. The
list, with the exact change of each, is \`test/attack/defects/defects.ts\`; the same test passes without the change.

| defect | what it would do | caught by | first seen as | attacks |
| --- | --- | --- | --- | ---: |
${rows.join('\n')}
`;
}
