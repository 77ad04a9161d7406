import { describe, expect, test } from 'vitest';
import type { Event } from '../../src/journal/events.ts';
import { type IndexedRun, indexLine, type RunIndex } from '../../src/journal/run-index.ts';
import { stamped } from './support/stamped.ts';
import { alice, ended, intended, started } from './support/store-fixture.ts';

const begunBy = { pid: 7, process: '70', boot: 'laptop/b/n' };
const begun: Event = { ...started(['r', 'q']), begunBy };
const drives = (pid: number): Event => ({
  type: 'driver-started',
  pid,
  process: `${pid}0`,
  boot: 'laptop/b/n',
  forced: false,
});
const released: Event = { type: 'driver-released' };
const reopened: Event = { type: 'run-reopened', resources: ['r'], why: 'rollback' };

/** The index after events of one run, each with the epoch of the newest driver, or with the one that stands before it. */
function indexAfter(...events: readonly (Event | [epoch: number, Event])[]): { run: IndexedRun; parsed: string[] } {
  const index: RunIndex = new Map();
  const parsed: string[] = [];
  let epoch = 0;
  const plain = events.map((one) => (Array.isArray(one) ? one[1] : one));
  stamped(plain).forEach((entry, at) => {
    const given = events[at];
    if (entry.type === 'driver-started') epoch += 1;
    const own = { ...entry, epoch: Array.isArray(given) ? given[0] : epoch };
    indexLine(index, own, { segment: 1, offset: at * 100 }, () => {
      parsed.push(own.type);
      return JSON.stringify(own);
    });
  });
  expect([...index.keys()]).toEqual(['run-1']);
  return { run: index.get('run-1') ?? expect.unreachable('it has begun'), parsed };
}

const [first] = stamped([begun]);
const processOf = (pid: number) => ({ pid, start: `${pid}0`, boot: 'laptop/b/n' });
const driver = (pid: number, epoch: number, seq: number) => ({
  epoch,
  actor: alice,
  process: processOf(pid),
  since: stamped([released], seq)[0]?.time,
  released: false,
});

describe('what the store knows of a run', () => {
  test('is at first who began it and what it claims', () => {
    expect(indexAfter(begun).run).toEqual({
      run: 'run-1',
      started: { ...first, epoch: 0 },
      ended: undefined,
      claims: ['r', 'q'],
      claimReleased: false,
      intends: false,
      epoch: 0,
      driver: driver(7, 0, 1),
      formerDrivers: [],
      first: { segment: 1, offset: 0 },
    });
    expect(indexAfter(started(['r'])).run.driver).toBeUndefined();
  });

  test('is its first beginning: a second changes nothing', () => {
    expect(indexAfter(begun, { ...begun, resources: ['other'] }).run).toMatchObject({
      claims: ['r', 'q'],
      first: { offset: 0 },
    });
  });

  test('is the newest driver, and those before it that never let go', () => {
    expect(indexAfter(begun, drives(8)).run).toMatchObject({ epoch: 1, driver: driver(8, 1, 2), formerDrivers: [] });
    expect(indexAfter(begun, drives(8), drives(9), drives(10)).run).toMatchObject({
      epoch: 3,
      driver: driver(10, 3, 4),
      formerDrivers: [driver(8, 1, 2), driver(9, 2, 3)],
    });
    expect(indexAfter(begun, drives(8), released, drives(9)).run).toMatchObject({
      driver: { epoch: 2 },
      formerDrivers: [],
    });
  });

  test('is that its driver has let go, where it was the newest that did', () => {
    expect(indexAfter(begun, drives(8), released).run.driver).toEqual({ ...driver(8, 1, 2), released: true });
    expect(indexAfter(begun, drives(8), drives(9), [1, released]).run.driver).toMatchObject({ released: false });
    expect(indexAfter(started(['r']), released).run.driver).toBeUndefined();
  });

  test('is how it ended, which gives up its claims', () => {
    const { run } = indexAfter(begun, drives(8), ended);
    expect(run).toMatchObject({ claims: [], claimReleased: false, driver: { released: false } });
    expect(run.ended).toMatchObject({ seq: 3, outcome: 'succeeded' });
  });

  test('is that its claim was given up by hand, while its driver may go on', () => {
    const { run } = indexAfter(begun, drives(8), { type: 'claim-released', reason: 'it hangs' });
    expect(run).toMatchObject({ claims: [], claimReleased: true, ended: undefined, driver: { released: false } });
  });

  test('is what it claims anew; who ended it has let go, and who was given up has not', () => {
    expect(indexAfter(begun, drives(8), ended, reopened).run).toMatchObject({
      claims: ['r'],
      ended: undefined,
      claimReleased: false,
      driver: { epoch: 1, released: true },
    });
    expect(indexAfter(begun, drives(8), { type: 'claim-released', reason: 'x' }, reopened).run).toMatchObject({
      claims: ['r'],
      claimReleased: false,
      driver: { epoch: 1, released: false },
    });
    expect(indexAfter(started(['r']), ended, reopened).run).toMatchObject({ claims: ['r'], driver: undefined });
  });

  test('is whether it has set out to change something, and only what moves claims or drivers is parsed for it', () => {
    const { run, parsed } = indexAfter(begun, intended('s'), { type: 'commented', text: 'x' }, drives(8), ended);
    expect(run.intends).toBe(true);
    expect(parsed).toEqual(['run-started', 'driver-started', 'run-ended']);
    expect(indexAfter(begun, { type: 'commented', text: 'x' }).run.intends).toBe(false);
  });

  test('is nothing where it has not begun', () => {
    const index: RunIndex = new Map();
    for (const entry of stamped([intended('s'), drives(8), ended, reopened])) {
      indexLine(index, entry, { segment: 1, offset: 0 }, () => JSON.stringify(entry));
    }
    expect(index.size).toBe(0);
  });
});
