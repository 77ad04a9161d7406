import { expect, test } from 'vitest';
import { decideVerdict } from '../../../src/actions/http/decide-verdict.ts';
import type { Cell } from '../../../src/actions/http/route-evidence.ts';
import { decide } from '../../../src/actions/triage/decide.ts';
import type { Answers, Paths } from '../../../src/actions/triage/evidence.ts';

const minute = 60_000;
const ids = ['send', 'send-large', 'list', 'domains', 'keys', 'batch', 'webhooks'];

type Cells = Record<string, readonly Cell[]>;

/** A route whose requests all did the same in each round: `+` met, `-` missed. */
function alike(rounds: string): Cells {
  return Object.fromEntries(ids.map((id) => [id, [...rounds].map((mark): Cell => (mark === '+' ? 'good' : 'bad'))]));
}

/** What `http.compare` puts out for these cells. */
function pathsOf(edge: Cells, fallback: Cells, origin: Cells): Paths {
  const { verdict, reasons, states } = decideVerdict({
    primary: { name: 'edge', cells: edge },
    fallback: { name: 'fallback', cells: fallback },
    origin: { name: 'origin', cells: origin },
  });
  const total = edge[ids[0] ?? '']?.length ?? 0;
  const rounds = (cells: Cells) =>
    Array.from({ length: total }, (_, at) => ids.every((id) => cells[id]?.[at] === 'good'));
  const cell = (cells: Cells, id: string) => ({
    passed: (cells[id] ?? []).filter((each) => each === 'good').length,
    of: total,
    unreached: 0,
    limited: 0,
  });
  return {
    verdict,
    reasons,
    routes: {
      edge: { role: 'primary', provider: 'cloudflare', state: states.primary, rounds: rounds(edge) },
      fallback: { role: 'fallback', provider: 'cloudfront', state: states.fallback, rounds: rounds(fallback) },
      origin: { role: 'origin', provider: 'load-balancer', state: states.origin, rounds: rounds(origin) },
    },
    endedEarly: null,
    answered: { state: 'unknown', addresses: [], rounds: [], passed: 0, of: 0 },
    matrix: ids.map((id) => ({
      id,
      critical: true,
      cells: { edge: cell(edge, id), fallback: cell(fallback, id), origin: cell(origin, id) },
    })),
  };
}

/** Where both servers lead: to a route, or to nothing that is known. */
function answers(leadsTo: string | null): Answers {
  return {
    route: 'edge',
    authoritative: { total: 2, agreeing: leadsTo === 'edge' ? 2 : 0 },
    servers: [
      { server: 'ada', kind: 'authoritative', answered: true, leadsTo },
      { server: 'bob', kind: 'authoritative', answered: true, leadsTo },
      // An address that this machine has no way to, such as one of IPv6, says nothing about its server.
      { server: 'bob', kind: 'authoritative', answered: false, leadsTo: null },
      { server: '127.0.0.1', kind: 'resolver', answered: true, leadsTo: 'edge' },
    ],
    predictedDrainMs: 300_000,
  };
}

const brief = { windowMs: 7_000, cycleMs: 10 * minute, answers: answers('edge') };
const long = { ...brief, windowMs: 12 * minute };

test.each([
  ['steadily down', '------', '++++++', '++++++', brief, 'fail-over'],
  ['down but for one round', '-+----', '++++++', '++++++', brief, 'fail-over'],
  ['down, the fallback blinked once', '------', '+++-++', '++++++', brief, 'fail-over'],
  ['down in too few rounds to tell', '-----', '+++++', '+++++', brief, 'look-again'],
  ['back in the last two rounds', '----++', '++++++', '++++++', brief, 'hold'],
  ['back in the later half', '---+++', '++++++', '++++++', brief, 'hold'],
  ['one red round', '++-+++', '++++++', '++++++', brief, 'hold'],
  ['one red round at the end', '+++++-', '++++++', '++++++', brief, 'hold'],
  ['half of a short window', '+-+-+-', '++++++', '++++++', brief, 'hold'],
  ['half of a window that is wider than the flap', '+-+-+-', '++++++', '++++++', long, 'fail-over'],
  ['a third of it', '+-++-+', '++++++', '++++++', long, 'hold'],
  ['both down, the backends too', '------', '------', '------', brief, 'fix-ours'],
  ['both down, the backends work', '------', '------', '++++++', brief, 'fix-fallback'],
  ['the fallback down', '++++++', '------', '++++++', brief, 'fix-fallback'],
  ['down, the fallback shaky', '------', '++-++-', '++++++', brief, 'fix-fallback'],
  ['healthy', '++++++', '++++++', '++++++', brief, 'nothing'],
  ['healthy, the fallback blinked', '++++++', '++-+++', '++++++', brief, 'look-again'],
  [
    'down, DNS has moved, and the fallback is shaky',
    '------',
    '++-++-',
    '++++++',
    { ...brief, answers: answers('fallback') },
    'fix-fallback',
  ],
  ['down, and DNS has moved', '------', '++++++', '++++++', { ...brief, answers: answers('fallback') }, 'nothing'],
  [
    'down, and the name is gone, or leads where nobody knows',
    '------',
    '++++++',
    '++++++',
    { ...brief, answers: answers(null) },
    'fail-over',
  ],
  ['down, and DNS was not seen', '------', '++++++', '++++++', { ...brief, answers: undefined }, 'fail-over'],
  [
    'healthy again, and DNS has moved',
    '++++++',
    '++++++',
    '++++++',
    { ...brief, answers: answers('fallback') },
    'hold',
  ],
] as const)('%s', (_name, edge, fallback, origin, given, wanted) => {
  const decision = decide({ ...given, paths: pathsOf(alike(edge), alike(fallback), alike(origin)) });
  expect([decision.recommendation, decision.because]).toEqual([wanted, expect.any(Array)]);
  expect(decision.because.length).toBeGreaterThan(0);
  expect(decision.until === null).toBe(wanted !== 'hold');
});

test('DNS has moved only where every server leads to the fallback', () => {
  const moved = answers('fallback');
  const down = pathsOf(alike('------'), alike('++++++'), alike('++++++'));
  const [ada, ...others] = moved.servers;
  if (ada === undefined) throw new Error('no server');
  for (const servers of [[], [{ ...ada, leadsTo: 'edge' }, ...others], [{ ...ada, answered: false }, ...others]]) {
    expect(decide({ ...brief, paths: down, answers: { ...moved, servers } }).recommendation).toBe('fail-over');
  }
  expect(decide({ ...brief, paths: down, answers: moved }).recommendation).toBe('nothing');
});

test('without the paths nothing is decided, whatever DNS answers', () => {
  expect(decide({ ...brief, paths: undefined }).recommendation).toBe('look-again');
  expect(decide({ ...brief, paths: undefined, answers: answers('fallback') }).recommendation).toBe('look-again');
});

test('a fault of some requests is one; which fails over must be the same in most rounds', () => {
  const some = { ...alike('++++++'), 'send-large': alike('------')['send-large'] ?? [] };
  const decision = decide({ ...brief, paths: pathsOf(some, alike('++++++'), alike('++++++')) });
  expect(decision).toMatchObject({
    recommendation: 'fail-over',
    because: [expect.stringContaining('send-large'), ...decision.because.slice(1)],
  });
  const turns = Object.fromEntries(
    ids.map((id, at) => [id, [...'++++++'].map((_, round): Cell => (round === at ? 'bad' : 'good'))]),
  );
  expect(decide({ ...brief, paths: pathsOf(turns, alike('++++++'), alike('++++++')) }).recommendation).toBe('hold');
});

/** Repeatable noise (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Rounds of a route; `fails` says which requests the backends behind it fail in which round. */
function noisy(
  random: () => number,
  rate: number,
  rounds: number,
  fails: (id: string, round: number) => boolean,
): Cells {
  return Object.fromEntries(
    ids.map((id) => [
      id,
      Array.from({ length: rounds }, (_, round): Cell => {
        const lost = random() < rate;
        if (fails(id, round)) return 'bad';
        return lost ? (random() < 0.3 ? 'unconnected' : 'bad') : 'good';
      }),
    ]),
  );
}

/** How often each recommendation came in `runs` seeded worlds. */
function count(runs: number, world: (random: () => number, seed: number) => { paths: Paths; windowMs: number }) {
  const counts: Record<string, number> = {};
  for (let seed = 1; seed <= runs; seed += 1) {
    const { paths, windowMs } = world(randomOf(seed), seed);
    const { recommendation } = decide({ ...brief, windowMs, paths });
    counts[recommendation] = (counts[recommendation] ?? 0) + 1;
  }
  return counts;
}

const windows = (seed: number) => (seed % 2 === 0 ? brief.windowMs : long.windowMs);

test('no false alarm in 1,000 healthy worlds, still or noisy', () => {
  const counts = count(1_000, (random, seed) => {
    const rate = (seed % 5) * 0.025;
    const rounds = 4 + (seed % 9);
    const route = () => noisy(random, rate, rounds, () => false);
    return { paths: pathsOf(route(), route(), route()), windowMs: windows(seed) };
  });
  expect(counts).not.toHaveProperty('fail-over');
  expect(counts.nothing).toBeGreaterThanOrEqual(200);
});

test.each([
  ['steady', () => true],
  ['of some requests', (id: string) => id.startsWith('send')],
  ['that comes and goes', (_id: string, round: number) => round % 3 !== 0],
  ['of a deployment in the middle', (_id: string, round: number) => round >= 2],
] as const)('no false alarm in 1,000 worlds with a fault of our own, %s, still or noisy', (_name, fails) => {
  const counts = count(1_000, (random, seed) => {
    const rate = (seed % 5) * 0.025;
    const rounds = 4 + (seed % 9);
    const route = () => noisy(random, rate, rounds, fails);
    return { paths: pathsOf(route(), route(), route()), windowMs: windows(seed) };
  });
  expect(counts).not.toHaveProperty('fail-over');
});

test('no false alarm in 1,000 worlds whose backends fail at random, each route seeing its own', () => {
  const counts = count(1_000, (random, seed) => {
    const rounds = 4 + (seed % 9);
    const route = () => noisy(random, 0.5, rounds, () => false);
    return { paths: pathsOf(route(), route(), route()), windowMs: windows(seed) };
  });
  expect(counts).not.toHaveProperty('fail-over');
});

test('and yet: a steady outage of the provider is told in more than nine of ten noisy worlds', () => {
  const counts = count(1_000, (random, seed) => {
    const rate = (seed % 5) * 0.005;
    const works = () => noisy(random, rate, 6, () => false);
    return {
      paths: pathsOf(
        noisy(random, rate, 6, () => true),
        works(),
        works(),
      ),
      windowMs: windows(seed),
    };
  });
  expect(counts['fail-over']).toBeGreaterThanOrEqual(900);
});
