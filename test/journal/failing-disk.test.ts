import { spawnSync } from 'node:child_process';
import fs, { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OpsError } from '../../src/errors.ts';
import { verifyChain } from '../../src/journal/verify.ts';
import { bundleChild, startCommand } from './support/child-process.ts';
import { alice, bob, ended, intended, started, stateDirectory, storeOn } from './support/store-fixture.ts';

let directory: string;
let remove: () => void;
beforeEach(() => {
  ({ directory, remove } = stateDirectory());
});
afterEach(() => remove());

async function driving() {
  const store = storeOn(directory);
  await store.begin('run-1', alice, ['r'], started(['r']));
  return { store, lease: await store.drive('run-1', alice) };
}

const second = () => join(directory, 'audit', '00000002.jsonl');

const { writeSync } = fs;
/** The log goes on in a file that takes nothing. */
function fillDisk(file: string): void {
  writeFileSync(file, '', { mode: 0o600 });
  fs.writeSync = ((fd: number, ...rest: [Buffer, number, number]) => {
    if (fs.fstatSync(fd).ino !== statSync(file, { throwIfNoEntry: false })?.ino) return writeSync(fd, ...rest);
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
  }) as typeof writeSync;
  syncBuiltinESMExports();
}
/** The disk is well again. */
function emptyDisk(): void {
  fs.writeSync = writeSync;
  syncBuiltinESMExports();
}
afterEach(emptyDisk);

const fallbacks = () => readdirSync(directory).filter((name) => name.startsWith('fallback-'));
/** Runs the command that an error names, but for the program's own verifying at its end; answers its exit code and text. */
function putBack(error: { remedy: string | undefined } | undefined): { code: number | null; told: string } {
  const [command = ''] = (error?.remedy ?? '').split(' && resend-ops audit verify ');
  const { status, stderr } = spawnSync('sh', ['-c', `umask 022; ${command}`], { encoding: 'utf8' });
  return { code: status, told: stderr };
}

const refusal = (promise: Promise<unknown>): Promise<OpsError> =>
  promise.then(
    () => expect.unreachable('it was appended'),
    (error: OpsError) => error,
  );

describe('a full disk', () => {
  test('refuses a run that begins, and nothing is left of it', async () => {
    mkdirSync(join(directory, 'audit'), { recursive: true });
    fillDisk(join(directory, 'audit', '00000001.jsonl'));
    await expect(storeOn(directory).begin('run-1', alice, [], started())).rejects.toMatchObject({
      code: 'audit',
      message: expect.stringContaining('ENOSPC'),
      hint: expect.stringContaining('nothing was written'),
    });
    expect(fallbacks()).toEqual([]);
  });

  test('keeps what the log cannot take in a private file, from then on, and says how to put it back', async () => {
    const { store, lease } = await driving();
    fillDisk(second());
    const first = await refusal(lease.append(intended('switch'), { key: 'intent' }));
    expect(first).toMatchObject({ code: 'audit', message: expect.stringContaining('ENOSPC') });
    emptyDisk();
    // The disk is well again, and this process still writes nothing: nobody knows what the disk holds.
    await refusal(lease.append(intended('switch'), { key: 'intent' }));
    const last = await refusal(lease.end(ended));
    await refusal(store.say('run-1', bob, { type: 'commented', text: 'hello' }));
    expect(lease.failure()).toMatchObject({ error: { remedy: last.remedy }, head: { seq: 2 } });
    await lease.release();
    expect(await store.read('run-1')).toHaveLength(2);
    const [file = ''] = fallbacks();
    expect(fallbacks()).toHaveLength(1);
    expect(file).toMatch(/^fallback-[0-9a-f]{24}\.jsonl$/);
    expect(statSync(join(directory, file)).mode & 0o777).toBe(0o600);
    rmSync(second());
    expect(putBack(last)).toEqual({ code: 0, told: '' });
    expect(statSync(second()).mode & 0o777).toBe(0o600);
    expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 5, headFile: 'behind' });
    expect(putBack(last)).toEqual({ code: 0, told: 'they are in the log already\n' });
    expect(await verifyChain({ directory }), 'put back twice').toMatchObject({ ok: true, records: 5 });
    const types = (await storeOn(directory).read('run-1')).map((entry) => entry.type);
    expect(types).toEqual(['run-started', 'driver-started', 'change-intended', 'change-intended', 'run-ended']);
  });

  test('does not keep a driver from asking whether it still drives: what was written may be rolled back', async () => {
    const { lease } = await driving();
    fillDisk(second());
    await refusal(lease.append(intended('switch')));
    await expect(lease.ensure(1000)).resolves.toBeUndefined();
  });

  test('prints the entry where no file can take it either', async () => {
    const { lease } = await driving();
    rmSync(directory, { recursive: true });
    const error = await refusal(lease.append(intended('switch')));
    expect(error.hint).toContain('the entry is printed below');
    expect(error.remedy).toContain('&& cat entries.jsonl |');
    expect(JSON.parse(error.evidence ?? '')).toMatchObject({ seq: 3, type: 'change-intended', step: 'switch' });
  });
});

test('a write that ends in the middle is cut off again, and the whole entry is kept elsewhere', async () => {
  const bundles = mkdtempSync(join(tmpdir(), 'resend-ops-child-'));
  const program = await bundleChild(bundles);
  // No file may grow past a few blocks: the system takes the beginning of a line, and refuses the rest.
  const limited = `trap '' XFSZ; ulimit -f 8; exec "$@"`;
  const child = startCommand('sh', '-c', limited, 'sh', process.execPath, program, 'drive', directory, 'run-1');
  try {
    await child.next();
    let told: Record<string, unknown>;
    do {
      child.ask('x'.repeat(700));
      told = await child.next();
    } while (told.code === undefined);
    expect(told).toMatchObject({ code: 'audit', message: expect.stringContaining('EFBIG') });
    const before = await verifyChain({ directory });
    expect(before).toMatchObject({ ok: true, tornBytes: 0, headFile: 'matches' });
    putBack({ remedy: String(told.remedy) });
    expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: before.records + 1 });
  } finally {
    await child.kill();
    rmSync(bundles, { recursive: true });
  }
});

test('a head that cannot be kept is a failure too: the end of the log would be unwatched', async () => {
  const { lease } = await driving();
  const head = join(directory, 'audit', 'HEAD');
  rmSync(head);
  mkdirSync(head);
  writeFileSync(join(head, 'in-the-way'), '');
  expect(await refusal(lease.append(intended('switch')))).toMatchObject({ code: 'audit' });
  expect(await refusal(lease.append(intended('other')))).toMatchObject({
    remedy: expect.stringContaining('>>'),
  });
  const kept = readFileSync(join(directory, fallbacks()[0] ?? ''), 'utf8');
  expect(JSON.parse(kept)).toMatchObject({ seq: 4, step: 'other' });
});

test('a lock that cannot be taken is a failure, and what was decided without it is not believed', async () => {
  const { lease } = await driving();
  await lease.append(intended('switch'), { key: 'intent' });
  rmSync(join(directory, 'append-lock'), { recursive: true });
  writeFileSync(join(directory, 'append-lock'), '');
  expect(await refusal(lease.append(intended('switch'), { key: 'intent' }))).toMatchObject({ code: 'audit' });
  const error = await refusal(lease.append(intended('other'), { key: 'other' }));
  expect(error.hint).toContain('what was kept is to stay beside the log');
  rmSync(join(directory, 'append-lock'));
  putBack(error);
  expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 4 });
});

test('what was kept is not put into a log that has gone on without it', async () => {
  const { lease } = await driving();
  rmSync(join(directory, 'append-lock'), { recursive: true });
  writeFileSync(join(directory, 'append-lock'), '');
  const error = await refusal(lease.append(intended('switch')));
  rmSync(join(directory, 'append-lock'));
  await storeOn(directory).say('run-1', bob, { type: 'commented', text: 'meanwhile' });
  putBack(error);
  expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 3 });
});

test('what was kept is not put back into a file that was full by then, where the log has gone on in the next', async () => {
  const store = storeOn(directory, { segmentBytes: 1 });
  await store.begin('run-1', alice, ['r'], started(['r']));
  const lease = await store.drive('run-1', alice);
  const lock = join(directory, 'append-lock');
  rmSync(lock, { recursive: true });
  writeFileSync(lock, '');
  const error = await refusal(lease.append(intended('switch')));
  rmSync(lock);
  const other = storeOn(directory, { segmentBytes: 1 });
  await other.say('run-1', bob, { type: 'commented', text: 'meanwhile' });
  expect(putBack(error)).toEqual({ code: 1, told: expect.stringContaining('nothing was put back') });
  expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 3 });
});

test('what was kept is not put back behind a torn line, and the command says so', async () => {
  const { lease } = await driving();
  const { ftruncateSync } = fs;
  const log = join(directory, 'audit', '00000001.jsonl');
  fs.writeSync = ((fd: number, bytes: Buffer) => {
    if (fs.fstatSync(fd).ino !== statSync(log).ino) return writeSync(fd, bytes);
    if (bytes.length > 100) writeSync(fd, bytes, 0, 100);
    throw Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO', syscall: 'write' });
  }) as typeof writeSync;
  fs.ftruncateSync = () => {
    throw Object.assign(new Error('EIO: i/o error, ftruncate'), { code: 'EIO', syscall: 'ftruncate' });
  };
  syncBuiltinESMExports();
  try {
    const error = await refusal(lease.append(intended('switch')));
    expect(putBack(error)).toEqual({ code: 1, told: expect.stringContaining('its last line is torn') });
    expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 2, tornBytes: 100 });
  } finally {
    fs.ftruncateSync = ftruncateSync;
    emptyDisk();
  }
});

test('a rollback goes on without a log, and its entries are kept', async () => {
  const { lease } = await driving();
  const head = join(directory, 'audit', 'HEAD');
  rmSync(head);
  mkdirSync(join(head, 'in-the-way'), { recursive: true });
  await expect(lease.append({ type: 'resumed' }, { keptIsEnough: true })).resolves.toMatchObject({ seq: 3 });
  await expect(lease.append({ type: 'resumed' }, { keptIsEnough: true })).resolves.toMatchObject({ seq: 4 });
  await expect(lease.ensure(1000)).resolves.toBeUndefined();
  expect(lease.failure()).toMatchObject({ head: { seq: 3 } });
  rmSync(head, { recursive: true });
  putBack(lease.failure()?.error);
  expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 4 });
});

test('a log that another hand cut while it was in use is noticed at the next entry', async () => {
  const { lease } = await driving();
  const log = join(directory, 'audit', '00000001.jsonl');
  const lines = readFileSync(log, 'utf8').split('\n');
  writeFileSync(log, `${lines[0]}\n`);
  expect(await refusal(lease.append(intended('switch')))).toMatchObject({
    code: 'audit',
    message: expect.stringContaining('the file was cut'),
  });
  await expect(lease.ensure(1000)).rejects.toMatchObject({ code: 'audit' });
});

test('an entry that is too long is refused, and the log goes on', async () => {
  const { store, lease } = await driving();
  const long = { type: 'commented', text: 'x'.repeat(1024 * 1024) } as const;
  expect(await refusal(lease.append(long))).toMatchObject({
    code: 'audit',
    message: expect.stringContaining('too long'),
  });
  await lease.append(intended('switch'));
  expect(await store.read('run-1')).toHaveLength(3);
});
