import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Event } from '../../src/journal/events.ts';
import { readSelf } from '../../src/world/process-identity.ts';
import { sealedLog } from '../attack/sealed-log.ts';
import { alice, bob, ended, intended, started, stateDirectory, storeOn } from './support/store-fixture.ts';

let directory: string;
let remove: () => void;
beforeEach(() => {
  ({ directory, remove } = stateDirectory());
});
afterEach(() => remove());

const self = readSelf();

describe('a run is listed', () => {
  test('with what it claims, who drives it, and whether it has set out to change anything', async () => {
    const store = storeOn(directory);
    await store.begin('run-1', alice, ['r', 'q'], started(['x']));
    const [first] = await store.read('run-1');
    const fresh = {
      run: 'run-1',
      resources: ['r', 'q'],
      claims: ['r', 'q'],
      started: first,
      ended: undefined,
      intends: false,
      released: false,
      driver: { actor: alice, pid: process.pid, since: first?.time, alive: true },
    };
    expect(await store.runs()).toEqual([fresh]);
    expect(first).toMatchObject({ begunBy: { pid: self.pid, process: self.start, boot: self.boot } });
    const lease = await store.drive('run-1', bob);
    const since = (await store.read('run-1', 2))[0]?.time;
    await lease.append(intended('s'));
    const driven = { ...fresh, intends: true, driver: { actor: bob, pid: process.pid, since, alive: true } };
    expect(await store.runs()).toEqual([driven]);
    const end = await lease.end(ended);
    expect(await store.runs()).toEqual([{ ...driven, claims: [], ended: end }]);
    const gone = await storeOn(directory, { isAlive: () => 'dead' }).runs();
    expect(gone).toMatchObject([{ driver: { alive: false } }]);
  });

  test('also where its beginning does not say by which process: then anybody may drive it', async () => {
    mkdirSync(join(directory, 'audit'), { recursive: true });
    writeFileSync(join(directory, 'audit', '00000001.jsonl'), `${sealedLog(1)[0]}\n`);
    const store = storeOn(directory);
    expect(await store.runs()).toMatchObject([{ run: 'run-1', driver: undefined }]);
    expect(await store.drive('run-1', bob)).toMatchObject({ epoch: 1, quarantineMs: 0 });
  });
});

describe('a run that nobody has driven yet', () => {
  test.each([
    ['with another pid', { ...self, pid: self.pid + 1 }],
    ['begun at another time', { ...self, start: `${self.start}0` }],
    ['of another machine', { ...self, boot: `${self.boot}0` }],
  ])('is not driven by a process %s than the one that began it', async (_name, other) => {
    await storeOn(directory).begin('run-1', alice, [], started());
    const store = storeOn(directory, { self: other, isAlive: () => 'alive' });
    await expect(store.drive('run-1', bob)).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining(`run run-1 is driven by alice@laptop (pid ${self.pid})`),
    });
    // Whoever only began it has called nobody: there is nothing to wait for.
    expect(await store.drive('run-1', bob, { force: true })).toMatchObject({ epoch: 1, quarantineMs: 0 });
  });

  test('is driven by that one, once: a second driver of the same process is another', async () => {
    const store = storeOn(directory);
    await store.begin('run-1', alice, [], started());
    expect(await store.drive('run-1', alice)).toMatchObject({ epoch: 1 });
    await expect(store.drive('run-1', alice)).rejects.toMatchObject({ code: 'busy' });
    expect(await store.drive('run-1', alice, { force: true })).toMatchObject({ epoch: 2, quarantineMs: 30_000 });
  });
});

describe('anyone', () => {
  const undone: Event = { type: 'marked-done', step: 's', evidence: 'I saw it' };
  const sayable: Event[] = [
    { type: 'commented', text: 'hello' },
    { type: 'cancel-requested', text: 'stop' },
    undone,
    { type: 'approval-given', step: 's', digest: 'd', how: 'command' },
    { type: 'approval-refused', step: 's', digest: 'd', by: 'eve', why: 'stranger', message: 'who is eve?' },
    { type: 'confirmation-declined', step: 's', digest: 'd', kind: 'plain' },
    { type: 'claim-released', reason: 'it is gone' },
  ];

  test.each(sayable.map((event) => [event.type, event] as const))('may say %s, in no epoch', async (_type, event) => {
    const store = storeOn(directory);
    await store.begin('run-1', alice, [], started());
    expect(await store.say('run-1', bob, event)).toMatchObject({ ...event, seq: 2, epoch: 0, actor: bob });
    await expect(store.say('run-2', bob, event)).rejects.toMatchObject({ code: 'usage' });
  });

  test.each<Event>([
    intended('s'),
    ended,
    { type: 'driver-released' },
    { type: 'confirmation-given', step: 's', digest: 'd', kind: 'plain', by: 'flag' },
    { type: 'approval-given', step: 's', digest: 'd', how: 'reaction', by: 'bob', account: 'U1' },
    { type: 'step-approved', step: 's', digest: 'd', by: ['bob'] },
  ])('may not say what only a driver knows: $type', async (event) => {
    const store = storeOn(directory);
    await store.begin('run-1', alice, [], started());
    await expect(store.say('run-1', bob, event)).rejects.toThrow(`${event.type} is written by the driver of a run`);
    expect(await store.read('run-1')).toHaveLength(1);
  });
});

test.each(['a', '9', 'Z', 'a.b-c_9', 'run-1', `r${'x'.repeat(127)}`])('%s is the id of a run', async (id) => {
  const store = storeOn(directory);
  await store.begin(id, alice, [], started());
  expect(await store.read(id)).toHaveLength(1);
});

test.each(['.a', '_a', '-a', 'a/b', 'a b', 'ä', 'a\n', ''])('%j is no id of a run', async (id) => {
  await expect(storeOn(directory).begin(id, alice, [], started())).rejects.toMatchObject({
    code: 'usage',
    message: `not the id of a run: ${JSON.stringify(id)}`,
  });
});

test('a run is reopened by force alone while its driver may live, and by anybody once it has let go', async () => {
  const store = storeOn(directory);
  const again = { type: 'run-reopened', resources: ['r'], why: 'rollback' } as const;
  await store.begin('run-1', alice, ['r'], started(['r']));
  const lease = await store.drive('run-1', alice);
  await store.say('run-1', bob, { type: 'claim-released', reason: 'it hangs' });
  const other = storeOn(directory, { self: { ...self, pid: self.pid + 1 }, isAlive: () => 'unknown' });
  await expect(other.reopen('run-1', bob, again)).rejects.toMatchObject({
    code: 'busy',
    hint: expect.stringContaining('--take-over'),
  });
  await lease.release();
  await other.reopen('run-1', bob, again);
  expect((await other.runs())[0]).toMatchObject({ claims: ['r'], released: false });
});
