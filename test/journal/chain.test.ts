import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatLine, genesis, parseEntry, sha256 } from '../../src/journal/chain.ts';
import { checkLine } from '../../src/journal/check-line.ts';
import { isCompactObject } from '../../src/journal/compact-json.ts';
import type { Json } from '../../src/world/json.ts';
import { alice } from './support/store-fixture.ts';

const stamp = { seq: 1, time: '2026-11-18T11:48:00.000Z', run: 'run-1', epoch: 1, actor: alice, prev: genesis };
/** Text as hostile as it comes: every code unit, control characters and lone surrogates included. */
const anyText = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) });
/** Parsed again, so that it is plain JSON, as the journal takes it. */
const anyJson: fc.Arbitrary<Json> = fc
  .json({ stringUnit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) })
  .map((text) => JSON.parse(text));

describe('a line', () => {
  test('is what the format says, to the letter', () => {
    const { line, hash } = formatLine({ ...stamp, key: 'k' }, { type: 'commented', text: 'hello' });
    const body = `{"seq":1,"time":"2026-11-18T11:48:00.000Z","run":"run-1","epoch":1,"type":"commented","actor":{"user":"alice","host":"laptop"},"text":"hello","key":"k","prev":"${genesis}"`;
    expect(line).toBe(`${body},"hash":"${hash}"}`);
    expect(hash).toBe(sha256(body));
  });

  test('holds any event on one line of harmless characters, and gives it back', () => {
    fc.assert(
      fc.property(anyText, anyJson, anyText, (step, fact, user) => {
        const event = { type: 'fact-noted', step, fact } as const;
        const { line, hash } = formatLine({ ...stamp, actor: { user, host: 'h' } }, event);
        expect(line).not.toMatch(/[\p{Cc}\u00ad\u061c\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u);
        const bytes = Buffer.from(line);
        expect(checkLine(bytes, 0, bytes.length, 1, genesis)).toEqual({ ok: true, hash });
        expect(isCompactObject(bytes, 0, bytes.length)).toBe(true);
        // Negative zero and lone surrogates are the two things that JSON text cannot carry.
        const carried = JSON.parse(JSON.stringify({ ...event, actor: { user, host: 'h' } }));
        expect(parseEntry(bytes.toString('utf8'))).toMatchObject(carried);
      }),
      { numRuns: 300 },
    );
  });

  test('takes no event that would overwrite what the store stamps', () => {
    const forged = { type: 'commented', text: 'x', seq: 9 } as const;
    expect(() => formatLine(stamp, forged)).toThrow('a field of its own named seq');
  });

  test('is refused wherever it stands but at its place', () => {
    const { line } = formatLine(stamp, { type: 'commented', text: 'hello' });
    const bytes = Buffer.from(line);
    expect(checkLine(bytes, 0, bytes.length, 2, genesis)).toEqual({ ok: false, what: 'seq is 1 where 2 belongs' });
    expect(checkLine(bytes, 0, bytes.length, 1, sha256('other'))).toMatchObject({
      ok: false,
      what: expect.stringContaining('prev is not the hash of the line before'),
    });
    expect(checkLine(bytes, 0, bytes.length - 1, 1, genesis)).toMatchObject({ ok: false });
  });
});

describe('compact JSON', () => {
  const judge = (text: string) => {
    const bytes = Buffer.from(text, 'latin1');
    return isCompactObject(bytes, 0, bytes.length);
  };
  /** What the engine's own parser says, with white space between tokens ruled out. */
  const reference = (text: string) => {
    try {
      const value = JSON.parse(text);
      const spaced = /[ \t\r\n]/.test(text.replace(/"(?:[^"\\]|\\.)*"/g, '""'));
      return typeof value === 'object' && value !== null && !Array.isArray(value) && !spaced;
    } catch {
      return false;
    }
  };

  test('agrees with the engine’s parser on objects, and on objects with characters changed', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '\\u00',
      '0',
      '-',
      '.',
      'e',
      '+',
      't',
      'null',
      ' ',
      '\n',
      '\0',
      '1',
    ];
    fc.assert(
      fc.property(object, fc.nat(), fc.nat({ max: 3 }), fc.constantFrom('', ...pieces), (text, at, removed, piece) => {
        const ascii = text.replace(/[^\0-\xff]/g, '?');
        expect(judge(ascii)).toBe(reference(ascii));
        const start = at % (ascii.length + 1);
        const changed = ascii.slice(0, start) + piece + ascii.slice(start + removed);
        expect(judge(changed), changed).toBe(reference(changed));
      }),
      { numRuns: 2000 },
    );
  });

  test('agrees on numbers, words and escapes', () => {
    const values = ['0', '-0', '01', '1.', '.5', '1.5e+3', '1e', '1e-', '-', '+1', 'tru', 'true', 'nul', 'null', 'NaN'];
    const strings = [
      '"\\x"',
      '"\\u12g4"',
      '"\\u1234"',
      '"\\"',
      '"\\/"',
      '"\t"',
      '"',
      '[1,]',
      '[,1]',
      '[]',
      '{}',
      '{"a"}',
      '',
    ];
    for (const value of [...values, ...strings]) {
      const text = `{"a":${value}}`;
      expect(judge(text), text).toBe(reference(text));
    }
  });

  test('refuses nesting that would exhaust the stack', () => {
    expect(judge(`{"a":${'['.repeat(100_000)}`)).toBe(false);
    const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}1${']'.repeat(depth - 1)}}`;
    expect(judge(nested(200))).toBe(true);
    expect(judge(nested(201))).toBe(false);
  });
});
