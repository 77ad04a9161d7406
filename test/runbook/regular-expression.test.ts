import vm from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePattern } from '../../src/runbook/regular-expression.ts';

function matches(pattern: string, text: string): boolean {
  const compiled = compilePattern(pattern);
  if ('error' in compiled) throw new Error(`${pattern}: ${compiled.error}`);
  return compiled.matcher(text);
}

const native = vm.createContext({ pattern: '', text: '' });
const nativeTest = new vm.Script('new RegExp(pattern).test(text)');

/** What the language's own expression says; `undefined` where its backtracking does not come to an end. */
function nativeMatches(pattern: string, text: string): boolean | undefined {
  Object.assign(native, { pattern, text });
  try {
    return nativeTest.runInContext(native, { timeout: 250 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw error;
  }
}

test('it agrees with the language’s own regular expressions', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    '.',
    '\\d',
    '\\w',
    '\\W',
    '[ab]',
    '[^a-c]',
    '[\\d-]',
    '\\.',
    '^',
    '$',
    '\\b',
    ' ',
  );
  const suffix = fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,3}', '{0,}', '*?');
  const { pattern } = fc.letrec<{ pattern: string; piece: string }>((tie) => ({
    piece: fc
      .tuple(
        fc.oneof(
          { maxDepth: 2 },
          atom,
          tie('pattern').map((inner) => `(${inner})`),
          tie('pattern').map((inner) => `(?:${inner})`),
        ),
        suffix,
      )
      .map(([start, end]) => (/^(\^|\$|\\b)$/.test(start) ? start : start + end)),
    pattern: fc
      .array(fc.array(tie('piece'), { maxLength: 3 }), { minLength: 1, maxLength: 3 })
      .map((branches) => branches.map((branch) => branch.join('')).join('|')),
  }));
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '.', '-', ' ', '\n'), maxLength: 10 });
  fc.assert(
    fc.property(pattern, text, (written, subject) => {
      fc.pre(written.length <= 120);
      const expected = nativeMatches(written, subject);
      fc.pre(expected !== undefined);
      expect(matches(written, subject)).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
});

test('case, and characters beyond the basic plane', () => {
  expect(matches('(?i)^clouDFRONT$', 'CloudFront')).toBe(true);
  expect(matches('(?i)^[a-f]+$', 'CAFE')).toBe(true);
  expect(matches('^.$', '😀')).toBe(true);
});

test('patterns that make backtracking hang end at once', () => {
  expect(matches('(a+)+$', `${'a'.repeat(15_000)}!`)).toBe(false);
  expect(matches('(a|aa)*(a|aa)*(a|aa)*c', 'a'.repeat(5_000))).toBe(false);
  expect(matches('(a?){40}a{40}', 'a'.repeat(40))).toBe(true);
});

test('what is not understood is said', () => {
  const refused: readonly [string, string][] = [
    ['(a', 'a ( is not closed'],
    ['a)', 'a ) has no ( before it'],
    ['[a', 'a [ is not closed'],
    ['*a', 'nothing stands before the *'],
    ['a**', 'a repetition is repeated'],
    ['a{3,2}', 'a repetition ends before it begins'],
    ['a{x}', 'a { here must be a repetition such as {2,3}, or be escaped'],
    ['(?=a)', 'only (?: … ) groups are understood, and (?i) at the beginning'],
    ['(a)\\1', '\\1 is not understood'],
    ['a\\', 'the pattern ends in a backslash'],
    ['[z-a]', 'the range z-a is not understood'],
    ['((a{99}){99}){99}', 'the pattern repeats too much'],
    ['a'.repeat(201), 'the pattern is longer than 200 characters'],
  ];
  for (const [pattern, error] of refused) expect(compilePattern(pattern)).toEqual({ error });
});

test('no pattern makes it throw', () => {
  const unit = fc.constantFrom(...'()[]{}|*+?\\^$.-,09adwsbB:i'.split(''));
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 30 }), (pattern) => {
      const compiled = compilePattern(pattern);
      if ('matcher' in compiled) expect(typeof compiled.matcher('aab0 9-')).toBe('boolean');
      else expect(compiled.error).not.toBe('');
    }),
    { numRuns: 2_000 },
  );
});
