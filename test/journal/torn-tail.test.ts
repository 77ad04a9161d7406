import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { verifyChain } from '../../src/journal/verify.ts';
import { bob, recordedLog, stateDirectory, storeOn } from './support/store-fixture.ts';

let directory: string;
let remove: () => void;
let lines: string[];
let audit: string;

beforeAll(async () => {
  ({ directory, remove } = stateDirectory());
  lines = await recordedLog(directory, 5);
  audit = join(directory, 'audit');
});
afterAll(() => remove());
beforeEach(() => {
  rmSync(audit, { recursive: true });
  mkdirSync(audit);
});

/** The log as a crash leaves it that comes `bytes` into the write of its last line: the head is one entry behind. */
function crashAt(bytes: Buffer, headAt = lines.length - 1): Buffer {
  const before = Buffer.from(`${lines.slice(0, -1).join('\n')}\n`);
  const left = Buffer.concat([before, bytes]);
  writeFileSync(join(audit, '00000001.jsonl'), left);
  const { hash } = JSON.parse(lines[headAt - 1] ?? '');
  writeFileSync(join(audit, 'HEAD'), `${JSON.parse(lines[0] ?? '').hash}\n${headAt}\n${hash}\n`);
  return left;
}

const last = () => Buffer.from(`${lines.at(-1)}\n`);

/** What the next process does: it opens the log, and says something. */
async function say(): Promise<number> {
  const store = storeOn(directory);
  try {
    return (await store.say('run-1', bob, comment)).seq;
  } finally {
    await store.close();
  }
}

const comment = { type: 'commented', text: 'after the crash' } as const;

test('cut at any byte, the last line is cut off, kept and noted, and the log goes on', async () => {
  for (let bytes = 1; bytes < last().length; bytes += 1) {
    const left = crashAt(last().subarray(0, bytes));
    expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 4, tornBytes: bytes });
    expect(await storeOn(directory).read('run-1')).toHaveLength(4);
    expect(await say()).toBe(6);
    expect(readFileSync(join(audit, '00000001.jsonl.broken-1'))).toEqual(left);
    expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 6, tornBytes: 0, headFile: 'matches' });
    const [, , , , repaired] = readFileSync(join(audit, '00000001.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(repaired ?? '')).toMatchObject({
      type: 'tail-repaired',
      run: '-',
      epoch: 0,
      bytes,
      kept: '00000001.jsonl.broken-1',
    });
    rmSync(join(audit, '00000001.jsonl.broken-1'));
  }
});

test('nothing is repaired where nothing is torn', async () => {
  for (const bytes of [0, last().length]) {
    crashAt(last().subarray(0, bytes));
    await say();
    expect(readdirSync(audit).some((name) => name.includes('broken'))).toBe(false);
  }
});

test('the same cut is tampering where the head says that the entry was whole', async () => {
  for (let bytes = 0; bytes < last().length; bytes += 1) {
    const left = crashAt(last().subarray(0, bytes), 5);
    expect(await verifyChain({ directory })).toMatchObject({ ok: false, records: 4 });
    if (bytes % 16 !== 0) continue;
    const refused = { code: 'audit', message: expect.stringContaining('HEAD names entry 5: its end was cut off') };
    await expect(say()).rejects.toMatchObject(refused);
    expect(readFileSync(join(audit, '00000001.jsonl'))).toEqual(left);
  }
});

test('a second crash is kept beside the first', async () => {
  for (const copy of [1, 2]) {
    crashAt(last().subarray(0, 40));
    await say();
    expect(readdirSync(audit)).toContain(`00000001.jsonl.broken-${copy}`);
  }
});

test('zeros that a power cut left are torn too, with or without the line’s end', async () => {
  const zeroed = last().fill(0, 100, 200);
  for (const bytes of [Buffer.alloc(300), last().fill(0, 20), zeroed]) {
    crashAt(bytes);
    expect(await say()).toBe(6);
    rmSync(join(audit, '00000001.jsonl.broken-1'));
  }
});

test('a last line that is whole and wrong is not torn', async () => {
  const changed = Buffer.from(last().toString().replace('succeeded', 'abandoned'));
  const left = crashAt(changed);
  await expect(say()).rejects.toMatchObject({
    code: 'audit',
    message: expect.stringContaining('00000001.jsonl:5: its hash is not the hash of its bytes'),
  });
  expect(readFileSync(join(audit, '00000001.jsonl'))).toEqual(left);
});

test('a crash after making a next file and before its first line is no damage', async () => {
  crashAt(last(), 5);
  writeFileSync(join(audit, '00000002.jsonl'), '');
  expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 5 });
  expect(await say()).toBe(6);
  expect(readFileSync(join(audit, '00000002.jsonl'), 'utf8')).toContain('after the crash');
});

test('a head file as a power cut leaves it, an older text or none under the new length, is behind and no damage', async () => {
  crashAt(last(), 4);
  const head = join(audit, 'HEAD');
  writeFileSync(head, `${readFileSync(head, 'utf8')}\0`);
  expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 5, headFile: 'behind' });
  expect(await say()).toBe(6);
  crashAt(last(), 4);
  writeFileSync(head, Buffer.alloc(134));
  expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 5, headFile: 'absent' });
  expect(await say()).toBe(6);
});
