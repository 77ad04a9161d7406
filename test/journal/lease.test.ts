import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ProcessIdentity, readSelf } from '../../src/world/process-identity.ts';
import { alice, bob, ended, intended, started, stateDirectory, storeOn } from './support/store-fixture.ts';

let directory: string;
let remove: () => void;
beforeEach(() => {
  ({ directory, remove } = stateDirectory());
});
afterEach(() => remove());

const fenced = (message: string) => ({ code: 'fenced', message: expect.stringContaining(message) });
const typesOf = async () => (await storeOn(directory).read('run-1')).map(({ type }) => type);

async function begun(options: Parameters<typeof storeOn>[1] = {}) {
  const store = storeOn(directory, options);
  await store.begin('run-1', alice, ['r'], started(['r']));
  return store;
}

describe('letting go', () => {
  test('is noted once, and this process writes nothing more', async () => {
    const lease = await (await begun()).drive('run-1', alice);
    expect(lease).toMatchObject({ run: 'run-1', epoch: 1, quarantineMs: 0 });
    await lease.release();
    await lease.release();
    expect(await typesOf()).toEqual(['run-started', 'driver-started', 'driver-released']);
    const gone = fenced('this process has let go of run run-1');
    await expect(lease.append(intended('s'))).rejects.toMatchObject(gone);
    await expect(lease.end(ended)).rejects.toMatchObject(gone);
    await expect(lease.ensure(1)).rejects.toMatchObject(gone);
  });

  test('notes nothing where the run has ended, or somebody else drives it', async () => {
    const store = await begun();
    const lease = await store.drive('run-1', alice);
    await lease.end(ended);
    await lease.release();
    expect(await typesOf()).toEqual(['run-started', 'driver-started', 'run-ended']);
    await store.reopen('run-1', bob, { type: 'run-reopened', resources: ['r'], why: 'rollback' });
    const second = await store.drive('run-1', alice);
    await (await store.drive('run-1', bob, { force: true })).append({ type: 'commented', text: 'mine' });
    await second.release();
    expect((await typesOf()).at(-1)).toBe('commented');
  });
});

describe('taking over by force', () => {
  const one = { ...readSelf(), pid: 101 };
  const two = { ...readSelf(), pid: 102 };

  /** A lease that was taken from processes 101 and 102, of which `alive` live at first and `after` so many sleeps. */
  async function takenOver(quarantineMs: number, aliveAt: (slept: number) => readonly number[]) {
    const slept: number[] = [];
    const isAlive = ({ pid }: ProcessIdentity) => (aliveAt(slept.length).includes(pid) ? 'alive' : 'dead');
    await (await begun({ self: one, isAlive })).drive('run-1', alice);
    await storeOn(directory, { self: two, isAlive }).drive('run-1', bob, { force: true });
    const clock = { now: Date.now, sleep: async (ms: number) => void slept.push(ms) };
    const store = storeOn(directory, { isAlive, clock, quarantineMs });
    const lease = await store.drive('run-1', alice, { force: true });
    return { store, lease, slept };
  }

  test.each([
    [0, []],
    [1, [1]],
    [199, [199]],
    [200, [200]],
    [201, [200, 1]],
    [500, [200, 200, 100]],
  ])('waits %i ms at most before the first write, and not again', async (quarantineMs, expected) => {
    const { lease, slept } = await takenOver(quarantineMs, () => [101, 102]);
    expect(lease.quarantineMs).toBe(quarantineMs);
    await lease.ensure(1);
    await lease.ensure(1);
    expect(slept).toEqual(expected);
  });

  test('waits only until the last of those before it is gone', async () => {
    const { lease, slept } = await takenOver(10_000, (count) => (count < 2 ? [101, 102] : count < 4 ? [101] : []));
    await lease.ensure(1);
    expect(slept).toEqual([200, 200, 200, 200]);
  });

  test('is told of whoever takes over while it waits', async () => {
    const { store, lease } = await takenOver(1000, () => [101, 102]);
    const waiting = lease.ensure(1);
    await store.drive('run-1', bob, { force: true });
    await expect(waiting).rejects.toMatchObject(fenced('was taken over by bob@bastion'));
  });

  test('is noted as forced only where somebody was driving', async () => {
    await takenOver(0, () => [101]);
    const forced = (await storeOn(directory).read('run-1')).map((entry) => 'forced' in entry && entry.forced);
    expect(forced).toEqual([false, false, true, false]);
  });
});

test('a claim that was given up under its driver stops every further write, and names who can tell', async () => {
  const store = await begun();
  const lease = await store.drive('run-1', alice);
  await lease.ensure(1);
  await store.say('run-1', bob, { type: 'claim-released', reason: 'it hangs' });
  await expect(lease.ensure(1)).rejects.toMatchObject({
    ...fenced('the claim of run run-1 was given up by hand while it was running'),
    hint: expect.stringContaining('`resend-ops audit show run-1`'),
  });
});

test('a key is written with its entry, and found again by another driver in another file of the log', async () => {
  const store = await begun({ segmentBytes: 1 });
  const lease = await store.drive('run-1', alice);
  const first = await lease.append(intended('one'), { key: 'one' });
  expect(first).toMatchObject({ key: 'one' });
  expect(await lease.append(intended('none'))).not.toHaveProperty('key');
  const second = await lease.append(intended('two'), { key: 'two' });
  expect(await lease.append(intended('again'), { key: 'one' })).toEqual(first);
  await lease.release();
  const next = await storeOn(directory, { segmentBytes: 1 }).drive('run-1', bob);
  expect(await next.append(intended('again'), { key: 'two' })).toEqual(second);
  expect(await next.append(intended('three'), { key: 'three' })).toMatchObject({ seq: 8 });
  expect(readFileSync(join(directory, 'audit', '00000008.jsonl'), 'utf8')).toContain('"key":"three"');
});
