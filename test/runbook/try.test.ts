import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { loadSteps, problemsOf } from './small-actions.ts';
test('x', () => {
  const out = [];
  for (const c of JSON.parse(readFileSync('/tmp/cases.json', 'utf8'))) { out.push(`# ${c.name}: ${c.head} ${c.steps}${problemsOf(loadSteps(c.steps, c.head)).map((p) => `      => ${p}`).join('\n')}`); }
  writeFileSync('/tmp/out.txt', out.join('\n'));
});
