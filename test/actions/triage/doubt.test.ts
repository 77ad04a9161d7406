import { expect, test } from 'vitest';
import { decide } from '../../../src/actions/triage/decide.ts';
import type { Elsewhere } from '../../../src/actions/triage/doubt.ts';
import type { Monitors, Paths, Vantage, Words } from '../../../src/actions/triage/evidence.ts';
import { recommend } from '../../../src/actions/triage/recommend.ts';
import { runCheck, testContext, testEnvironment } from '../action-context.ts';

const ids = ['send', 'list', 'domains'];

type Cell = Paths['matrix'][number]['cells'][string];

/** What a request did over the edge in six rounds. */
const met: Cell = { passed: 6, of: 6, unreached: 0, limited: 0 };
const answers500: Cell = { ...met, passed: 0 };
const unreached: Cell = { ...met, passed: 0, unreached: 6 };
const limited: Cell = { ...met, passed: 0, limited: 6 };

const nowhere: Paths['answered'] = { state: 'unknown', addresses: [], rounds: [], passed: 0, of: 0 };
const same: Paths['answered'] = { state: 'same', addresses: [], rounds: [], passed: 0, of: 0 };
const away: Paths['answered'] = { state: 'away', addresses: [], rounds: [], passed: 0, of: 0 };
/** What the edge did at the address that DNS answers: `+` met, `-` missed. */
const asked = (rounds: string): Paths['answered'] => ({
  ...{ state: 'asked', addresses: ['104.18.0.1'], rounds: [...rounds].map((mark) => mark === '+'), passed: 0, of: 0 },
});

/** Six rounds whose requests did so over the edge, while the fallback met everything. */
function paths(cells: readonly Cell[], answered: Paths['answered'], more: Partial<Paths> = {}): Paths {
  const six = (good: boolean) => Array.from({ length: 6 }, () => good);
  return {
    verdict: 'provider-fault',
    reasons: ['as seen'],
    routes: {
      edge: { role: 'primary', provider: 'cloudflare', state: 'bad', rounds: six(false) },
      fallback: { role: 'fallback', provider: 'cloudfront', state: 'good', rounds: six(true) },
    },
    endedEarly: null,
    answered,
    matrix: ids.map((id, at) => ({
      ...{ id, critical: true, cells: { edge: cells[at % cells.length] ?? met, fallback: met } },
    })),
    ...more,
  };
}

function vantage(served: number, failed: number, { by = 'edge', silent = 0 } = {}): Vantage {
  const probe = (saw: string) => ({ country: 'IE', saw, route: by });
  const probes = [...Array(served).fill(probe('served')), ...Array(failed).fill(probe('failed'))];
  const total = served + failed + silent;
  const verdict = silent > total / 2 ? 'unknown' : failed === 0 ? 'served' : served === 0 ? 'failing' : 'mixed';
  return { verdict, missing: '', total, served, failed, probes };
}

const alerts: Monitors = { state: 'alerting', alerting: 4, groups: [] };
const calm: Monitors = { state: 'ok', alerting: 0, groups: [] };
const says = (severity: Words['vendors'][number]['says'], vendor: 'cloudflare' | 'aws' = 'cloudflare'): Words => ({
  vendors: [{ vendor, reachable: true, missing: '', says: severity, ageMs: 0, incidents: [] }],
});
const mute: Words = {
  vendors: [
    { vendor: 'cloudflare', reachable: false, missing: 'no answer', says: 'critical', ageMs: null, incidents: [] },
  ],
};

type Row = [name: string, cells: Cell[], answered: Paths['answered'], elsewhere: Elsewhere];

function decided([, cells, answered, elsewhere]: Row, more: Partial<Paths> = {}) {
  const given = { paths: paths(cells, answered, more), answers: undefined, windowMs: 5_000, cycleMs: 600_000 };
  return decide({ ...given, elsewhere });
}

const wellElsewhere: Elsewhere = { vantage: vantage(8, 0), monitors: calm, words: says('none') };

test.each<Row>([
  ['a stale address: it works where DNS leads', [unreached], asked('++++++'), {}],
  ['… and all others tell of an outage', [unreached], asked('++++++'), { monitors: alerts, words: says('critical') }],
  ['a stale address that answers for somebody else', [answers500], asked('++++++'), {}],
  ['it fails where DNS leads in fewer rounds than decide', [unreached], asked('--+--+'), {}],
  ['closed here, and noisy where DNS leads', [unreached], { ...asked('------'), passed: 22, of: 42 }, {}],
  ['unreached, and everybody elsewhere is served', [unreached], nowhere, wellElsewhere],
  [
    'unreached, here where DNS leads too, and everybody elsewhere is served',
    [unreached],
    asked('------'),
    wellElsewhere,
  ],
  ['answers 500 to everything, and everybody elsewhere is served', [answers500], same, wellElsewhere],
  ['… all but one of eight', [answers500], same, { vantage: vantage(7, 1) }],
  ['… and only the monitors speak against it', [answers500], same, { vantage: vantage(8, 0), monitors: alerts }],
  ['… and only the vendor does', [answers500], same, { vantage: vantage(8, 0), words: says('critical') }],
  ['unreached, and nobody else tells anything', [unreached], nowhere, {}],
  ['unreached, and DNS leads nobody there', [unreached], away, {}],
  ['unreached, and too few probes have told', [unreached], nowhere, { vantage: vantage(0, 1, { silent: 7 }) }],
  ['unreached, and the vendor cannot be read', [unreached], nowhere, { words: mute }],
  ['unreached, and another vendor is in trouble', [unreached], nowhere, { words: says('critical', 'aws') }],
  [
    'unreached, and its vendor has minor trouble, as ever',
    [unreached],
    nowhere,
    { words: says('minor'), monitors: calm },
  ],
])('only from here? %s', (...row) => {
  const decision = decided(row);
  expect(decision).toMatchObject({ recommendation: 'look-again', doubt: 'only-from-here' });
  expect(decision.because.join(' ')).toMatch(
    /check routes\.edge\.connect .*triage on another machine .*--override verdict=/,
  );
});

test.each<Row>([
  ['unreached, and where DNS leads too', [unreached], asked('------'), {}],
  ['… where half of all requests fail', [unreached], { ...asked('------'), passed: 21, of: 42 }, {}],
  ['… and some vantage points fail', [unreached], asked('------'), { vantage: vantage(6, 2) }],
  ['… but for one round', [unreached], asked('--+---'), {}],
  ['unreached, and that is where DNS leads', [unreached], same, {}],
  ['unreached, and vantage points fail', [unreached], nowhere, { vantage: vantage(0, 8) }],
  ['unreached, and a quarter of them does', [unreached], nowhere, { vantage: vantage(6, 2) }],
  ['unreached, and monitors alert', [unreached], nowhere, { monitors: alerts }],
  ['unreached, and its vendor says so', [unreached], nowhere, { words: says('major') }],
  ['answers 500, and nobody else tells anything', [answers500], nowhere, {}],
  ['answers 500 where DNS leads too', [answers500], asked('------'), {}],
  [
    'vantage points are served, and both monitors and vendor speak against it',
    [answers500],
    same,
    { vantage: vantage(8, 0), monitors: alerts, words: says('major') },
  ],
  ['some requests fail: no vantage point asks for these', [answers500, met], same, { vantage: vantage(8, 0) }],
  ['vantage points are served by the fallback', [answers500], same, { vantage: vantage(8, 0, { by: 'fallback' }) }],
  ['one unreached, the others answered', [unreached, answers500, answers500], nowhere, {}],
  ['some are answered 429, others 500', [limited, answers500, answers500], nowhere, {}],
])('an outage: %s', (...row) => {
  expect(decided(row)).toMatchObject({ recommendation: 'fail-over', doubt: null });
});

test.each<Row>([
  ['everything is answered 429', [limited], same, {}],
  ['everything that fails is', [limited, met, met], same, {}],
  [
    'everything is, and all others tell of an outage',
    [limited],
    asked('------'),
    { vantage: vantage(0, 8), monitors: alerts, words: says('critical') },
  ],
])('our own requests are limited: %s', (...row) => {
  expect(decided(row)).toMatchObject({ recommendation: 'look-again', doubt: 'rate-limited' });
});

test('what vantage points saw at the beginning says nothing of a fault that began later', () => {
  const [fallback, served] = [
    { role: 'fallback', provider: 'cloudfront', state: 'good', rounds: Array(6).fill(true) },
    { vantage: vantage(8, 0) },
  ] as const;
  const late = [true, false, false, false, false, false];
  const cells = [{ ...answers500, passed: 1 }];
  const routes: Paths['routes'] = {
    edge: { role: 'primary', provider: 'cloudflare', state: 'bad', rounds: late },
    fallback,
  };
  expect(decided(['', cells, same, served], { routes }).recommendation).toBe('fail-over');
});

test('http.compare’s own doubt is told as what it is', () => {
  const decision = decided(['', [unreached], asked('++++++'), {}], { verdict: 'inconclusive' });
  expect(decision).toMatchObject({ recommendation: 'look-again', doubt: 'only-from-here' });
});

test.each([
  ['healthy', met, 'monitors: none alerts'],
  [
    'provider-fault',
    answers500,
    'monitors: none alerts; it may be only the way from here, or alerts that resolve by themselves',
  ],
] as const)('silent monitors are doubted only where the primary fails: %s', async (verdict, cell, said) => {
  const { routes } = paths([cell], same);
  const good = cell === met;
  const edge = {
    role: 'primary',
    provider: 'cloudflare',
    state: good ? 'good' : 'bad',
    rounds: Array(6).fill(good),
  } as const;
  const seen = paths([cell], same, { verdict, routes: { ...routes, edge } });
  const ctx = testContext({ env: testEnvironment({ datadog: {} }) });
  const { output } = await runCheck(recommend, { paths: [seen], over: '5s', monitors: [calm] }, ctx);
  expect(output).toMatchObject({ evidence: [said] });
});
