import fc from 'fast-check';
import { expect, test } from 'vitest';
import { saysTheSame } from '../../../src/actions/statuspage/notice-text.ts';
import { escapeMarkdown, pageMessage, pageTitle, unescapeMarkdown } from '../../../src/actions/statuspage/page-text.ts';
import { faultsOf } from '../../attack/payloads.ts';
import { shown } from './shown-markdown.ts';

const hostile = [
  '[click](https://evil.test)',
  '![seen](https://evil.test/x.png)',
  '[ref]\n\n[ref]: https://evil.test',
  '<https://evil.test>',
  '<a href="https://evil.test">click</a>',
  '<script>alert(1)</script>',
  '<!-- hidden -->',
  '&lt;b&gt; &#60; &copy;',
  '# All is well',
  'All is well\n===',
  'All is well\n---',
  '- one\n* two\n+ three',
  '1. one\n2) two',
  '> said',
  '***',
  '    code',
  'text\n\n      code',
  '```\ncode\n```',
  '~~~\ncode\n~~~',
  '`code` ``co`de``',
  '**bold** *it* _it_ __bold__ ~~gone~~',
  'a\\*b \\[c](d) \\\\',
  '| a | b |\n|---|---|\n| c | d |',
  'a\tb\n\t# c',
  '\ufeff# heading',
  '\u00a0\u2028# heading\r# heading\r\n# heading',
];

test.each(hostile)('Markdown %j is shown as it is written', (text) => {
  const sent = escapeMarkdown(pageMessage(text));
  const { text: seen, more } = shown(sent);
  expect(more).toEqual([]);
  expect(saysTheSame(seen, text)).toBe(true);
  expect(saysTheSame(unescapeMarkdown(sent), text)).toBe(true);
});

test('the same of texts made of whatever means something in Markdown', () => {
  const piece = fc.constantFrom(
    ...'\\`*_{}[]()<>#+-.!|~&=:;"\'/ \n\t1a',
    '\n\n',
    '    ',
    '](',
    '&lt;',
    '```',
    '~~~',
    'http://x.test/a_b?c=d&e=f',
    '\u200b',
    'é',
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 24 }).map((parts) => parts.join('')),
      (text) => {
        const sent = escapeMarkdown(pageMessage(text));
        const { text: seen, more } = shown(sent);
        expect(more).toEqual([]);
        expect(saysTheSame(seen, text)).toBe(true);
        expect(saysTheSame(unescapeMarkdown(sent), text)).toBe(true);
      },
    ),
    { numRuns: 2_000, seed: 11 },
  );
});

test('what is usual in a message is sent as it is', () => {
  const text =
    'Requests to api.example.com fail (HTTP 500): see https://x.test/a_b?c=d&e=f - we post here.\n\nAffected: a-b.c!';
  expect(escapeMarkdown(pageMessage(text))).toBe(text);
});

test('a title is one line, and nothing unseen is in it or in a message', () => {
  const text = 'a\u202eb\x1b[2J\r\nc\u2028d\u200b';
  expect([pageTitle(text), pageMessage(text)]).toEqual([
    'a\\u202eb\\x1b[2J c d\\u200b',
    'a\\u202eb\\x1b[2J\nc\nd\\u200b',
  ]);
  expect(faultsOf(pageTitle(text) + pageMessage(text))).toEqual([]);
});
