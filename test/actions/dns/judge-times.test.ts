import { expect, test } from 'vitest';
import { judgeTimes } from '../../../src/actions/dns/judge-times.ts';

const ids = (predictedDrainMs: number | null, negativeCacheMs: number | null, limits: object) =>
  judgeTimes({ predictedDrainMs, negativeCacheMs }, 'example.com', limits).map(({ id, where }) =>
    `${id} ${where}`.trim(),
  );

test.each<[string, [number | null, number | null, object], string[]]>([
  ['no limits, no findings', [900_000, 1_800_000, {}], []],
  ['at the limits', [300_000, 60_000, { 'drain-within': 300_000, 'absence-within': 60_000 }], []],
  ['a drain over the objective', [300_001, null, { 'drain-within': 300_000 }], ['dns/drain-too-long']],
  ['a drain that nobody knows', [null, null, { 'drain-within': 300_000 }], ['dns/drain-unknown']],
  ['absence kept for long', [1, 1_800_000, { 'absence-within': 60_000 }], ['dns/absence-kept-long example.com']],
])('%s', (_what, given, expected) => expect(ids(...given)).toEqual(expected));
