import fs, { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Entry } from '../../src/journal/events.ts';
import { createRedactor } from '../../src/journal/redact.ts';
import { verifyChain } from '../../src/journal/verify.ts';
import { readSelf } from '../../src/world/process-identity.ts';
import {
  alice,
  bob,
  deadProcess,
  ended,
  intended,
  recordedLog,
  started,
  stateDirectory,
  storeOn,
} from './support/store-fixture.ts';

const resource = 'dns/api.example.com';
let directory: string;
let remove: () => void;
beforeEach(() => {
  ({ directory, remove } = stateDirectory());
});
afterEach(() => remove());

async function begun(run = 'run-1', options: Parameters<typeof storeOn>[1] = {}) {
  const store = storeOn(directory, options);
  await store.begin(run, alice, [resource], started([resource]));
  return store;
}

describe('a run from beginning to end', () => {
  test('is read back as it was written, by another process, and verifies', async () => {
    const store = await begun();
    const lease = await store.drive('run-1', alice);
    const intent = await lease.append(intended('switch'));
    const end = await lease.end(ended);
    const read = await storeOn(directory).read('run-1');
    expect(read.map((entry) => entry.type)).toEqual(['run-started', 'driver-started', 'change-intended', 'run-ended']);
    expect(read[2]).toEqual(intent);
    expect(read.map((entry) => [entry.seq, entry.epoch])).toEqual([
      [1, 0],
      [2, 1],
      [3, 1],
      [4, 1],
    ]);
    const verified = await verifyChain({ directory }, { head: end });
    expect(verified).toMatchObject({ ok: true, records: 4, anchored: true, headFile: 'matches', tornBytes: 0 });
    expect(await store.head()).toMatchObject({ seq: 4, hash: end.hash, origin: read[0]?.hash });
  });

  test('keeps the fields of a line in the order of the format', async () => {
    const store = await begun();
    const lease = await store.drive('run-1', alice);
    await lease.append({ type: 'commented', text: 'one\u2028line' }, { key: 'once' });
    const [line] = readFileSync(join(directory, 'audit', '00000001.jsonl'), 'utf8')
      .split('\n')
      .slice(2, 3);
    expect(Object.keys(JSON.parse(line ?? ''))).toEqual([
      'seq',
      'time',
      'run',
      'epoch',
      'type',
      'actor',
      'text',
      'key',
      'prev',
      'hash',
    ]);
    expect(line).toContain('one\\u2028line');
  });

  test('reads from a sequence number on, and nothing of other runs', async () => {
    const store = await begun();
    await store.begin('run-2', bob, ['dns/other'], started(['dns/other']));
    await store.say('run-1', bob, { type: 'commented', text: 'looks good' });
    expect((await store.read('run-1', 2)).map((entry) => entry.type)).toEqual(['commented']);
    expect(await store.read('no-such-run')).toEqual([]);
  });

  test('an empty state directory has no runs, no head and no lines, and is not made by looking', async () => {
    const store = storeOn(directory);
    expect(await store.runs()).toEqual([]);
    expect(await store.head()).toBeUndefined();
    for await (const line of store.chain()) expect.fail(line);
    expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 0, anchored: false });
    expect(() => statSync(directory)).toThrow('ENOENT');
  });

  test('files are private, and there is nothing but what the format names', async () => {
    const store = await begun();
    await store.pin('a: 1\n');
    const mode = (path: string) => (statSync(join(directory, path)).mode & 0o777).toString(8);
    expect(['.', 'audit', 'documents', 'append-lock'].map(mode)).toEqual(['700', '700', '700', '700']);
    expect(readdirSync(join(directory, 'audit')).sort()).toEqual(['00000001.jsonl', 'HEAD']);
    expect(['audit/HEAD', 'audit/00000001.jsonl'].map(mode)).toEqual(['600', '600']);
    const [document = ''] = readdirSync(join(directory, 'documents'));
    expect(mode(`documents/${document}`)).toBe('600');
  });

  test('goes on in a new file past the size, and reads, watches and verifies across files', async () => {
    const store = await begun('run-1', { segmentBytes: 1500 });
    const lease = await store.drive('run-1', alice);
    for (let at = 0; at < 20; at += 1) await lease.append({ type: 'commented', text: `number ${at}` }, { sync: false });
    await lease.end(ended);
    expect(readdirSync(join(directory, 'audit')).filter((name) => name.endsWith('.jsonl')).length).toBeGreaterThan(3);
    const watched: Entry[] = [];
    for await (const entry of storeOn(directory).watch('run-1')) watched.push(entry);
    expect(watched).toEqual(await storeOn(directory).read('run-1'));
    expect(watched).toHaveLength(23);
    expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 23, headFile: 'matches' });
  });
});

test('a long log is read whole, line by line, whatever its length', async () => {
  const store = storeOn(directory);
  await store.begin('run-1', alice, [], started());
  const lease = await store.drive('run-1', alice);
  for (let at = 3; at <= 513; at += 1) await lease.append({ type: 'commented', text: `n ${at}` }, { sync: false });
  const seqs: number[] = [];
  for await (const line of storeOn(directory).chain()) seqs.push(JSON.parse(line).seq);
  expect(seqs).toEqual(Array.from({ length: 513 }, (_, index) => index + 1));
});

describe('claims', () => {
  test('a second run of the same resource is refused, naming the holder', async () => {
    const store = await begun();
    await store.drive('run-1', alice);
    const second = storeOn(directory).begin('run-2', bob, ['dns/x', resource], started([resource]));
    await expect(second).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining(`${resource} is held by run run-1 of alice@laptop (pid ${process.pid})`),
      hint: expect.stringContaining('resend-ops watch run-1'),
    });
    expect(await store.runs()).toHaveLength(1);
  });

  test('a claim outlives its process, and says that the process is gone', async () => {
    const dead = deadProcess();
    const crashed = await begun('run-1', { self: dead });
    await crashed.drive('run-1', alice);
    await expect(storeOn(directory).begin('run-2', bob, [resource], started([resource]))).rejects.toMatchObject({
      code: 'busy',
      hint: expect.stringContaining('resend-ops resume run-1'),
    });
  });

  test('ends with the run, or when it is given up by hand, naming the run', async () => {
    const store = await begun();
    await (await store.drive('run-1', alice)).end(ended);
    await store.begin('run-2', bob, [resource], started([resource]));
    await store.say('run-2', alice, { type: 'claim-released', reason: 'its laptop fell into the sea' });
    await store.begin('run-3', bob, [resource], started([resource]));
    await expect(store.drive('run-2', bob)).rejects.toMatchObject({ code: 'fenced' });
  });

  test('an ended run claims its resources anew to be rolled back, unless another holds them', async () => {
    const store = await begun();
    await (await store.drive('run-1', alice)).end(ended);
    const reopened = { type: 'run-reopened', resources: [resource], why: 'rollback' } as const;
    await store.begin('run-2', bob, [resource], started([resource]));
    await expect(store.reopen('run-1', alice, reopened)).rejects.toMatchObject({ code: 'busy' });
    await (await store.drive('run-2', bob)).end(ended);
    await store.reopen('run-1', alice, reopened);
    const lease = await store.drive('run-1', alice);
    expect(lease.epoch).toBe(2);
    await expect(store.begin('run-3', bob, [resource], started([resource]))).rejects.toMatchObject({ code: 'busy' });
    await lease.end(ended);
    await expect(store.reopen('run-1', alice, reopened)).resolves.toBeUndefined();
  });

  test('a run that was given up under a living driver is claimed anew only by force, and that driver is waited for', async () => {
    const other = { ...readSelf(), pid: process.ppid };
    await (await begun()).drive('run-1', alice);
    const store = storeOn(directory, { self: other, quarantineMs: 50 });
    await store.say('run-1', bob, { type: 'claim-released', reason: 'it hangs' });
    expect((await store.runs())[0]).toMatchObject({ released: true });
    const reopened = { type: 'run-reopened', resources: [resource], why: 'rollback' } as const;
    await expect(store.reopen('run-1', bob, reopened)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining('is driven by alice'),
    });
    expect((await store.runs())[0]).toMatchObject({ released: true });
    await store.reopen('run-1', bob, reopened, { force: true });
    expect((await store.runs())[0]).toMatchObject({ released: false });
    await expect(store.drive('run-1', bob)).rejects.toMatchObject({ code: 'busy' });
    expect(await store.drive('run-1', bob, { force: true })).toMatchObject({ epoch: 2, quarantineMs: 50 });
  });

  test('a claim given up under a living driver stops its writes, and lets it record what it did', async () => {
    const store = await begun();
    const lease = await store.drive('run-1', alice);
    await store.say('run-1', bob, { type: 'claim-released', reason: 'by hand' });
    await expect(lease.ensure(1000)).rejects.toMatchObject({ code: 'fenced' });
    await expect(
      lease.append({ type: 'change-applied', step: 's', how: 'answered', output: null }),
    ).resolves.toBeDefined();
  });
});

describe('driving', () => {
  test('is refused while another process drives, and passes on at once when that one is dead', async () => {
    const store = await begun();
    await store.drive('run-1', alice);
    const other = { ...readSelf(), pid: process.ppid };
    await expect(storeOn(directory, { self: other }).drive('run-1', bob)).rejects.toMatchObject({
      code: 'busy',
      hint: expect.stringContaining(`kill -9 ${process.pid}`),
    });
    const after = storeOn(directory, { isAlive: () => 'dead' });
    const lease = await after.drive('run-1', bob);
    expect([lease.epoch, lease.quarantineMs]).toEqual([2, 0]);
  });

  test('the one before can append nothing more: the epoch is looked at before the key', async () => {
    const store = await begun();
    const old = await store.drive('run-1', alice);
    await old.append({ type: 'commented', text: 'mine' }, { key: 'comment' });
    await storeOn(directory, { isAlive: () => 'dead' }).drive('run-1', bob);
    const fenced = { code: 'fenced', message: expect.stringContaining('bob@bastion') };
    await expect(old.append({ type: 'commented', text: 'again' }, { key: 'comment' })).rejects.toMatchObject(fenced);
    await expect(old.ensure(1)).rejects.toMatchObject(fenced);
    await expect(old.end(ended)).rejects.toMatchObject(fenced);
    await old.release();
    expect((await store.read('run-1')).map((entry) => entry.type)).toEqual([
      'run-started',
      'driver-started',
      'commented',
      'driver-started',
    ]);
  });

  test('a key is used at most once in a run, whichever driver comes', async () => {
    const store = await begun();
    const lease = await store.drive('run-1', alice);
    const first = await lease.append(intended('switch'), { key: 'intent:switch' });
    expect(await lease.append(intended('other'), { key: 'intent:switch' })).toEqual(first);
    await lease.release();
    const next = await storeOn(directory).drive('run-1', bob);
    expect(await next.append(intended('other'), { key: 'intent:switch' })).toEqual(first);
    expect((await next.append(intended('other'), { key: 'intent:other' })).seq).toBe(6);
  });

  test('force takes over from a living process, and waits until its calls have surely ended', async () => {
    const store = await begun();
    const old = await store.drive('run-1', alice);
    const slept: number[] = [];
    const clock = { now: Date.now, sleep: async (ms: number) => void slept.push(ms) };
    const lease = await storeOn(directory, { quarantineMs: 1000, clock }).drive('run-1', bob, { force: true });
    expect(lease.quarantineMs).toBe(1000);
    await lease.append({ type: 'commented', text: 'taken over' });
    expect(slept).toEqual([]);
    await Promise.all([lease.ensure(10), lease.ensure(10)]);
    expect(slept.reduce((sum, ms) => sum + ms, 0)).toBe(1000);
    await lease.ensure(10);
    expect(slept).toHaveLength(5);
    await expect(old.append(intended('s'))).rejects.toMatchObject({ code: 'fenced' });
  });

  test('a driver two takeovers ago that still lives is waited for too', async () => {
    const self = readSelf();
    const frozen = { ...self, pid: 101 };
    const crashed = { ...self, pid: 102 };
    const ask = (other: { pid: number }) => (other.pid === crashed.pid ? 'dead' : 'alive');
    const store = await begun('run-1', { self: frozen, isAlive: ask });
    await store.drive('run-1', alice);
    await storeOn(directory, { self: crashed, isAlive: ask }).drive('run-1', bob, { force: true });
    const lease = await storeOn(directory, { isAlive: ask }).drive('run-1', alice);
    expect(lease.quarantineMs).toBeGreaterThan(0);
    expect(await store.read('run-1', 4)).toMatchObject([{ type: 'driver-started', forced: false }]);
  });

  test('a process elsewhere cannot be judged: it is not taken over without force', async () => {
    const elsewhere = { pid: 1, start: '1', boot: 'other-machine/b/n' };
    const store = await begun('run-1', { self: elsewhere });
    await store.drive('run-1', alice);
    await expect(storeOn(directory).drive('run-1', bob)).rejects.toMatchObject({
      code: 'busy',
      hint: expect.stringContaining('other-machine'),
    });
    expect(await storeOn(directory).drive('run-1', bob, { force: true })).toMatchObject({ epoch: 2 });
  });

  test('only the process that began a run may drive it while that process lives', async () => {
    const store = await begun();
    const other = storeOn(directory, { self: { ...readSelf(), pid: process.ppid } });
    await expect(other.drive('run-1', bob)).rejects.toMatchObject({ code: 'busy' });
    expect((await store.drive('run-1', alice)).epoch).toBe(1);
  });

  test('released, anyone may drive next; ended, nobody', async () => {
    const store = await begun();
    const lease = await store.drive('run-1', alice);
    await lease.release();
    await lease.release();
    await expect(lease.append(intended('s'))).rejects.toMatchObject({ code: 'fenced' });
    expect((await store.runs())[0]?.driver?.alive).toBe(false);
    const next = await storeOn(directory).drive('run-1', bob);
    await next.end(ended);
    await expect(next.append(intended('s'))).rejects.toMatchObject({ code: 'fenced' });
    await expect(store.drive('run-1', alice)).rejects.toMatchObject({
      code: 'fenced',
      hint: expect.stringContaining('rollback'),
    });
    await expect(store.drive('run-9', alice)).rejects.toMatchObject({ code: 'usage' });
  });

  test('two runs on different resources interleave in one chain, from two processes', async () => {
    const one = await begun();
    const two = storeOn(directory);
    await two.begin('run-2', bob, ['dns/other'], started(['dns/other']));
    const leases = [await one.drive('run-1', alice), await two.drive('run-2', bob)] as const;
    for (let at = 0; at < 20; at += 1) {
      await Promise.all(leases.map((lease) => lease.append({ type: 'commented', text: `${at}` })));
    }
    expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 44 });
    expect(await one.read('run-2')).toHaveLength(22);
  });
});

describe('what anyone may say', () => {
  test('is appended with epoch 0 and seen by those who watch, who end with the run', async () => {
    const store = await begun();
    const lease = await store.drive('run-1', alice);
    const seen: string[] = [];
    const watching = (async () => {
      for await (const entry of storeOn(directory).watch('run-1', 3)) seen.push(entry.type);
    })();
    const said = await storeOn(directory).say('run-1', bob, { type: 'cancel-requested', text: 'stop' });
    expect(said).toMatchObject({ epoch: 0, actor: bob, seq: 3 });
    await lease.end(ended);
    await watching;
    expect(seen).toEqual(['cancel-requested', 'run-ended']);
  });

  test('a watch ends quietly when it is aborted', async () => {
    const store = await begun();
    const abort = new AbortController();
    const seen: string[] = [];
    for await (const entry of store.watch('run-1', 0, abort.signal)) {
      seen.push(entry.type);
      abort.abort();
    }
    expect(seen).toEqual(['run-started']);
  });

  test('what a driver did can be said by the driver only', async () => {
    const store = await begun();
    const forged = store.say('run-1', bob, { type: 'change-applied', step: 's', how: 'answered', output: null });
    await expect(forged).rejects.toThrow('written by the driver');
    expect(await store.read('run-1')).toHaveLength(1);
  });
});

describe('documents and secrets', () => {
  test('a document is kept once under its digest, and refused when it was changed', async () => {
    const store = storeOn(directory);
    const digest = await store.pin('title: Fail over\n');
    expect(await store.pin('title: Fail over\n')).toBe(digest);
    expect(await store.pinned(digest)).toBe('title: Fail over\n');
    writeFileSync(join(directory, 'documents', digest), 'title: Evil\n');
    await expect(store.pinned(digest)).rejects.toMatchObject({ code: 'audit' });
    await expect(store.pinned('0'.repeat(64))).rejects.toMatchObject({ code: 'audit' });
    await store.pin('title: Fail over\n');
    expect(await store.pinned(digest)).toBe('title: Fail over\n');
  });

  test('no secret reaches the disk', async () => {
    const secret = 'cf-token-0123456789abcdef';
    const store = storeOn(directory, { redact: createRedactor([secret]) });
    const first = { ...started(), inputs: { reason: `token ${secret}`, more: Buffer.from(secret).toString('hex') } };
    await store.begin('run-1', { ...alice, identities: { cloudflare: secret } }, [], first);
    await expect(store.pin(`token: ${secret}\n`)).rejects.toMatchObject({ code: 'invalid' });
    const text = readFileSync(join(directory, 'audit', '00000001.jsonl'), 'utf8');
    expect(text).toContain('token ***');
    expect(createRedactor([secret]).holds(text)).toBe(false);
  });

  test('a secret that is one of the format’s own words makes no line that is none', async () => {
    const secrets = ['approved', 'outcome', 'succeeded', 'rehearsal', 'live', 'runbook', 'drift', 'digest'];
    const store = storeOn(directory, { redact: createRedactor(secrets) });
    const documents = [{ kind: 'runbook', name: 'a', file: 'live.yaml', sha256: 'd'.repeat(64) }] as const;
    await store.begin('run-1', alice, [], { ...started(), documents });
    const lease = await store.drive('run-1', alice);
    const error = { code: 'drift', message: 'approved by digest' } as const;
    await lease.append({ type: 'step-approved', step: 's', digest: 'd'.repeat(64), by: ['bo'] });
    await lease.append({ type: 'step-failed', step: 's', error, output: { digest: 'succeeded' } });
    await lease.end(ended);
    expect(await verifyChain({ directory })).toMatchObject({ ok: true, records: 5 });
    const entries = await storeOn(directory).read('run-1');
    expect(entries).toMatchObject([
      { type: 'run-started', mode: 'live', documents: [{ kind: 'runbook', file: '***.yaml' }] },
      { type: 'driver-started' },
      { type: 'step-approved', digest: 'd'.repeat(64) },
      { error: { code: 'drift', message: '*** by ***' }, output: { '***': '***' } },
      { type: 'run-ended', outcome: 'succeeded' },
    ]);
  });
});

test('a log is read before the lock is taken: the others do not wait for that', async () => {
  await recordedLog(directory, 5);
  const real = fs.readSync;
  const held: boolean[] = [];
  fs.readSync = ((...args: Parameters<typeof real>) => {
    held.push(readdirSync(join(directory, 'append-lock')).some((name) => name.startsWith('held')));
    return real(...args);
  }) as typeof real;
  syncBuiltinESMExports();
  try {
    const store = storeOn(directory);
    await store.begin('run-2', alice, [], started());
  } finally {
    fs.readSync = real;
    syncBuiltinESMExports();
  }
  expect(held.length).toBeGreaterThan(0);
  expect(held).not.toContain(true);
});
