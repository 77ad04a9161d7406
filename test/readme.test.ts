import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { actions } from '../src/actions/index.ts';
import { commandTable } from '../src/cli/command-table.ts';
import { runOptions } from '../src/cli/shared-options.ts';
import { exitMeanings } from '../src/cli/terminal/end-screen.ts';

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');
const readme = read('README.md');

test('the README names every command', () => {
  const row = readme
    .split('\n')
    .filter((line) => line.startsWith('| `resend-ops'))
    .join('\n');
  for (const { name } of commandTable) for (const word of name.split(' ')) expect(row).toContain(word);
});

test('the README names every option of a run, and no other', () => {
  const [, list = ''] = /Options of every runbook: ([^.]*)\./s.exec(readme) ?? [];
  const written = [...list.matchAll(/--[a-z-]+/g)].map(([option]) => option).sort();
  const real = runOptions.map(({ flags }) => /--[a-z-]+/.exec(flags)?.[0]).sort();
  expect(written).toEqual(real);
});

test('the README has every exit code, with words that begin as the program’s do', () => {
  for (const [code, meaning] of Object.entries(exitMeanings)) {
    const [, words = ''] = new RegExp(`^\\| ${code} \\| (.*) \\|$`, 'm').exec(readme) ?? [];
    expect(words.split(/[ :,]/)[0]?.replace('as', 'the')).toBe(meaning.split(/[ :,]/)[0]);
  }
});

test('the two commands of the README are scripts that exist', () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'));
  expect(readme).toContain('npm ci && npm run rehearse');
  expect(readme).toContain('npm ci && npm test');
  expect(scripts.rehearse).toContain('rehearse failover');
  expect(scripts.test).toContain('vitest run');
});

test('the documentation lists every action with its kind, and no other', () => {
  const rows = [...read('docs/runbooks.md').matchAll(/^\| `([a-z0-9]+(?:\.[a-z-]+)?)` \| (check|change) \|/gm)];
  const written = rows.map(([, name, kind]) => `${name} ${kind}`).sort();
  expect(written).toEqual([...actions.values()].map(({ name, kind }) => `${name} ${kind}`).sort());
});
