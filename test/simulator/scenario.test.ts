import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { jsonSchemaOf } from '../../src/runbook/json-schema-of.ts';
import { faultFor, setFault } from '../../src/simulator/faults.ts';
import { regions } from '../../src/simulator/regions.ts';
import { type Scenario, scenarioSchema } from '../../src/simulator/scenario.ts';
import { playScenario, type ScenarioPlayer } from '../../src/simulator/scenario-player.ts';
import { seedWorld } from '../../src/simulator/seed.ts';
import { createManualClock } from './manual-clock.ts';
import { sampleEnvironment } from './sample-environment.ts';

const folder = join(import.meta.dirname, '../../runbooks/scenarios');

async function loadScenario(name: string): Promise<Scenario> {
  return scenarioSchema.parse(parse(await readFile(join(folder, `${name}.yaml`), 'utf8')));
}

describe('scenario files', () => {
  test('the published schema is the one that scenarios are checked by', async () => {
    const published: unknown = JSON.parse(await readFile(join(folder, '../schemas/scenario.schema.json'), 'utf8'));
    expect(published).toEqual(jsonSchemaOf(scenarioSchema, 'input'));
  });

  test('every one that is shipped is valid and says how it ends', async () => {
    const names = (await readdir(folder)).map((file) => file.replace(/\.yaml$/, ''));
    expect(names).toEqual(
      expect.arrayContaining(['cloudflare-edge-down', 'healthy', 'own-fault', 'fallback-broken', 'flapping']),
    );
    for (const name of names) {
      const { expect: ending } = await loadScenario(name);
      expect(ending['exit-code'], name).toBeTypeOf('number');
      // What is refused for its credentials stops before it looks at anything.
      if (ending['exit-code'] !== 5) expect(ending.verdict?.length, name).toBeGreaterThan(0);
    }
  });

  test('durations become milliseconds, one verdict a list', () => {
    const scenario = scenarioSchema.parse({
      title: 'x',
      timeline: [
        {
          at: '1m',
          set: {
            edge: { kind: 'flap', status: 500, down: '5m', up: '250ms' },
            'cloudflare-api': { kind: 'write-late', by: '20s' },
          },
        },
      ],
      expect: { verdict: 'healthy' },
    });
    expect(scenario.timeline).toEqual([
      {
        at: 60_000,
        set: {
          edge: { kind: 'flap', status: 500, downMs: 300_000, upMs: 250 },
          'cloudflare-api': { kind: 'write-late', ms: 20_000 },
        },
        clear: [],
        become: [],
      },
    ]);
    expect(scenario.expect.verdict).toEqual(['healthy']);
  });

  test('a fault may be in some regions of the edge, and in no other component', () => {
    const parse = (set: unknown) => scenarioSchema.safeParse({ title: 'x', timeline: [{ at: '0s', set }] });
    const tokyo = { kind: 'status', status: 500, regions: ['nrt'] };
    expect(parse({ edge: tokyo }).data?.timeline[0]?.set.edge).toEqual(tokyo);
    expect(parse({ fallback: tokyo }).error?.issues).toMatchObject([
      { path: ['timeline', 0, 'set', 'fallback', 'regions'], message: expect.stringContaining('only the edge') },
    ]);
    expect(parse({ edge: { ...tokyo, regions: ['mars'] } }).success).toBe(false);
  });

  test.each([
    [{ at: '0s', set: { edges: { kind: 'hang' } } }],
    [{ at: '0s', set: { edge: { kind: 'hangs' } } }],
    [{ at: '0s', set: { edge: { kind: 'status', status: 200 } } }],
    [{ at: '0s', set: { edge: { kind: 'flap', status: 500, down: '0s', up: '1s' } } }],
    [{ at: 'soon' }],
    [{ at: '0s', clears: ['edge'] }],
    [{ at: '0s', set: { edge: { kind: 'hang' } }, clear: ['edge'] }],
  ])('refuses %j', (moment) => {
    expect(scenarioSchema.safeParse({ title: 'x', timeline: [moment] }).success).toBe(false);
  });
});

describe('the scenario player', () => {
  let player: ScenarioPlayer | undefined;
  afterEach(() => player?.stop());

  test('plays the timeline in order of time, and the start at once', async () => {
    const world = seedWorld(sampleEnvironment(), { seed: 1 });
    const clock = createManualClock();
    const said: string[] = [];
    const scenario = scenarioSchema.parse({
      title: 'x',
      timeline: [
        { at: '10s', clear: ['edge'], say: 'back' },
        { at: '0s', set: { edge: { kind: 'status', status: 500 } }, say: 'down' },
        { at: '5s', set: { 'slack-api': { kind: 'hang' } } },
      ],
    });
    player = playScenario({ scenario, world, clock, say: (text) => said.push(text) });
    expect([...world.faults.keys()]).toEqual(['edge']);
    expect(said).toEqual(['down']);
    await advance(clock, 5_000);
    expect([...world.faults.keys()]).toEqual(['edge', 'slack-api']);
    await advance(clock, 5_000);
    await player.done;
    expect([...world.faults.keys()]).toEqual(['slack-api']);
    expect(said).toEqual(['down', 'back']);
  });

  test('begun at a marked moment, the world is as it would be by then, and the rest comes in its time', async () => {
    const world = seedWorld(sampleEnvironment(), { seed: 1 });
    const clock = createManualClock();
    const said: string[] = [];
    const scenario = scenarioSchema.parse({
      title: 'x',
      timeline: [
        {
          at: '0s',
          set: { edge: { kind: 'flap', status: 500, down: '4m', up: '1m' }, dns: { kind: 'hang' } },
          say: 'a',
        },
        { at: '570s', mark: 'worse', clear: ['dns'], say: 'b' },
        { at: '10m', set: { 'slack-api': { kind: 'hang' } }, say: 'c' },
      ],
    });
    const startMs = clock.now();
    player = playScenario({ scenario, world, clock, from: 'worse', say: (text) => said.push(text) });
    expect([...world.faults.keys()]).toEqual(['edge']);
    expect(said).toEqual(['b']);
    // It has flapped for nine minutes and a half: half a minute of the second pause is left.
    expect([0, 29_999, 30_000].map((ms) => faultFor(world, 'edge', startMs + ms)?.kind)).toEqual([
      undefined,
      undefined,
      'status',
    ]);
    await advance(clock, 29_999);
    expect(said).toEqual(['b']);
    await advance(clock, 1);
    await player.done;
    expect(said).toEqual(['b', 'c']);
    const play = () => playScenario({ scenario, world, clock, from: 'better' });
    expect(play).toThrow(/no moment marked better/);
  });

  test('a fault of some regions acts there alone', () => {
    const world = seedWorld(sampleEnvironment(), { seed: 1 });
    setFault(world, 'edge', { kind: 'hang', regions: ['nrt', 'dub'] }, 0);
    expect(regions.filter((region) => faultFor(world, 'edge', 1, region) !== undefined)).toEqual(['nrt', 'dub']);
    expect(faultFor(world, 'edge', 1)).toBeUndefined();
  });

  test('stopped, it plays nothing more', async () => {
    const world = seedWorld(sampleEnvironment(), { seed: 1 });
    const clock = createManualClock();
    const scenario = scenarioSchema.parse({ title: 'x', timeline: [{ at: '5s', set: { edge: { kind: 'hang' } } }] });
    player = playScenario({ scenario, world, clock });
    player.stop();
    await player.done;
    await advance(clock, 10_000);
    expect(world.faults.size).toBe(0);
  });

  test('flapping: six rounds over 5 s meet one burst at the most, whenever they begin: never five of them', async () => {
    const world = seedWorld(sampleEnvironment(), { seed: 1 });
    const clock = createManualClock();
    player = playScenario({ scenario: await loadScenario('flapping'), world, clock });
    const startMs = clock.now();
    const counts = Array.from({ length: 69 }, (_, index) => {
      const rounds = [0, 1_000, 2_000, 3_000, 4_000, 5_000];
      return rounds.filter((ms) => faultFor(world, 'edge', startMs + index * 100 + ms) !== undefined).length;
    });
    expect([...new Set(counts)].sort()).toEqual([1, 2]);
  });
});

/** Moves the clock, and lets everyone who woke up do their work. */
async function advance(clock: { advance(ms: number): void }, ms: number): Promise<void> {
  clock.advance(ms);
  await new Promise((resolve) => setImmediate(resolve));
}
