import { readdirSync, writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { copyTree } from '../copied-tree.ts';
import { findMutants } from './mutants.ts';
import { surveyTests } from './survey.ts';
test('x', { timeout: 900_000 }, async () => {
  const tree = copyTree();
  const files = ['src/engine','src/journal'].flatMap((d) => readdirSync(d).map((f) => `${d}/${f}`));
  const s = await surveyTests(tree, files, ['test/engine', 'test/journal']);
  let out = '';
  let n = 0, all = 0;
  for (const f of files) {
    const text = tree.read(f).split('\n');
    const lines = new Map<number, number>();
    for (const m of findMutants(f, tree.read(f))) { all++; if (s.testsFor(m).length === 0) { n++; lines.set(m.line, (lines.get(m.line) ?? 0) + 1); } }
    for (const [l, c] of lines) out += `${f}:${l} (${c}) ${text[l-1]?.trim()}\n`;
  }
  tree.remove();
  writeFileSync('/tmp/unreached-defects.txt', out + `${n} of ${all}\n`);
});
