import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findGaps, type Shift } from '../../../src/actions/pagerduty/on-call-gaps.ts';

const asked = { fromMs: 10, untilMs: 40 };
const shift = (startMs: number | null, endMs: number | null): Shift => ({ startMs, endMs });

test.each<[string, Shift[], object[]]>([
  ['nobody', [], [{ startMs: 10, endMs: null }]],
  ['somebody always', [shift(null, null)], []],
  ['two that follow each other, in any order', [shift(20, 50), shift(0, 20)], []],
  ['a hole between two', [shift(25, null), shift(null, 20)], [{ startMs: 20, endMs: 25 }]],
  ['nobody yet', [shift(15, null)], [{ startMs: 10, endMs: 15 }]],
  ['nobody later', [shift(0, 30)], [{ startMs: 30, endMs: null }]],
  ['a short one within a long one', [shift(0, 60), shift(12, 14)], []],
  ['one that is over, and one that begins afterwards', [shift(0, 5), shift(45, 50)], [{ startMs: 10, endMs: null }]],
])('%s', (_what, shifts, expected) => expect(findGaps(shifts, asked)).toEqual(expected));

test('at every moment somebody is on call or it is in a gap, never both', () => {
  const end = fc.option(fc.integer({ min: 0, max: 60 }), { nil: null });
  const anyShift = fc
    .tuple(end, end)
    .filter(([from, to]) => from === null || to === null || from <= to)
    .map(([from, to]) => shift(from, to));
  fc.assert(
    fc.property(fc.array(anyShift, { maxLength: 8 }), (shifts) => {
      const gaps = findGaps(shifts, asked);
      for (let moment = asked.fromMs; moment < asked.untilMs; moment += 1) {
        const isCovered = shifts.some(
          ({ startMs, endMs }) => (startMs === null || startMs <= moment) && (endMs === null || moment < endMs),
        );
        const isInGap = gaps.some(({ startMs, endMs }) => startMs <= moment && (endMs === null || moment < endMs));
        expect([moment, isInGap]).toEqual([moment, !isCovered]);
      }
      for (const { startMs, endMs } of gaps) expect(endMs ?? asked.untilMs).toBeGreaterThan(startMs);
    }),
  );
});
