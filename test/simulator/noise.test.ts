import { afterAll, beforeAll, expect, test } from 'vitest';
import { failsByChance, setFault } from '../../src/simulator/faults.ts';
import { scenarioSchema } from '../../src/simulator/scenario.ts';
import { type DataPlane, startDataPlane } from './data-plane.ts';

let plane: DataPlane;
beforeAll(async () => {
  plane = await startDataPlane();
});
afterAll(() => plane.close());

const fates = (seed: number, share: number, count = 2_000) => {
  const fault = { kind: 'noise', status: 503, share, seed, sinceMs: 0 } as const;
  const set = { ...fault };
  return Array.from({ length: count }, () => failsByChance(set));
};

test('a share of the requests fails, the same ones for the same seed', () => {
  expect(fates(7, 0.1)).toEqual(fates(7, 0.1));
  expect(fates(8, 0.1)).not.toEqual(fates(7, 0.1));
  for (const share of [0.02, 0.5]) {
    const failed = fates(1, share).filter((fails) => fails).length / 2_000;
    expect(failed).toBeGreaterThan(share * 0.6);
    expect(failed).toBeLessThan(share * 1.4);
  }
});

test('the edge fails some requests with its own page, and its trace page never', async () => {
  setFault(plane.world, 'edge', { kind: 'noise', status: 500, share: 0.5, seed: 1 }, 0);
  const statuses = async (path: string) => {
    const found: number[] = [];
    for (let sent = 0; sent < 20; sent += 1) found.push((await plane.send(plane.edge.port, { path })).status);
    return new Set(found);
  };
  expect(await statuses('/domains')).toEqual(new Set([401, 500]));
  expect(await statuses('/cdn-cgi/trace')).toEqual(new Set([200]));
  setFault(plane.world, 'edge', undefined, 0);
  expect(await statuses('/domains')).toEqual(new Set([401]));
});

test('a scenario may give it to what serves customers, and to nothing else', () => {
  const scenario = (component: string, share = 0.05) =>
    scenarioSchema.safeParse({
      title: 'Noise',
      timeline: [{ at: '0s', set: { [component]: { kind: 'noise', status: 503, share } } }],
    });
  const parsed = scenario('email-api');
  expect(parsed.data?.timeline[0]?.set['email-api']).toEqual({ kind: 'noise', status: 503, share: 0.05, seed: 1 });
  expect(scenario('dns').error?.issues[0]?.message).toContain('dns serves no customers');
  expect([scenario('edge', 0).success, scenario('edge', 1).success]).toEqual([false, false]);
});
