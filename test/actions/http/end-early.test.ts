import fc from 'fast-check';
import { expect, test } from 'vitest';
import { settledBy, type WideLook } from '../../../src/actions/http/end-early.ts';
import { judgeRounds } from '../../../src/actions/http/judge-rounds.ts';
import type { RequestResult } from '../../../src/actions/http/request-result.ts';
import { roundTimes } from '../../../src/actions/http/round-times.ts';
import type { Sent } from '../../../src/actions/http/send-rounds.ts';
import { decide } from '../../../src/actions/triage/decide.ts';
import { environment } from './route-servers.ts';

const minute = 60_000;
const env = environment({
  edge: { provider: 'cloudflare', connect: '127.0.0.1:1' },
  fallback: { provider: 'cloudfront', connect: '127.0.0.1:2' },
  origin: { provider: 'load-balancer', connect: '127.0.0.1:3' },
});
const look: WideLook = {
  routes: ['edge', 'fallback', 'origin'],
  fallback: 'fallback',
  times: roundTimes({ rounds: 6, overMs: 12 * minute, everyMs: 30_000 }),
  overMs: 12 * minute,
  cycleMs: 10 * minute,
};
const total = look.times.length;

/** What became of a request: met, failed, limited, no TLS session, nothing reached at all. */
type Fate = '+' | '-' | '9' | 'u';

function result(id: string, fate: Fate): RequestResult {
  const outcome = fate === '+' ? 'passed' : fate === 'u' ? 'unreachable' : 'failed';
  const timings = { dnsMs: null, tcpMs: null, tlsMs: fate === 'u' ? null : 1, firstByteMs: null, totalMs: 1 };
  return {
    ...{ id, critical: true, outcome, status: fate === '9' ? 429 : fate === '-' ? 500 : 200, why: '', notes: [] },
    ...{ answeredBy: '', backend: null, via: 'none', misrouted: false, connected: fate !== 'u', problem: null },
    ...{ remoteAddress: null, timings },
  };
}

type World = { edge: Fate; fallback: Fate; origin: Fate };
const well: World = { edge: '+', fallback: '+', origin: '+' };

function sentOf(worlds: readonly World[]): Sent {
  const over = (fate: Fate) => ['send', 'list'].map((id) => result(id, fate));
  return {
    rounds: worlds.map((world) => new Map(Object.entries(world).map(([route, fate]) => [route, over(fate)]))),
    answered: { state: 'same', places: [] },
    atAnswered: worlds.map(() => []),
    endedEarly: null,
  };
}

const recommend = (worlds: readonly World[], windowMs: number) =>
  decide({
    ...{ paths: judgeRounds(sentOf(worlds), look, { env }), answers: undefined, windowMs, cycleMs: look.cycleMs },
  }).recommendation;

/** After how many rounds the look ends, in a world that does so round by round; all of them where it does not. */
function endOf(worldAt: (round: number) => World): { rounds: number; recommendation: string } {
  const worlds: World[] = [];
  while (worlds.length < total) {
    worlds.push(worldAt(worlds.length));
    if (settledBy(sentOf(worlds), look, { env }) !== undefined) break;
  }
  return { rounds: worlds.length, recommendation: recommend(worlds, look.times[worlds.length - 1] ?? 0) };
}

test.each([
  ['a steady outage', { ...well, edge: '-' }, 'fail-over'],
  ['an outage that nobody reaches', { ...well, edge: 'u' }, 'fail-over'],
  ['a steady fault of our own', { edge: '-', fallback: '-', origin: '-' }, 'fix-ours'],
  ['a healthy edge, met for a whole cycle', well, 'nothing'],
] satisfies [string, World, string][])(
  '%s ends the look early, with what the whole look would say',
  (_name, steadily, wanted) => {
    const worldAt = () => steadily;
    const { rounds, recommendation } = endOf(worldAt);
    expect(recommendation).toBe(wanted);
    expect(rounds).toBeLessThan(total);
    const whole = Array.from({ length: total }, worldAt);
    expect(recommend(whole, look.overMs)).toBe(wanted);
  },
);

test.each([
  ['down 5 min of 10', (round: number) => round % 20 < 10],
  ['up 5 min of 10', (round: number) => round % 20 >= 10],
  ['down 1 min of 10', (round: number) => round % 20 < 2],
  ['down 2 min of 5', (round: number) => round % 10 < 4],
  ['one red round in all', (round: number) => round === 3],
  ['back after nine minutes', (round: number) => round < 17],
] as const)('a flap is looked at to its end: %s', (_name, isDown) => {
  expect(endOf((round) => (isDown(round) ? { ...well, edge: '-' } : well)).rounds).toBe(total);
});

const fate = fc.constantFrom<Fate>('+', '-', '9', 'u');
const world = fc.record({
  edge: fate,
  fallback: fc.constantFrom<Fate>('+', '-'),
  origin: fc.constantFrom<Fate>('+', '-'),
});
/** Mostly steady, so that many are settled. */
const steady = fc.oneof(
  { weight: 8, arbitrary: fc.constant<World>({ ...well, edge: '-' }) },
  { weight: 1, arbitrary: world },
);

test('a look that has ended would have come to the same, whatever the rounds that remained', () => {
  let ended = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 13, max: total - 1 }),
      fc.array(steady, { minLength: total, maxLength: total }),
      fc.array(world, { minLength: total, maxLength: total }),
      (rounds, worlds, others) => {
        const before = worlds.slice(0, rounds);
        if (settledBy(sentOf(before), look, { env }) === undefined) return;
        ended += 1;
        const whole = recommend([...before, ...others.slice(rounds)], look.overMs);
        expect(whole).toBe(recommend(before, look.times[rounds - 1] ?? 0));
      },
    ),
    { numRuns: 150 },
  );
  expect(ended).toBeGreaterThan(3);
});
