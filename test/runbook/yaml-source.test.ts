import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadRunbook } from '../../src/runbook/load-runbook.ts';
import { parseYaml } from '../../src/runbook/yaml-source.ts';
import { actions, problemsOf } from './small-actions.ts';

const bad: readonly [name: string, text: string, says: readonly string[]][] = [
  ['an empty file', '# nothing\n', ['1:1: the file is empty; write its keys, such as title']],
  ['a list', '- a\n', ['1:1: the file is not a map of keys; begin it with keys, such as title: …']],
  [
    'a key twice',
    'a: 1\nb: { c: 1, c: 2 }\na: 2\n',
    ['2:12: the key "c" is given twice; remove one of them', '3:1: the key "a" is given twice; remove one of them'],
  ],
  ['a tab', 'a:\n\tb: 1\n', ['2:1: the line is indented with a tab; indent with spaces']],
  [
    'carriage returns alone',
    'a: 1\rb: 2\r',
    ['1:5: a line ends in a carriage return alone; save the file with LF line ends'],
  ],
  ['a byte order mark', '\uFEFFa: 1\n', ['1:1: the file begins with a byte order mark; save it as UTF-8 without BOM']],
  ['not UTF-8', 'a: 1\nb: caf\uFFFD\n', ['2:7: the file is not UTF-8; save it as UTF-8']],
  ['a control character', 'a: 1\nb: \u0007\n', ['2:4: there is a control character here (U+0007); remove it']],
  [
    'two documents',
    'a: 1\n---\nb: 1\n',
    ['2:1: the file holds several documents; keep one document a file, without further --- lines'],
  ],
  [
    'an unclosed bracket',
    'a: [1\n',
    [
      '2:1: the indentation does not fit, or a bracket is not closed; indent by spaces under the key it belongs to, and close every [ and {',
    ],
  ],
  [
    'text that looks like a map',
    'title: Move: now\n',
    [
      '1:8: a map begins where a single value stands; put text that holds ": " in quotes, or begin the map on a line of its own',
    ],
  ],
  [
    'a reserved character',
    'a: @home\n',
    ['1:4: the text begins with a character that YAML reserves; put the text in quotes'],
  ],
  [
    'an unknown tag',
    'a: !secret x\n',
    ['1:12: the tag !secret is not known here; remove it, or put text that begins with ! in quotes'],
  ],
  [
    'binary',
    'a: !!binary aGk=\n',
    ['1:13: the tag !!binary is not known here; remove it, or put text that begins with ! in quotes'],
  ],
  [
    'a merge key',
    'a: &x { b: 1 }\nc: { <<: *x }\n',
    ['2:6: merge keys (<<) are not part of YAML 1.2; write the keys out'],
  ],
  [
    'an alias without anchor',
    'a: *x\n',
    ['1:4: the alias *x has no anchor above it; write &x at the value, or remove the alias'],
  ],
  ['an alias in itself', 'a: &x [*x]\n', ['1:8: the alias *x contains itself; write the value out']],
  ['a prototype', '__proto__: { a: 1 }\n', ['1:1: a key may not be named "__proto__"; rename it']],
  ['a key that is no text', '[a]: 1\n', ['1:1: a key is not text; put it in quotes']],
  ['not a number', 'a: .nan\n', ['1:4: the number ".nan" cannot be kept exactly; put it in quotes if it is text']],
  [
    'a number too large',
    'a: 12345678901234567890\n',
    ['1:4: the number "12345678901234567890" cannot be kept exactly; put it in quotes if it is text'],
  ],
  ['deep flow', `a: ${'['.repeat(20_000)}`, ['1:27: the file is nested too deeply; keep it under 24 levels']],
  ['deep dashes', `a:\n${'- '.repeat(10_000)}x\n`, ['2:47: the file is nested too deeply; keep it under 24 levels']],
  [
    'deep indents',
    Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
    ['25:25: the file is nested too deeply; keep it under 24 levels'],
  ],
];

describe('what is no YAML, or not the kind used here', () => {
  for (const [name, text, says] of bad) {
    test(name, () => expect(problemsOf(parseYaml('x.yaml', text))).toEqual(says));
  }
});

test('a bomb of aliases is refused before it grows', () => {
  const levels = Array.from({ length: 8 }, (_, level) => {
    const items = Array.from({ length: 9 }, () => (level === 0 ? 'x' : `*l${level - 1}`)).join(', ');
    return `l${level}: &l${level} [${items}]`;
  });
  expect(problemsOf(parseYaml('x.yaml', levels.join('\n')))).toEqual([
    '3:45: the file uses more than 16 aliases; write the repeated parts out',
  ]);
});

test('a few aliases that grow all the same are stopped', () => {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x]'];
  for (const [name, of] of ['ba', 'cb', 'dc'].map((pair) => [pair[0], pair[1]])) {
    lines.push(`${name}: &${name} [${[1, 2, 3, 4, 5].map(() => `*${of}`).join(', ')}]`);
  }
  expect(problemsOf(parseYaml('x.yaml', lines.join('\n')))).toEqual([]);
  const large = `a: &a [${'x, '.repeat(9_000)}x]\nb: [*a, *a, *a]\n`;
  expect(problemsOf(parseYaml('x.yaml', large))[0]).toMatch(/^2:\d+: the file holds too many values/);
});

test('positions: of values, keys, and inside text', () => {
  const text = `a:\n  b: [1, "two", 'it''s']\n  c: |\n    first\n    second \${{ x }}\nd: "q\\u0041 \${{ y }}"\n`;
  const parsed = parseYaml('x.yaml', text);
  if ('problems' in parsed) throw new Error('refused');
  const { source } = parsed;
  const at = (position: { line: number; column: number }) => `${position.line}:${position.column}`;
  expect(source.data).toEqual({ a: { b: [1, 'two', "it's"], c: 'first\nsecond ${{ x }}\n' }, d: 'qA ${{ y }}' });
  expect(at(source.positionOf(['a', 'b', 1]))).toBe('2:10');
  expect(at(source.keyPositionOf(['a', 'b']))).toBe('2:3');
  expect(at(source.positionOf(['a', 'b', 7, 'none']))).toBe('2:6');
  expect(at(source.positionInText(['a', 'b', 1], 1))).toBe('2:12');
  expect(at(source.positionInText(['a', 'c'], 'first\nsecond '.length))).toBe('5:12');
  expect(at(source.positionInText(['d'], 'qA '.length))).toBe('6:13');
});

test('YAML 1.2: yes and on are text, 0o10 is a number', () => {
  const parsed = parseYaml('x.yaml', 'on: yes\nn: 0o10\nv: 1.20\n');
  expect('source' in parsed ? parsed.source.data : undefined).toEqual({ on: 'yes', n: 8, v: 1.2 });
});

test('no text at all makes it throw, and every problem lies in the file', () => {
  const piece = fc.constantFrom(
    ':',
    '- ',
    '\n',
    '  ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '&a',
    '*a',
    '|',
    '>',
    '#',
    '!',
    '---\n',
    '\t',
    '\r',
    'a',
    '1',
    '? ',
    '<<',
    ',',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 60 }), (pieces) => {
      const text = pieces.join('');
      const parsed = parseYaml('x.yaml', text);
      if ('source' in parsed) return;
      expect(parsed.problems.length).toBeGreaterThan(0);
      for (const { where, what, remedy } of parsed.problems) {
        expect(where.line).toBeLessThanOrEqual(text.split('\n').length);
        expect(where.column).toBeGreaterThan(0);
        expect(what).not.toBe('');
        expect(remedy).not.toBe('');
      }
    }),
    { numRuns: 1_000 },
  );
});

test('a key that is given twice hides nothing else that is wrong with the file', () => {
  const text =
    'title: One\ntitle: Two\nsteps:\n  - { id: a, uses: test.look, wiht: {} }\n  - { id: b, uses: no.such }\n';
  const found = problemsOf(loadRunbook({ file: 'x.yaml', text, actions }));
  expect(found.map((problem) => problem.split(';')[0])).toEqual([
    '2:1: the key "title" is given twice',
    expect.stringContaining('unknown key "wiht"'),
    expect.stringContaining('no.such'),
  ]);
});
