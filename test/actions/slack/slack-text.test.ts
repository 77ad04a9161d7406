import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { channelName, slackLines, slackText } from '../../../src/actions/slack/slack-text.ts';
import { makeVisible } from '../../../src/world/visible-text.ts';

describe('text for Slack', () => {
  test('short text is shown as it is, its markup made harmless', () => {
    expect(slackText('a <!channel> & b')).toBe('a &lt;!channel&gt; &amp; b');
  });

  test('any text is bounded, without a bare < or >, and without half an escaped character', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 5_000 }),
      fc.string({ unit: fc.constantFrom('&', '<', 'x', '😀'), minLength: 800, maxLength: 5_000 }),
    );
    fc.assert(
      fc.property(text, (given) => {
        const shown = slackText(given);
        expect(shown.length).toBeLessThanOrEqual(3_500);
        expect(shown).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
        const back = shown.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
        const visible = makeVisible(given, '\n');
        expect(back === visible || visible.startsWith(back.replace(/… \(cut\)$/, ''))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('lines stay lines, and a message too long for Slack keeps its first and its last three, and counts the rest', () => {
    expect(slackLines(['a <b>', 'run 1\nrun 2'])).toBe('a &lt;b&gt;\nrun 1\\x0arun 2');
    const lines = Array.from({ length: 90 }, (_, at) => `line ${at} ${'&'.repeat(20)}`);
    const shown = slackLines(lines).split('\n');
    expect(shown.join('\n').length).toBeLessThanOrEqual(3_500);
    expect(shown[0]).toMatch(/^line 0 /);
    expect(shown.slice(-3).map((line) => line.slice(0, 7))).toEqual(['line 87', 'line 88', 'line 89']);
    const [, left] = /^… \((\d+) lines left out: too long for Slack\)$/.exec(shown.at(-4) ?? '') ?? [];
    expect(Number(left)).toBe(lines.length - (shown.length - 1));
    expect(slackLines(['x'.repeat(40_000), 'end'])).toMatch(/^x{600,700}… \(cut\)\nend$/);
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('&', 'x', '\n'), maxLength: 900 }), { maxLength: 12 }),
        (given) => {
          const text = slackLines(given);
          expect(text.length).toBeLessThanOrEqual(3_500);
          expect(text).not.toMatch(/&(?!amp;)/);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('any name keeps to Slack’s rules, with room for a suffix', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 120 }), (given) => {
        expect(channelName(given)).toMatch(/^(?=.*[a-z0-9])[a-z0-9_-]{1,76}$/);
      }),
    );
  });

  test.each([
    ['inc-7f3k-edge', 'inc-7f3k-edge'],
    ['Störung: API  (edge)!', 'storung-api-edge'],
    ['---', 'incident'],
    ['', 'incident'],
  ])('%j becomes %s', (given, name) => {
    expect(channelName(given)).toBe(name);
  });
});
