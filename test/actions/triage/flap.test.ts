import { expect, test } from 'vitest';
import { decideVerdict } from '../../../src/actions/http/decide-verdict.ts';
import { roundTimes } from '../../../src/actions/http/round-times.ts';
import type { Cell } from '../../../src/actions/http/route-evidence.ts';
import { decide } from '../../../src/actions/triage/decide.ts';
import type { Paths } from '../../../src/actions/triage/evidence.ts';

const minute = 60_000;
const ids = ['send', 'list', 'domains'];

/** What triage sees over so long of routes that fail at the times given; all others are met. */
function pathsOver(overMs: number, fails: { edge: (atMs: number) => boolean; fallback?: (atMs: number) => boolean }) {
  const times = roundTimes({ rounds: 6, overMs, everyMs: 30_000 });
  const met = (fail: (atMs: number) => boolean = () => false) => times.map((atMs) => !fail(atMs));
  const rounds = { edge: met(fails.edge), fallback: met(fails.fallback), origin: met(fails.fallback) };
  const evidence = (name: keyof typeof rounds) => {
    const cells = rounds[name].map((good): Cell => (good ? 'good' : 'bad'));
    return { name, cells: Object.fromEntries(ids.map((id) => [id, cells])) };
  };
  const { verdict, reasons, states } = decideVerdict({
    primary: evidence('edge'),
    fallback: evidence('fallback'),
    origin: evidence('origin'),
  });
  const cell = (name: keyof typeof rounds) => ({
    passed: rounds[name].filter((good) => good).length,
    of: times.length,
    unreached: 0,
    limited: 0,
  });
  const paths: Paths = {
    verdict,
    reasons,
    routes: {
      edge: { role: 'primary', provider: 'cloudflare', state: states.primary, rounds: rounds.edge },
      fallback: { role: 'fallback', provider: 'cloudfront', state: states.fallback, rounds: rounds.fallback },
      origin: { role: 'origin', provider: 'load-balancer', state: states.origin, rounds: rounds.origin },
    },
    endedEarly: null,
    answered: { state: 'unknown', addresses: [], rounds: [], passed: 0, of: 0 },
    matrix: ids.map((id) => ({
      id,
      critical: true,
      cells: { edge: cell('edge'), fallback: cell('fallback'), origin: cell('origin') },
    })),
  };
  return { paths, windowMs: overMs, cycleMs: 10 * minute, answers: undefined };
}

const flap = (downMs: number, upMs: number, phaseMs: number) => (atMs: number) =>
  (atMs + phaseMs) % (downMs + upMs) < downMs;

/** Every verdict that a flap gets, whichever moment of it the look begins at. */
function verdicts(downMs: number, upMs: number, overMs = 12 * minute): string[] {
  const found = new Set<string>();
  const cycleMs = downMs + upMs;
  for (let phaseMs = 0; phaseMs < cycleMs; phaseMs += Math.min(1_000, cycleMs / 200)) {
    found.add(decide(pathsOver(overMs, { edge: flap(downMs, upMs, phaseMs) })).recommendation);
  }
  return [...found];
}

test.each([
  ['down 1 min, up 9 min', 1, 9, 'hold'],
  ['down 2 min, up 8 min', 2, 8, 'hold'],
  ['down 5 min, up 5 min', 5, 5, 'fail-over'],
  ['down 9 min, up 1 min', 9, 1, 'fail-over'],
  ['down 1.2 min, up 1.2 min: twelve minutes in six rounds would keep step', 1.2, 1.2, 'fail-over'],
  ['down 15 s, up 15 s: a round every 30 s would keep step', 0.25, 0.25, 'fail-over'],
  ['down 24 s, up 2 min: twelve minutes in six rounds would see all of it or nothing', 0.4, 2, 'hold'],
  ['down 6 s, up 24 s: a round every 30 s would see all of it or nothing', 0.1, 0.4, 'hold'],
] as const)('%s: one verdict, whenever it is looked at for 12 minutes', (_name, down, up, wanted) => {
  expect(verdicts(down * minute, up * minute)).toEqual([wanted]);
});

test('a longer look says the same', () => {
  expect(verdicts(5 * minute, 5 * minute, 15 * minute)).toEqual(['fail-over']);
  expect(verdicts(minute, 9 * minute, 15 * minute)).toEqual(['hold']);
});

test('a request that the fallback loses in one round, or in two, changes no verdict on a flap', () => {
  const times = roundTimes({ rounds: 6, overMs: 12 * minute, everyMs: 30_000 });
  const found = new Map<string, string[]>();
  for (const [index, first] of times.entries()) {
    for (const second of [first, times[index + 1] ?? first]) {
      for (let phaseMs = 0; phaseMs < 10 * minute; phaseMs += 10_000) {
        const seen = pathsOver(12 * minute, {
          edge: flap(5 * minute, 5 * minute, phaseMs),
          fallback: (atMs) => atMs === first || atMs === second,
        });
        const { recommendation, because } = decide(seen);
        found.set(recommendation, [...(found.get(recommendation) ?? []), `${phaseMs} ${index}: ${because.join('; ')}`]);
      }
    }
  }
  expect([...found.keys()], JSON.stringify([...found].map(([name, [one]]) => [name, one]))).toEqual(['fail-over']);
});

test('what flaps behind both paths is never a reason to fail over', () => {
  for (let phaseMs = 0; phaseMs < 10 * minute; phaseMs += 1_000) {
    const ours = flap(5 * minute, 5 * minute, phaseMs);
    expect(decide(pathsOver(12 * minute, { edge: ours, fallback: ours })).recommendation).not.toBe('fail-over');
  }
});

test('an outage that ended six minutes ago is over, one that began five minutes ago is not', () => {
  const until = (endMs: number) => decide(pathsOver(12 * minute, { edge: (atMs) => atMs < endMs })).recommendation;
  const from = (startMs: number) => decide(pathsOver(12 * minute, { edge: (atMs) => atMs >= startMs })).recommendation;
  expect([until(5.8 * minute), from(7 * minute)]).toEqual(['hold', 'fail-over']);
});

test('the quick look keeps its six rounds, a second apart; longer ones have a round for every half minute', () => {
  expect(roundTimes({ rounds: 6, overMs: 5_000, everyMs: 30_000 })).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000]);
  expect(roundTimes({ rounds: 6, overMs: 120_000, everyMs: 30_000 })).toHaveLength(6);
  const long = roundTimes({ rounds: 6, overMs: 12 * minute, everyMs: 30_000 });
  expect([long.length, long.at(0), long.at(-1)]).toEqual([25, 0, 12 * minute]);
  const gaps = long.slice(1).map((atMs, index) => atMs - (long[index] ?? 0));
  for (const gap of gaps) {
    expect(gap).toBeGreaterThan(8_000);
    expect(gap).toBeLessThan(50_000);
  }
  expect(new Set(gaps.map(Math.round)).size).toBeGreaterThan(3);
  expect(roundTimes({ rounds: 1, overMs: 5_000 })).toEqual([0]);
  expect(roundTimes({ rounds: 6, overMs: 3_600_000, everyMs: 1_000 })).toHaveLength(100);
});
