import { describe, expect, test } from 'vitest';
import { endOfAcceptance } from '../../src/actions/acceptance.ts';
import { type Found, holdFindings, renderFindings } from '../../src/actions/finding.ts';
import { testClock, testEnvironment } from './action-context.ts';

const found: Found[] = [
  {
    id: 'cloudfront/waf-attached',
    severity: 'warning',
    where: '',
    breaks: 'WAF may block',
    remedy: 'exclude the rule',
  },
  { id: 'http/request-failed', severity: 'critical', where: 'one', breaks: '500', remedy: 'look' },
  { id: 'http/request-failed', severity: 'critical', where: 'two', breaks: '500', remedy: 'look' },
];
/** The test clock stands at the beginning of 2026. */
const hold = (...accepted: object[]) =>
  holdFindings({ env: testEnvironment({ 'accepted-findings': accepted }), clock: testClock() }, found);
const one = { id: 'http/request-failed', where: 'one', reason: 'known', by: 'ana' };

describe('holding findings against acceptances', () => {
  test('without any, all count, the worst first', () => {
    const held = hold();
    expect(held).toMatchObject({ critical: 2, warnings: 1, infos: 0, accepted: 0 });
    expect(held.findings.map(({ id, acceptance }) => [id, acceptance])).toEqual([
      ['http/request-failed', null],
      ['http/request-failed', null],
      ['cloudfront/waf-attached', null],
    ]);
  });

  test('an accepted one does not count, is shown with reason and day, and stands last', () => {
    const held = hold({ ...one, until: '2026-01-01' });
    expect(held).toMatchObject({ critical: 1, warnings: 1, accepted: 1 });
    expect(held.findings.at(-1)).toMatchObject({
      where: 'one',
      acceptance: { reason: 'known', until: '2026-01-01', by: 'ana', lapsed: null },
    });
    expect(renderFindings(held.findings).slice(-2)).toEqual([
      'okay http/request-failed (one): 500',
      '     accepted by ana until 2026-01-01: known',
    ]);
  });

  test('without a place it holds everywhere', () => {
    expect(hold({ id: 'http/request-failed', reason: 'known', until: '2026-06-01' })).toMatchObject({
      critical: 0,
      accepted: 2,
    });
  });

  test('one of an id that no check gives, or that is only like one, holds for nothing', () => {
    for (const id of ['everything', 'http', 'http/request', 'http/request-failed-too']) {
      expect(hold({ id, reason: 'known', until: '2026-06-01' })).toMatchObject({ critical: 2, accepted: 0 });
    }
  });

  test('one that ran out counts again, and says so', () => {
    const held = hold({ ...one, until: '2025-12-31' }, { ...one, reason: 'older', until: '2025-12-01' });
    expect(held).toMatchObject({ critical: 2, accepted: 0 });
    expect(renderFindings(held.findings)).toContain('     its acceptance by ana ran out 2025-12-31: known');
    expect(renderFindings(held.findings)).toContain('     fix: look');
  });

  test('the acceptance that holds longest decides', () => {
    expect(hold({ ...one, until: '2025-12-31' }, { ...one, until: '2026-02-01T00:00:00+01:00' })).toMatchObject({
      accepted: 1,
    });
  });

  test('one of something less severe does not hold for what is worse', () => {
    const until = '2026-06-01';
    const held = hold({ ...one, until, severity: 'warning' }, { id: 'cloudfront/waf-attached', reason: 'w', until });
    expect(held).toMatchObject({ critical: 2, warnings: 0, accepted: 1 });
    expect(held.findings[0]?.acceptance).toMatchObject({ lapsed: 'worse' });
    expect(renderFindings(held.findings)).toContain('     its acceptance by ana is of something less severe: known');
    expect(hold({ ...one, until, severity: 'critical' })).toMatchObject({ critical: 1, accepted: 1 });
    // One that holds decides, also where another lasts longer.
    expect(hold({ ...one, until: '2027-01-01', severity: 'info' }, { ...one, until })).toMatchObject({ accepted: 1 });
  });

  test('what shows a fingerprint is accepted by that alone', () => {
    const seenNow: Found[] = [
      { id: 'drift/changed', severity: 'warning', where: 'a', seen: 'abc', breaks: 'b', remedy: 'r' },
    ];
    const known = { id: 'drift/changed', reason: 'moved', until: '2026-06-01' };
    const heldOf = (...accepted: object[]) =>
      holdFindings({ env: testEnvironment({ 'accepted-findings': accepted }), clock: testClock() }, seenNow);
    expect(heldOf({ ...known, seen: 'abc' })).toMatchObject({ warnings: 0, accepted: 1 });
    for (const other of [{}, { seen: 'abd' }]) {
      const { warnings, findings } = heldOf({ ...known, ...other });
      expect([warnings, findings[0]?.acceptance?.lapsed]).toEqual([1, 'changed']);
      expect(renderFindings(findings)).toContain('     its acceptance is not of what is seen now (`seen`): moved');
    }
    // And one that names a fingerprint is of no finding that shows none.
    expect(hold({ ...one, until: '2026-06-01', seen: 'abc' })).toMatchObject({ accepted: 0 });
  });

  test('a day holds to its end in UTC, a moment to itself', () => {
    expect(endOfAcceptance('2026-02-28')).toBe(Date.UTC(2026, 2, 1));
    expect(endOfAcceptance('2026-02-28T12:00:00+02:00')).toBe(Date.UTC(2026, 1, 28, 10));
  });
});
