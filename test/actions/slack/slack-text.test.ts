import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { channelName, slackText } from '../../../src/actions/slack/slack-text.ts';
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
