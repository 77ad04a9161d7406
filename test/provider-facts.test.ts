import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const pathOf = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const page = readFileSync(pathOf('docs/provider-facts.md'), 'utf8');

/** Every test that the page names, with the section that names it. */
const named = page.split(/^## /m).flatMap((text) => {
  const section = text.split('\n')[0] ?? '';
  const cells = text
    .split('\n')
    .flatMap((line) => (line.startsWith('| ') ? [line.split(' | ').slice(2).join(' | ')] : []));
  return cells.flatMap((cell) =>
    [...cell.matchAll(/`([a-z0-9-]+(?:\/[a-z0-9-]+)+)`: (.*?)(?=; `[a-z]+\/|\. [A-Z`0-9]| \|$)/g)].map(
      ([, file = '', title = '']) => ({ section, file: `test/${file}.test.ts`, title }),
    ),
  );
});

test('every fact of Cloudflare and DNS names a test, or says how it is made simpler', () => {
  const rows = page.split('\n').filter((line) => /^\| (?!fact |---)/.test(line));
  expect(rows.length).toBeGreaterThan(60);
  for (const row of rows) expect(row).toMatch(/`[a-z]+\/[a-z0-9/-]+`: |not simulated/);
});

test.each(named)('$section: $file has the test “$title”', ({ file, title }) => {
  expect(readFileSync(pathOf(file), 'utf8')).toContain(title);
});
