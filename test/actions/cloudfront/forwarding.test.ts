import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Forwarding, passesHeader } from '../../../src/actions/cloudfront/forwarding.ts';
import { matchesPattern } from '../../../src/actions/cloudfront/path-pattern.ts';

describe('what reaches the origin', () => {
  const forwarding = (isLegacy: boolean, ...headers: Forwarding['headers']): Forwarding => ({
    isLegacy,
    headers,
    queries: [],
    cookies: [],
  });
  const listed = (...names: string[]) => ({ include: 'listed' as const, names });

  test.each([
    [
      'policies that include nothing',
      forwarding(false, { include: 'none', names: [] }),
      ['content-type'],
      ['authorization', 'host', 'user-agent', 'idempotency-key', 'accept', 'x-own'],
    ],
    [
      'all of the viewer’s',
      forwarding(false, { include: 'all', names: [] }),
      ['authorization', 'Host', 'user-agent', 'idempotency-key', 'cf-connecting-ip'],
      ['x-real-ip', 'expect', 'te', 'x-edge-own', 'proxy-authorization'],
    ],
    [
      'the cache key and another list together',
      forwarding(false, listed('authorization'), listed('host')),
      ['Authorization', 'host'],
      ['user-agent'],
    ],
    [
      'all but Host',
      forwarding(false, { include: 'all-except', names: ['host'] }),
      ['authorization'],
      ['host', 'HOST'],
    ],
    [
      'legacy settings without a list',
      forwarding(true, listed()),
      ['idempotency-key', 'x-own'],
      ['authorization', 'host', 'user-agent', 'accept', 'referer'],
    ],
    ['legacy settings with a list', forwarding(true, listed('authorization')), ['authorization', 'x-own'], ['host']],
  ])('%s', (_what, given, passed, stripped) => {
    expect(passed.filter((name) => !passesHeader(given, name))).toEqual([]);
    expect(stripped.filter((name) => passesHeader(given, name))).toEqual([]);
  });
});

describe('path patterns', () => {
  test.each([
    ['*', '/anything/at/all', true],
    ['/emails', '/emails', true],
    ['/emails', '/Emails', false],
    ['/emails', '/emails/batch', false],
    ['emails/*', '/emails/batch', true],
    ['/emails*', '/emails', true],
    ['/*.jpg', '/a/b.jpg', true],
    ['/a??.jpg', '/abc.jpg', true],
    ['/a??.jpg', '/ab.jpg', false],
    ['/a*b*c', '/axxbyybzzc', true],
    ['/a*b*c', '/axxbyy', false],
  ])('%s and %s: %s', (pattern, path, expected) => {
    expect(matchesPattern(pattern, path)).toBe(expected);
  });

  test('agree with regular expressions, and take no time', () => {
    const sign = fc.constantFrom('a', 'b', '*', '?', '/');
    fc.assert(
      fc.property(
        fc.array(sign, { maxLength: 8 }),
        fc.array(fc.constantFrom('a', 'b', '/'), { maxLength: 10 }),
        (pattern, path) => {
          const source = pattern.join('').replace(/^\//, '');
          const text = path.join('').replace(/^\//, '');
          const expression = new RegExp(`^${source.replaceAll('*', '[^]*').replaceAll('?', '[^]')}$`);
          expect(matchesPattern(pattern.join(''), path.join(''))).toBe(expression.test(text));
        },
      ),
    );
    expect(matchesPattern('*a'.repeat(500), `/${'a'.repeat(499)}b`)).toBe(false);
  });
});
