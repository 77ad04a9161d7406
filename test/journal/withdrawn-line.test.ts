import fs, { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Entry } from '../../src/journal/events.ts';
import type { Store } from '../../src/journal/store.ts';
import { verifyChain } from '../../src/journal/verify.ts';
import { alice, bob, intended, started, stateDirectory, storeOn } from './support/store-fixture.ts';

let directory: string;
let remove: () => void;
beforeEach(() => {
  ({ directory, remove } = stateDirectory());
});
afterEach(() => remove());

const { fdatasyncSync } = fs;
afterEach(() => {
  fs.fdatasyncSync = fdatasyncSync;
  syncBuiltinESMExports();
});

/** The next sync hangs, until those who read without the lock have looked; then the disk says that it failed. */
function failNextSync(meanwhile: () => void): void {
  fs.fdatasyncSync = () => {
    fs.fdatasyncSync = fdatasyncSync;
    syncBuiltinESMExports();
    meanwhile();
    throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO', syscall: 'fdatasync' });
  };
  syncBuiltinESMExports();
}

const said = (text: string) => ({ type: 'commented', text }) as const;

/** Another process says something, which its disk does not take, while `reader` reads on. */
async function failToSay(text: string, reader: Store): Promise<void> {
  const other = storeOn(directory);
  failNextSync(() => void reader.read('run-1'));
  await expect(other.say('run-1', bob, said(text))).rejects.toMatchObject({ code: 'audit' });
  await other.close();
}

async function driving() {
  const store = storeOn(directory);
  await store.begin('run-1', alice, ['r'], started(['r']));
  return { store, lease: await store.drive('run-1', alice) };
}

test('a line that others have read, and whose sync then failed, is no damage to them', async () => {
  const { store, lease } = await driving();
  await failToSay('lost', store);
  await expect(lease.ensure(1000)).resolves.toBeUndefined();
  expect(await store.read('run-1')).toHaveLength(2);
  expect(await lease.append(intended('switch'), { key: 'intent' })).toMatchObject({ seq: 3 });
  expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 3, headFile: 'matches' });
});

test.each(['same', 'longer than that', 'a'])(
  'nor is it where another (%s) stands in its place by then',
  async (text) => {
    const { store, lease } = await driving();
    await failToSay('lost', store);
    await storeOn(directory).say('run-1', bob, said(text));
    expect(await store.read('run-1', 3)).toMatchObject([{ text }]);
    await lease.append(intended('switch'));
    expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 4 });
  },
);

test('a watch goes on with what stands in its place', async () => {
  const { store } = await driving();
  const seen: Entry[] = [];
  const over = new AbortController();
  const watched = (async () => {
    for await (const entry of store.watch('run-1', 1, over.signal)) seen.push(entry);
  })();
  await expect.poll(() => seen.length).toBe(2);
  await failToSay('lost', store);
  const other = storeOn(directory);
  for (const text of ['kept', 'more']) await other.say('run-1', bob, said(text));
  await expect.poll(() => seen.length).toBeGreaterThan(3);
  over.abort();
  await watched;
  expect(seen.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  expect(seen.slice(2)).toMatchObject([{ text: 'kept' }, { text: 'more' }]);
});

test('more than one line that was read, or one of this process’s own, is damage where it is missing', async () => {
  const log = join(directory, 'audit', '00000001.jsonl');
  const { store } = await driving();
  const other = storeOn(directory);
  for (const text of ['a', 'b']) await other.say('run-1', bob, said(text));
  expect(await store.read('run-1')).toHaveLength(4);
  const lines = readFileSync(log, 'utf8').split('\n');
  /** Somebody cuts the log, and its head. */
  const cutTo = (count: number) => {
    const { hash } = JSON.parse(lines[count - 1] ?? '');
    writeFileSync(log, `${lines.slice(0, count).join('\n')}\n`);
    writeFileSync(join(directory, 'audit', 'HEAD'), `${JSON.parse(lines[0] ?? '').hash}\n${count}\n${hash}\n`);
  };
  cutTo(2);
  const cut = { code: 'audit', message: expect.stringContaining('the file was cut') };
  await expect(store.read('run-1')).rejects.toMatchObject(cut);
  await expect(other.read('run-1')).rejects.toMatchObject(cut);
  cutTo(3);
  await expect(other.read('run-1')).rejects.toMatchObject(cut);
  expect(await store.read('run-1')).toHaveLength(3);
});

test('a log whose first entry has become another is damage, however short it is', async () => {
  const store = storeOn(directory);
  await store.begin('run-1', alice, ['r'], started(['r']));
  await storeOn(directory).say('run-1', bob, said('hello'));
  expect(await store.read('run-1')).toHaveLength(2);
  rmSync(join(directory, 'audit'), { recursive: true });
  await storeOn(directory).begin('run-1', bob, ['r'], started(['r']));
  await expect(store.read('run-1')).rejects.toMatchObject({
    code: 'audit',
    message: expect.stringContaining('damaged'),
  });
});
