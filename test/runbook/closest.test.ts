import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closestTo, quote, suggest } from '../../src/runbook/closest.ts';
import { formatDuration, parseDuration } from '../../src/runbook/duration.ts';

test('one slip of the finger still finds the word', () => {
  const known = ['timeout', 'on-failure', 'first-of', 'parallel', 'expect'];
  const slips: readonly [string, string][] = [
    ['tiemout', 'timeout'],
    ['timeot', 'timeout'],
    ['timeoutt', 'timeout'],
    ['on_failure', 'on-failure'],
    ['firstof', 'first-of'],
    ['Parallel', 'parallel'],
    ['expct', 'expect'],
  ];
  for (const [slip, word] of slips) expect(closestTo(slip, known)).toBe(word);
  expect(closestTo('zebra', known)).toBeUndefined();
  expect(suggest('zebra', ['a', 'b'])).toBe('use one of: a, b');
  expect(suggest('zebra', [])).toBe('there is none to choose from; remove it');
});

test('any swap of neighbours in a word of five letters or more is undone', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abcdefghij'), minLength: 5, maxLength: 12 });
  fc.assert(
    fc.property(word, fc.nat(), (original, at) => {
      const index = at % (original.length - 1);
      const swapped = original.slice(0, index) + original[index + 1] + original[index] + original.slice(index + 2);
      expect(closestTo(swapped, [original, 'XXXXXXXXXXXXXXXXXXXX'])).toBe(original);
    }),
  );
});

test('quoted text stays on one line and short', () => {
  expect(quote('a\n"b"')).toBe('"a\\n\\"b\\""');
  expect(quote('x'.repeat(200)).length).toBeLessThanOrEqual(62);
});

test('durations: read, shown, and refused', () => {
  const ms = { '250ms': 250, '5s': 5_000, '10m': 600_000, '1h': 3_600_000, '0s': 0 };
  for (const [text, value] of Object.entries(ms)) expect(parseDuration(text)).toBe(value);
  for (const text of ['5', '1.5s', '-1s', '5 s', '5S', '05s', 's', '', '1d', '99999999s'])
    expect(parseDuration(text)).toBeUndefined();
  fc.assert(
    fc.property(fc.nat({ max: 9_999_999 }), (value) => {
      expect(parseDuration(formatDuration(value))).toBe(value);
    }),
  );
});
