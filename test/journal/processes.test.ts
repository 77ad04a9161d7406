import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { verifyChain } from '../../src/journal/verify.ts';
import { bundleChild, type Child, startChild } from './support/child-process.ts';
import { alice, bob, intended, started, stateDirectory, storeOn } from './support/store-fixture.ts';

const resource = 'dns/api.example.com';
let bundleDirectory: string;
let program: string;
let directory: string;
let remove: () => void;
const children: Child[] = [];

beforeAll(async () => {
  bundleDirectory = mkdtempSync(join(tmpdir(), 'resend-ops-child-'));
  program = await bundleChild(bundleDirectory);
});
afterAll(() => rmSync(bundleDirectory, { recursive: true, force: true }));
beforeEach(() => {
  ({ directory, remove } = stateDirectory());
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  remove();
});

function start(...args: string[]): Child {
  const child = startChild(program, ...args);
  children.push(child);
  return child;
}

describe('several processes on one log', () => {
  test('of eight that start at once one wins, and the others name it', async () => {
    const starters = Array.from({ length: 8 }, (_, at) => start('start', directory, `run-${at}`));
    await Promise.all(starters.map((child) => child.next()));
    for (const child of starters) child.ask('go');
    const told = await Promise.all(starters.map((child) => child.next()));
    const winner = told.findIndex((event) => event.won === 1);
    const pid = starters[winner]?.process.pid;
    expect(told.filter((event) => 'won' in event)).toEqual([{ won: 1 }]);
    for (const event of told.filter((_, at) => at !== winner)) {
      expect(event).toMatchObject({
        code: 'busy',
        message: expect.stringContaining(
          `${resource} is held by run run-${winner} of run-${winner}@laptop (pid ${pid})`,
        ),
        hint: expect.stringContaining('it is running'),
      });
    }
    expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 2 });
  });

  test('what they say at once is one chain, and nothing of it is lost', async () => {
    const store = storeOn(directory);
    await store.begin('run-1', alice, [], started());
    const speakers = Array.from({ length: 4 }, () => start('say', directory, 'run-1', '50'));
    await Promise.all(speakers.map((child) => child.next()));
    const texts = (await store.read('run-1', 2)).map((entry) => (entry.type === 'commented' ? entry.text : entry.type));
    const expected = speakers.flatMap((child) => Array.from({ length: 50 }, (_, at) => `${child.process.pid}: ${at}`));
    expect(texts.toSorted()).toEqual(expected.toSorted());
    expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 201, headFile: 'matches' });
  });

  test('killed at any moment, all that it said was durable is there, and another drives on at once', async () => {
    const store = storeOn(directory, { segmentBytes: 4000 });
    await store.begin('run-1', alice, [resource], started([resource]));
    await (await store.drive('run-1', alice)).release();
    const told: Record<string, unknown>[] = [];
    for (const entries of [1, 3, 10, 25, 60]) {
      const child = start('append', directory, 'run-1');
      for (let at = 0; at < entries; at += 1) told.push(await child.next());
      await child.kill();
      const verified = await verifyChain({ directory });
      expect(verified).toMatchObject({ ok: true });
      const lease = await store.drive('run-1', bob);
      expect(lease.quarantineMs).toBe(0);
      await lease.ensure(1000);
      await lease.append(intended('after'));
      await lease.release();
    }
    const kept = new Map((await store.read('run-1')).map((entry) => [entry.seq, entry]));
    for (const entry of told) expect(kept.get(Number(entry.seq))).toEqual(entry);
    expect(await verifyChain({ directory })).toMatchObject({ ok: true, tornBytes: 0 });
  });

  test('a driver that was frozen, taken over and woken writes nothing more, to the log or to the world', async () => {
    const frozen = start('drive', directory, 'run-1');
    await frozen.next();
    frozen.ask('first');
    expect(await frozen.next()).toMatchObject({ type: 'change-intended', step: 'first', epoch: 1 });
    frozen.signal('SIGSTOP');
    const store = storeOn(directory, { quarantineMs: 50 });
    await expect(store.drive('run-1', bob)).rejects.toMatchObject({ code: 'busy' });
    const lease = await store.drive('run-1', bob, { force: true });
    expect(lease).toMatchObject({ epoch: 2, quarantineMs: 50 });
    frozen.ask('second');
    frozen.signal('SIGCONT');
    expect(await frozen.next()).toMatchObject({
      code: 'fenced',
      message: expect.stringContaining('taken over by bob'),
    });
    await lease.ensure(1000);
    await lease.append(intended('third'));
    expect((await store.read('run-1', 4)).map((entry) => [entry.epoch, entry.type])).toEqual([
      [2, 'driver-started'],
      [2, 'change-intended'],
    ]);
  });

  test('a forced takeover need not wait for a driver that is killed meanwhile', async () => {
    const frozen = start('drive', directory, 'run-1');
    await frozen.next();
    frozen.signal('SIGSTOP');
    const lease = await storeOn(directory, { quarantineMs: 600_000 }).drive('run-1', bob, { force: true });
    await frozen.kill();
    await lease.ensure(1000);
    expect((await lease.append(intended('s'))).epoch).toBe(2);
  });
});
