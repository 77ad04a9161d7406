import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Look } from '../../../src/actions/dns/look.ts';
import { describeLook } from '../../../src/actions/dns/summarise-look.ts';

function lookWith(note: string): Look {
  const counts = { total: 1, agreeing: 0 };
  const row = { server: 'ada.ns.example.com', address: '192.0.2.1', kind: 'authoritative', answered: true } as const;
  return {
    ...{ agreed: false, authoritative: counts, resolvers: { total: 0, agreeing: 0 } },
    servers: [{ ...row, agrees: false, leadsTo: null, answer: 'A 104.18.244.45', ttl: 300, note }],
    ...{ maxTtlMs: null, predictedDrainMs: null, negativeCacheMs: null, remainingMs: 0 },
  };
}

const wordsOf = (text: string) => text.split(/\s+/).filter((word) => word !== '');

test('what is wrong with an answer is told whole, under its server, in lines that fit', () => {
  const note =
    'A 104.18.244.45 is not the route’s; A 104.18.245.45 is not the route’s; AAAA 2606:4700::6812:f42d is not the route’s';
  expect(describeLook(lookWith(note)).slice(2)).toEqual([
    '    A 104.18.244.45 is not the route’s; A 104.18.245.45 is not',
    '    the route’s; AAAA 2606:4700::6812:f42d is not the route’s',
  ]);
  const anyNote = fc.array(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 60 }), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(anyNote, (parts) => {
      const text = wordsOf(parts.join(' ')).join(' ');
      const lines = describeLook(lookWith(text)).slice(2);
      expect(wordsOf(lines.join(' '))).toEqual(wordsOf(text));
      for (const line of lines) expect([line.length <= 64, line.slice(0, 4)]).toEqual([true, '    ']);
    }),
  );
});
