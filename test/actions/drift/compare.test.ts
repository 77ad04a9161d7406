import { expect, test } from 'vitest';
import { driftCompare } from '../../../src/actions/drift/compare.ts';
import type { Json } from '../../../src/world/json.ts';
import { runCheck, testContext } from '../action-context.ts';

const at = '2025-12-30T10:20:30.000Z';

async function compare(before: Json | undefined, watched: Record<string, Json>) {
  const lastOutput = async () => (before === undefined ? undefined : { run: 'r1', at, output: before });
  const rehearsals = async () => ({ rehearsals: [], unreadable: 0 });
  const { output, summary } = await runCheck(
    driftCompare,
    { watched },
    testContext({ past: { rehearsals, lastOutput } }),
  );
  const { findings } = output as { findings: { id: string; where: string; breaks: string }[] };
  return { findings: findings.map(({ id, where }) => `${id} ${where}`), output, summary, first: findings[0] };
}

test('without an earlier run there is nothing to compare with, and it says so', async () => {
  const { findings, output, summary } = await compare(undefined, { a: 1 });
  expect([findings, output]).toEqual([[], expect.objectContaining({ watched: { a: 1 }, since: null })]);
  expect(summary.headline).toContain('no earlier run');
});

test('an earlier run that had no such step is none', async () => {
  expect((await compare({ agreed: true }, { a: 1 })).output).toMatchObject({ since: null });
});

test('the same is silent, whatever the order of keys', async () => {
  const { findings, summary } = await compare({ watched: { a: { x: 1, y: 2 } } }, { a: { y: 2, x: 1 } });
  expect([findings, summary.headline]).toEqual([[], '1 values as on 2025-12-30 10:20 UTC']);
});

test('what is other, new or gone', async () => {
  const digest = 'a'.repeat(64);
  const { findings, first } = await compare({ watched: { a: digest, b: 1 } }, { a: 'b'.repeat(64), c: null });
  expect(findings).toEqual(['drift/changed a', 'drift/disappeared b', 'drift/appeared c']);
  expect(first?.breaks).toBe('a is not as on 2025-12-30: aaaaaaaaaaaa… then, bbbbbbbbbbbb… now');
});

test('of lists, what is gone and what is new', async () => {
  const before = { watched: { switch: ['- enabled: true', 'TTL 60 s'] } };
  const { first } = await compare(before, { switch: ['- enabled: true', 'TTL 300 s'] });
  expect(first?.breaks).toBe('switch is not as on 2025-12-30: without “TTL 60 s”; with “TTL 300 s”');
  const turned = await compare(before, { switch: ['TTL 60 s', '- enabled: true'] });
  expect(turned.first?.breaks).toContain('in another order');
  const many = await compare(before, { switch: Array.from({ length: 500 }, (_, n) => `line ${n}`) });
  expect(many.first?.breaks.length).toBeLessThan(600);
});
