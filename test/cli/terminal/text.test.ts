import fc from 'fast-check';
import { expect, test } from 'vitest';
import { speaksUnicode, toAscii } from '../../../src/cli/terminal/ascii.ts';
import { formatDuration, formatLimit } from '../../../src/cli/terminal/duration.ts';
import { fitDetail } from '../../../src/cli/terminal/fit-detail.ts';
import { createPaint, wantsColour } from '../../../src/cli/terminal/paint.ts';
import { sanitise, sanitiseLines } from '../../../src/cli/terminal/sanitise.ts';
import { createScreen } from '../../../src/cli/terminal/screen.ts';
import { widthOf, wrap, wrapWords } from '../../../src/cli/terminal/wrap.ts';
import { createRedactor } from '../../../src/journal/redact.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 300 });

test('sanitised text holds nothing that a terminal acts on, whatever went in', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(sanitise(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      for (const line of sanitiseLines(text)) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }),
  );
});

test('sanitising changes nothing of ordinary text, and twice is once', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(sanitise(sanitise(text))).toBe(sanitise(text));
    }),
  );
  expect(sanitise('Überprüfen: ✓ 3 × “ok” 日本')).toBe('Überprüfen: ✓ 3 × “ok” 日本');
});

test('what was hidden becomes visible', () => {
  expect(sanitise('a\u001b[31mb\u007f\u009b\rc\td\u202e\u200b')).toBe('a\\x1b[31mb\\x7f\\x9b\\x0dc  d\\u202e\\u200b');
  expect(sanitise('\u{e0041}')).toBe('\\u{e0041}');
  expect(sanitiseLines('one\r\ntwo\nthree')).toEqual(['one', 'two', 'three']);
});

test('ASCII text is ASCII, whatever went in', () => {
  fc.assert(fc.property(anyText, (text) => void expect(toAscii(text)).toMatch(/^[\x00-\x7f]*$/)));
  expect(toAscii('REHEARSAL │ ✓ it’s → “done”… 日')).toBe('REHEARSAL | + it\'s -> "done"... \\u{65e5}');
});

test.each([
  [{ LANG: 'en_US.UTF-8' }, true],
  [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, false],
  [{ LANG: 'C', LC_CTYPE: 'C.utf8' }, true],
  [{ LANG: 'en_US.UTF-8', LC_ALL: '' }, true],
  [{}, false],
])('the locale %j speaks Unicode: %s', (variables, expected) => {
  expect(speaksUnicode(variables)).toBe(expected);
});

test('words stay whole where they are broken apart, whatever their length', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { minLength: 1, maxLength: 20 }),
      fc.record({ width: fc.integer({ min: 5, max: 60 }), hanging: fc.nat(4), start: fc.nat(10) }),
      (words, { width, hanging, start }) => {
        const lines = wrapWords(words.join(' '), width, { hanging, start });
        expect(lines.join(' ').trim().split(/\s+/)).toEqual(words);
        for (const [at, line] of lines.entries()) {
          const used = widthOf(line) + (at === 0 ? start : 0);
          const isOneWord = !line.trim().includes(' ');
          expect(used <= width || isOneWord).toBe(true);
          if (at > 0) expect(line.startsWith(' '.repeat(hanging))).toBe(true);
        }
      },
    ),
  );
});

test('wrapped lines fit, and say the same', () => {
  const words = fc.array(
    fc.string({ maxLength: 30 }).map((text) => text.replace(/\s/g, '')),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(words, fc.integer({ min: 20, max: 90 }), fc.integer({ min: 0, max: 10 }), (list, width, hanging) => {
      const text = list.join(' ');
      const lines = wrap([text], width, hanging).map((pieces) => pieces.map((piece) => piece.text).join(''));
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
      expect(lines.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
    }),
  );
});

test('a screen keeps to its width, its banner on every line', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 200 }).map(sanitise), { maxLength: 8 }), (texts) => {
      const written: string[] = [];
      const output = { write: (text: string) => void written.push(text), isTTY: false, columns: () => 80 };
      const paint = createPaint({ isTTY: false, variables: {}, color: true });
      const screen = createScreen({ redactor: createRedactor([]), output, paint, unicode: true, banner: 'REHEARSAL' });
      for (const text of texts) screen.line(text, { indent: 4 });
      for (const text of texts) screen.lineWithEnd([text], { text: '12.3s', tone: 'quiet' });
      for (const line of written.join('').split('\n').slice(0, -1)) {
        expect(widthOf(line)).toBeLessThanOrEqual(80);
        expect(line).toMatch(/^REHEARSAL │/);
      }
    }),
  );
});

test.each([
  [{ isTTY: true, variables: {}, color: true }, true],
  [{ isTTY: false, variables: {}, color: true }, false],
  [{ isTTY: true, variables: { NO_COLOR: '1' }, color: true }, false],
  [{ isTTY: true, variables: { NO_COLOR: '' }, color: true }, true],
  [{ isTTY: true, variables: { TERM: 'dumb' }, color: true }, false],
  [{ isTTY: false, variables: { FORCE_COLOR: '1' }, color: true }, true],
  [{ isTTY: true, variables: { FORCE_COLOR: '0' }, color: true }, false],
  [{ isTTY: true, variables: { FORCE_COLOR: '1', NO_COLOR: '1' }, color: true }, true],
  [{ isTTY: true, variables: { FORCE_COLOR: '1' }, color: false }, false],
])('colours for %j: %s', (facts, expected) => {
  expect(wantsColour(facts)).toBe(expected);
  expect(createPaint(facts)('good', 'x') === 'x').toBe(!expected);
});

test.each([
  [-5, '0.0s'],
  [340, '0.3s'],
  [59_949, '59.9s'],
  [59_951, '1m 00s'],
  [125_000, '2m 05s'],
  [3_599_600, '1h 00m'],
  [3_725_000, '1h 02m'],
])('%d ms read %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('limits are said without false precision', () => {
  expect([60_000, 90_000, 360_000, 2_500].map(formatLimit)).toEqual(['60s', '90s', '6m', '2.5s']);
});

test('a table that is too wide gives up blank columns it can spare, and stays aligned', () => {
  const table = ['    server            answer        TTL', 'yes ns1.example.com   A 192.0.2.1     60', 'all agree'];
  expect(fitDetail(table, 80)).toEqual(table);
  expect(fitDetail(table, 38)).toEqual([
    '    server           answer       TTL',
    'yes ns1.example.com  A 192.0.2.1    60',
    'all agree',
  ]);
});

test('an item that was broken over lines is whole again', () => {
  expect(fitDetail(['- only edge fails: a,', '  b and c', '- next', 'plain', '  indented'], 80)).toEqual([
    '- only edge fails: a, b and c',
    '- next',
    'plain',
    '  indented',
  ]);
});
