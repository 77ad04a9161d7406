import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonDifference } from '../../../src/actions/http/json-difference.ts';

describe('the difference of a JSON body', () => {
  it('is none between a value and itself, or itself with more fields', () => {
    const json = fc.jsonValue();
    fc.assert(
      fc.property(json, fc.dictionary(fc.string(), json), fc.dictionary(fc.string(), json), (value, some, more) => {
        expect(jsonDifference(value, value)).toBeUndefined();
        expect(jsonDifference(some, { ...more, ...some })).toBeUndefined();
      }),
    );
  });

  it.each([
    [{ a: { b: 1 } }, { a: { b: 2 } }, 'body.a.b is 2, not 1'],
    [{ a: 1 }, {}, 'body.a is missing'],
    [{ a: 1 }, [1], 'body is [1], not an object'],
    [{ a: null }, { a: 0 }, 'body.a is 0, not null'],
    [{ a: [1, 2] }, { a: [1, 2, 3] }, 'body.a is [1,2,3], not [1,2]'],
    [{ a: [{ b: 1 }] }, { a: [{ b: 2, c: 3 }] }, 'body.a[0].b is 2, not 1'],
    [{ toString: 1 }, {}, 'body.toString is missing'],
  ])('names the place: %j in %j', (expected, actual, words) => {
    expect(jsonDifference(expected, actual)).toBe(words);
  });
});
