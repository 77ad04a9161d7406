import { expect, test } from 'vitest';
import { driftCompare } from '../../../src/actions/drift/compare.ts';
import type { Json } from '../../../src/world/json.ts';
import { runCheck, testContext, testEnvironment } from '../action-context.ts';

const at = '2025-12-30T10:20:30.000Z';

async function compare(before: Json | undefined, watched: Record<string, Json>, environment: object = {}) {
  const lastOutput = async () => (before === undefined ? undefined : { run: 'r1', at, output: before });
  const rehearsals = async () => ({ rehearsals: [], unreadable: 0 });
  const { output, summary } = await runCheck(
    driftCompare,
    { watched },
    testContext({ past: { rehearsals, lastOutput }, env: testEnvironment(environment) }),
  );
  const { findings } = output as {
    findings: { id: string; where: string; breaks: string; remedy: string; seen?: string }[];
  };
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
  const { findings, first } = await compare({ watched: { a: digest, b: 1 } }, { a: 'b'.repeat(64), c: 2 });
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

const baselineOf = (output: Json) => (output as { baseline: Json }).baseline;

test('a difference is told against the same, run after run, until it is undone', async () => {
  let last: Json = { watched: { a: 1, b: 1 } };
  for (const [a, expected] of [
    [2, ['drift/changed a']],
    [2, ['drift/changed a']],
    [3, ['drift/changed a']],
    [1, []],
  ] as const) {
    const { findings, output, first } = await compare(last, { a, b: 1 });
    expect(findings).toEqual(expected);
    if (first !== undefined) expect(first.breaks).toContain('a is not as on 2025-12-30: 1 then');
    expect(baselineOf(output)).toMatchObject({ a: { value: 1, at, run: 'r1' }, b: { value: 1 } });
    last = output;
  }
});

test('what is accepted is what the next run is compared with, and no more is said of it', async () => {
  const before = { watched: { a: 1, b: 1 } };
  const told = (await compare(before, { a: 2, b: 1 })).first;
  expect(told?.remedy).toContain(`accepted-findings: drift/changed, where: a, seen: ${told?.seen})`);
  const accepted = {
    ...{ id: 'drift/changed', where: 'a', seen: told?.seen },
    ...{ reason: 'moved on purpose', until: '2099-01-01' },
  };
  const { findings, output, summary } = await compare(before, { a: 2, b: 2 }, { 'accepted-findings': [accepted] });
  expect(findings.sort()).toEqual(['drift/changed a', 'drift/changed b']);
  expect(output).toMatchObject({ warnings: 1, accepted: 1 });
  expect(summary.detail.join(' ')).toContain('moved on purpose');
  expect(baselineOf(output)).toMatchObject({ a: { value: 2 }, b: { value: 1 } });
  expect((await compare(output, { a: 2, b: 1 })).findings).toEqual([]);
  // It was of that value: the next change of the same is told, before and after.
  for (const since of [before, output]) {
    const next = await compare(since, { a: 3, b: 1 }, { 'accepted-findings': [accepted] });
    expect([next.findings, next.output]).toEqual([
      ['drift/changed a'],
      expect.objectContaining({ warnings: 1, accepted: 0 }),
    ]);
    expect(next.summary.detail.join(' ')).toContain('is not of what is seen now');
  }
  // One that ran out accepts nothing.
  const expired = await compare(
    before,
    { a: 2, b: 1 },
    { 'accepted-findings': [{ ...accepted, until: '2025-12-31' }] },
  );
  expect(baselineOf(expired.output)).toMatchObject({ a: { value: 1 } });
});

test('what is not known this time is no difference, and what was known stays', async () => {
  const { findings, output } = await compare({ watched: { a: 1 } }, { a: null, b: null });
  expect([findings, baselineOf(output)]).toEqual([[], { a: { value: 1, at, run: 'r1' } }]);
  expect((await compare(output, { a: 2, b: 1 })).findings).toEqual(['drift/changed a', 'drift/appeared b']);
  expect(baselineOf((await compare(undefined, { a: null, b: 1 })).output)).toEqual({ b: expect.anything() });
});
