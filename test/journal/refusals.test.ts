import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { foldRun } from '../../src/journal/state.ts';
import { verifyChain } from '../../src/journal/verify.ts';
import type { Json } from '../../src/world/json.ts';
import { reseal } from '../attack/sealed-log.ts';
import { alice, bob, ended, intended, started, stateDirectory, storeOn } from './support/store-fixture.ts';

let directory: string;
let remove: () => void;
beforeEach(() => {
  ({ directory, remove } = stateDirectory());
});
afterEach(() => remove());

const audit = (name = '') => join(directory, 'audit', name);

async function begun() {
  const store = storeOn(directory);
  await store.begin('run-1', alice, ['r'], started(['r']));
  return store;
}

test('a log that cannot be read is a failure of the log, whatever asks for it', async () => {
  mkdirSync(audit('00000001.jsonl'), { recursive: true });
  const unreadable = { code: 'audit', message: expect.stringContaining('the audit log cannot be read') };
  const store = storeOn(directory);
  await expect(store.runs()).rejects.toMatchObject(unreadable);
  await expect(store.begin('run-1', alice, [], started())).rejects.toMatchObject(unreadable);
  await expect(verifyChain({ directory })).rejects.toMatchObject(unreadable);
});

test('a next file that the system does not let see is not taken for none', async () => {
  const store = await begun();
  symlinkSync('00000002.jsonl', audit('00000002.jsonl'));
  const unreadable = { code: 'audit', message: expect.stringContaining('the audit log cannot be read: ELOOP') };
  await expect(store.runs()).rejects.toMatchObject(unreadable);
  await expect(storeOn(directory).runs()).rejects.toMatchObject(unreadable);
  await expect(verifyChain({ directory })).rejects.toMatchObject(unreadable);
});

test('a head that cannot be read is a failure of the log', async () => {
  await begun();
  rmSync(audit('HEAD'));
  mkdirSync(audit('HEAD'));
  await expect(storeOn(directory).runs()).rejects.toMatchObject({ code: 'audit' });
});

test('the log is written through no link, neither of its directory nor of its file', async () => {
  const elsewhere = join(directory, '..', 'elsewhere');
  mkdirSync(elsewhere);
  mkdirSync(directory);
  symlinkSync(elsewhere, audit());
  await expect(begun()).rejects.toMatchObject({
    code: 'audit',
    message: expect.stringContaining('is a link, not a directory of its own'),
  });
  expect(readdirSync(elsewhere)).toEqual([]);
  rmSync(audit());
  mkdirSync(audit());
  symlinkSync(join(elsewhere, 'log'), audit('00000001.jsonl'));
  await expect(begun()).rejects.toMatchObject({ code: 'audit', message: expect.stringContaining('ELOOP') });
  expect(existsSync(join(elsewhere, 'log'))).toBe(false);
});

test('a head that a crash left half exchanged is exchanged all the same', async () => {
  const store = await begun();
  writeFileSync(audit('HEAD.last'), 'left behind');
  const lease = await store.drive('run-1', alice);
  await lease.append(intended('s'));
  expect(readFileSync(audit('HEAD'), 'utf8').split('\n')[1]).toBe('3');
  expect(existsSync(audit('HEAD.last'))).toBe(false);
  expect(await verifyChain({ directory })).toMatchObject({ ok: true, headFile: 'matches', records: 3 });
});

test('documents that cannot be kept, or read, are failures of the log', async () => {
  mkdirSync(directory);
  writeFileSync(join(directory, 'documents'), '');
  await expect(storeOn(directory).pin('text')).rejects.toMatchObject({ code: 'audit' });
  rmSync(join(directory, 'documents'));
  const digest = await storeOn(directory).pin('text');
  rmSync(join(directory, 'documents', digest));
  mkdirSync(join(directory, 'documents', digest));
  await expect(storeOn(directory).pinned(digest)).rejects.toMatchObject({ code: 'audit' });
  await expect(storeOn(directory).pinned(digest.slice(1))).rejects.toMatchObject({
    code: 'audit',
    message: expect.stringContaining('not the digest of a pinned document'),
  });
  await expect(storeOn(directory).pinned('0'.repeat(64))).rejects.toMatchObject({
    message: expect.stringContaining('is gone'),
  });
});

test('an id that is none begins no run, and one that is taken begins no other', async () => {
  const store = await begun();
  for (const id of ['', '-', '../run', 'a b', `r${'x'.repeat(128)}`]) {
    await expect(store.begin(id, alice, [], started())).rejects.toMatchObject({ code: 'usage' });
  }
  await expect(store.begin('run-1', alice, [], started())).rejects.toMatchObject({
    message: 'there is a run run-1 already',
  });
  await store.begin(`r${'x'.repeat(127)}`, alice, [], started());
  expect(await store.runs()).toHaveLength(2);
});

test('only a run that has ended, or whose claim was given up, is claimed again', async () => {
  const store = await begun();
  const again = { type: 'run-reopened', resources: ['r'], why: 'rollback' } as const;
  await expect(store.reopen('run-1', bob, again)).rejects.toMatchObject({
    code: 'usage',
    hint: expect.stringContaining('resend-ops resume run-1'),
  });
  await store.say('run-1', bob, { type: 'claim-released', reason: 'it is gone' });
  await store.reopen('run-1', bob, again);
  const lease = await store.drive('run-1', alice);
  await lease.end(ended);
  await store.reopen('run-1', bob, again);
  await expect(store.begin('run-2', alice, ['r'], started(['r']))).rejects.toMatchObject({ code: 'busy' });
});

test('a line that is sealed well and opens wrong is no entry', async () => {
  await begun();
  const [line = ''] = readFileSync(audit('00000001.jsonl'), 'utf8').split('\n');
  rmSync(audit('HEAD'));
  const openings: [string | RegExp, string][] = [
    ['"run":', '"rum":'],
    ['"epoch":0', '"epoch":00'],
    ['"epoch":0', '"epoch":x'],
    ['"type":"run-started"', '"type":"run started"'],
    ['"type":"run-started"', '"type":""'],
    [/"time":"[^"]*"/, '"time":"2026-11-18"'],
    ['"actor":{', '"actor":['],
    ['"run":"run-1"', `"run":"${'r'.repeat(129)}"`],
    ['{"seq":1,', '{"seq":01,'],
    ['{"seq":1,', '{"sec":1,'],
  ];
  for (const [find, replace] of openings) {
    writeFileSync(audit('00000001.jsonl'), `${reseal(line.replace(find, replace))}\n`);
    expect(await verifyChain({ directory }), String(find)).toMatchObject({
      ok: false,
      line: 1,
      what: 'not an entry: it does not begin with seq, time, run, epoch, type, actor',
    });
  }
  writeFileSync(audit('00000001.jsonl'), `${reseal(line)}\n`);
  expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 1 });
});

test('entries that do not begin with the beginning of a run are no run', async () => {
  const store = await begun();
  const lease = await store.drive('run-1', alice);
  await lease.append({ type: 'commented', text: 'on the way' });
  const entries = await store.read('run-1');
  expect(foldRun(entries)).toMatchObject({ run: 'run-1', phase: 'running', lastSeq: 3, driver: { epoch: 1 } });
  expect(foldRun(entries.slice(1, 2))).toBeUndefined();
  expect(foldRun([])).toBeUndefined();
});

test('an entry that is longer than a line of the log may be is refused, and the log goes on', async () => {
  const store = await begun();
  // With the fields that every entry has, a text of this length is just too long, and one of a thousand less is not.
  const longest = 1_048_576;
  await expect(store.say('run-1', bob, { type: 'commented', text: 'x'.repeat(longest) })).rejects.toMatchObject({
    code: 'audit',
    message: expect.stringMatching(/an entry of 10\d{5} bytes is too long for the audit log, which takes 1048576/),
    hint: expect.stringContaining('commented of run run-1 was not recorded'),
  });
  await store.say('run-1', bob, { type: 'commented', text: 'x'.repeat(longest - 1000) });
  await store.say('run-1', bob, { type: 'commented', text: 'short' });
  expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 3 });
  expect(await storeOn(directory).read('run-1')).toHaveLength(3);
});

test('an entry that no reader would take for one is refused, and the log goes on', async () => {
  const store = await begun();
  const lease = await store.drive('run-1', alice);
  let output: Json = 1;
  for (let depth = 0; depth < 201; depth += 1) output = [output];
  await expect(lease.append({ type: 'fact-noted', step: 's', fact: output })).rejects.toMatchObject({
    code: 'audit',
    message: expect.stringContaining('it is nested too deeply'),
    hint: expect.stringContaining('fact-noted of run run-1 was not recorded'),
  });
  await lease.append({ type: 'fact-noted', step: 's', fact: [] });
  expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 3 });
});

test('a watch that cannot wait says why', async () => {
  const store = storeOn(directory, {
    clock: { now: Date.now, sleep: () => Promise.reject(new Error('the clock is broken')) },
  });
  await store.begin('run-1', alice, [], started());
  const seen: string[] = [];
  const watch = async () => {
    for await (const entry of store.watch('run-1')) seen.push(entry.type);
  };
  await expect(watch()).rejects.toThrow('the clock is broken');
  expect(seen).toEqual(['run-started']);
});
