import { describe, expect, test } from 'vitest';
import { findPieces, mayHold, prepareForms } from '../../src/journal/find-pieces.ts';
import { createRedactor } from '../../src/journal/redact.ts';

const form = 'Abcdefgh-12345-ijklMNOP-6789';
const forms = prepareForms([form]);

/** What is found in a text, as the text itself with each find in brackets; finds that are the same count once. */
function found(text: string, among = forms): string {
  const spans = [...new Map(findPieces(text, among).map((span) => [span.join(), span])).values()];
  const marks = [...text, ''].map((character, at) => {
    const ends = spans.filter(([, end]) => end === at).map(() => ']');
    const starts = spans.filter(([start]) => start === at).map(() => '[');
    return [...ends, ...starts, character].join('');
  });
  return marks.join('');
}

describe('a form is found', () => {
  test('whole, wherever and as often as it stands', () => {
    expect(found(`a ${form} b`)).toBe(`a [${form}] b`);
    expect(found(`${form}${form}`)).toBe(`[${form}][${form}]`);
    expect(findPieces('xabaabaabax', prepareForms(['abaaba']))).toEqual([
      [1, 7],
      [4, 10],
    ]);
    expect(findPieces('aaaaaaa', prepareForms(['aaaaaa']))).toContainEqual([1, 7]);
    expect(found('nothing here')).toBe('nothing here');
  });

  test('cut off at the end or before an ellipsis, from its first eight characters on', () => {
    expect(found('got Abcdefg')).toBe('got Abcdefg');
    expect(found('got Abcdefgh')).toBe('got [Abcdefgh]');
    expect(found('got Abcdefgh-1')).toBe('got [Abcdefgh-1]');
    expect(found('got Abcdefgh-1… and')).toBe('got [Abcdefgh-1]… and');
    expect(found('got Abcdefgh-1 = … and')).toBe('got [Abcdefgh-1] = … and');
    expect(found('got Abcdefgh-1x')).toBe('got Abcdefgh-1x');
    expect(found('got Abcdefgh-2')).toBe('got Abcdefgh-2');
    expect(found('Abcdefgh Abcdefgh-12')).toBe('Abcdefgh [Abcdefgh-12]');
  });

  test('by its end at the beginning, of eight characters or more', () => {
    expect(found('OP-6789 here')).toBe('OP-6789 here');
    expect(found('NOP-6789 here')).toBe('[NOP-6789] here');
    expect(found('  klMNOP-6789 here')).toBe('  [klMNOP-6789] here');
    expect(found(`${form.slice(1)} here`)).toBe(`[${form.slice(1)}] here`);
    expect(found(`x${form.slice(1)} here`)).toBe(`x${form.slice(1)} here`);
    expect(found('xNOP-6789 here')).toBe('xNOP-6789 here');
  });

  test('by a part of it that is all of the text, of sixteen characters or more', () => {
    expect(found('cdefgh-12345-ijk')).toBe('[cdefgh-12345-ijk]');
    expect(found('  cdefgh-12345-ijk ')).toBe('  [cdefgh-12345-ijk] ');
    expect(found('cdefgh-12345-ij')).toBe('cdefgh-12345-ij');
    expect(found('cdefgh-12345-ijx')).toBe('cdefgh-12345-ijx');
    expect(found('cdefgh-12345-ijk here')).toBe('cdefgh-12345-ijk here');
  });

  test('broken over lines, also where the ends of lines are spelled; the break belongs to it', () => {
    for (const end of ['\n', '\r', '\r\n', '\\n', '\\r', '\\\\n', '\\x0a', '\\x0d', '=\n', '\n\t ']) {
      const broken = `${form.slice(0, 11)}${end}${form.slice(11)}`;
      expect(found(`a ${broken} b`), JSON.stringify(end)).toBe(`a [${broken}] b`);
    }
    expect(found(`a ${form.slice(0, 11)}x\n${form.slice(11)} b`)).not.toContain('[');
  });

  test('cut off where it is broken over lines', () => {
    expect(found('got Abcd\nefgh-1')).toBe('got [Abcd\nefgh-1]');
    expect(found('NOP-\n6789 here')).toBe('[NOP-\n6789] here');
    expect(found('got Abcd\nefg')).toBe('got Abcd\nefg');
  });

  test('across lines from six characters on, and across spaces from sixteen on', () => {
    const of = (text: string) => prepareForms([text]);
    expect(found('a abc\ndef b', of('abcdef'))).toBe('a [abc\ndef] b');
    expect(found('a abc\nde b', of('abcde'))).toBe('a abc\nde b');
    expect(found('a abc\nde= b', of('abcde='))).toBe('a abc\nde= b');
    expect(found('a abcdefgh ijklmnop b', of('abcdefghijklmnop'))).toBe('a [abcdefgh ijklmnop] b');
    expect(found('a abcdefgh ijklmno b', of('abcdefghijklmno'))).toBe('a abcdefgh ijklmno b');
    expect(found('a abcdefgh\nijklmno b', of('abcdefghijklmno'))).toBe('a [abcdefgh\nijklmno] b');
  });

  test('as far as a short one can be: of eight characters and fewer nothing is cut off', () => {
    const short = prepareForms(['abcdefgh']);
    expect(found('xabcdefghx', short)).toBe('x[abcdefgh]x');
    expect(found('abcdefg', short)).toBe('abcdefg');
    expect(found('got abcdefg', prepareForms(['abcdefg']))).toBe('got [abcdefg]');
  });
});

describe('a text may hold a form', () => {
  test('where it has its first or last eight characters, or is a part of it', () => {
    const may: [string, boolean][] = [
      ['a Abcdefgh b', true],
      ['a NOP-6789 b', true],
      ['a Abcdefg b', false],
      ['a OP-6789 b', false],
      ['cdefgh-12345-ijk', true],
      [' cdefgh-12345-ijk ', true],
      ['cdefgh-12345-ij', false],
      ['cdefgh-12345-ijk b', false],
      ['nothing', false],
      ['', false],
    ];
    for (const [text, expected] of may) expect(mayHold(text, forms), text).toBe(expected);
  });

  test('where something can part what belongs together, as long as there is a form', () => {
    for (const text of ['a\nb', 'a\rb', 'a\\b']) {
      expect(mayHold(text, forms)).toBe(true);
      expect(mayHold(text, prepareForms([]))).toBe(false);
    }
  });
});

describe('a redactor', () => {
  test('masks a secret of six characters within a word, and a shorter one as a word only', () => {
    expect(createRedactor(['abcdef']).text('xabcdefx')).toBe('x***x');
    const short = createRedactor(['abcde', 'a.b']);
    expect(short.text('xabcde abcdex abcde1 _abcde äabcde')).toBe('xabcde abcdex abcde1 _abcde äabcde');
    expect(short.text('abcde, (abcde) "abcde" axb a.b')).toBe('***, (***) "***" axb ***');
    expect(short.holds('an abcde')).toBe(true);
    expect(short.holds('an abcdef')).toBe(false);
  });

  test('masks secrets that lie side by side, overlap, or hold one another', () => {
    expect(createRedactor(['abcdefgh', 'ijklmnop']).text('<abcdefghijklmnop>')).toBe('<******>');
    expect(createRedactor(['abcdefgh', 'ghijklmn']).text('<abcdefghijklmn>')).toBe('<***>');
    expect(createRedactor(['abcdefghijkl', 'cdefgh']).text('<abcdefghijkl>')).toBe('<***>');
    expect(createRedactor(['abcdef', 'abcdefgh']).text('<abcdefgh>')).toBe('<***>');
  });

  test('masks each line of a secret of several lines that has sixteen characters, without its indentation', () => {
    const redactor = createRedactor(['  0123456789abcdef\r\n  0123456789abcxy']);
    expect(redactor.text('a 0123456789abcdef b')).toBe('a *** b');
    expect(redactor.text('a 0123456789abcxy b')).toBe('a 0123456789abcxy b');
    expect(createRedactor(['  padded secret  ']).text('a padded secret!')).toBe('a ***!');
  });

  test('learns more secrets, and passes over blank ones', () => {
    const redactor = createRedactor([]);
    expect(redactor.text('a first-secret b')).toBe('a first-secret b');
    redactor.learn(['first-secret', '', ' \n']);
    redactor.learn(['other']);
    redactor.learn(['other', 'first-secret']);
    expect(redactor.text('a first-secret, other b')).toBe('a ***, *** b');
    expect(redactor.json({ 'first-secret': ['other', 1, null, true] })).toEqual({ '***': ['***', 1, null, true] });
    expect(redactor.holds(' \n')).toBe(false);
  });

  test.each(['Authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-auth-key', 'X-Api-Key', 'apikey'])(
    'masks all of a field %s, and of no longer name',
    (name) => {
      const { json } = createRedactor([]);
      const value = { [name]: 'v', [`${name}s`]: 'v', [`a-${name}-b`]: ['v'], list: { [name]: ['v', 2, null] } };
      expect(json(value)).toEqual({
        [name]: '***',
        [`${name}s`]: 'v',
        [`a-${name}-b`]: ['v'],
        list: { [name]: ['***', 2, null] },
      });
    },
  );
});
