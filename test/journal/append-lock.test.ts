import fs, { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** The name of the token while this process has it. */
function heldBy({ pid, start, boot }: ProcessIdentity, tag = 'one'): string {
  return ['held', pid, start, boot, tag].map((part) => encodeURIComponent(part)).join(',');
}

/** Somebody else has the token. */
function holdAs(holder: ProcessIdentity, tag?: string): void {
  for (const name of readdirSync(directory)) rmSync(join(directory, name));
  writeFileSync(join(directory, heldBy(holder, tag)), '');
}

test('passes from one to the next, and leaves one free token and nothing else', async () => {
  const [one, two] = [lockOf(), lockOf()];
  for (let turn = 0; turn < 10; turn += 1) {
    const giveBack = await one.acquire();
    expect(readdirSync(directory)).toEqual([expect.stringMatching(/^held,/)]);
    giveBack();
    (await two.acquire())();
  }
  expect(readdirSync(directory)).toEqual(['free']);
  expect(readdirSync(dirname(directory))).toEqual([basename(directory)]);
});

test('a dead holder’s lock passes on at once: gone, recycled pid, or before a reboot', async () => {
  const self = readSelf();
  const [host = '', , namespace = ''] = self.boot.split('/');
  const dead = [deadProcess(), { ...self, pid: 2 ** 22 + 1 }, { ...self, boot: `${host}/earlier-boot/${namespace}` }];
  for (const holder of dead) {
    holdAs(holder);
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

test('of many that begin at once, on a directory without a token, one at a time has it', async () => {
  const slow = () =>
    createAppendLock({ directory, self: readSelf(), isAlive: () => 'alive', sleep: (ms) => sleep(ms) });
  let inside = 0;
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const lock = slow();
      for (let turn = 0; turn < 5; turn += 1) {
        const giveBack = await lock.acquire();
        inside += 1;
        expect(inside).toBe(1);
        await sleep(0);
        inside -= 1;
        giveBack();
      }
    }),
  );
  expect(readdirSync(directory)).toEqual(['free']);
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
      holdAs(self, String(turns));
      if (turns === 120) renameSync(join(directory, heldBy(self, '120')), join(directory, 'free'));
    },
    waitMs: 50,
  });
  holdAs(self);
  (await patient.acquire())();
  expect(turns).toBe(120);
});

test('a holder that takes it again and again is one that passes it on', async () => {
  const busy = lockOf();
  let giveBack = await busy.acquire();
  let turns = 0;
  const patient = createAppendLock({
    directory,
    self: readSelf(),
    isAlive: () => 'alive',
    sleep: async () => {
      turns += 1;
      giveBack();
      if (turns < 120) giveBack = await busy.acquire();
    },
    waitMs: 50,
  });
  (await patient.acquire())();
  expect(turns).toBe(120);
  expect(readdirSync(directory)).toEqual(['free']);
});

test('a holder on another machine, and what is no lock at all, are waited for too', async () => {
  holdAs({ pid: 1, start: '1', boot: 'elsewhere/b/n' });
  await expect(lockOf().acquire()).rejects.toMatchObject({ message: expect.stringContaining('elsewhere') });
  for (const name of ['what is this', 'held,', 'held,0,1,b,t', 'held,1,%,b,t', 'held,1,1,b']) {
    for (const old of readdirSync(directory)) rmSync(join(directory, old));
    writeFileSync(join(directory, name), '');
    await expect(lockOf().acquire()).rejects.toMatchObject({
      message: expect.stringContaining('not a lock'),
      hint: expect.stringContaining(`rm -r ${directory}`),
    });
    expect(readdirSync(directory)).toEqual([name]);
  }
});

test('a second token, as a file system that halves a rename may leave it, becomes one again', async () => {
  const dead = deadProcess();
  holdAs(dead);
  writeFileSync(join(directory, heldBy(dead, 'two')), '');
  const giveBack = await lockOf().acquire();
  expect(readdirSync(directory)).toEqual([expect.stringMatching(/^held,/)]);
  giveBack();
  writeFileSync(join(directory, heldBy(dead)), '');
  (await lockOf().acquire())();
  // The living one has the other token: who robs the dead sees it, and gives way.
  rmSync(join(directory, 'free'));
  const real = fs.readdirSync;
  let looks = 0;
  const late = (path: string) => {
    looks += 1;
    if (looks === 2) writeFileSync(join(directory, heldBy(readSelf(), 'late')), '');
    return real(path);
  };
  Object.assign(fs, { readdirSync: late });
  syncBuiltinESMExports();
  try {
    await expect(lockOf().acquire()).rejects.toMatchObject({ code: 'audit' });
  } finally {
    Object.assign(fs, { readdirSync: real });
    syncBuiltinESMExports();
  }
  expect(readdirSync(directory)).toEqual([heldBy(readSelf(), 'late')]);
});

test('a lock that could not be given back is taken again by its holder', async () => {
  const lock = lockOf();
  await lock.acquire();
  (await lock.acquire())();
  (await lockOf().acquire())();
});

test('a cleared directory is filled again, and what a killed process left beside it is cleared away', async () => {
  const lock = lockOf();
  (await lock.acquire())();
  rmSync(join(directory, 'free'));
  mkdirSync(`${directory}.left`);
  writeFileSync(join(`${directory}.left`, 'free'), '');
  (await lock.acquire())();
  expect(readdirSync(dirname(directory))).toEqual([basename(directory)]);
  const giveBack = await lock.acquire();
  for (const name of readdirSync(directory)) rmSync(join(directory, name));
  giveBack();
  (await lock.acquire())();
  expect(readdirSync(directory)).toEqual(['free']);
});

const { renameSync: rename } = fs;
/** The system refuses the next renaming with this code. */
function refuseRename(code: string): void {
  let left = 1;
  const refusing: typeof rename = (from, to) => {
    if (left <= 0) return rename(from, to);
    left -= 1;
    throw Object.assign(new Error(`${code}: put in`), { code, syscall: 'rename' });
  };
  Object.assign(fs, { renameSync: refusing });
  syncBuiltinESMExports();
}
afterEach(() => {
  Object.assign(fs, { renameSync: rename });
  syncBuiltinESMExports();
});

test('what the system refuses is told, and is no lock', async () => {
  refuseRename('EIO');
  await expect(lockOf().acquire()).rejects.toMatchObject({ code: 'EIO' });
  const lock = lockOf();
  (await lock.acquire())();
  refuseRename('EIO');
  await expect(lock.acquire()).rejects.toMatchObject({ code: 'EIO' });
  (await lockOf().acquire())();
});

test('a lock whose giving back the system refused stays with its holder, who takes it again', async () => {
  const lock = lockOf();
  const giveBack = await lock.acquire();
  refuseRename('ENOSPC');
  giveBack();
  await expect(lockOf().acquire()).rejects.toMatchObject({ code: 'audit' });
  (await lock.acquire())();
  (await lockOf().acquire())();
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

test.each([
  [0, []],
  [1, [1]],
  [3, [1, 2]],
  [63, [1, 2, 4, 8, 16, 32]],
  [64, [1, 2, 4, 8, 16, 32, 40]],
])('a holder that keeps it for %i ms is told of then, and not before', async (waitMs, expected) => {
  holdAs(readSelf());
  const slept: number[] = [];
  const sleep = async (ms: number) => void slept.push(ms);
  const lock = createAppendLock({ directory, self: readSelf(), isAlive: () => 'alive', sleep, waitMs });
  await expect(lock.acquire()).rejects.toMatchObject({ code: 'audit' });
  expect(slept).toEqual(expected);
  expect(readdirSync(directory)).toEqual([heldBy(readSelf())]);
});

test('who keeps it is named, with what ends the waiting', async () => {
  const holder = { pid: 4711, start: '1', boot: 'bastion/b/n' };
  holdAs(holder);
  const file = join(directory, heldBy(holder));
  await expect(lockOf().acquire()).rejects.toMatchObject({
    message: 'the audit log is locked by process 4711 on bastion, which does not give it back (it may be paused)',
    hint: expect.stringContaining('`kill -CONT 4711` or end it with `kill -9 4711`'),
  });
  await expect(lockOf().acquire()).rejects.toMatchObject({
    hint: expect.stringMatching(/When bastion is another machine that is gone: rm /),
  });
  expect(readdirSync(directory)).toEqual([basename(file)]);
});

test('a lock has another name each time that it is taken, so that others see it passed on', async () => {
  const lock = lockOf();
  const names: string[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    const giveBack = await lock.acquire();
    names.push(...readdirSync(directory));
    giveBack();
  }
  expect(new Set(names).size).toBe(3);
});

/** The system refuses to put a directory with a new token in place, after `meanwhile`. */
function refusePutting(code: string, meanwhile: () => void): void {
  const refusing: typeof rename = (from, to) => {
    if (to !== directory) return rename(from, to);
    Object.assign(fs, { renameSync: rename });
    syncBuiltinESMExports();
    meanwhile();
    throw Object.assign(new Error(`${code}: put in`), { code, syscall: 'rename' });
  };
  Object.assign(fs, { renameSync: refusing });
  syncBuiltinESMExports();
}

test.each(['ENOTEMPTY', 'EEXIST', 'ENOENT'])(
  'who is slower to put a token in place (%s) takes the one that is there',
  async (code) => {
    refusePutting(code, () => writeFileSync(join(directory, 'free'), ''));
    const giveBack = await lockOf().acquire();
    expect(readdirSync(directory)).toEqual([expect.stringMatching(/^held,/)]);
    giveBack();
    expect(readdirSync(dirname(directory))).toEqual([basename(directory)]);
  },
);

test('a token that cannot be put in place is told, leaves nothing, and nothing else beside it is cleared away', async () => {
  mkdirSync(join(dirname(directory), 'another'));
  refusePutting('EIO', () => undefined);
  await expect(lockOf().acquire()).rejects.toMatchObject({ code: 'EIO' });
  expect(readdirSync(dirname(directory)).sort()).toEqual(['another', basename(directory)].sort());
  (await lockOf().acquire())();
  expect(readdirSync(dirname(directory)).sort()).toEqual(['another', basename(directory)].sort());
});
