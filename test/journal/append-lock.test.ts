import fs, { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAppendLock } from '../../src/journal/append-lock.ts';
import { isAlive, type ProcessIdentity, readSelf } from '../../src/world/process-identity.ts';
import { deadProcess, stateDirectory } from './support/store-fixture.ts';

let directory: string;
let remove: () => void;
beforeEach(() => {
  ({ directory, remove } = stateDirectory());
  mkdirSync(directory, { recursive: true });
});
afterEach(() => remove());

function lockOf(self: ProcessIdentity = readSelf(), slept: number[] = []) {
  return createAppendLock({
    directory,
    self,
    isAlive: (other) => isAlive(other, readSelf()),
    sleep: async (ms) => void slept.push(ms),
    waitMs: 500,
  });
}

function holdAs(holder: ProcessIdentity | string, generation = 7): void {
  writeFileSync(join(directory, String(generation)), typeof holder === 'string' ? holder : JSON.stringify(holder));
}

test('passes from one to the next, and leaves no more than one generation behind', async () => {
  const [one, two] = [lockOf(), lockOf()];
  for (let turn = 0; turn < 10; turn += 1) {
    const giveBack = await one.acquire();
    giveBack();
    (await two.acquire())();
  }
  one.close();
  two.close();
  expect(readdirSync(directory).length).toBeLessThanOrEqual(2);
});

test('a dead holder’s lock passes on at once: gone, recycled pid, or before a reboot', async () => {
  const self = readSelf();
  const [host = '', , namespace = ''] = self.boot.split('/');
  const dead = [deadProcess(), { ...self, pid: 2 ** 22 + 1 }, { ...self, boot: `${host}/earlier-boot/${namespace}` }];
  for (const [at, holder] of dead.entries()) {
    holdAs(holder, 100 * (at + 1));
    const slept: number[] = [];
    (await lockOf(self, slept).acquire())();
    expect(slept).toEqual([]);
  }
});

test('a living holder is waited for, and never robbed', async () => {
  const slept: number[] = [];
  const holder = await lockOf().acquire();
  await expect(lockOf(readSelf(), slept).acquire()).rejects.toMatchObject({
    code: 'audit',
    message: expect.stringContaining(`process ${process.pid}`),
    hint: expect.stringContaining(`kill -CONT ${process.pid}`),
  });
  expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(500);
  holder();
  (await lockOf().acquire())();
});

test('taken again at once while nobody else had it, and never by a number that others have gone past', async () => {
  const [one, two, three] = [lockOf(), lockOf(), lockOf()];
  for (let turn = 0; turn < 3; turn += 1) (await one.acquire())();
  const names = () => readdirSync(directory).filter((name) => /^\d+$/.test(name));
  expect(names()).toEqual(['5', '6']);
  (await two.acquire())();
  const giveBack = await three.acquire();
  // The number after the one by which the first gave it back is there to be made again.
  expect(names()).toEqual(['9']);
  await expect(one.acquire()).rejects.toMatchObject({ code: 'audit' });
  expect(names()).toEqual(['9']);
  giveBack();
  (await one.acquire())();
});

test('holders that pass it on are waited for as long as they do', async () => {
  const self = readSelf();
  let turns = 0;
  const patient = createAppendLock({
    directory,
    self,
    isAlive: () => 'alive',
    // Each time that it looks again, the next holder has it.
    sleep: async () => {
      turns += 1;
      if (turns < 120) holdAs(self, 7 + turns);
      else writeFileSync(join(directory, '5000'), '');
    },
    waitMs: 50,
  });
  holdAs(self);
  (await patient.acquire())();
  expect(turns).toBe(120);
});

test('a holder on another machine, and what is no lock at all, are waited for too', async () => {
  holdAs({ pid: 1, start: '1', boot: 'elsewhere/b/n' });
  await expect(lockOf().acquire()).rejects.toMatchObject({ message: expect.stringContaining('elsewhere') });
  holdAs('what is this', 8);
  await expect(lockOf().acquire()).rejects.toMatchObject({ message: expect.stringContaining('not a lock') });
});

test('a lock that could not be given back is taken again by its holder', async () => {
  const lock = lockOf();
  await lock.acquire();
  (await lock.acquire())();
  (await lockOf().acquire())();
});

test('files of killed processes are cleared away, and a cleared directory is filled again', async () => {
  const token = '00000000-0000-4000-8000-000000000000';
  writeFileSync(join(directory, `holder-${token}`), JSON.stringify(deadProcess()));
  writeFileSync(join(directory, `free-${token}`), '');
  const lock = lockOf();
  (await lock.acquire())();
  expect(readdirSync(directory).filter((name) => name.includes(token))).toEqual([]);
  for (const name of readdirSync(directory)) rmSync(join(directory, name));
  (await lock.acquire())();
});

const { linkSync, unlinkSync } = fs;
/** The system refuses a call with this code, `times` times. */
function refuse(call: 'linkSync' | 'unlinkSync', code: string, times: number): void {
  const real = { linkSync, unlinkSync }[call] as (...args: unknown[]) => void;
  let left = times;
  const refusing = (...args: unknown[]) => {
    if (left <= 0) return real(...args);
    left -= 1;
    throw Object.assign(new Error(`${code}: put in`), { code, syscall: call });
  };
  Object.assign(fs, { [call]: refusing });
  syncBuiltinESMExports();
}
afterEach(() => {
  Object.assign(fs, { linkSync, unlinkSync });
  syncBuiltinESMExports();
});

test('what the system refuses is told, and is no lock', async () => {
  refuse('linkSync', 'EIO', 1);
  await expect(lockOf().acquire()).rejects.toMatchObject({ code: 'EIO' });
  const lock = lockOf();
  (await lock.acquire())();
  refuse('linkSync', 'EIO', 1);
  await expect(lock.acquire()).rejects.toMatchObject({ code: 'EIO' });
  (await lockOf().acquire())();
});

test('a generation that cannot be removed is told; one that somebody else has removed is not', async () => {
  const lock = lockOf();
  (await lock.acquire())();
  refuse('unlinkSync', 'EIO', 1);
  await expect(lock.acquire()).rejects.toMatchObject({ code: 'EIO' });
  (await lock.acquire())();
  refuse('unlinkSync', 'ENOENT', 2);
  (await lock.acquire())();
});

test('a living holder is asked after at growing intervals, for as long as was said', async () => {
  holdAs(readSelf());
  const slept: number[] = [];
  await expect(lockOf(readSelf(), slept).acquire()).rejects.toMatchObject({
    code: 'audit',
    message: expect.stringContaining(`locked by process ${process.pid} on`),
    hint: expect.stringContaining(`kill -CONT ${process.pid}`),
  });
  expect(slept.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 40, 40]);
  const waited = slept.reduce((sum, ms) => sum + ms, 0);
  expect(waited).toBeGreaterThanOrEqual(500);
  expect(waited).toBeLessThan(540);
});

test('a lock that is closed leaves nothing of its own but the generation that says that it is free', async () => {
  const lock = lockOf();
  (await lock.acquire())();
  lock.close();
  expect(readdirSync(directory).every((name) => /^\d+$/.test(name))).toBe(true);
  lock.close();
  (await lock.acquire())();
});
