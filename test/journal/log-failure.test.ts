import fs, { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OpsError } from '../../src/errors.ts';
import { createFallback } from '../../src/journal/fallback.ts';
import { verifyChain } from '../../src/journal/verify.ts';
import { alice, bob, ended, intended, started, stateDirectory, storeOn } from './support/store-fixture.ts';

let directory: string;
let remove: () => void;
beforeEach(() => {
  ({ directory, remove } = stateDirectory());
});
const { openSync, writeSync, fsyncSync, fdatasyncSync, renameSync } = fs;
/** The disk is well again. */
function heal(): void {
  Object.assign(fs, { openSync, writeSync, fsyncSync, fdatasyncSync, renameSync });
  syncBuiltinESMExports();
}
afterEach(() => {
  heal();
  remove();
});

const audit = (name = '') => join(directory, 'audit', name);
const failure = (code: string, syscall: string) => Object.assign(new Error(`${code}: put in`), { code, syscall });

/** From now on files whose path `isBad` take nothing. */
function refuseWrites(isBad: (path: string) => boolean): void {
  fs.writeSync = ((fd: number, ...rest: [Buffer, number, number]) => {
    if (isBad(fs.readlinkSync(`/proc/self/fd/${fd}`))) throw failure('ENOSPC', 'write');
    return writeSync(fd, ...rest);
  }) as typeof writeSync;
  syncBuiltinESMExports();
}
/** From now on nothing is renamed, as the lock is when it is taken. */
function refuseRenames(): void {
  fs.renameSync = () => {
    throw failure('EROFS', 'rename');
  };
  syncBuiltinESMExports();
}
const isLog = (path: string) => /\/\d{8}\.jsonl$/.test(path);

async function driving(options: Parameters<typeof storeOn>[1] = {}) {
  const store = storeOn(directory, options);
  await store.begin('run-1', alice, ['r'], started(['r']));
  return { store, lease: await store.drive('run-1', alice) };
}
const refusal = (promise: Promise<unknown>): Promise<OpsError> =>
  promise.then(
    () => expect.unreachable('it was appended'),
    (error: OpsError) => error,
  );
const kept = () =>
  readdirSync(directory)
    .filter((name) => name.startsWith('fallback-'))
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line));

describe.skipIf(!existsSync('/proc/self/fd'))('once the log has refused an entry', () => {
  test('it and every later one of this process are kept elsewhere, each linked to the one before', async () => {
    const { store, lease } = await driving();
    expect(lease.failure()).toBeUndefined();
    refuseWrites(isLog);
    await refusal(lease.append(intended('one')));
    heal();
    const before = readFileSync(audit('00000001.jsonl'), 'utf8');
    const second = await refusal(lease.append(intended('two')));
    expect(second.hint).toMatch(/^the 2 entries are in /);
    const { error, head } = lease.failure() ?? expect.unreachable('it failed');
    expect(error).toBe(second);
    const entries = await store.read('run-1');
    expect(head).toEqual({ seq: 2, hash: entries[1]?.hash });
    expect(kept()).toMatchObject([
      { seq: 3, step: 'one', prev: head.hash },
      { seq: 4, step: 'two', prev: kept()[0].hash },
    ]);
    expect(readFileSync(audit('00000001.jsonl'), 'utf8')).toBe(before);
    expect(readdirSync(join(directory, 'append-lock'))).toEqual(['free']);
  });

  test('where nothing was about to be lost nothing is kept, and nothing is said any more', async () => {
    const { store, lease } = await driving();
    refuseWrites(isLog);
    const comment = { type: 'commented', text: 'hello' } as const;
    const first = await refusal(store.say('run-1', bob, comment));
    expect(first.hint).toContain('nothing was written by this');
    heal();
    expect(await refusal(store.say('run-1', bob, comment))).toBe(first);
    expect(kept()).toEqual([]);
    await lease.release();
    expect(await store.read('run-1')).toHaveLength(2);
  });

  test('a rollback goes on: what it appends is kept, and is enough', async () => {
    const { lease } = await driving();
    refuseWrites(isLog);
    expect(await lease.append({ type: 'resumed' }, { keptIsEnough: true })).toMatchObject({ seq: 3, type: 'resumed' });
    expect(await lease.end(ended, { keptIsEnough: true })).toMatchObject({ seq: 4, type: 'run-ended' });
    expect(kept()).toMatchObject([{ seq: 3 }, { seq: 4, outcome: 'succeeded' }]);
    const error = await refusal(lease.end(ended));
    expect(error.hint).toMatch(/^the 3 entries are in /);
  });

  test('a head that cannot be kept fails the entry that it would have named, and that one is in the log', async () => {
    const { store, lease } = await driving();
    refuseWrites((path) => path.endsWith('/HEAD.next'));
    const first = await refusal(lease.append(intended('one')));
    expect(first).toMatchObject({
      code: 'audit',
      message: 'the head of the audit log cannot be kept: ENOSPC: put in',
      remedy: undefined,
    });
    expect(await store.read('run-1', 3)).toMatchObject([{ step: 'one' }]);
    expect(lease.failure()?.head).toMatchObject({ seq: 3 });
    await refusal(lease.append(intended('two')));
    expect(kept()).toMatchObject([{ seq: 4, step: 'two' }]);
    heal();
    expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 3, headFile: 'behind' });
  });

  test('an entry that need not be durable yet moves no head', async () => {
    const { lease } = await driving();
    const headSeq = () => readFileSync(audit('HEAD'), 'utf8').split('\n')[1];
    await lease.append(intended('one'), { sync: false });
    expect(headSeq()).toBe('2');
    await lease.append(intended('two'));
    expect(headSeq()).toBe('4');
  });

  test('a bug is no failure of the log: it is thrown as it is, and the log goes on', async () => {
    const { lease } = await driving();
    const bug = new TypeError('a bug');
    fs.writeSync = () => {
      throw bug;
    };
    syncBuiltinESMExports();
    expect(await refusal(lease.append(intended('one')))).toBe(bug);
    heal();
    expect(lease.failure()).toBeUndefined();
    expect(await lease.append(intended('one'))).toMatchObject({ seq: 3 });
  });

  test('the place where entries belong is the next file, while that is empty', async () => {
    const { lease } = await driving({ segmentBytes: 1 });
    expect(existsSync(audit('00000003.jsonl'))).toBe(false);
    refuseWrites(isLog);
    const { remedy = '' } = await refusal(lease.append(intended('one')));
    expect(remedy).toContain(`cat '${audit('00000002.jsonl')}' '${audit('00000003.jsonl')}' 2>`);
    expect(remedy).toContain(`[ ! -s '${audit('00000004.jsonl')}' ]`);
  });
});

describe('a lock that cannot be taken', () => {
  const refused = { code: 'audit', message: 'the audit log cannot be written: EROFS: put in' };

  test('fails the log for a driver, whose entry is kept, also one that it had written before', async () => {
    const { lease } = await driving();
    await lease.append(intended('one'), { key: 'one' });
    refuseRenames();
    expect(await refusal(lease.append(intended('one'), { key: 'one' }))).toMatchObject(refused);
    const error = await refusal(lease.append(intended('two'), { key: 'two' }));
    expect(error).toMatchObject({ ...refused, hint: expect.stringMatching(/^the entry is in /) });
    expect(kept()).toMatchObject([{ seq: 4, step: 'two' }]);
    expect(lease.failure()).toMatchObject({ head: { seq: 3 } });
  });

  test('is told where nothing was about to be lost, and tried again the next time', async () => {
    const { store, lease } = await driving();
    refuseRenames();
    expect(await refusal(store.say('run-1', bob, { type: 'commented', text: 'hello' }))).toMatchObject({
      ...refused,
      hint: expect.stringContaining('nothing was written by this'),
    });
    expect(lease.failure()).toBeUndefined();
    heal();
    expect(await store.say('run-1', bob, { type: 'commented', text: 'hello' })).toMatchObject({ seq: 3 });
    expect(kept()).toEqual([]);
  });
});

test('a next file that cannot be made fails its first entry, and what was there before can be read', async () => {
  const { store, lease } = await driving({ segmentBytes: 1 });
  fs.openSync = ((path: string, ...rest: [number, number]) => {
    if (path.endsWith('00000003.jsonl')) throw failure('ENOSPC', 'open');
    return openSync(path, ...rest);
  }) as typeof openSync;
  syncBuiltinESMExports();
  expect(await refusal(lease.append(intended('one')))).toMatchObject({ code: 'audit' });
  heal();
  expect(await store.read('run-1')).toHaveLength(2);
  expect(kept()).toMatchObject([{ seq: 3 }]);
});

describe('what becomes durable', () => {
  /** How often the system is asked to make something durable meanwhile, by the file's or directory's name. */
  async function syncs(act: () => Promise<unknown>): Promise<string[]> {
    const seen: string[] = [];
    const noting = (real: (fd: number) => void) => (fd: number) => {
      seen.push(fs.readlinkSync(`/proc/self/fd/${fd}`).slice(directory.length + 1));
      real(fd);
    };
    Object.assign(fs, { fsyncSync: noting(fsyncSync), fdatasyncSync: noting(fdatasyncSync) });
    syncBuiltinESMExports();
    try {
      await act();
    } finally {
      heal();
    }
    return seen;
  }

  test.skipIf(!existsSync('/proc/self/fd'))(
    'is the entry; with a run’s beginning and end also their head',
    async () => {
      const { lease } = await driving();
      const log = 'audit/00000001.jsonl';
      expect(await syncs(() => lease.append(intended('s')))).toEqual([log]);
      expect(await syncs(() => lease.append(intended('s'), { sync: false }))).toEqual([]);
      const suspended = { type: 'run-suspended', exitCode: 4, message: 'look', left: [] } as const;
      const withHead = [log, 'audit/HEAD.next', 'audit'];
      expect(await syncs(() => lease.append(suspended))).toEqual(withHead);
      expect(await syncs(() => lease.end(ended))).toEqual(withHead);
      const store = storeOn(directory);
      expect(await syncs(() => store.begin('run-2', bob, [], started()))).toEqual(withHead);
    },
  );

  test.skipIf(!existsSync('/proc/self/fd'))(
    'is a full file before the next begins, and the next one’s name',
    async () => {
      const { lease } = await driving({ segmentBytes: 1 });
      const [third, fourth] = ['audit/00000003.jsonl', 'audit/00000004.jsonl'];
      await lease.append(intended('s'), { sync: false });
      expect(await syncs(() => lease.append(intended('s')))).toEqual([third, 'audit', fourth]);
    },
  );
});

test.skipIf(!existsSync('/proc/self/fd'))('a store that was closed holds no file of the log open', async () => {
  const held = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory);
      } catch {
        return false; // The one by which they are listed.
      }
    });
  const { store, lease } = await driving({ segmentBytes: 1 });
  for (const step of ['one', 'two']) await lease.append(intended(step));
  expect(held()).toHaveLength(1);
  await store.close();
  expect(held()).toEqual([]);
  await store.close();
});

test('a file takes entries up to the size, and the first beyond it begins the next', async () => {
  const { store } = await driving();
  const size = statSync(audit('00000001.jsonl')).size;
  await store.close();
  const comment = { type: 'commented', text: 'hello' } as const;
  await storeOn(directory, { segmentBytes: size + 1 }).say('run-1', bob, comment);
  expect(existsSync(audit('00000002.jsonl'))).toBe(false);
  const grown = statSync(audit('00000001.jsonl')).size;
  await storeOn(directory, { segmentBytes: grown }).say('run-1', bob, comment);
  expect(existsSync(audit('00000002.jsonl'))).toBe(true);
  expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 4 });
});

describe('a fallback', () => {
  test('is one private file of lines, from the first of them on', () => {
    mkdirSync(directory);
    const fallback = createFallback(directory);
    expect(fallback.kept()).toEqual({ file: undefined, printed: [], why: undefined });
    expect(readdirSync(directory)).toEqual([]);
    fallback.add('one');
    fallback.add('two');
    const [name = ''] = readdirSync(directory);
    const path = join(directory, name);
    expect(fallback.kept()).toEqual({ file: { path, count: 2 }, printed: [], why: undefined });
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('remembers what the file refuses and all that comes after it, so that their order stays', () => {
    mkdirSync(directory);
    const fallback = createFallback(directory);
    fallback.add('one');
    fs.fsyncSync = () => {
      throw failure('EIO', 'fsync');
    };
    syncBuiltinESMExports();
    fallback.add('two');
    heal();
    fallback.add('three');
    expect(fallback.kept()).toMatchObject({
      file: { count: 1 },
      printed: ['two', 'three'],
      why: { code: 'EIO' },
    });
  });

  test('has a name that is not there yet, and remembers the lines where it has none', () => {
    const fallback = createFallback(join(directory, 'gone'));
    fallback.add('one');
    expect(fallback.kept()).toMatchObject({ file: undefined, printed: ['one'], why: { code: 'ENOENT' } });
  });
});
