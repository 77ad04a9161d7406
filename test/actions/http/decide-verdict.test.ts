import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideVerdict, type Evidence, type Verdict } from '../../../src/actions/http/decide-verdict.ts';
import { type Cell, type RouteEvidence, stateOf } from '../../../src/actions/http/route-evidence.ts';

const letters: Record<string, Cell> = { G: 'good', B: 'bad', U: 'unconnected', M: 'misrouted' };

/** `BGB` is one request over three rounds; `BGB GGG` two requests, `r1` and `r2`. */
function route(name: string, text: string): RouteEvidence {
  const cells = Object.fromEntries(
    text.split(' ').map((word, index) => [`r${index + 1}`, [...word].map((letter) => letters[letter] ?? 'bad')]),
  );
  return { name, cells };
}

function evidence(edge: string, fallback: string, origin?: string): Evidence {
  return {
    primary: route('edge', edge),
    fallback: route('fallback', fallback),
    ...(origin === undefined ? {} : { origin: route('origin', origin) }),
  };
}

describe('the state of a route', () => {
  it.each([
    ['GGG', 'good'],
    ['BBB', 'bad'],
    ['BGB', 'bad'],
    ['GBB', 'bad'],
    ['BBG', 'bad'],
    ['BGG', 'recovering'],
    ['GBG', 'blink'],
    ['GGB', 'blink'],
    ['B', 'bad'],
    ['G', 'good'],
    ['BG', 'bad'],
    ['GB', 'bad'],
    ['BBGG', 'recovering'],
    ['BGGB', 'bad'],
    ['GBBG', 'bad'],
    ['GBGG', 'recovering'],
    ['BBBGG', 'bad'],
    ['BBGGG', 'recovering'],
    ['GGGBG', 'blink'],
  ])('%s is %s', (text, state) => {
    expect(stateOf([...text].map((letter) => letter === 'G'))).toBe(state);
  });
});

const table: [what: string, edge: string, fallback: string, origin: string | undefined, Verdict, RegExp][] = [
  ['all paths good', 'GGG', 'GGG', 'GGG', 'healthy', /edge and fallback met every critical request/],
  ['no origin route', 'GGG', 'GGG', undefined, 'healthy', /every round/],
  ['origin bad is noted', 'GGG', 'GGG', 'BBB', 'healthy', /origin failed in 3 of 3 rounds when asked directly/],
  ['origin closed to us is noted', 'GGG', 'GGG', 'UUU', 'healthy', /origin cannot be reached from here/],

  ['edge down', 'BBB', 'GGG', 'GGG', 'provider-fault', /in 3 of them fallback met the same requests/],
  ['edge down, no origin', 'BBB', 'GGG', undefined, 'provider-fault', /only edge fails: r1/],
  ['edge not even reachable', 'UUU', 'GGG', 'GGG', 'provider-fault', /backends work/],
  ['origin closed to us does not veto', 'BBB', 'GGG', 'UUU', 'provider-fault', /neither proves nor disproves/],
  ['origin bad, fallback proves the backends', 'BBB', 'GGG', 'BBB', 'provider-fault', /fallback proves the backends/],
  ['one green probe does not cancel', 'BGB', 'GGG', 'GGG', 'provider-fault', /edge failed in 2 of 3 rounds/],
  ['it has just begun', 'GBB', 'GGG', 'GGG', 'provider-fault', /2 of 3/],
  ['one green round at the end is no recovery', 'BBG', 'GGG', 'GGG', 'provider-fault', /2 of 3/],
  ['some requests only', 'BBB GGG', 'GGG GGG', 'GGG GGG', 'provider-fault', /only edge fails: r1/],
  ['other requests each round', 'BGG GBG GGB', 'GGG GGG GGG', undefined, 'provider-fault', /r1, r2, r3/],
  ['fallback blinked once', 'BBB', 'GBG', 'GGG', 'provider-fault', /fallback failed in 1 of 3 rounds: prove it/],
  ['two rounds', 'BB', 'GG', undefined, 'provider-fault', /2 of 2/],

  ['backends down', 'BBB', 'BBB', 'BBB', 'own-fault', /switching would not help/],
  ['backends down, no origin route', 'BBB', 'BBB', undefined, 'own-fault', /both fail: r1/],
  ['backends down, origin closed to us', 'BBB', 'BBB', 'UUU', 'own-fault', /both fail/],
  ['one backend down', 'BBB GGG', 'BBB GGG', 'BBB GGG', 'own-fault', /both fail: r1$/m],
  ['backends flapping', 'BGB', 'BGB', 'BGB', 'own-fault', /both fail/],
  ['one round, all bad', 'B', 'B', 'B', 'own-fault', /both fail/],

  ['fallback broken', 'GGG', 'BBB', 'GGG', 'fallback-not-ready', /fallback failed in 3 of 3 rounds: r1/],
  ['fallback unreachable', 'GGG', 'UUU', undefined, 'fallback-not-ready', /edge works/],
  ['fallback broken for one request', 'GGG GGG', 'GGG BBB', 'GGG GGG', 'fallback-not-ready', /: r2$/m],
  ['both paths down, backends fine', 'BBB', 'BBB', 'GGG', 'fallback-not-ready', /meets them directly/],
  ['each path fails other requests', 'BBB GGG', 'GGG BBB', 'GGG GGG', 'fallback-not-ready', /fallback fails: r2/],
  [
    'both fail one, edge another, origin fine',
    'BBB BBB',
    'BBB GGG',
    'GGG GGG',
    'fallback-not-ready',
    /only edge .* r2/,
  ],
  ['fallback dead, no other witness', 'BBB', 'UUU', undefined, 'fallback-not-ready', /nobody can tell/],
  ['fallback dead, origin closed to us', 'BBB', 'UUU', 'UUU', 'fallback-not-ready', /cannot be reached at all/],

  ['edge recovered', 'BGG', 'GGG', 'GGG', 'recovering', /edge failed in 1 of 3 rounds, then met everything/],
  ['edge recovered, fallback bad', 'BGG', 'BBB', 'GGG', 'recovering', /fallback is bad/],
  ['a longer recovery', 'BBGG', 'GGGG', undefined, 'recovering', /2 of 4/],

  ['a blink', 'GBG', 'GGG', 'GGG', 'inconclusive', /blink/],
  ['a late blink', 'GGB', 'GGG', 'GGG', 'inconclusive', /1 of 3 rounds only/],
  ['one bad round is all there is', 'B', 'G', 'G', 'inconclusive', /run more rounds/],
  ['one bad round of two', 'GB', 'GG', 'GG', 'inconclusive', /only 1 round/],
  ['fallback blinks while edge works', 'GGG', 'GBG', 'GGG', 'inconclusive', /not proven ready/],
  [
    'mixed, origin fails what both fail',
    'BBB BBB',
    'BBB GGG',
    'BBB GGG',
    'inconclusive',
    /both fail: r1[\s\S]*only edge fails: r2/,
  ],
  ['mixed, no origin', 'BBB BBB', 'BBB GGG', undefined, 'inconclusive', /both fail: r1[\s\S]*only edge fails: r2/],
  ['origin meets some of what both fail', 'BBB BBB', 'BBB BBB', 'GGG BBB', 'inconclusive', /only these are met: r1/],
  ['this machine is offline', 'UUU', 'UUU', 'UUU', 'inconclusive', /this machine may be offline/],
  ['offline, no origin', 'UUU', 'UUU', undefined, 'inconclusive', /this machine may be offline/],
  ['mostly offline', 'BUU', 'GUU', 'GUU', 'inconclusive', /in 2 of 3 rounds: this machine may be offline/],
  ['offline for one round of a clear case', 'BUB', 'GUG', 'GUG', 'provider-fault', /1 round left out/],
  ['edge probe went to the fallback', 'MMM', 'GGG', 'GGG', 'inconclusive', /answers over edge came by another path/],
  ['origin probe went through a provider', 'BBB', 'GGG', 'MMM', 'provider-fault', /over origin came by another path/],
  ['fallback probe went to the edge', 'BBB', 'MMM', 'GGG', 'inconclusive', /answers over fallback came by another/],
];

describe('the verdict', () => {
  it.each(table)('%s: %s / %s / %s is %s', (_what, edge, fallback, origin, verdict, reason) => {
    const decision = decideVerdict(evidence(edge, fallback, origin));
    expect([decision.verdict, ...decision.reasons].join('\n')).toMatch(reason);
    expect(decision.verdict).toBe(verdict);
  });

  it('names the rounds that count: those in which this machine reached anything', () => {
    expect(decideVerdict(evidence('BUB', 'GUG', 'GUG')).counted).toEqual([0, 2]);
    expect(decideVerdict(evidence('UUU', 'UUU', undefined)).counted).toEqual([]);
  });

  const cells = (letterSet: readonly Cell[]) => fc.array(fc.constantFrom(...letterSet), { minLength: 4, maxLength: 4 });
  const routes = (letterSet: readonly Cell[]) =>
    fc.record({ r1: cells(letterSet), r2: cells(letterSet), r3: cells(letterSet) });
  const anything = routes(['good', 'good', 'bad', 'unconnected']);

  it('never blames the provider unless the fallback met in two rounds all that the primary missed', () => {
    fc.assert(
      fc.property(anything, anything, fc.option(anything), (edge, fallback, origin) => {
        const { verdict, reasons } = decideVerdict({
          primary: { name: 'edge', cells: edge },
          fallback: { name: 'fallback', cells: fallback },
          ...(origin === null ? {} : { origin: { name: 'origin', cells: origin } }),
        });
        expect(reasons.length).toBeGreaterThan(0);
        const ids = ['r1', 'r2', 'r3'] as const;
        const told = [0, 1, 2, 3].filter((round) => {
          const missed = ids.filter((id) => edge[id][round] !== 'good');
          return missed.length > 0 && missed.every((id) => fallback[id][round] === 'good');
        });
        if (verdict === 'provider-fault') expect(told.length).toBeGreaterThanOrEqual(2);
        if (verdict === 'healthy')
          expect([edge, fallback].flatMap((r) => Object.values(r).flat())).not.toContain('bad');
      }),
    );
  });

  it('always blames the provider when everything fails over the primary alone', () => {
    const down = routes(['bad', 'unconnected']);
    const up = routes(['good']);
    fc.assert(
      fc.property(down, up, fc.option(anything), (edge, fallback, origin) => {
        const { verdict } = decideVerdict({
          primary: { name: 'edge', cells: edge },
          fallback: { name: 'fallback', cells: fallback },
          ...(origin === null ? {} : { origin: { name: 'origin', cells: origin } }),
        });
        expect(verdict).toBe('provider-fault');
      }),
    );
  });
});
